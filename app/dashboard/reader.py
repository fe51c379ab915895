"""Reads Pagero for one person: every question goes out with that person's own access, in whatever thread asks.

Knows no request and keeps nothing; what is read for one person is never handed to another.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import TypeVar

from app.errors import ReconnectNeeded
from app.models import ReconnectReason
from app.pagero.api import PageroApi
from app.pagero.records import Document, DocumentPage, DocumentQuery
from app.pagero.tagged import Tagged
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

    def documents_json(self, query: DocumentQuery) -> bytes:
        """One page of documents as Pagero sent it."""
        return self._call(lambda token: self.api.documents_json(token, query))

    def documents_tagged(self, query: DocumentQuery, etag: str | None, seconds: float) -> Tagged[DocumentPage]:
        """One page of documents, or that what came under `etag` still holds, within `seconds`."""
        return self._call(lambda token: self.api.documents_tagged(token, query, etag, seconds))

    def document_tagged(self, document_id: str, etag: str | None, seconds: float) -> Tagged[Document]:
        """One document in the same way."""
        return self._call(lambda token: self.api.document_tagged(token, document_id, etag, seconds))

    def target_document(self, document_id: str) -> Streamed:
        """A document in its receiver's format, to be closed by the caller."""
        return self._call(lambda token: self.api.target_document(token, document_id))

    def usable_connection(self) -> ConnectionSnapshot:
        """The connection, for who needs one. Raises ReconnectNeeded when there never was one."""
        if self.connection is None:
            raise ReconnectNeeded(ReconnectReason.NO_REFRESH_TOKEN)
        return self.connection

    def _call(self, use: Callable[[str], T]) -> T:
        connection = self.usable_connection()
        return self.access.call(connection, use)
