"""A person's documents at Pagero, read for them at this moment. No view here changes anything, at Pagero or here."""

import orjson
from flask import Blueprint, Response, g, render_template, request

from app.auth.guards import open_to_all, signed_in, signed_in_api
from app.dashboard import pages
from app.dashboard.download import attachment
from app.dashboard.overview import overview as overview_of
from app.dashboard.parts import side_by_side
from app.dashboard.query import address, asked
from app.dashboard.reader import Reader
from app.pagero.records import DocumentQuery
from app.services import services
from app.web import sessions

blueprint = Blueprint("dashboard", __name__)
api_blueprint = Blueprint("api", __name__)


@blueprint.get("/")
@open_to_all
def overview() -> str:
    """The overview for who is signed in, the front page for everybody else."""
    visitor = sessions.visitor()
    if visitor is None:
        return render_template("front.html")
    return render_template("dashboard/overview.html", overview=overview_of(_reader(), visitor.now), now=visitor.now)


@blueprint.get("/documents")
@signed_in
def documents() -> str:
    """Documents sent and received, as filtered in the address."""
    query = _query()
    listing = pages.listing(_reader().documents(query), query)
    return render_template("dashboard/documents.html", listing=listing, query=query, address=address)


@blueprint.get("/documents/<document_id>")
@signed_in
def document(document_id: str) -> str:
    """One document with the responses that answer it; they may be missing and the rest still shows."""
    reader = _reader()
    found = reader.document(document_id)
    question = pages.responses_to(found)
    tasks = {"responses": lambda: pages.listing(reader.documents(question), question)} if question else {}
    return render_template(
        "dashboard/document.html", row=pages.row(found), document=found, responses=side_by_side(tasks).get("responses")
    )


@blueprint.get("/documents/<document_id>/target")
@signed_in
def target(document_id: str) -> Response:
    """The document itself in its receiver's format, as a file."""
    return attachment(_reader().target_document(document_id), document_id)


@api_blueprint.get("/api/documents")
@signed_in_api
def documents_json() -> Response:
    """The list of /documents for scripts, with its items as Pagero sent them."""
    answer = _reader().documents_json(_query())
    return Response(orjson.dumps(answer), content_type="application/json")


def _query() -> DocumentQuery:
    return asked(request.args.to_dict(flat=False))


def _reader() -> Reader:
    parts = services()
    return Reader(parts.access, parts.api, g.visitor.connection)
