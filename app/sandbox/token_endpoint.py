"""The token and revoke endpoints. Refuses repeats, wrong clients, spent codes and refresh tokens, PKCE mismatches."""

import hashlib
import hmac
import re
from base64 import urlsafe_b64encode

from flask import Blueprint, Response, g, request

from app.sandbox.clients import authenticate, form_of
from app.sandbox.errors import OAuthRefused
from app.sandbox.grants import Code
from app.sandbox.serving import as_json, served
from app.sandbox.tokens import token_answer
from app.sandbox.world import World, the_world

blueprint = Blueprint("token_endpoint", __name__)
VERIFIER = re.compile(r"[A-Za-z0-9._~-]{43,128}")  # RFC 7636 section 4.1


@blueprint.post("/oauth/v2/oauth-token")
@served("token", form=True)
def token() -> Response:
    """RFC 6749 sections 4.1.3 and 6, RFC 7636 section 4.5."""
    world = the_world()
    form = form_of(request)
    g.call.auth = authenticate(request, form, world.config)
    answers = {"authorization_code": _from_code, "refresh_token": _from_refresh_token}
    grant_type = form.get("grant_type", "")
    if not grant_type:
        raise OAuthRefused("invalid_request", "grant_type is missing")
    if grant_type not in answers:
        raise OAuthRefused("unsupported_grant_type", "only authorization_code and refresh_token")
    response = as_json(answers[grant_type](world, form))
    response.headers["Cache-Control"] = "no-store"
    response.headers["Pragma"] = "no-cache"
    return response


def _from_code(world: World, form: dict[str, str]) -> dict[str, object]:
    verifier = form.get("code_verifier")
    world.ledger.note("verifier", verifier)
    value = _required(form, "code")
    redirect_uri = _required(form, "redirect_uri")
    with world.grants.exclusively():
        code = world.grants.spend_code(value)
        g.call.person = code.grant.person.username
        if code.redirect_uri != redirect_uri:
            raise OAuthRefused("invalid_grant", "another redirect_uri than the authorization request's")
        _check_verifier(code, verifier)
        return token_answer(world, code.grant, "authorization_code", old_refresh=None, state=code.state)


def _check_verifier(code: Code, verifier: str | None) -> None:
    if code.challenge is None:
        if verifier is not None:
            raise OAuthRefused("invalid_grant", "a code_verifier although no challenge was sent")
        return
    if verifier is None or not VERIFIER.fullmatch(verifier):
        raise OAuthRefused("invalid_grant", "code_verifier missing or malformed")
    made = urlsafe_b64encode(hashlib.sha256(verifier.encode()).digest()).decode().rstrip("=")
    if not hmac.compare_digest(made, code.challenge):
        raise OAuthRefused("invalid_grant", "code_verifier does not match the challenge")


def _from_refresh_token(world: World, form: dict[str, str]) -> dict[str, object]:
    knobs = world.knobs
    given = _required(form, "refresh_token")
    with world.grants.exclusively():
        held = world.grants.spend_refresh(
            given,
            grace_seconds=knobs.reuse_grace_seconds,
            keep=knobs.same_refresh_token or not knobs.refresh_token_on_refresh,
            reuse_revokes=knobs.reuse_revokes_grant,
        )
        g.call.person = held.grant.person.username
        return token_answer(world, held.grant, "refresh_token", old_refresh=given, state=None)


def _required(form: dict[str, str], name: str) -> str:
    if name not in form:
        raise OAuthRefused("invalid_request", f"{name} is missing")
    return form[name]


@blueprint.post("/oauth/v2/oauth-revoke")
@served("revoke", form=True)
def revoke() -> Response:
    """RFC 7009: 200 and nothing else, for unknown tokens too. Credentials by Basic, as on Pagero's page."""
    world = the_world()
    form = form_of(request)
    g.call.auth = authenticate(request, form, world.config)
    if g.call.auth != "basic" and world.knobs.revoke_basic_only:
        raise OAuthRefused("invalid_client", "credentials must be in the Authorization header", status=401)
    if form.get("token_type_hint", "refresh_token") not in ("refresh_token", "access_token"):
        raise OAuthRefused("unsupported_token_type", "token_type_hint is refresh_token or access_token")
    if grant := world.grants.revoke_token(_required(form, "token")):
        g.call.person = grant.person.username
    return Response(b"", 200)
