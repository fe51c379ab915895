"""One file as its page tells of it: what is remembered here, what Pagero says, and what may be done. Reads only."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Any, cast
from zlib import crc32

from app.dashboard.parts import Part, side_by_side
from app.errors import Disconnected, Frozen, NotFound, PageroNotFound, ReconnectNeeded, SealBroken
from app.files import ledger
from app.files.desk import Desk
from app.files.ledger import SqlSession
from app.files.progress import BEFORE_PAGERO, Progress, Wanted, candidates, progress
from app.models import FileAction, Upload, UploadOutcome
from app.pagero.file_records import File, FilePage, FilePart, FileParts
from app.pagero.records import DocumentPage, DocumentQuery, is_id

LOOKED_THROUGH = 100
"""How many of the newest files at Pagero are searched for a lost upload."""


@dataclass(frozen=True)
class Inspection:
    """A file with its state. `id` is what its page is called by."""

    id: str
    upload: Upload | None
    """None: it was not sent through this application."""
    file: File | None
    """What Pagero says of it; None when that was not asked for or not told."""
    file_id: str | None
    """Pagero's id, once it is known."""
    progress: Progress
    actions: tuple[FileAction, ...] = ()
    found: Part[tuple[File, ...]] | None = None
    """For an unknown outcome: the files at Pagero that may be it."""

    @property
    def send_mode(self) -> str | None:
        """As sent, or as Pagero says."""
        return self.upload.send_mode if self.upload else self.file.send_mode if self.file else None

    @property
    def company_id(self) -> str | None:
        """The sending company's."""
        return self.upload.company_id if self.upload else self.file.company_id if self.file else None

    @property
    def reference(self) -> str | None:
        """The sender's own."""
        return self.upload.reference if self.upload else self.file.reference if self.file else None

    @property
    def document_type(self) -> str | None:
        """As sent, or as Pagero says."""
        return self.upload.document_type if self.upload else self.file.document_type if self.file else None

    @property
    def digest(self) -> str:
        """Changes when the page would say something else."""
        seen = self.progress
        parts = "".join(f"{part.id}{part.status}{len(part.reasons)}" for part in seen.parts)
        return f"{seen.state}.{len(seen.documents.items) if seen.documents else 0}.{crc32(parts.encode()):x}"

    def part(self, part_id: str) -> FilePart:
        """A stopped part that may be restarted or cancelled. Raises NotFound."""
        for part in self.progress.parts:
            if part.id == part_id and part.can_be_acted_on:
                return part
        raise NotFound("filepart_moved_on")


@dataclass(frozen=True)
class Inspector:
    """Looks at files for one account, at one moment."""

    sql: SqlSession
    desk: Desk
    account_id: str
    now: datetime

    def look(self, name: str) -> Inspection:
        """The file of an upload's id of ours or a file's id of Pagero's. Raises NotFound and PageroError."""
        upload = ledger.upload(self.sql, self.account_id, name)
        if upload is None:
            return self._foreign(name)
        outcome = ledger.outcome_of(upload, self.now)
        if upload.pagero_file_id is None or outcome is not UploadOutcome.SENT:
            found = self._search(upload) if outcome is UploadOutcome.UNKNOWN else None
            return Inspection(upload.id, upload, None, None, Progress(BEFORE_PAGERO[outcome]), found=found)
        asked = self._ask(upload.pagero_file_id)
        return self._told(upload.id, upload, None, upload.pagero_file_id, asked)

    def _foreign(self, file_id: str) -> Inspection:
        if not is_id(file_id):
            raise NotFound
        known = ledger.upload_of_file(self.sql, self.account_id, file_id)
        asked = self._ask(file_id, file=lambda: self.desk.one(file_id))
        file = cast("Part[File]", asked["file"])
        if file.problem is not None and (known is None or isinstance(file.problem, PageroNotFound)):
            raise file.problem
        return self._told(file_id, known, file.value, file_id, asked)

    def _ask(self, file_id: str, **more: Callable[[], Any]) -> dict[str, Part[Any]]:
        query = DocumentQuery(file_id=file_id)
        return side_by_side(
            {"parts": lambda: self.desk.parts(file_id), "documents": lambda: self.desk.documents(query), **more}
        )

    def _told(
        self, name: str, upload: Upload | None, file: File | None, file_id: str, asked: dict[str, Part[Any]]
    ) -> Inspection:
        parts, documents = cast("Part[FileParts]", asked["parts"]), cast("Part[DocumentPage]", asked["documents"])
        if isinstance(parts.problem, ReconnectNeeded | Disconnected | SealBroken | Frozen):
            raise parts.problem
        made_at = upload.made_at if upload else file.created_at if file else None
        done = tuple(ledger.actions(self.sql, self.account_id, file_id))
        state = progress(
            parts,
            documents,
            cancelled=ledger.is_cancelled(done),
            age=self.now - made_at if made_at else None,
        )
        return Inspection(name, upload, file, file_id, state, done)

    def _search(self, upload: Upload) -> Part[tuple[File, ...]]:
        """What at Pagero may be an upload whose answer was lost."""
        listed = side_by_side({"files": lambda: self.desk.list(LOOKED_THROUGH)})["files"]
        if listed.value is None:
            return Part(None, listed.problem)
        page: FilePage = listed.value
        claimed = ledger.claimed_files(self.sql, self.account_id, upload.made_at - ledger.KEPT_AT_PAGERO)
        wanted = Wanted(upload.document_type, upload.company_id, upload.reference, upload.send_mode, upload.made_at)
        return Part(candidates(wanted, page.items, claimed))
