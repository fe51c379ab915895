"""What Pagero answers about uploaded files and their parts, as frozen values. Pure.

Refuses nothing, like records: what has the wrong type or is missing degrades to None; an unknown status stays text.
"""

from dataclasses import dataclass
from datetime import datetime
from typing import Any, Self

from app.pagero.records import is_id
from app.pagero.texts import count_of, list_of, object_of, text_of, time_of

MOST_FILES = 1000
MOST_REASONS = 20
REASON_CHARACTERS = 1000

DOCUMENT_TYPES = ("Invoice", "PaymentReminder", "ApplicationResponse")
"""What may be uploaded, as far as is known. Credit notes go as Invoice."""
TEST, CERTIFICATION, PRODUCTION = "Test", "Certification", "Production"
SEND_MODES = (TEST, CERTIFICATION, PRODUCTION)
PROCESSING, AWAITING, ERROR = "Processing", "AwaitingInteraction", "Error"
STOPPED = (AWAITING, ERROR)
RESTART, CANCEL = "Restart", "Cancel"


@dataclass(frozen=True, slots=True)
class File:
    """An uploaded file (pagero-api.md, 4.1). Only `id` is always there."""

    id: str
    company_id: str | None
    company_name: str | None
    user_name: str | None
    send_mode: str | None
    created_at: datetime | None
    document_type: str | None
    reference: str | None
    """The sender's own."""

    @property
    def has_page(self) -> bool:
        """Whether its id may stand in a path of ours."""
        return is_id(self.id)

    @classmethod
    def from_json(cls, value: Any) -> Self:
        """Read one file. Never raises; `id` is empty when there is no usable one."""
        data = object_of(value)
        company, user = object_of(data.get("sendingCompany")), object_of(data.get("sendingUser"))
        return cls(
            id=text_of(data.get("id"), 100) or "",
            company_id=text_of(company.get("id"), 100),
            company_name=text_of(company.get("name")),
            user_name=text_of(user.get("fullName")) or text_of(user.get("username")),
            send_mode=text_of(data.get("sendMode"), 60),
            created_at=time_of(data.get("createTime")),
            document_type=text_of(data.get("documentType"), 60),
            reference=text_of(data.get("senderReference")),
        )


@dataclass(frozen=True, slots=True)
class FilePage:
    """One page of the list of files. `total` is what Pagero says; `count` is what came."""

    items: tuple[File, ...]
    total: int | None
    offset: int
    count: int

    @classmethod
    def from_json(cls, data: dict[str, Any], offset: int) -> Self:
        """Read an envelope; files without an id are left out."""
        meta, came = object_of(data.get("meta")), list_of(data.get("items"), MOST_FILES)
        answered = count_of(meta.get("offset"))
        return cls(
            items=tuple(file for file in map(File.from_json, came) if file.id),
            total=count_of(meta.get("total")),
            offset=offset if answered is None else answered,
            count=len(came),
        )


@dataclass(frozen=True, slots=True)
class FilePart:
    """What is not yet, or never will be, a document."""

    id: str
    status: str | None
    reasons: tuple[str, ...]

    @property
    def is_stopped(self) -> bool:
        """Whether it goes on only when somebody does something."""
        return self.status in STOPPED

    @property
    def can_be_acted_on(self) -> bool:
        """Whether it may be restarted or cancelled from here."""
        return self.is_stopped and is_id(self.id)

    @classmethod
    def from_json(cls, value: Any) -> Self:
        """Read one part. `error.description` may be an array of texts or one text."""
        data = object_of(value)
        told = object_of(data.get("error")).get("description")
        reasons = [told] if isinstance(told, str) else list_of(told, MOST_REASONS)
        texts = (text_of(reason, REASON_CHARACTERS) for reason in reasons)
        return cls(
            id=text_of(data.get("id"), 100) or "",
            status=text_of(data.get("status"), 60),
            reasons=tuple(text for text in texts if text),
        )


@dataclass(frozen=True, slots=True)
class FileParts:
    """The parts of one file. Empty means processed, or not begun: a document has to confirm it (section 6, row 24)."""

    items: tuple[FilePart, ...]
    total: int

    @property
    def unlisted(self) -> int:
        """How many more there are by Pagero's count."""
        return max(0, self.total - len(self.items))

    @classmethod
    def from_json(cls, data: dict[str, Any]) -> Self:
        """Read an envelope. A part without a usable id still counts: it keeps a file from looking done."""
        parts = tuple(map(FilePart.from_json, list_of(data.get("items"), MOST_FILES)))
        return cls(parts, count_of(object_of(data.get("meta")).get("total")) or len(parts))
