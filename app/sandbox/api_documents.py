"""The document API (pagero-api sections 4.5 to 4.8). Refuses what it does not know: parameters, ids, content types."""

import hashlib
from collections.abc import Callable, Iterator

import orjson
from flask import Blueprint, Response, g, request
from werkzeug.datastructures import MultiDict

from app.sandbox import ubl
from app.sandbox.bearer import caller
from app.sandbox.calls import Call
from app.sandbox.document import Document
from app.sandbox.errors import ApiRefused
from app.sandbox.express import REPLAY, Replay, unchanged, whole_answer
from app.sandbox.library import Filters
from app.sandbox.people import Person
from app.sandbox.serving import served
from app.sandbox.spoiling import spaces
from app.sandbox.world import World, the_world

blueprint = Blueprint("api_documents", __name__)
FILTERS = frozenset({"companyId", "direction", "showFetchedOnly", "fileId", "referenceDocumentIdentifier"})
PAGING = frozenset({"limit", "offset"})
LIMIT, MOST = 10, 100
MOST_FETCHED = 500
PAGES_KEPT = 4096


@blueprint.get("/document/v1/documents")
@served("documents")
def documents() -> Response:
    """The list, newest first."""
    world = the_world()
    person = caller(world)
    accepts("application/json")
    world.files.advance()
    still = unchanged(world)
    query = request.environ.get("QUERY_STRING", "")
    pages = world.library.pages
    body = pages.get((person.username, query))
    if body is None:
        if len(pages) >= PAGES_KEPT:
            pages.clear()
        body = pages[person.username, query] = _page(world, person)
    _offer_replay(world, body, still)
    return json_bytes(world, body)


@blueprint.get("/document/v1/documents/<document_id>")
@served("document")
def document(document_id: str) -> Response:
    """One of them, in the shape it has in the list."""
    world = the_world()
    person = caller(world)
    accepts("application/json")
    return json_bytes(world, _found(world, person, document_id).encoded)


@blueprint.get("/document/v1/documents/<document_id>/targetdocument")
@served("target")
def target(document_id: str) -> Response:
    """The document in the receiver's format: XML, even where JSON was asked for (pagero-api section 4.7)."""
    world = the_world()
    found = _found(world, caller(world), document_id)
    accepts("application/xml", "text/xml", "application/json")
    xml = ubl.rendered(found, world.knobs.target_lines)
    padding = world.knobs.target_bytes - len(xml)
    if padding <= 0:
        return Response(xml, content_type="application/xml")
    response = Response(_padded(xml, padding), content_type="application/xml")
    response.headers["Content-Length"] = str(world.knobs.target_bytes)
    return response


@blueprint.post("/document/v1/documents/fetch")
@served("fetch")
def fetch() -> Response:
    """Mark documents as collected: changes state, so no view may call it."""
    world = the_world()
    person = caller(world)
    if request.mimetype != "application/json":
        raise ApiRefused(415, "the body must be application/json")
    body = request.get_json(silent=True)
    ids = body.get("ids") if isinstance(body, dict) else None
    if not isinstance(ids, list) or not ids or len(ids) > MOST_FETCHED or not all(isinstance(one, str) for one in ids):
        raise ApiRefused(400, "ids must be a list of document ids")
    for one in ids:
        _found(world, person, one)
    world.library.mark_fetched(ids)
    return Response(b"", 204)


def accepts(*types: str) -> None:
    """Refuse with 406 unless the caller takes one of `types`."""
    header = request.environ.get("HTTP_ACCEPT") or "*/*"
    if "*/*" in header or types[0] in header:
        return
    if request.accept_mimetypes.best_match(types) is None:
        raise ApiRefused(406, f"only {', '.join(types)}")


def json_bytes(world: World, body: bytes) -> Response:
    """A JSON answer that is encoded already, with an ETag when the knob says so."""
    response = Response(body, content_type="application/json")
    if world.knobs.etags:
        etag = f'"{hashlib.sha256(body).hexdigest()[:32]}"'
        if request.headers.get("If-None-Match") == etag:
            response = Response(b"", 304)
        response.headers["ETag"] = etag
    return response


def paging(args: MultiDict[str, str], known: frozenset[str]) -> tuple[int, int]:
    """`limit` (10 unless asked, at most 100) and `offset`. Raises ApiRefused 400 for anything unknown or repeated."""
    for name, values in args.lists():
        if name not in known | PAGING and name != "documentType":
            raise ApiRefused(400, f"unknown query parameter {name[:40]}")
        if len(values) > 1 and name != "documentType":
            raise ApiRefused(400, f"query parameter {name[:40]} was repeated")
    limit, offset = _number(args, "limit", LIMIT), _number(args, "offset", 0)
    if limit < 1:
        raise ApiRefused(400, "limit must be at least 1")
    return min(limit, MOST), offset


def envelope(world: World, items: list[bytes], total: int, limit: int, offset: int) -> bytes:
    """Items and `meta`, with the knobs documents_meta and documents_meta_without applied."""
    knobs = world.knobs
    meta = {"count": len(items), "limit": limit, "offset": offset, "total": total} | knobs.documents_meta
    kept = {name: value for name, value in meta.items() if name not in knobs.documents_meta_without}
    return b'{"items":[' + b",".join(items) + b'],"meta":' + orjson.dumps(kept) + b"}"


def own_company(person: Person, company_id: str) -> str:
    """`company_id` if it is empty or the person's. Raises ApiRefused 403."""
    if company_id and company_id not in {company.id for company in person.companies}:
        raise ApiRefused(403, "no rights to this company")
    return company_id


def _number(args: MultiDict[str, str], name: str, default: int) -> int:
    text = args.get(name)
    if text is None:
        return default
    if not (text.isascii() and text.isdigit() and len(text) < 10):
        raise ApiRefused(400, f"{name} must be a number")
    return int(text)


def _offer_replay(world: World, body: bytes, still: Callable[[], bool]) -> None:
    """Let the server answer the same request again without asking, where that makes no difference to anybody."""
    environ = request.environ
    access = world.grants.access.get(environ["HTTP_AUTHORIZATION"].partition(" ")[2])
    knobs_matter = world.knobs.etags or world.knobs.record_headers
    if access is None or knobs_matter or request.method != "GET" or not still():
        return
    call: Call = g.call
    environ[REPLAY] = Replay(
        world, access, still, call.endpoint, call.path, call.query, call.token, call.person, whole_answer(body)
    )


def _page(world: World, person: Person) -> bytes:
    args = request.args
    limit, offset = paging(args, FILTERS)
    direction = args.get("direction", "")
    if direction not in ("", "Sent", "Received"):
        raise ApiRefused(400, "direction is Sent or Received")
    fetched_only = args.get("showFetchedOnly", "false")
    if fetched_only not in ("true", "false"):
        raise ApiRefused(400, "showFetchedOnly is true or false")
    filters = Filters(
        company_id=own_company(person, args.get("companyId", "")),
        direction=direction,
        types=tuple(args.getlist("documentType")),
        file_id=args.get("fileId", ""),
        reference=args.get("referenceDocumentIdentifier", ""),
        fetched_only=fetched_only == "true",
    )
    total, items = world.library.page(person, filters, limit, offset)
    return envelope(world, items, total, limit, offset)


def _found(world: World, person: Person, document_id: str) -> Document:
    world.files.advance()
    found = world.library.find(person, document_id)
    if found is None:
        raise ApiRefused(404, "no such document")
    return found


def _padded(xml: bytes, padding: int) -> Iterator[bytes]:
    end = xml.rindex(b"</")
    yield xml[:end]
    yield from spaces(padding)
    yield xml[end:]
