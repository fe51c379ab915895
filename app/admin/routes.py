"""Administrators' pages: connections, one connection, the audit trail. They show states and times, never a token."""

import re

from flask import Blueprint, g, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue

from app import connections as use_case
from app import reconnect_links
from app.admin import audit as trail_of
from app.admin import connections as lists
from app.admin.configuration import configuration
from app.auth.guards import admins_only
from app.db import reads
from app.errors import NotFound, RequestRefused
from app.models import ConnectionState
from app.services import services
from app.tokens.switches import frozen_since
from app.web.paging import paging
from app.web.sessions import live_sessions

SEE_OTHER = 303
LARGEST_OFFSET = 10_000_000
CODE = re.compile(r"[a-z0-9_.-]{1,60}")
ROW_ID = re.compile(r"[0-9a-f-]{36}")
UNPRINTABLE = re.compile("[\x00-\x1f\x7f-\x9f\ud800-\udfff]")

blueprint = Blueprint("admin", __name__, url_prefix="/admin")


@blueprint.get("/connections")
@admins_only
def connections() -> str:
    """Every connection, searched and filtered, and how this application presents itself to Pagero."""
    search, state, offset = _search(), _state(), _offset()
    lines, total = lists.found(reads(), search, state, offset)
    return render_template(
        "admin/connections.html",
        lines=lines,
        paging=paging(offset, lists.PAGE, len(lines), total),
        search=search,
        state=state,
        states=list(ConnectionState),
        counts=lists.counts(reads()),
        configuration=configuration(services().settings, lists.issuers_seen(reads())),
        frozen=frozen_since(reads()),
        now=g.visitor.now,
    )


@blueprint.get("/connections/<connection_id>")
@admins_only
def connection(connection_id: str) -> str:
    """One connection with its trail."""
    found = _found(connection_id)
    return render_template(
        "admin/connection.html",
        found=found,
        browsers=live_sessions(reads(), found.account_id),
        events=trail_of.of_account(reads(), found.account_id),
        frozen=frozen_since(reads()),
        now=g.visitor.now,
    )


@blueprint.get("/connections/<connection_id>/disconnect")
@admins_only
def ask_disconnect(connection_id: str) -> str:
    """The question before disconnecting somebody."""
    return render_template("admin/disconnect.html", found=_found(connection_id))


@blueprint.post("/connections/<connection_id>/disconnect")
@admins_only
def disconnect(connection_id: str) -> ResponseReturnValue:
    """End somebody's connection and sessions; the connection's page then says what Pagero answered."""
    found = _found(connection_id)
    use_case.disconnect(services(), found.id, actor=g.visitor.account_id)
    return redirect(url_for("admin.connection", connection_id=found.id), SEE_OTHER)


@blueprint.post("/connections/<connection_id>/reconnect-link")
@admins_only
def reconnect_link(connection_id: str) -> str:
    """Make a one-time link for this person and show it, this once."""
    found = _found(connection_id)
    token = reconnect_links.make(services(), found.account_id, actor=g.visitor.account_id)
    link = services().settings.public_url + url_for("auth.ask_reconnect", link=token)
    return render_template("admin/reconnect_link.html", found=found, link=link)


@blueprint.get("/audit")
@admins_only
def audit() -> str:
    """What happened, newest first."""
    chosen = {"action": _code("action"), "outcome": _code("outcome"), "account_id": _row_id("account")}
    events, total = trail_of.trail(reads(), **chosen, offset=_offset())
    return render_template(
        "admin/audit.html",
        events=events,
        paging=paging(_offset(), trail_of.PAGE, len(events), total),
        chosen=chosen,
        actions=trail_of.actions(reads()),
        outcomes=trail_of.outcomes(reads()),
        frozen=frozen_since(reads()),
    )


def _found(connection_id: str) -> lists.Detail:
    if not ROW_ID.fullmatch(connection_id):
        raise NotFound
    found = lists.one(reads(), connection_id)
    if found is None:
        raise NotFound
    return found


def _search() -> str:
    text = request.args.get("search", "").strip()
    if len(text) > lists.LONGEST_SEARCH or UNPRINTABLE.search(text):
        raise RequestRefused("search_malformed")
    return text


def _state() -> str | None:
    state = request.args.get("state", "")
    if state and state not in list(ConnectionState):
        raise RequestRefused("state_unknown")
    return state or None


def _code(name: str) -> str:
    value = request.args.get(name, "")
    if value and not CODE.fullmatch(value):
        raise RequestRefused(f"{name}_malformed")
    return value


def _row_id(name: str) -> str:
    value = request.args.get(name, "")
    if value and not ROW_ID.fullmatch(value):
        raise RequestRefused(f"{name}_malformed")
    return value


def _offset() -> int:
    value = request.args.get("offset", "0")
    if not re.fullmatch(r"[0-9]{1,8}", value) or int(value) > LARGEST_OFFSET:
        raise RequestRefused("offset_out_of_range")
    return int(value)
