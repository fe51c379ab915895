"""Sign in at Pagero, come back, sign out. A look ahead (HEAD, prefetch, preview) starts nothing and spends nothing."""

from functools import partial
from typing import cast
from urllib.parse import urlsplit

from flask import Blueprint, abort, after_this_request, current_app, make_response, redirect, render_template, request
from flask.blueprints import BlueprintSetupState
from flask.typing import ResponseReturnValue
from flask_babel import get_locale
from werkzeug.wrappers import Response

from app import reconnect_links
from app.auth import admission, sign_in
from app.auth.answer import CallbackAnswer
from app.auth.destinations import HOME, safe_target
from app.auth.exchanges import Exchanges
from app.auth.guards import is_navigation, is_speculative, open_to_all
from app.auth.transaction import REMEMBERED, Attempt, PendingCookies, begin
from app.db import db
from app.errors import SignInFailed, SignInRunning
from app.services import EXTENSION, services
from app.web import headers, metrics, problems, sessions
from app.web.addresses import client_address
from app.web.rates import RateLimit

SHOWN_IN = ("document", "")  # what Sec-Fetch-Dest says of a window, and of a browser that does not send it
REFRESH_SECONDS = 5
LIMITS, EXCHANGES = "sign_in_limits", "sign_in_exchanges"

blueprint = Blueprint("auth", __name__, url_prefix="/auth")


@blueprint.get("/login")
@open_to_all
def login() -> ResponseReturnValue:
    """Begin a sign-in and go to Pagero's login page. Of the query only `next` and `prompt=login` count."""
    _require_somebody_looking()
    _limits("starts").require(client_address())
    parts = services()
    target = safe_target(_only_value("next"))
    prompt = "login" if _only_value("prompt") == "login" else None
    attempt = begin(parts.settings, parts.clock.now(), target, reconnects=None if prompt else _own_account())
    return _to_pagero(attempt, prompt)


@blueprint.get("/callback")
@open_to_all
def callback() -> ResponseReturnValue:
    """Where Pagero sends the browser back to: ends in a session and a 303, or in a page that says what happened."""
    _require_somebody_looking()
    answer = CallbackAnswer.read(request.args)
    pending = _pending()
    for name in pending.unreadable():
        after_this_request(partial(_without_pending_cookie, name))
    attempt = pending.find(answer.state) if answer.state else None
    try:
        return _signed_in(answer, attempt)
    except SignInRunning as running:
        page = problems.draw(running)
        page.headers["Refresh"] = f"{REFRESH_SECONDS}; url={safe_target(running.target)}"
        return page
    except SignInFailed as failure:
        failure.target = safe_target(attempt.target) if attempt else None
        _note(failure)
        raise


@blueprint.get("/reconnect")
@open_to_all
def ask_reconnect() -> ResponseReturnValue:
    """What a link of an administrator opens: a question. Nothing is spent, so programs may look at it first.

    The token stands in the query, because queries are never logged.
    """
    _limits("starts").require(client_address())
    token = _only_value("link") or ""
    reconnect_links.account_of(services(), token)
    page = make_response(render_template("auth/reconnect.html", link=token))
    page.headers["Content-Security-Policy"] = _policy_with_forms_to_pagero()
    return page


@blueprint.post("/reconnect")
@open_to_all
def reconnect() -> ResponseReturnValue:
    """Spend the link and begin a sign-in that nobody but its account's person can finish."""
    _limits("starts").require(client_address())
    parts = services()
    account_id = reconnect_links.spend(parts, request.form.get("link", ""), _own_account())
    return _to_pagero(begin(parts.settings, parts.clock.now(), HOME, reconnects=account_id), prompt="login")


@blueprint.post("/logout")
@open_to_all
def logout() -> ResponseReturnValue:
    """End this browser's session. The connection to Pagero stays; so does Pagero's own session."""
    if visitor := sessions.visitor():
        admission.sign_out(db.session(), visitor)
    answer = redirect(HOME, 303)
    sessions.clear_cookie(answer)
    for name in _pending().names():
        _drop_pending_cookie(answer, name)
    answer.headers["Clear-Site-Data"] = '"cache", "storage"'
    return answer


@blueprint.record_once
def _prepare(state: BlueprintSetupState) -> None:
    """Limits of this application, and GET routes that routing itself refuses to answer HEAD with."""
    # A person needs one start; an office behind one address some dozens. Nothing is stored for a start.
    state.app.extensions[LIMITS] = {"starts": RateLimit(burst=300, per_second=10), "audits": RateLimit(60, 0.5)}
    state.app.extensions[EXCHANGES] = Exchanges(state.app.extensions[EXTENSION].settings.web_threads)
    for rule in state.app.url_map.iter_rules():
        if rule.endpoint in ("auth.login", "auth.callback") and rule.methods:
            rule.methods.discard("HEAD")  # Werkzeug adds it to every GET route


def _signed_in(answer: CallbackAnswer, attempt: Attempt | None) -> Response:
    device = sessions.Device(request.user_agent.string, client_address())
    arrival = sign_in.Arrival(answer, attempt, sessions.visitor(), device)
    exchanges = cast(Exchanges, current_app.extensions[EXCHANGES])
    secret_id = sign_in.complete(services(), db.session(), exchanges, arrival)
    response = redirect(safe_target(attempt.target if attempt else None), 303)
    if secret_id:
        sessions.set_cookie(response, secret_id)
        metrics.sign_in("ok")
    return response


def _to_pagero(attempt: Attempt, prompt: str | None) -> Response:
    address = services().endpoint.authorize_url(
        state=attempt.state, nonce=attempt.nonce, verifier=attempt.verifier, prompt=prompt, ui_locales=str(get_locale())
    )
    return _with_pending_cookie(redirect(address, 303), attempt)


def _policy_with_forms_to_pagero() -> str:
    """Browsers apply form-action to the redirects behind a form too, and Pagero may send people on to other logins."""
    pagero = urlsplit(services().settings.pagero_authorize_url)
    policy = headers.CONTENT_POLICY.format(nonce=f" 'nonce-{headers.csp_nonce()}'")
    return policy.replace("form-action 'self'", f"form-action 'self' https: {pagero.scheme}://{pagero.netloc}")


def _require_somebody_looking() -> None:
    """Refused with 403, because browsers throw an answer to a look ahead away unless it says 2xx."""
    if is_speculative() or not is_navigation() or request.headers.get("Sec-Fetch-Dest", "") not in SHOWN_IN:
        abort(403)


def _note(failure: SignInFailed) -> None:
    metrics.sign_in(failure.reason)
    visitor = sessions.visitor()
    if _limits("audits").allows(client_address()):  # the log line comes in any case
        admission.record_failure(db.session(), failure.reason, visitor.account_id if visitor else None)


def _own_account() -> str | None:
    visitor = sessions.visitor()
    return visitor.account_id if visitor else None


def _only_value(name: str) -> str | None:
    values = request.args.getlist(name)
    return values[0] if len(values) == 1 else None


def _limits(name: str) -> RateLimit:
    return cast(RateLimit, current_app.extensions[LIMITS][name])


def _pending() -> PendingCookies:
    parts = services()
    return PendingCookies(parts.sealer, parts.settings, request.cookies)


def _with_pending_cookie(answer: Response, attempt: Attempt) -> Response:
    pending, secure = _pending(), services().settings.is_https
    name, value = pending.cookie_of(attempt)
    for old in pending.crowded_out_by(name, value):
        _drop_pending_cookie(answer, old)
    answer.set_cookie(name, value, max_age=REMEMBERED, secure=secure, httponly=True, samesite="Lax", path="/")
    return answer


def _without_pending_cookie(name: str, answer: Response) -> Response:
    _drop_pending_cookie(answer, name)
    return answer


def _drop_pending_cookie(answer: Response, name: str) -> None:
    answer.delete_cookie(name, secure=services().settings.is_https, httponly=True, samesite="Lax", path="/")
