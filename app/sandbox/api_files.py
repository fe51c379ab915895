"""The file API (pagero-api sections 4.1 to 4.4). Refuses uploads that are not strict multipart, and unknown parts."""

import orjson
from flask import Blueprint, Response, request

from app.sandbox.api_documents import accepts, envelope, own_company, paging
from app.sandbox.bearer import caller
from app.sandbox.errors import ApiRefused
from app.sandbox.files import File
from app.sandbox.people import Person
from app.sandbox.serving import as_json, served
from app.sandbox.world import World, the_world

blueprint = Blueprint("api_files", __name__)
DOCUMENT_TYPES = ("Invoice", "PaymentReminder", "ApplicationResponse")
SEND_MODES = ("Production", "Test", "Certification")
STATUSES = ("Processing", "AwaitingInteraction", "Error")
FIELDS = frozenset({"documentType", "sendMode", "sendingCompanyId", "senderReference"})


@blueprint.post("/file/v1/files")
@served("upload")
def upload() -> Response:
    """Take in one file: 201 and what is known of it."""
    world = the_world()
    person = caller(world)
    if request.mimetype != "multipart/form-data":
        raise ApiRefused(415, "the body must be multipart/form-data")
    fields = _fields()
    company_id = own_company(person, fields["sendingCompanyId"])
    company = next(company for company in person.companies if company.id == company_id)
    payload = request.files["payload"]
    content = payload.read()
    if not content:
        raise ApiRefused(400, "payload is empty")
    file = world.files.upload(person, company, fields, payload.filename or "", content)
    return as_json(file.members(), 201)


def _fields() -> dict[str, str]:
    parts, files = request.form, request.files
    if set(files) != {"payload"} or len(files.getlist("payload")) != 1 or not files["payload"].filename:
        raise ApiRefused(400, "exactly one part payload, with a filename")
    for name, values in parts.lists():
        if name not in FIELDS or len(values) != 1:
            raise ApiRefused(400, f"unknown or repeated part {name[:40]}")
    fields = parts.to_dict()
    if fields.get("documentType") not in DOCUMENT_TYPES:
        raise ApiRefused(400, f"documentType is one of {', '.join(DOCUMENT_TYPES)}")
    if fields.get("sendMode") not in SEND_MODES:
        raise ApiRefused(400, f"sendMode is one of {', '.join(SEND_MODES)}")
    if not fields.get("sendingCompanyId"):
        raise ApiRefused(400, "sendingCompanyId is missing")
    return fields


@blueprint.get("/file/v1/files")
@served("files")
def files() -> Response:
    """The files of the caller's companies, newest first."""
    world = the_world()
    person = caller(world)
    accepts("application/json")
    limit, offset = paging(request.args, frozenset({"companyId"}))
    company_id = own_company(person, request.args.get("companyId", ""))
    found = [file for file in world.files.of(person) if company_id in ("", file.company.id)]
    items = [orjson.dumps(file.members()) for file in found[offset : offset + limit]]
    return _listed(world, items, len(found), limit, offset)


@blueprint.get("/file/v1/files/<file_id>")
@served("file")
def file(file_id: str) -> Response:
    """One of them."""
    world = the_world()
    person = caller(world)
    accepts("application/json")
    return as_json(_found(world, person, file_id).members())


@blueprint.get("/file/v1/files/<file_id>/fileparts")
@served("fileparts")
def fileparts(file_id: str) -> Response:
    """What is not yet, or never will be, a document."""
    world = the_world()
    person = caller(world)
    accepts("application/json")
    limit, offset = paging(request.args, frozenset({"Status"}))
    return _parts(world, [_found(world, person, file_id)], limit, offset)


@blueprint.get("/file/v1/fileparts")
@served("all-fileparts")
def all_fileparts() -> Response:
    """The same across files: plausible, not documented (section 4.3)."""
    world = the_world()
    person = caller(world)
    accepts("application/json")
    limit, offset = paging(request.args, frozenset({"Status"}))
    return _parts(world, world.files.of(person), limit, offset)


@blueprint.post("/file/v1/fileparts/<part_id>/action")
@served("action")
def action(part_id: str) -> Response:
    """Restart or Cancel a stopped filepart."""
    world = the_world()
    person = caller(world)
    found = world.files.find(person, lambda file: file.part_id == part_id)
    part = found.part(world.now()) if found else None
    if found is None or part is None:
        raise ApiRefused(404, "no such filepart")
    if request.mimetype not in ("application/json", ""):
        raise ApiRefused(415, "the body must be application/json")
    body = request.get_json(silent=True, force=True)
    if body not in ({"action": "Restart"}, {"action": "Cancel"}):
        raise ApiRefused(400, "action is Restart or Cancel")
    if part["status"] == "Processing":
        raise ApiRefused(409, "the filepart is being processed")
    (world.files.restart if body["action"] == "Restart" else world.files.cancel)(found)
    return as_json({})


def _parts(world: World, found: list[File], limit: int, offset: int) -> Response:
    wanted = [status for status in request.args.get("Status", "").split(",") if status]
    if not set(wanted) <= set(STATUSES):
        raise ApiRefused(400, f"Status is one of {', '.join(STATUSES)}")
    parts = [part for file in found if (part := file.part(world.now()))]
    parts = [part for part in parts if not wanted or part["status"] in wanted]
    items = [orjson.dumps(part) for part in parts[offset : offset + limit]]
    body = (
        b'{"items":[' + b",".join(items) + b'],"meta":' + orjson.dumps({"offset": offset, "total": len(parts)}) + b"}"
    )
    return Response(body, content_type="application/json")


def _listed(world: World, items: list[bytes], total: int, limit: int, offset: int) -> Response:
    return Response(envelope(world, items, total, limit, offset), content_type="application/json")


def _found(world: World, person: Person, file_id: str) -> File:
    found = world.files.find(person, lambda file: file.id == file_id)
    if found is None:
        raise ApiRefused(404, "no such file")
    return found
