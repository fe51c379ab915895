"""All documents, ordered and filtered as the API does it. Pages are kept as bytes until something changes."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from threading import RLock
from typing import Any

import orjson

from app.sandbox.document import Document
from app.sandbox.documents import COUNTS, Maker
from app.sandbox.people import COMPANIES, Person


@dataclass(frozen=True)
class Filters:
    """What a list was asked for. Empty means: not asked."""

    company_id: str = ""
    direction: str = ""
    types: tuple[str, ...] = ()
    file_id: str = ""
    reference: str = ""
    fetched_only: bool = False

    def match(self, document: Document) -> bool:
        """Whether `document` belongs in the list."""
        return (
            self.company_id in ("", document.company.id)
            and self.direction in ("", document.direction)
            and (not self.types or document.type in self.types)
            and self.file_id in ("", document.file_id)
            and self.reference in ("", document.answers)
            and (not self.fetched_only or document.fetched)
        )


class Library:
    """The documents of all companies, made at `born` (epoch seconds)."""

    def __init__(self, born: float) -> None:
        self._lock = RLock()
        self.born = datetime.fromtimestamp(born, UTC)
        self._makers = {company.key: Maker(company, self.born) for company in COMPANIES}
        self._made = {key: self._makers[key].all(count) for key, count in COUNTS.items()}
        self._hostile = {key: self._makers[key].hostile() for key in COUNTS}
        self._uploaded: dict[str, list[Document]] = {}
        self._fetched: dict[str, bool] = {}
        self._show_hostile = False
        self._count = 0
        self.version = 0
        self._of_person: dict[str, list[Document]] = {}
        self.pages: dict[tuple[str, str], bytes] = {}  # encoded pages by person and query, until something changes

    def show(self, *, hostile: bool, count: int) -> None:
        """Whether hostile names are part of it, and how many documents lists pretend to have (0: those there are)."""
        self._show_hostile, self._count = hostile, count
        self._changed()

    def restore(self) -> None:
        """As at start: nothing uploaded, nothing fetched since."""
        self._uploaded, self._fetched = {}, {}
        self._changed()

    def add(self, document: Document) -> None:
        """A document that came of an upload."""
        with self._lock:
            self._uploaded.setdefault(document.company.key, []).append(document)
            self._changed()

    def mark_fetched(self, ids: Sequence[str]) -> None:
        """Remember that documents were collected."""
        with self._lock:
            self._fetched |= dict.fromkeys(ids, True)
            self._changed()

    def of(self, person: Person) -> list[Document]:
        """All that `person` may see, newest first."""
        documents = self._of_person.get(person.username)
        if documents is None:
            with self._lock:
                documents = sorted(self._gathered(person), key=lambda document: document.created_at, reverse=True)
                self._of_person[person.username] = documents
        return documents

    def find(self, person: Person, document_id: str) -> Document | None:
        """One of the documents `person` may see."""
        documents = self.of(person)
        found = next((document for document in documents if document.id == document_id), None)
        if found is None and self._count and documents:
            return _virtual(documents, document_id)
        return found

    def page(self, person: Person, filters: Filters, limit: int, offset: int) -> tuple[int, list[bytes]]:
        """How many match in all, and the encoded documents of one page."""
        matching = self.of(person)
        if filters != Filters():
            matching = [document for document in matching if filters.match(document)]
        if self._count and matching:
            wanted = range(offset, min(offset + limit, self._count))
            return self._count, [_copy(matching[index % len(matching)], index, len(matching)) for index in wanted]
        return len(matching), [document.encoded for document in matching[offset : offset + limit]]

    def _gathered(self, person: Person) -> list[Document]:
        gathered: list[Document] = []
        for company in person.companies:
            gathered += self._made.get(company.key, [])
            gathered += self._uploaded.get(company.key, [])
            if self._show_hostile:
                gathered += self._hostile.get(company.key, [])
        return [d if d.id not in self._fetched else d.as_fetched(True) for d in gathered]

    def _changed(self) -> None:
        with self._lock:
            self.version += 1
            self._of_person, self.pages = {}, {}


def _copy(document: Document, index: int, period: int) -> bytes:
    """The index-th of endlessly many documents: like `document`, with an id and a number of its own."""
    if index < period:
        return document.encoded
    members: dict[str, Any] = document.members | {"id": f"{index:08x}{document.id[8:]}"}
    number = f"{document.number}-{index}"
    members["documentInfo"] = members["documentInfo"] | {"documentIdentifier": number}
    return orjson.dumps(members)


def _virtual(documents: list[Document], document_id: str) -> Document | None:
    return next((document for document in documents if document.id[8:] == document_id[8:]), None)
