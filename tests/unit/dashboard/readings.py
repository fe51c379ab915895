"""A connection as a page finds it, and a reader that answers as it is told."""

from datetime import UTC, datetime, timedelta
from typing import Any

from app.errors import AppError, ReconnectNeeded
from app.models import ConnectionState, ReconnectReason
from app.pagero.records import Document, DocumentPage, DocumentQuery
from app.pagero.tagged import Tagged
from app.tokens.freshness import ConnectionSnapshot

NOW = datetime(2026, 6, 15, 12, tzinfo=UTC)
HELD = ConnectionSnapshot(
    id="connection-a",
    account_id="account-a",
    state=ConnectionState.ACTIVE,
    reason=None,
    generation=3,
    access_expires_at=NOW + timedelta(minutes=9),
    refresh_due_at=NOW + timedelta(minutes=5),
    lease_until=None,
    retry_at=None,
    forced_at=None,
    now=NOW,
    connected_at=NOW - timedelta(days=1),
)


class PlayedReader:
    """Answers with `answer`, or raises it; remembers entity tags and seconds it was given."""

    def __init__(self, connection: ConnectionSnapshot | None = HELD) -> None:
        self.connection = connection
        self.answer: Any = Tagged(DocumentPage((), 0, 0, 25, 0), '"e1"', 100)
        self.etags: list[str | None] = []
        self.seconds: list[float] = []

    def documents_tagged(self, query: DocumentQuery, etag: str | None, seconds: float) -> Tagged[DocumentPage]:
        return self._answered(etag, seconds)

    def document_tagged(self, document_id: str, etag: str | None, seconds: float) -> Tagged[Document]:
        return self._answered(etag, seconds)

    def usable_connection(self) -> ConnectionSnapshot:
        if self.connection is None:
            raise ReconnectNeeded(ReconnectReason.NO_REFRESH_TOKEN)
        return self.connection

    def _answered(self, etag: str | None, seconds: float) -> Any:
        self.etags.append(etag)
        self.seconds.append(seconds)
        if isinstance(self.answer, AppError):
            raise self.answer
        return self.answer
