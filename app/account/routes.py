"""A person's own account: who they are here, their connection, their sessions, their language."""

from flask import Blueprint, g, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue

from app import connections
from app.account.browsers import end_others, end_own
from app.account.standing import remember_language, standing
from app.auth.destinations import safe_target
from app.auth.guards import open_to_all, signed_in
from app.db import db, reads
from app.errors import NotFound, RequestRefused
from app.services import services
from app.web import languages, sessions

SEE_OTHER = 303

blueprint = Blueprint("account", __name__)


@blueprint.get("/account")
@signed_in
def account() -> str:
    """Who is signed in, how the connection stands, and in which browsers."""
    return render_template(
        "account/account.html",
        standing=standing(reads(), g.visitor.account_id),
        browsers=sessions.live_sessions(reads(), g.visitor.account_id),
        now=g.visitor.now,
    )


@blueprint.get("/account/disconnect")
@signed_in
def ask_disconnect() -> str:
    """The question before disconnecting, with what will happen."""
    return render_template("account/disconnect.html", standing=standing(reads(), g.visitor.account_id))


@blueprint.post("/account/disconnect")
@signed_in
def disconnect() -> ResponseReturnValue:
    """End the connection here and at Pagero; the account page then says what Pagero answered."""
    if g.visitor.connection is None:
        raise NotFound
    connections.disconnect(services(), g.visitor.connection.id, actor=g.visitor.account_id)
    return _to_account()


@blueprint.post("/account/sessions/<session_id>/end")
@signed_in
def end_session(session_id: str) -> ResponseReturnValue:
    """Sign out one browser of this person; the current one is asked to use sign-out."""
    end_own(db.session(), session_id, g.visitor.account_id)
    return _to_account()


@blueprint.post("/account/sessions/end-all")
@signed_in
def end_all_sessions() -> ResponseReturnValue:
    """Sign out every other browser of this person."""
    end_others(db.session(), g.visitor.account_id, g.visitor.session_id)
    return _to_account()


@blueprint.post("/language")
@open_to_all
def language() -> ResponseReturnValue:
    """Show pages in another language from now on, in this browser and for this account."""
    wanted = request.form.get("language", "")
    if wanted not in languages.LANGUAGES:
        raise RequestRefused("language_unknown")
    if visitor := sessions.visitor():
        remember_language(db.session(), visitor.account_id, wanted)
    answer = redirect(safe_target(request.form.get("next")), SEE_OTHER)
    languages.remember(answer, wanted, secure=services().settings.is_https)
    return answer


def _to_account() -> ResponseReturnValue:
    return redirect(url_for("account.account"), SEE_OTHER)
