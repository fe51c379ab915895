"""Who calls the API: the bearer token, checked strictly. Accepts JWTs of another authorization server if told to."""

from flask import Flask, Response, current_app, request

from app.sandbox.errors import ApiRefused
from app.sandbox.people import Person, person_called
from app.sandbox.serving import api_refusal
from app.sandbox.trust import Trusted
from app.sandbox.world import World, the_world

CHALLENGE = 'Bearer realm="pagero"'
INVALID = f'{CHALLENGE}, error="invalid_token"'


def init_app(app: Flask) -> None:
    """Make unknown paths answer as the API does, and hold the keys of a trusted server."""
    trust = app.extensions["sandbox_world"].config.trust
    app.extensions["sandbox_trusted"] = Trusted(trust) if trust else None
    app.register_error_handler(404, _not_found)
    app.register_error_handler(413, _too_large)


def _not_found(_: Exception) -> Response:
    if request.path.startswith(("/document/", "/file/")):
        try:
            caller(the_world())
        except ApiRefused as refused:
            return api_refusal(refused)
    return api_refusal(ApiRefused(404, "no such resource"))


def _too_large(_: Exception) -> Response:
    return api_refusal(ApiRefused(413, "the body is too large"))


def caller(world: World) -> Person:
    """The person the bearer token stands for. Raises ApiRefused 401."""
    header = request.environ.get("HTTP_AUTHORIZATION")
    if header is None:
        raise ApiRefused(401, "no bearer token", CHALLENGE)
    scheme, _, token = header.partition(" ")
    if scheme.lower() != "bearer" or not token or "," in token or " " in token:
        raise ApiRefused(401, "not a bearer token", CHALLENGE)
    access = world.grants.access.get(token)
    if access is None:
        return _of_another_server(world, token)
    if access.revoked or access.expires_at <= world.now():
        raise ApiRefused(401, "the access token is expired or revoked", INVALID)
    if "all" not in access.grant.scope:
        raise ApiRefused(403, "scope", f'{CHALLENGE}, error="insufficient_scope", scope="all"')
    return access.grant.person


def _of_another_server(world: World, token: str) -> Person:
    trusted: Trusted | None = current_app.extensions["sandbox_trusted"]
    username = trusted.person_of(token, world.now()) if trusted else None
    person = person_called(username) if username else None
    if person is None:
        raise ApiRefused(401, "unknown access token", INVALID)
    return person
