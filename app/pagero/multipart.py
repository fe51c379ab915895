"""A file on its way out as multipart/form-data (RFC 7578), in pieces: it is never held in memory as a whole.

Refuses nothing; names and values must be free of line breaks already, and what could end a quoted name is encoded.
"""

import secrets
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import IO

PIECE_BYTES = 64 * 1024


@dataclass(frozen=True)
class Payload:
    """A file to send: what it is called, its content from the beginning of `stream`, and how many bytes that is."""

    name: str
    size_bytes: int
    stream: IO[bytes] = field(repr=False)


@dataclass(frozen=True)
class Multipart:
    """The fields and the file of one form. `pieces` begins anew at every call."""

    fields: Mapping[str, str]
    payload: Payload
    boundary: str = field(default_factory=lambda: secrets.token_hex(16))

    @property
    def content_type(self) -> str:
        """For the Content-Type header."""
        return f"multipart/form-data; boundary={self.boundary}"

    @property
    def length_bytes(self) -> int:
        """For the Content-Length header."""
        return len(self._head()) + self.payload.size_bytes + len(self._tail())

    def pieces(self) -> Iterator[bytes]:
        """The whole body. Raises OSError when the file cannot be read."""
        yield self._head()
        try:
            self.payload.stream.seek(0)
            while piece := self.payload.stream.read(PIECE_BYTES):
                yield piece
        except ValueError:  # closed: to the wire a ValueError would mean that nothing has left yet
            raise OSError("the file is closed") from None
        yield self._tail()

    def _head(self) -> bytes:
        parts = [f"{self._begin(name)}\r\n\r\n{value}\r\n" for name, value in self.fields.items()]
        name = quoted(self.payload.name)
        return f'{"".join(parts)}{self._begin("payload")}; filename="{name}"\r\n\r\n'.encode()

    def _begin(self, name: str) -> str:
        return f'--{self.boundary}\r\nContent-Disposition: form-data; name="{name}"'

    def _tail(self) -> bytes:
        return f"\r\n--{self.boundary}--\r\n".encode()


def quoted(name: str) -> str:
    """A file name inside quotes, as browsers write it (WHATWG HTML, multipart/form-data)."""
    return name.replace('"', "%22").replace("\r", "%0D").replace("\n", "%0A")
