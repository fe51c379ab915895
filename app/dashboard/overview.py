"""What the overview asks Pagero and what it makes of it. Each part may fail alone; a lost connection is said once."""

from dataclasses import dataclass
from datetime import datetime

from app.dashboard import pages
from app.dashboard.parts import Part, side_by_side
from app.dashboard.reader import Reader
from app.errors import AppError, Disconnected, Frozen, ReconnectNeeded, SealBroken
from app.pagero.records import DocumentPage, DocumentQuery

QUESTIONS = {name: DocumentQuery(direction=name, limit=pages.OVERVIEW_LIMIT) for name in ("Received", "Sent")}


@dataclass(frozen=True)
class Overview:
    """The overview's parts: a Direction each, or the fault in its place."""

    received: Part[pages.Direction]
    sent: Part[pages.Direction]

    @property
    def lost(self) -> AppError | None:
        """The fault that says there is no usable connection, if that is why parts are missing."""
        for part in (self.received, self.sent):
            if isinstance(part.problem, ReconnectNeeded | Disconnected | SealBroken):
                return part.problem
        return None

    @property
    def concerns(self) -> list[pages.Row]:
        """What probably needs the person, of both directions, newest first."""
        found = [row for part in (self.received, self.sent) if part.value for row in part.value.concerns]
        return sorted(found, key=lambda row: _age(row.document.created_at), reverse=True)[: pages.MOST_CONCERNS]

    @property
    def concern_count(self) -> int:
        """How many of them were found, also those that are not listed."""
        return sum(part.value.concern_count for part in (self.received, self.sent) if part.value)

    @property
    def looked_back_to(self) -> datetime | None:
        """Since when documents were looked through; None when all that Pagero lists were."""
        return max(
            (part.value.oldest for part in (self.received, self.sent) if part.value and part.value.oldest), default=None
        )

    @property
    def is_complete(self) -> bool:
        """Whether both parts could be loaded."""
        return self.received.problem is None and self.sent.problem is None


def overview(reader: Reader, now: datetime) -> Overview:
    """Ask for both directions at once. Raises Frozen: then no part of the page could be shown."""
    read = {name: (lambda query=query: reader.documents(query)) for name, query in QUESTIONS.items()}
    parts: dict[str, Part[DocumentPage]] = side_by_side(read)
    for part in parts.values():
        if isinstance(part.problem, Frozen):
            raise part.problem
    return Overview(_direction(parts["Received"], now), _direction(parts["Sent"], now))


def _direction(part: Part[DocumentPage], now: datetime) -> Part[pages.Direction]:
    return Part(pages.direction(part.value, now) if part.value else None, part.problem)


def _age(created_at: datetime | None) -> float:
    return created_at.timestamp() if created_at else 0.0
