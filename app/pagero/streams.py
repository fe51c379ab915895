"""An answer whose body is still coming.

Refuses bodies over a limit and peers slower than 64 KiB a second; a slow reader on our own side is not counted.
"""

import time
from collections.abc import Iterator, Mapping
from types import TracebackType
from typing import Self

from app.errors import PageroTimedOut
from app.pagero.answers import Answer
from app.pagero.calls import FAULTS, Call, fault_of
from app.pagero.deadlines import watchdog
from app.pagero.shelf import Line, Shelf

SLOWEST_BYTES = 64 * 1024  # a second


class Streamed:
    """Status, headers (names in lower case) and `chunks`, which may be read once. Close it, or use it with `with`.

    Reading raises PageroTimedOut (too slow, or cut short) and PageroGarbled (too large, or not HTTP). Closing early is
    allowed and costs the line.
    """

    def __init__(self, shelf: Shelf, line: Line, call: Call, answer: Answer, limit_bytes: int) -> None:
        self.status = answer.status
        self.headers: Mapping[str, str] = answer.fields
        self.chunks = self._pieces(call, limit_bytes)
        self._shelf = shelf
        self._line = line
        self._answer = answer
        self._open = True

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        """Give the line back if everything was read, else close it. May be called twice."""
        if not self._open:
            return
        self._open = False
        cut = self._line.unwatch()
        if self._answer.isclosed() and not self._answer.ends_line and not cut:
            self._shelf.put(self._line)
        else:
            self._answer.close()
            self._line.close()

    def _pieces(self, call: Call, limit_bytes: int) -> Iterator[bytes]:
        pieces = self._answer.pieces(limit_bytes)
        left = call.seconds_left  # that may still be spent waiting for Pagero
        while self._open:
            began = time.monotonic()
            self._line.watch = watchdog.begin(self._line.sock, began + left)
            try:
                piece = next(pieces, b"")
            except FAULTS as error:
                fault = fault_of(error, call.operation, cut=self._line.unwatch())
                self.close()
                raise fault from None
            if self._line.unwatch():
                self.close()
                raise PageroTimedOut(call.operation)
            if not piece:
                return
            left += began - time.monotonic() + len(piece) / SLOWEST_BYTES
            yield piece
