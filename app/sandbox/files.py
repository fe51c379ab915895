"""Uploaded files and their fileparts: Processing for some seconds, then a document, an error, or a wait for somebody.

A filepart that succeeded is gone from the list and a document exists instead (pagero-api section 4.3). What becomes of
an upload is decided by the knob upload_outcome, or by the words `error` or `await` in its name, reference or content.
"""

import re
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from threading import RLock
from typing import TYPE_CHECKING, Any

from app.sandbox.document import Document, timestamp
from app.sandbox.documents import Maker
from app.sandbox.partners import PARTNERS
from app.sandbox.people import COMPANIES, PEOPLE, Company, Person, stable_uuid

if TYPE_CHECKING:
    from app.sandbox.world import World

REASONS = (
    ["Receiver has no active route"],
    ["29001: The receiver could not be found", "Check the receiver's GLN or organisation number"],
    ["14007: BT-10 Buyer reference is missing although the receiver requires it"],
    ["11002: A document with the number 4471 was already sent to this receiver"],
)
WAITS = ["The attachment delivery-note.pdf could not be read. Add it again or send the document without it."]
SUBTYPES = {"Invoice": "Debit", "ApplicationResponse": "RecipientAccept"}
ID = re.compile(rb"<cbc:ID[^>]*>\s*([^<]{1,60}?)\s*</cbc:ID>")


@dataclass
class File:
    """An uploaded file with its one filepart. `outcome`: what that becomes once `ready_at` (epoch) has passed."""

    id: str
    company: Company
    person: Person
    created_at: datetime
    document_type: str
    send_mode: str
    sender_reference: str
    number: str
    outcome: str  # document, Error, AwaitingInteraction, Processing, Cancelled
    ready_at: float
    reasons: list[str] = field(default_factory=list)
    delivered: bool = False

    @property
    def part_id(self) -> str:
        """The filepart's id."""
        return f"88{self.id[2:]}"

    def members(self) -> dict[str, Any]:
        """As the API shows it (section 4.1)."""
        company, person = self.company, self.person
        department = {"department": company.department} if company.department else {}
        return {
            "id": self.id,
            "sendingCompany": {"id": company.id, "name": company.name} | department,
            "sendingUser": {
                "id": f"u-{person.publicid[:6]}",
                "fullName": person.full_name,
                "username": person.username,
                "email": person.email,
                "phone": person.phone,
            },
            "sendMode": self.send_mode,
            "createTime": timestamp(self.created_at),
            "documentType": self.document_type,
            "senderReference": self.sender_reference,
        }

    def part(self, now: float) -> dict[str, Any] | None:
        """The filepart as it is `now`, or None when there is none any more."""
        if now < self.ready_at:
            return {"id": self.part_id, "fileId": self.id, "status": "Processing"}
        if self.outcome in ("document", "Cancelled"):
            return None
        error = {"error": {"description": self.reasons}} if self.reasons else {}
        return {"id": self.part_id, "fileId": self.id, "status": self.outcome} | error


class Files:
    """The files of all companies: some that were always there, and what is uploaded."""

    def __init__(self, world: "World") -> None:
        self._world = world
        self._lock = RLock()
        self.clear()

    def clear(self) -> None:
        """As at start."""
        with self._lock:
            self._files = {file.id: file for file in _given(self._world.library.born)}
            self._serial = 0
            self._pending = 0

    def of(self, person: Person) -> list[File]:
        """What `person` may see, newest first."""
        self._advance()
        own = {company.key for company in person.companies}
        return sorted(
            (file for file in self._files.values() if file.company.key in own), key=lambda f: f.created_at, reverse=True
        )

    def find(self, person: Person, wanted: Callable[[File], bool]) -> File | None:
        """The file of `person` that `wanted` is true of."""
        return next((file for file in self.of(person) if wanted(file)), None)

    def upload(self, person: Person, company: Company, fields: dict[str, str], name: str, payload: bytes) -> File:
        """Take a file in."""
        with self._lock:
            self._serial += 1
            number = ID.search(payload)
            file = File(
                id=f"7799{self._serial:06d}",
                company=company,
                person=person,
                created_at=datetime.fromtimestamp(self._world.now(), UTC),
                document_type=fields["documentType"],
                send_mode=fields["sendMode"],
                sender_reference=fields.get("senderReference", ""),
                number=number[1].decode("utf-8", "replace") if number else f"UP-{self._serial}",
                outcome=self._outcome(name, fields.get("senderReference", ""), payload),
                ready_at=self._world.now() + self._world.knobs.file_processing_seconds,
            )
            file.reasons = {"Error": REASONS[0], "AwaitingInteraction": WAITS}.get(file.outcome, [])
            self._files[file.id] = file
            self._pending += file.outcome == "document"
            return file

    def restart(self, file: File) -> None:
        """Try a stopped filepart again; this time it succeeds."""
        with self._lock:
            file.outcome, file.reasons = "document", []
            self._pending += 1
            file.ready_at = self._world.now() + self._world.knobs.file_processing_seconds

    def cancel(self, file: File) -> None:
        """Give a stopped filepart up."""
        file.outcome, file.reasons = "Cancelled", []

    def _outcome(self, *told: str | bytes) -> str:
        outcomes = {"document": "document", "error": "Error", "awaiting": "AwaitingInteraction"}
        if self._world.knobs.upload_outcome in outcomes:
            return outcomes[self._world.knobs.upload_outcome]
        text = b" ".join(part.encode() if isinstance(part, str) else part for part in told).lower()
        return "Error" if b"error" in text else "AwaitingInteraction" if b"await" in text else "document"

    def _advance(self) -> None:
        """Make documents of the files whose time has come."""
        with self._lock:
            now = self._world.now()
            for file in self._files.values():
                if file.outcome == "document" and not file.delivered and now >= file.ready_at:
                    file.delivered = True
                    self._pending -= 1
                    self._world.library.add(_document_of(file, now))

    @property
    def under_way(self) -> bool:
        """Whether some file may become a document as time goes by."""
        return self._pending > 0

    def advance(self) -> None:
        """Let time do its work before documents are listed."""
        if self.under_way:
            self._advance()


def _document_of(file: File, now: float) -> Document:
    at = datetime.fromtimestamp(now, UTC)
    maker = Maker(file.company, at)
    info = {
        "direction": "Sent",
        "documentType": file.document_type,
        "documentSubType": {"Invoice": "Debit", "ApplicationResponse": "RecipientAccept"}.get(
            file.document_type, "Other"
        ),
        "documentIdentifier": file.number,
        "issueDate": at.date().isoformat(),
    }
    lines = maker.lines(PARTNERS[1], file.company.currency)
    document = maker.document("Sent", PARTNERS[1], info, at, lines=lines, mode=file.send_mode)
    document.members |= {"fileId": file.id, "id": stable_uuid(f"upload/{file.id}/{file.number}")}
    return document.as_fetched(False)


def _given(born: datetime) -> list[File]:
    """Files that stopped, wait or are under way at start, for every company that has documents."""
    files = []
    stopped = [("Error", reasons) for reasons in REASONS] + [("AwaitingInteraction", WAITS)] * 2 + [("Processing", [])]
    for place, company in enumerate(COMPANIES[:4]):
        person = next(person for person in PEOPLE if company in person.companies)
        for index, (outcome, reasons) in enumerate(stopped):
            files.append(
                File(
                    id=f"77{place}{index:05d}",
                    company=company,
                    person=person,
                    created_at=born - timedelta(hours=5 + 29 * index),
                    document_type=("Invoice", "Invoice", "PaymentReminder")[index % 3],
                    send_mode=("Production", "Test")[index % 2],
                    sender_reference=f"SO-{20990 + index}",
                    number=f"INV-{4470 + index}",
                    outcome=outcome,
                    ready_at=0,
                    reasons=list(reasons),
                )
            )
    return files
