"""The newest documents of both directions, as many as one round of calls brings: what overview, partners, companies and
search look at. Side by side: it takes as long as its slowest call. A part may fail alone; no total is believed.
"""

from dataclasses import dataclass
from datetime import datetime

from app.dashboard.parts import Part, side_by_side
from app.dashboard.reads import Reads, Seen
from app.errors import AppError, Disconnected, Frozen, PageroUnauthorized, ReconnectNeeded, SealBroken
from app.pagero.records import Document, DocumentPage, DocumentQuery

DIRECTIONS = ("Received", "Sent")
PAGE = 100
PAGES = 2  # of each direction: four calls at once are what a person's view may cost Pagero
LOST = (ReconnectNeeded, Disconnected, SealBroken, PageroUnauthorized)

Answers = dict[str, Part[Seen[DocumentPage]]]


@dataclass(frozen=True)
class Stretch:
    """The newest documents of one direction, each once, as one page."""

    page: DocumentPage
    read_at: datetime
    fault: AppError | None
    """Why it is not newer; None when it is as new as it should be."""
    gap: AppError | None
    """Why the older part is missing; None when it is there or there is none."""


@dataclass(frozen=True)
class Window:
    """Both directions, or the fault in place of one."""

    received: Part[Stretch]
    sent: Part[Stretch]

    @property
    def parts(self) -> tuple[Part[Stretch], Part[Stretch]]:
        """Received, then sent."""
        return self.received, self.sent

    @property
    def stretches(self) -> list[Stretch]:
        """What could be read."""
        return [part.value for part in self.parts if part.value]

    @property
    def documents(self) -> list[Document]:
        """All documents, newest first; those without a time last."""
        found = [item for stretch in self.stretches for item in stretch.page.items]
        return sorted(found, key=lambda item: item.created_at.timestamp() if item.created_at else 0.0, reverse=True)

    @property
    def lost(self) -> AppError | None:
        """The fault that says there is no usable connection, if that is why parts are missing."""
        return next((part.problem for part in self.parts if isinstance(part.problem, LOST)), None)

    @property
    def problem(self) -> AppError | None:
        """Why something is missing, wherever."""
        gaps = [stretch.gap for stretch in self.stretches]
        return next((fault for fault in [*(part.problem for part in self.parts), *gaps] if fault), None)

    @property
    def fault(self) -> AppError | None:
        """Why what is shown is old, if it is."""
        return next((stretch.fault for stretch in self.stretches if stretch.fault), None)

    @property
    def read_at(self) -> datetime | None:
        """When the oldest part was read."""
        return min((stretch.read_at for stretch in self.stretches), default=None)

    @property
    def is_whole(self) -> bool:
        """Whether this is everything Pagero lists."""
        return self.problem is None and all(_holds_all(stretch.page) for stretch in self.stretches)

    @property
    def looked_back_to(self) -> datetime | None:
        """Since when everything is here; None when nothing older is listed."""
        oldest = [
            min((item.created_at for item in stretch.page.items if item.created_at), default=None)
            for stretch in self.stretches
            if not _holds_all(stretch.page)
        ]
        return max((each for each in oldest if each), default=None)


def questions(company_id: str | None = None) -> dict[str, DocumentQuery]:
    """What is asked, by a name for each part; the newest first, because the older may turn out not to be needed."""
    return {
        f"{direction} {number}": DocumentQuery(
            direction=direction, company_id=company_id, limit=PAGE, offset=number * PAGE
        )
        for number in range(PAGES)
        for direction in DIRECTIONS
    }


def window(reads: Reads, company_id: str | None = None) -> Window:
    """Ask for all of it at once. Raises Frozen: then no part of a page could be shown."""
    asked = {name: (lambda query=query: reads.documents(query)) for name, query in questions(company_id).items()}
    return assembled(side_by_side(asked))


def assembled(answers: Answers) -> Window:
    """The window made of these answers. Raises Frozen."""
    for part in answers.values():
        if isinstance(part.problem, Frozen):
            raise part.problem
    return Window(*(_joined([answers[f"{direction} {n}"] for n in range(PAGES)]) for direction in DIRECTIONS))


def _joined(parts: list[Part[Seen[DocumentPage]]]) -> Part[Stretch]:
    first = parts[0]
    if first.value is None:
        return Part(None, first.problem)
    joined, reads_at, faults = first.value.value, [first.value.read_at], [first.value.fault]
    gap: AppError | None = None
    for part in parts[1:]:
        if _holds_all(joined):
            break
        if part.value is None:
            gap = part.problem
            break
        if joined.limit % PAGE or joined.count != joined.limit:  # Pagero gives less at a time: this would leave a hole
            break
        joined = _appended(joined, part.value.value)
        reads_at.append(part.value.read_at)
        faults.append(part.value.fault)
    return Part(Stretch(joined, min(reads_at), next((fault for fault in faults if fault), None), gap))


def _appended(page: DocumentPage, more: DocumentPage) -> DocumentPage:
    """Both as one; what moved from one to the other meanwhile counts once."""
    known = {item.id for item in page.items}
    items = page.items + tuple(item for item in more.items if item.id not in known)
    total = more.total if page.total is None else page.total
    return DocumentPage(items, total, page.offset, page.limit + PAGE, page.count + more.count)


def _holds_all(page: DocumentPage) -> bool:
    return page.count < page.limit if page.total is None else page.total == page.count
