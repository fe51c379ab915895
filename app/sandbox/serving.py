"""Around every endpoint: the call is recorded, delayed, and handed to a fault if one waits; refusals become answers."""

import time
from collections.abc import Callable
from functools import wraps

import orjson
from flask import Response, g, request

from app.sandbox.calls import Call, fingerprint
from app.sandbox.errors import ApiRefused, OAuthRefused
from app.sandbox.faults import API_ENDPOINTS
from app.sandbox.spoiling import spoiled
from app.sandbox.world import World, the_world

SECRET_HEADERS = frozenset({"authorization", "cookie", "proxy-authorization"})
GIVEN_TOKENS = ("refresh_token", "code", "token")


def served(endpoint: str, *, form: bool = False) -> Callable[[Callable[..., Response]], Callable[..., Response]]:
    """Make a view one of the sandbox's endpoints. `form`: an OAuth form endpoint, delayed after its work is done."""

    def decorate(view: Callable[..., Response]) -> Callable[..., Response]:
        @wraps(view)
        def answer(**arguments: str) -> Response:
            world = the_world()
            call = _arrived(world, endpoint, form)
            late = form and not world.knobs.token_delay_before
            if not late:
                _wait(world, endpoint)
            response = _response(world, call, lambda: _work(view, arguments))
            if late:
                _wait(world, endpoint)
            call.status = 0 if "X-Sandbox-Closed" in response.headers else response.status_code
            call.ended_at = time.time()
            return response

        return answer

    return decorate


def _arrived(world: World, endpoint: str, form: bool) -> Call:
    environ = request.environ
    query = "" if endpoint == "authorize" else environ.get("QUERY_STRING", "")
    call = world.calls.begin(
        endpoint,
        method=environ["REQUEST_METHOD"],
        path=environ["PATH_INFO"],
        query=query,
        remote_port=int(environ.get("REMOTE_PORT") or 0),
    )
    g.call = call
    if form:
        _note_form(call)
    else:
        _note_bearer(world, call, environ.get("HTTP_AUTHORIZATION", ""))
    if world.knobs.record_headers:
        call.headers = {
            name.lower(): "…" if name.lower() in SECRET_HEADERS else value for name, value in request.headers.items()
        }
    return call


def _note_form(call: Call) -> None:
    call.grant_type = request.form.get("grant_type")
    call.parameters = sorted(request.form)
    for name in GIVEN_TOKENS:
        if given := request.form.get(name):
            call.token = fingerprint(given)


def _note_bearer(world: World, call: Call, header: str) -> None:
    if header[:7].lower() == "bearer ":
        token = header[7:]
        call.token = fingerprint(token)
        if access := world.grants.access.get(token):
            call.person = access.grant.person.username


def _wait(world: World, endpoint: str) -> None:
    knobs = world.knobs
    general = knobs.token_delay_seconds if endpoint == "token" else 0.0
    if endpoint in API_ENDPOINTS:
        general = knobs.api_delay_seconds
    if seconds := general + knobs.delays.get(endpoint, 0.0):
        time.sleep(seconds)


def _response(world: World, call: Call, work: Callable[[], Response]) -> Response:
    fault = world.faults.next(call.endpoint, call.grant_type, call.person)
    return work() if fault is None else spoiled(fault, work)


def _work(view: Callable[..., Response], arguments: dict[str, str]) -> Response:
    try:
        return view(**arguments)
    except ApiRefused as refused:
        return api_refusal(refused)
    except OAuthRefused as refused:
        return _oauth_refusal(refused)


def as_json(members: object, status: int = 200) -> Response:
    """A JSON answer."""
    return Response(orjson.dumps(members), status, content_type="application/json")


def api_refusal(refused: ApiRefused) -> Response:
    """An error of the API. The body's shape is not documented (pagero-api section 3); this one is a guess."""
    response = as_json({"status": refused.status, "message": refused.message}, refused.status)
    if refused.challenge:
        response.headers["WWW-Authenticate"] = refused.challenge
    return response


def _oauth_refusal(refused: OAuthRefused) -> Response:
    response = as_json({"error": refused.error, "error_description": refused.description}, refused.status)
    response.headers["Cache-Control"] = "no-store"
    if refused.status == 401:
        response.headers["WWW-Authenticate"] = 'Basic realm="sandbox"'
    return response
