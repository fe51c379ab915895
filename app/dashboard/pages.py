"""From what Pagero answered to what a page says. Pure; believes no total, no order and no field to be there."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from app.pagero.records import Document, DocumentPage, DocumentQuery, Party
from app.web.paging import Paging, paging

RESPONSE = "ApplicationResponse"
PRODUCTION = "Production"
REJECTIONS = ("RecipientReject", "RecipientRejectWithClearanceRemoval")
RECENT = timedelta(days=30)
OVERVIEW_LIMIT = 100
LATEST = 6
MOST_CONCERNS = 8


@dataclass(frozen=True)
class Row:
    """A document as one line of a list."""

    document: Document
    partner: Party | None
    """The other side: the receiver of what was sent, the sender of what was received."""

    @property
    def is_rejection(self) -> bool:
        """Whether this is a response by which somebody rejects a document."""
        return self.document.document_sub_type in REJECTIONS

    @property
    def has_errors(self) -> bool:
        """Whether Pagero counts validation errors in it."""
        return bool(self.document.validation_error_count)

    @property
    def needs_a_look(self) -> bool:
        """Whether its person probably has to do something about it."""
        return self.has_errors or self.is_rejection


@dataclass(frozen=True)
class Count:
    """A number of documents; not exact means at least so many."""

    number: int
    exact: bool


@dataclass(frozen=True)
class Listing:
    """One page of the documents list."""

    rows: tuple[Row, ...]
    paging: Paging


@dataclass(frozen=True)
class Direction:
    """What the overview says about one direction."""

    recent: Count
    """Of the last 30 days."""
    all: Count
    """Of everything Pagero lists, which is 90 days."""
    recent_errors: Count
    all_errors: Count
    """Those with validation errors, and responses by which somebody rejects."""
    latest: tuple[Row, ...]
    concerns: tuple[Row, ...]
    concern_count: int
    oldest: datetime | None
    """Back to when the concerns were looked for; None when all of it was."""


def row(document: Document) -> Row:
    """One line for this document."""
    other = {"Sent": document.receiver, "Received": document.sender}.get(document.direction or "")
    return Row(document, other or document.receiver or document.sender)


def listing(page: DocumentPage, query: DocumentQuery) -> Listing:
    """The page of the list that `query` asked for. A shorter page than asked for ends nothing by itself."""
    limit = min(query.limit, page.limit)
    place = paging(query.offset, limit, page.count, page.total, page.offset)
    return Listing(tuple(row(item) for item in page.items), place)


def direction(page: DocumentPage, now: datetime) -> Direction:
    """Counts, the latest and the worrying of one direction, from its newest documents."""
    rows = tuple(row(item) for item in page.items)
    concerns = tuple(each for each in rows if each.needs_a_look)
    return Direction(
        recent=_recent(page, now),
        all=_all(page),
        recent_errors=Count(sum(1 for each in concerns if _is_since(each.document, now)), _reaches(page, now)),
        all_errors=Count(len(concerns), _is_complete(page)),
        latest=rows[:LATEST],
        concerns=concerns[:MOST_CONCERNS],
        concern_count=len(concerns),
        oldest=None if _is_complete(page) else _oldest(page),
    )


def responses_to(document: Document) -> DocumentQuery | None:
    """The question for the responses that answer this document; None when it can have none or has no number."""
    if document.document_type == RESPONSE or not document.identifier:
        return None
    return DocumentQuery(document_types=(RESPONSE,), reference=document.identifier)


def _recent(page: DocumentPage, now: datetime) -> Count:
    return Count(sum(1 for item in page.items if _is_since(item, now)), _reaches(page, now))


def _is_since(document: Document, now: datetime) -> bool:
    return document.created_at is not None and document.created_at >= now - RECENT


def _reaches(page: DocumentPage, now: datetime) -> bool:
    """Whether the page holds all documents of the last 30 days."""
    oldest = _oldest(page)
    return _is_complete(page) or (oldest is not None and oldest < now - RECENT)


def _all(page: DocumentPage) -> Count:
    if page.total is not None and page.total >= page.count:
        return Count(page.total, exact=True)
    return Count(page.count, exact=_is_complete(page))


def _is_complete(page: DocumentPage) -> bool:
    """Whether the page holds all there is: fewer than asked for, or as many as the total says."""
    return page.count < page.limit if page.total is None else page.total == page.count


def _oldest(page: DocumentPage) -> datetime | None:
    return min((item.created_at for item in page.items if item.created_at), default=None)
