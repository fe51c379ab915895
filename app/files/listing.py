"""What the pages with many files are made of: the account's uploads, Pagero's list, and companies to send for."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from app.companies.ledger import chosen_id
from app.companies.ledger import companies as remembered
from app.dashboard.parts import Part, side_by_side
from app.files import ledger
from app.files.companies import Company, known_companies
from app.files.desk import Desk
from app.files.ledger import SqlSession
from app.files.progress import BEFORE_PAGERO, State
from app.models import Upload, UploadOutcome
from app.pagero.file_records import File, FilePage
from app.pagero.records import DocumentQuery
from app.web.paging import Paging, paging

OWN, LISTED = "offset", "listed"  # the names of both lists' offsets in an address
PER_PAGE = 10
LEARNED_FROM = 100
FRESH = timedelta(hours=1)


@dataclass(frozen=True)
class Entry:
    """An upload as one line of a list."""

    upload: Upload
    state: State | None
    """What is known without asking Pagero; None: it was sent, and Pagero knows the rest."""
    is_fresh: bool
    """Whether it was sent a short while ago, so that it is worth following."""


@dataclass(frozen=True)
class Listing:
    """The files page."""

    entries: tuple[Entry, ...]
    own: Paging
    files: Part[tuple[File, ...]]
    listed: Paging | None
    names: dict[str, str]
    """What listed files that were sent from here are called, by Pagero's id."""


def listing(
    sql: SqlSession, desk: Desk, account_id: str, now: datetime, *, own_offset: int, listed_offset: int
) -> Listing:
    """One page of the account's uploads and one of Pagero's list, which may be missing."""
    rows = ledger.uploads(sql, account_id, PER_PAGE, own_offset)
    total = ledger.upload_count(sql, account_id)
    answer: Part[FilePage] = side_by_side({"files": lambda: desk.list(PER_PAGE, listed_offset)})["files"]
    page = answer.value
    return Listing(
        entries=tuple(_entry(row, now) for row in rows),
        own=paging(own_offset, PER_PAGE, len(rows), total),
        files=Part(page.items if page else None, answer.problem),
        names=ledger.names(sql, account_id, [file.id for file in page.items] if page else []),
        listed=paging(listed_offset, PER_PAGE, page.count, page.total, page.offset) if page else None,
    )


def _entry(row: Upload, now: datetime) -> Entry:
    outcome = ledger.outcome_of(row, now)
    is_fresh = outcome in (UploadOutcome.SENT, UploadOutcome.SENDING) and now - row.made_at < FRESH
    return Entry(row, BEFORE_PAGERO.get(outcome), is_fresh)


@dataclass(frozen=True)
class Offer:
    """What the form offers to choose from."""

    companies: tuple[Company, ...]
    usual: str | None
    """The company the person has chosen to look at, else the one sent for last, else the only one there is."""


def offer(sql: SqlSession, desk: Desk, account_id: str) -> Offer:
    """Companies learned from what the person sees. Pagero's faults only make the offer smaller."""
    last = [row.company_id for row in ledger.uploads(sql, account_id, LEARNED_FROM)]
    question = DocumentQuery(direction="Sent", limit=LEARNED_FROM)
    answers: dict[str, Part[Any]] = side_by_side(
        {"documents": lambda: desk.documents(question), "files": lambda: desk.list(LEARNED_FROM)}
    )
    documents, files = answers["documents"].value, answers["files"].value
    own = remembered(sql, account_id)
    companies = known_companies(
        documents.items if documents else (),
        files.items if files else (),
        last,
        {each.company_id: each.name for each in own},
    )
    usual = chosen_id(own) or (last[0] if last else None)
    return Offer(companies, usual or (companies[0].id if len(companies) == 1 else None))
