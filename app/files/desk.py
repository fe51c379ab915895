"""Files and their parts at Pagero for one person, read anew at every question: what goes forward must not come from a
cache. Knows no request. Everything raises PageroError, ReconnectNeeded and Disconnected.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import TypeVar, cast

from app.errors import ReconnectNeeded
from app.models import ReconnectReason
from app.pagero.api import PageroApi
from app.pagero.file_records import File, FilePage, FileParts
from app.pagero.multipart import Payload
from app.pagero.records import DocumentPage, DocumentQuery
from app.tokens.access import Access
from app.tokens.freshness import ConnectionSnapshot

READ_SECONDS = 7
"""For one reading: a page that reads twice in a row still answers within 15 seconds."""

T = TypeVar("T")


@dataclass(frozen=True)
class Desk:
    """Pagero's files as one connection sees them."""

    access: Access
    api: PageroApi
    connection: ConnectionSnapshot | None

    def list(self, limit: int, offset: int = 0) -> FilePage:
        """One page of files."""
        return self._call(lambda token: self.api.files.list(token, limit, offset, READ_SECONDS))

    def one(self, file_id: str) -> File:
        """One file."""
        return self._call(lambda token: self.api.files.one(token, file_id, READ_SECONDS))

    def parts(self, file_id: str) -> FileParts:
        """What of a file is not a document."""
        return self._call(lambda token: self.api.files.parts(token, file_id, READ_SECONDS))

    def documents(self, query: DocumentQuery) -> DocumentPage:
        """Documents, for those a file has become and for what they tell of files and companies."""
        return self._call(
            lambda token: cast(DocumentPage, self.api.documents_tagged(token, query, None, READ_SECONDS).value)
        )

    def upload(self, payload: Payload, fields: dict[str, str]) -> File:
        """Send a file, once. After a 401, which says that nothing was done, once more with a renewed token."""
        return self._call(lambda token: self.api.files.upload(token, payload, fields))

    def act(self, part_id: str, action: str) -> None:
        """Restart or Cancel a part, once, in the same way."""
        return self._call(lambda token: self.api.files.act(token, part_id, action))

    def _call(self, use: Callable[[str], T]) -> T:
        if self.connection is None:
            raise ReconnectNeeded(ReconnectReason.NO_REFRESH_TOKEN)
        return self.access.call(self.connection, use)
