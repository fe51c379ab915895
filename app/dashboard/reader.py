"""Reads Pagero for one person: every question goes out with that person's own access, in whatever thread asks.

Knows no request and keeps nothing; what is read for one person is never handed to another.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, TypeVar

from app.errors import ReconnectNeeded
from app.models import ReconnectReason
from app.pagero.api import PageroApi
from app.pagero.records import Document, DocumentPage, DocumentQuery
from app.pagero.wire import Streamed
from app.tokens.access import Access
from app.tokens.freshness import ConnectionSnapshot

T = TypeVar("T")


@dataclass(frozen=True)
class Reader:
    """The Pagero API as one connection sees it. Everything raises PageroError, ReconnectNeeded and Disconnected."""

    access: Access
    api: PageroApi
    connection: ConnectionSnapshot | None
    """As it was when the request began; None when the person never had one."""

    def documents(self, query: DocumentQuery) -> DocumentPage:
        """One page of documents."""
        return self._call(lambda token: self.api.documents(token, query))

    def documents_json(self, query: DocumentQuery) -> dict[str, Any]:
        """One page of documents as Pagero sent it."""
        return self._call(lambda token: self.api.documents_json(token, query))

    def document(self, document_id: str) -> Document:
        """One document."""
        return self._call(lambda token: self.api.document(token, document_id))

    def target_document(self, document_id: str) -> Streamed:
        """A document in its receiver's format, to be closed by the caller."""
        return self._call(lambda token: self.api.target_document(token, document_id))

    def _call(self, use: Callable[[str], T]) -> T:
        if self.connection is None:
            raise ReconnectNeeded(ReconnectReason.NO_REFRESH_TOKEN)
        return self.access.call(self.connection, use)
