"""The head and body of one HTTP/1.1 answer, read by http.client under rules of our own.

Refuses what http.client lets pass: heads over 64 KiB, folded lines, odd status lines, contradictory or unknown framing
(RFC 9112, 6.3), negative chunk sizes (http.client would read without end), bodies over a limit, content codings.
"""

import http.client
import io
import re
import socket
from collections.abc import Iterator
from typing import Literal

_HEAD_BYTES = 64 * 1024
_FIELDS = 100
_INTERIM_ANSWERS = 8  # 1xx answers before the real one (RFC 9110, 15.2)
_STATUS_LINE = re.compile(rb"HTTP/1\.([01]) ([1-9][0-9]{2})(?: [^\r\n]*)?\r?\n")
_FIELD = re.compile(rb"([!#$%&'*+.^_`|~0-9A-Za-z-]+):[ \t]*([^\r\n\0]*?)[ \t]*\r?\n")
_LENGTH = re.compile(r"[0-9]{1,15}")
_CHUNK_BYTES = 64 * 1024
_BUFFER_BYTES = 64 * 1024


class Unreadable(http.client.HTTPException):
    """The answer breaks HTTP or a limit of ours."""


class _Wide:
    """A socket read through a large buffer: most answers then take one or two reads of it instead of three."""

    def __init__(self, sock: socket.socket) -> None:
        self._sock = sock

    def makefile(self, mode: Literal["rb"]) -> io.IOBase:
        return self._sock.makefile(mode, _BUFFER_BYTES)


class Answer(http.client.HTTPResponse):
    """An answer whose head is in `status` and `fields` (names in lower case, repeated ones joined by commas)."""

    fields: dict[str, str]
    ends_line: bool  # whether nothing may be sent on the line after this answer

    def __init__(self, sock: socket.socket, debuglevel: int = 0, method: str | None = None, url: str | None = None):
        super().__init__(_Wide(sock), debuglevel, method, url)  # type: ignore[arg-type]  # only makefile is used

    def begin(self) -> None:
        """Read the head. Raises Unreadable, http.client.RemoteDisconnected (nothing came at all) and OSError."""
        for _ in range(_INTERIM_ANSWERS):
            minor = self._read_head()
            if self.status >= http.HTTPStatus.OK:
                break
        else:
            raise Unreadable("interim answers")
        if "content-encoding" in self.fields and self.fields["content-encoding"].lower() not in ("identity", ""):
            raise Unreadable("content coding")
        connection = self.fields.get("connection", "").lower()
        self.ends_line = "close" in connection or (minor == b"0" and "keep-alive" not in connection)
        self.will_close = False  # http.client would close the socket while the watchdog may still hold it
        self._frame()

    def _read_head(self) -> bytes:
        line = self.fp.readline(_HEAD_BYTES + 1)
        if not line:
            raise http.client.RemoteDisconnected("nothing came")
        status_line = _STATUS_LINE.fullmatch(line)
        if status_line is None:
            raise Unreadable("status line")
        self.version = 11
        self.code = self.status = int(status_line[2])
        self.fields = self._read_fields(len(line))
        return status_line[1]

    def _read_fields(self, total: int) -> dict[str, str]:
        fields: dict[str, str] = {}
        for _ in range(_FIELDS + 1):
            line = self.fp.readline(_HEAD_BYTES + 1)
            if line in (b"\r\n", b"\n"):
                return fields
            total += len(line)
            field = _FIELD.fullmatch(line)
            if field is None or total > _HEAD_BYTES:
                raise Unreadable("header field") if line else http.client.IncompleteRead(b"")
            name, value = field[1].decode("ascii").lower(), field[2].decode("latin-1")
            fields[name] = f"{fields[name]}, {value}" if name in fields else value
        raise Unreadable("header fields")

    def _frame(self) -> None:
        coding, length = self.fields.get("transfer-encoding"), self.fields.get("content-length")
        self.chunked, self.chunk_left, self.length = coding is not None, None, None
        if self.status in (http.HTTPStatus.NO_CONTENT, http.HTTPStatus.NOT_MODIFIED):
            self.chunked, self.length = False, 0
        elif coding is not None:
            if coding.lower() != "chunked" or length is not None:
                raise Unreadable("framing")
        elif length is not None:
            if not _LENGTH.fullmatch(length):
                raise Unreadable("length")
            self.length = int(length)
        else:
            self.ends_line = True

    def _safe_read(self, amt: int) -> bytes:
        if amt < 0:  # a negative chunk size: read(-1) would mean "until the end, however much it is"
            raise Unreadable("chunk size")
        return super()._safe_read(amt)  # type: ignore[misc, no-any-return]  # not in typeshed

    def whole(self, limit: int) -> bytes:
        """The complete body. Raises Unreadable over `limit` bytes, http.client.IncompleteRead when it is cut short."""
        if self.length is not None:
            if self.length > limit:
                raise Unreadable("too large")
            body = self.read(self.length)
            self._refuse_truncated()
            return body
        body = self.read(limit + 1)
        if len(body) > limit:
            raise Unreadable("too large")
        return body

    def pieces(self, limit: int) -> Iterator[bytes]:
        """The body in pieces as they come. Raises like `whole`."""
        total = 0
        while piece := self.read1(_CHUNK_BYTES):
            total += len(piece)
            if total > limit:
                raise Unreadable("too large")
            yield piece
        self._refuse_truncated()
        self.close()

    def _refuse_truncated(self) -> None:
        if self.length:  # what http.client still expects
            raise http.client.IncompleteRead(b"", self.length)
