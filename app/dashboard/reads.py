"""Reading for a page: what was read a moment ago again, else Pagero, else the last answer, marked as such.

A page has one budget of time for everything it asks. The last answer stands in only where Pagero gives none; after
"no" (401, 403, 404), a lost connection or a freeze nothing that was read earlier is shown.
"""

import time
from collections.abc import Callable, Hashable
from dataclasses import dataclass, field
from datetime import datetime
from typing import Generic, TypeVar

from app.dashboard.cache import IN_MEMORY, Kept, ReadsCache, holder_of
from app.dashboard.reader import Reader
from app.errors import (
    AppError,
    Disconnected,
    PageroBusy,
    PageroError,
    PageroFailed,
    PageroForbidden,
    PageroNotFound,
    PageroTimedOut,
    PageroUnauthorized,
    PageroUnreachable,
    ReconnectNeeded,
    SealBroken,
)
from app.pagero.records import Document, DocumentPage, DocumentQuery
from app.pagero.tagged import Tagged
from app.tokens.freshness import next_step

DOWN = (PageroUnreachable, PageroTimedOut, PageroBusy, PageroFailed)
LOST = (ReconnectNeeded, Disconnected, SealBroken, PageroUnauthorized)
VIEW_SHARE = 0.8
"""Of PAGERO_API_SECONDS: so long a page may wait for Pagero in all."""
PATIENCE_SECONDS = 4.0
"""So long it waits where it could show the last answer."""
LEAST_SECONDS = 0.05

T = TypeVar("T")
Ask = Callable[[str | None, float], Tagged[T]]
"""Asks Pagero: with the entity tag of the last answer, within so many seconds."""


@dataclass(frozen=True, slots=True)
class Seen(Generic[T]):
    """What is shown, when it was read, and why it is not newer when Pagero was asked in vain."""

    value: T
    read_at: datetime
    fault: AppError | None = None


@dataclass(frozen=True)
class Reads:
    """One page's reading for one person. Everything raises what Reader raises."""

    reader: Reader
    cache: ReadsCache
    now: datetime
    """The database's clock when the request began."""
    view_seconds: float
    began: float = field(default_factory=time.monotonic)

    def documents(self, query: DocumentQuery) -> Seen[DocumentPage]:
        """One page of documents."""
        return self.read(("documents", query), lambda etag, left: self.reader.documents_tagged(query, etag, left))

    def document(self, document_id: str) -> Seen[Document]:
        """One document."""
        return self.read(
            ("document", document_id), lambda etag, left: self.reader.document_tagged(document_id, etag, left)
        )

    def read(self, question: Hashable, ask: Ask[T]) -> Seen[T]:
        """The answer to any question; `question` names it among those of the connection."""
        connection = self.reader.usable_connection()
        next_step(connection)  # raises when it is ended or frozen: then nothing kept may be shown either
        holder = holder_of(connection)
        kept = self.cache.get(holder, question)
        if kept and self.cache.is_fresh(kept):
            return Seen(kept.value, kept.read_at)
        try:
            answer = ask(kept.etag if kept else None, self._seconds_left(kept))
        except DOWN as fault:
            if kept is None:
                raise
            return Seen(kept.value, kept.read_at, fault)
        except (PageroForbidden, PageroNotFound):
            self.cache.drop(holder, question)
            raise
        except LOST:
            self.cache.forget(connection.id)
            raise
        return self._keep(question, kept, answer)

    def _keep(self, question: Hashable, kept: Kept | None, answer: Tagged[T]) -> Seen[T]:
        holder = holder_of(self.reader.usable_connection())
        value, etag, size = answer.value, answer.etag, answer.size_bytes * IN_MEMORY
        if value is None and kept is not None:
            value, etag, size = kept.value, kept.etag, kept.size_bytes
        if value is None:  # "not modified" to a question that named nothing
            raise PageroFailed("read again")
        self.cache.put(holder, question, Kept(value, etag, self.now, size))
        return Seen(value, self.now)

    def _seconds_left(self, kept: Kept | None) -> float:
        left = self.view_seconds - (time.monotonic() - self.began)
        if left < LEAST_SECONDS:
            raise PageroTimedOut("read for a page")
        return min(left, PATIENCE_SECONDS) if kept else left


def is_down(problem: AppError | None) -> bool:
    """Whether Pagero gave no answer, so that the last one may stand in."""
    return isinstance(problem, PageroError) and isinstance(problem, DOWN)
