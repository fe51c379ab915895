"""The authorization endpoint and the login page behind it.

A wrong client or redirect URI gets a page of the sandbox's own and no redirect (RFC 6749 section 4.1.2.1); everything
else that is wrong goes back with error, state and iss (RFC 9207). People whose session lives are sent on unasked.
"""

import hmac
import re
from urllib.parse import urlencode, urlsplit

from flask import Blueprint, Response, g, make_response, redirect, render_template, request

from app.sandbox.config import SCOPES
from app.sandbox.grants import Code, Grant, SignedIn
from app.sandbox.pages import EXTRA_HEADERS, language_of, words_in
from app.sandbox.pending import Wanted
from app.sandbox.people import PASSWORD, PEOPLE, person_called
from app.sandbox.serving import served
from app.sandbox.world import World, the_world

blueprint = Blueprint("authorization", __name__)
COOKIE = "sandbox_sso"
CHALLENGE = re.compile(r"[A-Za-z0-9_-]{43}")  # base64url of 32 bytes
UNSUPPORTED = {"request": "request_not_supported", "request_uri": "request_uri_not_supported"}


class NotToBeSentBack(Exception):
    """The request names a client or address we do not know: the person is told, the client never hears of it."""


class SentBack(Exception):
    """The request is wrong in a way the client is told about."""

    def __init__(self, error: str, description: str) -> None:
        super().__init__(error)
        self.error = error
        self.description = description


@blueprint.get("/oauth/v2/oauth-authorize")
@served("authorize")
def authorize() -> Response:
    """RFC 6749 section 4.1.1 with PKCE (RFC 7636) and the parameters of pagero-api section 2.1."""
    world = the_world()
    try:
        redirect_uri = _checked_redirect_uri(world)
    except NotToBeSentBack as wrong:
        return _page("refused.html", 400, language_of(request.args.get("ui_locales", "")), reason=str(wrong))
    state = request.args.get("state")
    world.ledger.note("state", state)
    world.ledger.note("nonce", request.args.get("nonce"))
    try:
        wanted = _checked_request(world, redirect_uri, state)
        return _answered(world, wanted)
    except SentBack as wrong:
        return _back(world, redirect_uri, state, error=wrong.error, error_description=wrong.description)


@blueprint.route("/oauth/v2/login", methods=["GET", "POST"])
@served("login")
def login() -> Response:
    """The form of the login page; GET fills in a name that was picked from the list."""
    world = the_world()
    flow = request.values.get("flow", "")
    if request.method == "GET":
        wanted = world.pending.get(flow)
        return _expired() if wanted is None else _login_page(flow, wanted, request.args.get("username", ""))
    wanted = world.pending.get(flow)
    if wanted is None:
        return _expired()
    if request.form.get("action") == "deny":
        world.pending.take(flow)
        return _back(
            world, wanted.redirect_uri, wanted.state, error="access_denied", error_description="denied by user"
        )
    username = request.form.get("username", "")
    person = person_called(username)
    if person is None or not hmac.compare_digest(request.form.get("password", "").encode(), PASSWORD.encode()):
        return _login_page(flow, wanted, username, status=401, wrong=True)
    if world.pending.take(flow) is None:
        return _expired()
    cookie = world.grants.start_session(person)
    world.ledger.note("sso_cookie", cookie)
    response = _with_code(world, wanted, world.grants.sessions[cookie])
    response.set_cookie(COOKIE, cookie, path="/oauth/v2", httponly=True, samesite="Lax")
    return response


def _checked_redirect_uri(world: World) -> str:
    config = world.config
    for name in ("client_id", "redirect_uri"):
        if len(request.args.getlist(name)) != 1:
            raise NotToBeSentBack(f"{name} must be given exactly once")
    if request.args["client_id"] != config.client_id:
        raise NotToBeSentBack("client_id is not known")
    if request.args["redirect_uri"] not in config.redirect_uris:
        raise NotToBeSentBack("redirect_uri is not one that is registered for this client")
    return request.args["redirect_uri"]


def _checked_request(world: World, redirect_uri: str, state: str | None) -> Wanted:
    args = request.args
    for name, values in args.lists():
        if len(values) > 1:
            raise SentBack("invalid_request", f"{name[:40]} was repeated")
        if name in UNSUPPORTED:
            raise SentBack(UNSUPPORTED[name], f"{name} is not supported")
    if args.get("response_type") != "code":
        missing = "response_type" not in args
        raise SentBack("invalid_request" if missing else "unsupported_response_type", "response_type must be code")
    if args.get("response_mode", "query") != "query":
        raise SentBack("invalid_request", "response_mode must be query")
    return Wanted(
        redirect_uri=redirect_uri,
        scope=_scope(world),
        state=state,
        nonce=args.get("nonce"),
        challenge=_challenge(world),
        prompts=frozenset(args.get("prompt", "").split()),
        language=language_of(args.get("ui_locales", "")),
        login_hint=args.get("login_hint", ""),
    )


def _scope(world: World) -> frozenset[str]:
    scope = frozenset(request.args.get("scope", "all").split())
    allowed = SCOPES if world.knobs.openid_allowed else SCOPES - {"openid"}
    if not scope or not scope <= allowed:
        raise SentBack("invalid_scope", "scope may have all and openid")
    return scope


def _challenge(world: World) -> str | None:
    challenge = request.args.get("code_challenge")
    if challenge is None:
        if world.knobs.require_pkce or "code_challenge_method" in request.args:
            raise SentBack("invalid_request", "code_challenge is missing")
        return None
    if world.knobs.refuse_pkce or request.args.get("code_challenge_method") != "S256":
        raise SentBack("invalid_request", "code_challenge_method must be S256")
    if not CHALLENGE.fullmatch(challenge):
        raise SentBack("invalid_request", "code_challenge is malformed")
    return challenge


def _answered(world: World, wanted: Wanted) -> Response:
    """Back with a code when the person is signed in here; with an error when a knob says so; else the login page."""
    knobs = world.knobs
    if knobs.authorize_error:
        raise SentBack(knobs.authorize_error, knobs.authorize_error_description)
    session = world.grants.sessions.get(request.cookies.get(COOKIE, "")) if knobs.sso else None
    if session is not None and "login" not in wanted.prompts:
        return _with_code(world, wanted, session)
    if "none" in wanted.prompts:
        raise SentBack("login_required", "nobody is signed in")
    return _login_page(world.pending.add(wanted), wanted, wanted.login_hint)


def _with_code(world: World, wanted: Wanted, session: SignedIn) -> Response:
    grant = Grant(session.person, wanted.scope, session.auth_time, wanted.nonce)
    expires_at = world.now() + world.knobs.code_seconds
    code = world.grants.issue_code(Code(wanted.redirect_uri, wanted.challenge, wanted.state, grant, expires_at))
    world.ledger.note("code", code)
    g.call.person = session.person.username
    return _back(world, wanted.redirect_uri, wanted.state, code=code)


def _back(world: World, redirect_uri: str, state: str | None, **parameters: str) -> Response:
    """Send the browser back to the client."""
    knobs = world.knobs
    if state is not None:
        parameters["state"] = state
    if knobs.send_iss:
        parameters["iss"] = knobs.callback_iss or world.config.issuer
    parameters |= knobs.callback_extra
    joint = "&" if urlsplit(redirect_uri).query else "?"
    response = make_response(redirect(f"{redirect_uri}{joint}{urlencode(parameters)}", 303))
    response.headers |= EXTRA_HEADERS
    return response


def _login_page(flow: str, wanted: Wanted, username: str, *, status: int = 200, wrong: bool = False) -> Response:
    facts = {"flow": flow, "username": username[:100], "people": PEOPLE, "wrong": wrong, "password": PASSWORD}
    return _page("login.html", status, wanted.language, **facts)


def _expired() -> Response:
    return _page("refused.html", 400, language_of(""), reason="this sign-in was finished or has been forgotten")


def _page(template: str, status: int, language: str, **facts: object) -> Response:
    response = make_response(render_template(template, language=language, t=words_in(language), **facts), status)
    response.headers |= EXTRA_HEADERS
    return response
