"""A person's documents at Pagero, read for them. No view here changes anything, at Pagero or here."""

from collections.abc import Callable
from dataclasses import replace
from functools import lru_cache
from typing import Any, cast
from urllib.parse import parse_qs

from flask import Blueprint, Response, current_app, g, render_template, request, url_for
from flask.blueprints import BlueprintSetupState
from flask.typing import ResponseReturnValue
from flask_babel import get_locale, get_timezone
from flask_babel import gettext as _

from app.auth.guards import open_to_all, signed_in, signed_in_api
from app.companies.ledger import chosen_id
from app.companies.ledger import companies as own_companies
from app.dashboard import pages
from app.dashboard.cache import ReadsCache
from app.dashboard.download import attachment, taken_along
from app.dashboard.narrowing import narrowed, narrowing
from app.dashboard.overview import CHART_DAYS
from app.dashboard.overview import overview as overview_of
from app.dashboard.partners import partners as partners_of
from app.dashboard.parts import Part, side_by_side, value_of
from app.dashboard.query import address, asked, lines_from_of, search_text
from app.dashboard.readable import ReadingBusy, readable
from app.dashboard.reader import Reader
from app.dashboard.reads import VIEW_SHARE, Reads
from app.dashboard.search import found
from app.dashboard.taking import chosen, files, whole_list
from app.dashboard.window import window
from app.db import reads as db_reads
from app.exports.archive import zip_stream
from app.exports.rows import csv_rows
from app.invoice.presentation import InvoicePage, ResponsePage, why
from app.invoice.refusal import InvoiceUnreadable
from app.pagero.records import DocumentQuery
from app.services import EXTENSION, services
from app.tokens.freshness import next_step
from app.web import sessions

CACHE = "pagero_reads"
LEAVING = frozenset({"auth.logout", "account.disconnect", "account.end_all_sessions", "admin.disconnect"})

blueprint = Blueprint("dashboard", __name__)
api_blueprint = Blueprint("api", __name__)


@blueprint.record_once
def _make_cache(state: BlueprintSetupState) -> None:
    state.app.extensions[CACHE] = ReadsCache(state.app.extensions[EXTENSION].settings.reads_cache_seconds)


@blueprint.after_app_request
def _forget_who_left(answer: Response) -> Response:
    """What was read for a connection is not kept after its person signed out or it was ended."""
    if request.endpoint in LEAVING:
        visitor = g.get("visitor")
        own = visitor.connection.id if visitor and visitor.connection else None
        ended = (request.view_args or {}).get("connection_id", own)
        if ended:
            _cache().forget(ended)
    return answer


@blueprint.get("/")
@open_to_all
def overview() -> str:
    """The overview for who is signed in, the front page for everybody else."""
    visitor = sessions.visitor()
    if visitor is None:
        return render_template("front.html")
    days = CHART_DAYS[request.args.get("days") == str(CHART_DAYS[1])]
    seen = overview_of(window(reads_here(), company_here()), visitor.now, get_timezone(), days)
    return render_template("dashboard/overview.html", overview=seen, days=days, now=visitor.now)


@blueprint.get("/documents")
@signed_in
def documents() -> str:
    """Documents sent and received, as filtered in the address, else of the company the person looks at."""
    query = _query()
    if "companyId" not in request.args:
        query = replace(query, company_id=company_here())
    wanted = narrowing(request.args)
    seen = reads_here().documents(query)
    listing = pages.listing(seen.value, query)
    whole = listing.paging.previous is None and listing.paging.next is None
    return render_template(
        "dashboard/documents.html",
        listing=listing,
        rows=narrowed(listing.rows, wanted, whole=whole),
        wanted=wanted,
        whole=whole,
        query=query,
        address=lambda query, **changes: address(query, **(wanted.values() | changes)),
        seen=seen,
        now=g.visitor.now,
    )


@blueprint.get("/documents/export.csv")
@signed_in
def export() -> Response:
    """The whole list that the filters find, for a spreadsheet; it grows while it is sent."""
    reader, query = _reader(), _query()
    next_step(reader.usable_connection())
    words = {None: _("The list is cut here: it is too long."), True: _("The list is incomplete: Pagero gave no more.")}
    blocks = csv_rows(
        whole_list(reader, query),
        separator=";" if str(get_locale()) == "sv" else ",",  # what a spreadsheet of that language expects
        last_words=lambda fault: words[True if fault else None],
    )
    return taken_along(blocks, "documents.csv", "text/csv; charset=utf-8")


@blueprint.post("/documents/zip")
@signed_in
def together() -> Response:
    """The chosen documents in one ZIP; it grows while it is sent. What is missing is listed inside."""
    reader, wanted = _reader(), chosen(request.form.getlist("document"))
    next_step(reader.usable_connection())
    return taken_along(zip_stream(files(reader, wanted), made_at=g.visitor.now), "documents.zip", "application/zip")


@blueprint.get("/documents/<document_id>")
@signed_in
def document(document_id: str) -> str:
    """One document with the responses that answer it; they may be missing and the rest still shows."""
    reads = reads_here()
    seen = reads.document(document_id)
    question = pages.responses_to(seen.value)
    tasks = {"responses": lambda: pages.listing(reads.documents(question).value, question)} if question else {}
    responses: Part[pages.Listing] | None = side_by_side(tasks).get("responses")
    return render_template(
        "dashboard/document.html",
        row=pages.row(seen.value),
        document=seen.value,
        responses=responses,
        seen=seen,
        now=g.visitor.now,
    )


@blueprint.get("/documents/<document_id>/invoice")
@signed_in
def invoice(document_id: str) -> ResponseReturnValue:
    """The document itself as a page, so many lines at a time; or why it cannot be shown."""
    known = {"document_id": document_id, "now": g.visitor.now}
    lines_from = lines_from_of(request.args.get("lines", ""))
    try:
        seen = readable(reads_here(), document_id, lines_from)
    except InvoiceUnreadable as refusal:
        return render_template(
            "dashboard/invoice.html", number=None, refusal=why(refusal.reason), **known
        ), refusal.status
    neighbours = {} if isinstance(seen.value, ResponsePage) else _neighbours(document_id, seen.value)
    return render_template(
        "dashboard/invoice.html",
        number=seen.value.record.number,
        refusal=None,
        seen=seen,
        page=seen.value,
        **known,
        **neighbours,
    )


@blueprint.get("/documents/<document_id>/target")
@signed_in
def target(document_id: str) -> Response:
    """The document itself in its receiver's format, as a file."""
    return attachment(_reader().target_document(document_id), document_id)


@blueprint.get("/partners")
@signed_in
def partners() -> str:
    """Who documents came from and went to."""
    seen = window(reads_here(), company_here())
    return render_template(
        "dashboard/partners.html", partners=partners_of(seen.documents), window=seen, now=g.visitor.now
    )


@blueprint.get("/search")
@signed_in
def search() -> str:
    """What is loaded, by number, partner or amount; and by Pagero what refers to a number."""
    reads, text = reads_here(), search_text(request.args.get("q", ""))
    if not text:
        return render_template("dashboard/search.html", text="", now=g.visitor.now)
    question, company = DocumentQuery(reference=text), company_here()
    tasks: dict[str, Callable[[], Any]] = {
        "window": lambda: window(reads, company),
        "referring": lambda: pages.listing(reads.documents(question).value, question).rows,
    }
    parts = side_by_side(tasks)
    seen = value_of(parts["window"])
    return render_template(
        "dashboard/search.html",
        text=text,
        window=seen,
        rows=found(seen.documents, text),
        referring=parts["referring"],
        now=g.visitor.now,
    )


@blueprint.get("/shortcuts")
@open_to_all
def shortcuts() -> str:
    """The keyboard shortcuts."""
    sessions.visitor()
    return render_template("dashboard/shortcuts.html")


@api_blueprint.get("/api/documents")
@signed_in_api
def documents_json() -> Response:
    """The list of /documents for scripts, with its items as Pagero sent them."""
    return Response(_reader().documents_json(_query()), content_type="application/json")


def _unread(refusal: InvoiceUnreadable | ReadingBusy, known: dict[str, Any]) -> ResponseReturnValue:
    busy = isinstance(refusal, ReadingBusy)
    said = (
        _("Many documents are being read at this moment. Try again in a few seconds.") if busy else why(refusal.reason)
    )
    headers = {"Retry-After": str(refusal.retry_after)} if busy else {}
    return render_template("dashboard/invoice.html", number=None, refusal=said, **known), refusal.status, headers


def _neighbours(document_id: str, page: InvoicePage) -> dict[str, str | None]:
    """The addresses of the lines before and after."""

    def address_of(lines: int | None) -> str | None:
        known = {"document_id": document_id, "lines": lines or None}
        return None if lines is None else url_for("dashboard.invoice", **known)  # type: ignore[arg-type]

    return {"previous_url": address_of(page.previous_from), "next_url": address_of(page.next_from)}


def _cache() -> ReadsCache:
    return cast(ReadsCache, current_app.extensions[CACHE])


def company_here() -> str | None:
    """Pagero's id of the company the person looks at; None for all of them."""
    return chosen_id(own_companies(db_reads(), g.visitor.account_id))


def reads_here() -> Reads:
    """Reading for the page that is made now."""
    return Reads(_reader(), _cache(), g.visitor.now, services().settings.pagero_api_seconds * VIEW_SHARE)


def _query() -> DocumentQuery:
    return _asked(request.query_string)


@lru_cache(maxsize=256)
def _asked(query_string: bytes) -> DocumentQuery:
    """Scripts ask the same again and again: each address is read once."""
    return asked(parse_qs(query_string.decode("ascii", "replace"), keep_blank_values=True, errors="replace"))


def _reader() -> Reader:
    parts = services()
    return Reader(parts.access, parts.api, g.visitor.connection)
