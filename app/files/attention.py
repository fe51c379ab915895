"""Everything that waits for a person, across the files that are known: theirs, and those Pagero lists.

No list of stopped parts across files is documented, so files are asked about one by one, newest first: at most so many,
a few at a time, and for some seconds. What was not looked at is counted and said.
"""

import time
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from app.dashboard.parts import Part, side_by_side
from app.errors import AppError, PageroNotFound
from app.files import ledger
from app.files.desk import Desk
from app.files.ledger import SqlSession
from app.models import Upload, UploadOutcome
from app.pagero.file_records import File, FilePart, FileParts
from app.pagero.records import DocumentQuery, is_id

MOST_FILES = 60
LISTED = 50
LANES = 6
SECONDS = 7


@dataclass(frozen=True)
class Concern:
    """A file with the parts of it that stand still."""

    file_id: str
    upload: Upload | None
    file: File | None
    parts: tuple[FilePart, ...]

    @property
    def name(self) -> str:
        """What its page is called by."""
        return self.upload.id if self.upload else self.file_id

    @property
    def made_at(self) -> datetime | None:
        """When it was sent."""
        return self.upload.made_at if self.upload else self.file.created_at if self.file else None


@dataclass(frozen=True)
class Attention:
    """What waits, and how much of what there is was looked at."""

    concerns: tuple[Concern, ...]
    unknown: tuple[Upload, ...]
    """Uploads whose answer was lost."""
    looked_at: int
    unread: int
    """Files that were to be asked about and gave no answer, or were not asked in time."""
    beyond: bool
    """Whether there are older files that were not looked at."""
    problem: AppError | None
    """Why something is missing: the first fault met."""

    @property
    def statuses(self) -> list[str]:
        """Which ways of standing still there are: errors first."""
        return sorted({part.status or "" for concern in self.concerns for part in concern.parts}, reverse=True)

    @property
    def count(self) -> int:
        """How many things wait."""
        return len(self.unknown) + sum(len(concern.parts) for concern in self.concerns)


def attention(
    sql: SqlSession, desk: Desk, account_id: str, now: datetime, clock: Callable[[], float] = time.monotonic
) -> Attention:
    """Look at the newest files."""
    began = clock()
    own = [row for row in ledger.uploads(sql, account_id, MOST_FILES) if row.made_at >= now - ledger.KEPT_AT_PAGERO]
    sent = {row.pagero_file_id: row for row in own if row.outcome == UploadOutcome.SENT and row.pagero_file_id}
    answers: dict[str, Part[Any]] = side_by_side(
        {
            "files": lambda: desk.list(LISTED),
            "documents": lambda: desk.documents(DocumentQuery(direction="Sent", limit=100)),
        }
    )
    listed: dict[str, File] = {file.id: file for file in answers["files"].value.items} if answers["files"].value else {}
    wanted, beyond = _newest(sent, listed, answers)
    read = _lanes(desk, wanted, lambda: clock() - began > SECONDS)
    problems = [answers["files"].problem, *(part.problem for part in read.values())]
    concerns = [
        Concern(file_id, sent.get(file_id), listed.get(file_id), stopped)
        for file_id in wanted
        if (stopped := _stopped(read.get(file_id)))
    ]
    return Attention(
        concerns=tuple(sorted(concerns, key=lambda each: _age(each.made_at), reverse=True)),
        unknown=tuple(row for row in own if ledger.outcome_of(row, now) is UploadOutcome.UNKNOWN),
        looked_at=sum(1 for part in read.values() if part.value is not None),
        unread=sum(1 for file_id in wanted if file_id not in read or read[file_id].value is None),
        beyond=beyond,
        problem=next((problem for problem in problems if problem is not None), None),
    )


def _newest(sent: dict[str, Upload], listed: dict[str, File], answers: dict[str, Part[Any]]) -> tuple[list[str], bool]:
    """The files to ask about, and whether there are more. Documents name files only as far as no list does."""
    times = {file.id: _age(file.created_at) for file in listed.values()}
    times |= {file_id: _age(row.made_at) for file_id, row in sent.items()}
    files = answers["files"].value
    is_whole = files is not None and files.total is not None and files.total <= files.count
    if not is_whole and answers["documents"].value:
        for document in answers["documents"].value.items:
            if document.file_id:
                times.setdefault(document.file_id, _age(document.created_at))
    usable = sorted((file_id for file_id in times if is_id(file_id)), key=lambda file_id: -times[file_id])
    return usable[:MOST_FILES], len(usable) > MOST_FILES or not is_whole


def _lanes(desk: Desk, wanted: Sequence[str], is_late: Callable[[], bool]) -> dict[str, Part[FileParts]]:
    """Ask about each file, a few side by side. A lane that meets a fault or is late asks no further."""

    def lane(own: Iterable[str]) -> dict[str, Part[FileParts]]:
        read: dict[str, Part[FileParts]] = {}
        for file_id in own:
            if is_late():
                break
            try:
                read[file_id] = Part(desk.parts(file_id))
            except PageroNotFound:
                read[file_id] = Part(FileParts((), 0))  # older than what Pagero keeps: nothing of it waits
            except AppError as problem:
                read[file_id] = Part(None, problem)
                break
        return read

    lanes = {str(number): (lambda own=wanted[number::LANES]: lane(own)) for number in range(LANES)}
    return {name: part for done in side_by_side(lanes).values() if done.value for name, part in done.value.items()}


def _stopped(part: Part[FileParts] | None) -> tuple[FilePart, ...]:
    return tuple(each for each in part.value.items if each.is_stopped) if part and part.value else ()


def _age(moment: datetime | None) -> float:
    return moment.timestamp() if moment else 0.0
