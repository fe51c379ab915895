"""The companies a person works with: adding, naming, taking off, and which one the other pages look at."""

from collections.abc import Callable, Sequence
from typing import Any

from flask import Blueprint, g, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue

from app.auth.destinations import safe_target
from app.auth.guards import signed_in
from app.companies import ledger
from app.companies.tables import Company
from app.dashboard.routes import reads_here
from app.dashboard.window import window
from app.db import db, reads

SEE_OTHER = 303

blueprint = Blueprint("companies", __name__)


@blueprint.app_context_processor
def _switcher() -> dict[str, Callable[[], Sequence[Company]]]:
    """Give templates own_companies(); nobody is asked before a template asks."""
    return {"own_companies": _own}


@blueprint.get("/companies")
@signed_in
def companies() -> str:
    """The remembered ones, and those learned from documents."""
    seen, own = window(reads_here()), _own()
    found = ledger.learned(seen.documents, own)
    return render_template("companies/companies.html", companies=own, learned=found, window=seen, now=g.visitor.now)


@blueprint.post("/companies")
@signed_in
def remember() -> ResponseReturnValue:
    """Add one, or give one another name."""
    wanted, name = request.form.get("companyId", ""), request.form.get("name", "")
    ledger.remember(db.session, g.visitor.account_id, wanted, name, g.visitor.now)
    return _to_companies()


@blueprint.post("/companies/<row_id>/forget")
@signed_in
def forget(row_id: str) -> ResponseReturnValue:
    """Take one off the list. At Pagero nothing changes."""
    ledger.forget(db.session, g.visitor.account_id, row_id)
    return _to_companies()


@blueprint.post("/companies/choose")
@signed_in
def choose() -> ResponseReturnValue:
    """Look at one company, or at all, and come back."""
    ledger.choose(db.session, g.visitor.account_id, request.form.get("company", ""))
    return redirect(safe_target(request.form.get("next")), SEE_OTHER)


def _own() -> Sequence[Company]:
    if "own_companies" not in g:
        g.own_companies = ledger.companies(reads(), g.visitor.account_id)
    found: Any = g.own_companies
    return found  # type: ignore[no-any-return]


def _to_companies() -> ResponseReturnValue:
    return redirect(url_for("companies.companies"), SEE_OTHER)
