"""How far a file is, from what Pagero says of its parts and documents (pagero-api.md, section 6, row 24). Pure.

Believes no silence: without parts a file is done only if there is a document of it.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

from app.dashboard.parts import Part
from app.errors import AppError
from app.models import UploadOutcome
from app.pagero.file_records import AWAITING, ERROR, File, FilePart, FileParts
from app.pagero.records import DocumentPage

LONG_SILENCE = timedelta(days=1)
"""After so long nobody waits in front of a page for it."""
FITS_WITHIN = (timedelta(minutes=-5), timedelta(minutes=30))
"""How far Pagero's time of a file may lie from when it was sent: clocks differ, large files take a while."""


class State(StrEnum):
    """What a person is told about a file."""

    SENDING = "sending"
    REFUSED = "refused"
    UNKNOWN = "unknown"
    PROCESSING = "processing"
    AWAITING = "awaiting"
    ERROR = "error"
    DONE = "done"
    CANCELLED = "cancelled"
    UNREAD = "unread"


KINDS = {
    State.DONE: "ok",
    State.AWAITING: "warn",
    State.UNKNOWN: "warn",
    State.UNREAD: "warn",
    State.ERROR: "danger",
    State.REFUSED: "danger",
}
"""How a state is coloured; what is not here is neutral."""
BEFORE_PAGERO = {
    UploadOutcome.SENDING: State.SENDING,
    UploadOutcome.REFUSED: State.REFUSED,
    UploadOutcome.UNKNOWN: State.UNKNOWN,
}


@dataclass(frozen=True)
class Progress:
    """The state of a file with what it was read from."""

    state: State
    parts: tuple[FilePart, ...] = ()
    unlisted: int = 0
    """Parts that are there by Pagero's count and were not listed."""
    documents: DocumentPage | None = None
    problem: AppError | None = None
    """Why it could not be read, for the state `unread`."""
    is_silent: bool = False
    """Whether Pagero has said nothing of it for so long that waiting makes no sense."""

    @property
    def is_over(self) -> bool:
        """Whether nothing more comes by itself, so that following it can stop."""
        if self.state in (State.SENDING, State.UNREAD):
            return False
        return self.is_silent or (self.state != State.PROCESSING and all(part.is_stopped for part in self.parts))

    @property
    def kind(self) -> str:
        """The kind of its badge."""
        return KINDS.get(self.state, "neutral")

    @property
    def stopped(self) -> tuple[FilePart, ...]:
        """The parts that wait for somebody."""
        return tuple(part for part in self.parts if part.is_stopped)


def progress(
    parts: Part[FileParts], documents: Part[DocumentPage], *, cancelled: bool, age: timedelta | None
) -> Progress:
    """What Pagero's two answers come to. `age` is how long ago the file was sent, if that is known."""
    if parts.value is None:
        return Progress(State.UNREAD, problem=parts.problem)
    here, found = parts.value.items, documents.value
    if here:
        return Progress(_of_parts(here), here, parts.value.unlisted, found)
    if found and found.items:
        return Progress(State.DONE, documents=found)
    if cancelled:
        return Progress(State.CANCELLED)
    if found is None:
        return Progress(State.UNREAD, problem=documents.problem)
    return Progress(State.PROCESSING, is_silent=age is not None and age > LONG_SILENCE)


def _of_parts(parts: tuple[FilePart, ...]) -> State:
    """What needs somebody comes first; an unknown status is something going on."""
    statuses = {part.status for part in parts}
    return State.ERROR if ERROR in statuses else State.AWAITING if AWAITING in statuses else State.PROCESSING


@dataclass(frozen=True)
class Wanted:
    """What is known of an upload whose answer was lost."""

    document_type: str
    company_id: str
    reference: str
    send_mode: str
    made_at: datetime


def candidates(wanted: Wanted, listed: tuple[File, ...], claimed: frozenset[str]) -> tuple[File, ...]:
    """The files at Pagero that may be this upload: the same in all it said, made at that time, nobody else's here."""
    return tuple(file for file in listed if file.id not in claimed and file.has_page and _fits(wanted, file))


def _fits(wanted: Wanted, file: File) -> bool:
    least, most = FITS_WITHIN
    told = (file.document_type, file.company_id, file.reference or "", file.send_mode)
    same = told == (wanted.document_type, wanted.company_id, wanted.reference, wanted.send_mode)
    return same and file.created_at is not None and least <= file.created_at - wanted.made_at <= most
