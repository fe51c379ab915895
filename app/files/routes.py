"""Files on their way through Pagero: sending them, following them, and acting on what stopped.

Only POSTs send or change anything, and each form of theirs works once. A GET asks Pagero anew and stores nothing.
"""

import re
from typing import Any
from uuid import uuid4

from flask import Blueprint, Response, g, jsonify, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue

from app.auth.guards import signed_in, signed_in_api
from app.db import db, reads
from app.errors import NotFound, RequestRefused
from app.files import ledger
from app.files.asked import Mistake, form_key, order
from app.files.attention import attention as attention_of
from app.files.desk import Desk
from app.files.inspection import Inspection, Inspector
from app.files.listing import LISTED, OWN, listing, offer
from app.files.progress import KINDS
from app.files.sending import Sender, SentBefore, received
from app.models import Upload
from app.pagero.file_records import CANCEL, DOCUMENT_TYPES, RESTART, SEND_MODES, TEST
from app.services import services
from app.web.problems import wants_json
from app.web.words import words

SEE_OTHER, CREATED, UNPROCESSABLE, CONFLICT = 303, 201, 422, 409
ACTIONS = {"restart": RESTART, "cancel": CANCEL}
MEGABYTE = 1_000_000
FIELDS_BYTES = 64 * 1024  # what a form carries beside its files
REMEMBERED = ("documentType", "senderReference", "sendingCompanyId", "otherCompanyId", "sendMode")
OFFSET = re.compile(r"[0-9]{1,6}")

blueprint = Blueprint("files", __name__)
attention_blueprint = Blueprint("attention", __name__)


@blueprint.url_value_preprocessor
def allow_files(endpoint: str | None, _values: Any) -> None:
    """Let the one form that carries files be larger than all others, before anything reads it."""
    if endpoint == "files.upload":
        request.max_content_length = services().settings.upload_megabytes * MEGABYTE + FIELDS_BYTES


@blueprint.get("/files")
@signed_in
def files() -> str:
    """What was sent through the application, and what Pagero lists."""
    found = listing(
        reads(), _desk(), g.visitor.account_id, g.visitor.now, own_offset=_offset(OWN), listed_offset=_offset(LISTED)
    )
    return render_template("files/files.html", listing=found, kinds=KINDS, now=g.visitor.now)


@blueprint.get("/files/new")
@signed_in
def form() -> str:
    """The form that sends files."""
    return _form({})


@blueprint.post("/files")
@signed_in
def upload() -> ResponseReturnValue:
    """Send files to Pagero, each once; then the page that follows them."""
    try:
        wanted = order(request.form)
        chosen = [file for file in request.files.getlist("payload") if file.filename]
        sent = _sender().send(wanted, [received(file.filename, file.stream) for file in chosen])
    except Mistake as mistake:
        return _mistaken(mistake)
    where = url_for("files.file", file_id=sent[0].id) if len(sent) == 1 else url_for("files.files")
    if not wants_json():
        return redirect(where, SEE_OTHER)
    follow = url_for("files.status", file_id=sent[0].id)
    return jsonify(url=where, follow=follow, name=sent[0].file_name), CREATED


@blueprint.get("/files/<file_id>")
@signed_in
def file(file_id: str) -> str:
    """One file: how far it is, what it became, what stopped."""
    return render_template(
        "files/file.html",
        seen=_inspector().look(file_id),
        key=uuid4(),
        note=request.args.get("note"),
        now=g.visitor.now,
    )


@blueprint.get("/api/files/<file_id>")
@signed_in_api
def status(file_id: str) -> Response:
    """How far a file is, in a few words, for a script that follows it."""
    seen = _inspector().look(file_id)
    told = seen.progress
    return jsonify(
        state=told.state,
        label=words(told.state, "file_state"),
        said=words(told.state, "file_said"),
        kind=told.kind,
        over=told.is_over,
        digest=seen.digest,
    )


@blueprint.post("/files/<file_id>/found")
@signed_in
def found(file_id: str) -> ResponseReturnValue:
    """The person recognises a lost upload in Pagero's list."""
    wanted, seen = request.form.get("file", ""), _inspector().look(file_id)
    if wanted not in [each.id for each in (seen.found.value if seen.found else None) or ()]:
        raise NotFound
    _sender().adopt(_own(file_id), wanted)
    return redirect(url_for("files.file", file_id=file_id), SEE_OTHER)


@blueprint.post("/files/<file_id>/missing")
@signed_in
def missing(file_id: str) -> ResponseReturnValue:
    """The person has looked and says that a lost upload did not arrive."""
    _sender().give_up(_own(file_id))
    return redirect(url_for("files.file", file_id=file_id), SEE_OTHER)


@blueprint.get("/files/<file_id>/parts/<part_id>/<any(restart, cancel):action>")
@signed_in
def ask_action(file_id: str, part_id: str, action: str) -> ResponseReturnValue:
    """The question before restarting or cancelling, with the send mode and what will happen."""
    seen = _inspector().look(file_id)
    try:
        part = seen.part(part_id)
    except NotFound:
        return _moved_on(seen)
    return render_template("files/ask.html", seen=seen, part=part, action=action, key=uuid4())


@blueprint.post("/files/<file_id>/parts/<part_id>/<any(restart, cancel):action>")
@signed_in
def act(file_id: str, part_id: str, action: str) -> ResponseReturnValue:
    """Restart or cancel what stopped, if it still stands still; the file's page then says what came of it."""
    key, seen = form_key(request.form), _inspector().look(file_id)
    try:
        part = seen.part(part_id)
    except NotFound:
        return _moved_on(seen)
    _sender().act(str(seen.file_id), part, ACTIONS[action], key)
    return redirect(url_for("files.file", file_id=file_id), SEE_OTHER)


@attention_blueprint.get("/attention")
@signed_in
def attention() -> str:
    """Everything that waits for the person, across files."""
    found = attention_of(reads(), _desk(), g.visitor.account_id, g.visitor.now)
    return render_template("files/attention.html", attention=found, now=g.visitor.now)


def _desk() -> Desk:
    parts = services()
    return Desk(parts.access, parts.api, g.visitor.connection)


def _inspector() -> Inspector:
    return Inspector(reads(), _desk(), g.visitor.account_id, g.visitor.now)


def _sender() -> Sender:
    return Sender(db.session, _desk(), services().clock, g.visitor.account_id)


def _own(upload_id: str) -> Upload:
    upload = ledger.upload(db.session, g.visitor.account_id, upload_id)
    if upload is None:
        raise NotFound
    return upload


def _offset(name: str) -> int:
    given = request.args.get(name, "") or "0"
    if not OFFSET.fullmatch(given):
        raise RequestRefused("offset_out_of_range")
    return int(given)


def _moved_on(seen: Inspection) -> ResponseReturnValue:
    return redirect(url_for("files.file", file_id=seen.id, note="moved"), SEE_OTHER)


def _mistaken(mistake: Mistake) -> ResponseReturnValue:
    status = CONFLICT if mistake.code in ("sent_before", "form_spent") else UNPROCESSABLE
    before = mistake.upload if isinstance(mistake, SentBefore) else None
    if wants_json():
        earlier = url_for("files.file", file_id=before.id) if before else None
        return jsonify(error=mistake.code, message=words(mistake.code, "upload_mistake"), earlier=earlier), status
    return _form(request.form.to_dict(), mistake.code, before), status


def _form(given: dict[str, str], mistake: str | None = None, before: Any = None) -> str:
    """The form, filled in as it came; a file cannot be, browsers forbid it."""
    spent = mistake == "form_spent"
    return render_template(
        "files/new.html",
        offer=offer(reads(), _desk(), g.visitor.account_id),
        given={name: given.get(name, "") for name in REMEMBERED},
        key=given["key"] if given.get("key") and not spent else uuid4(),
        mistake=mistake,
        before=before,
        types=DOCUMENT_TYPES,
        modes=SEND_MODES,
        usual_mode=TEST,
        megabytes=services().settings.upload_megabytes,
    )
