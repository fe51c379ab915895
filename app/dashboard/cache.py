"""What was read from Pagero a moment ago, kept in this process for the connection it was read for.

An entry belongs to one connection and one grant of it: a new sign-in, a reconnect or another person never meets it.
Bounded in entries, bytes and time, in memory only. Whether it may be shown is decided by reads.py.
"""

import time
from collections import OrderedDict
from collections.abc import Callable, Hashable
from dataclasses import dataclass, replace
from datetime import datetime
from threading import Lock
from typing import Any

from app.tokens.freshness import ConnectionSnapshot

KEPT_SECONDS = 15 * 60.0
"""How long an answer may be shown, with its age, while Pagero gives none."""
MOST_ENTRIES = 2_000
MOST_BYTES = 48 * 1024 * 1024
IN_MEMORY = 3
"""How many bytes of records a byte of JSON becomes, rounded up from a measurement."""

Holder = tuple[str, datetime | None]
Key = tuple[str, datetime | None, Hashable]


@dataclass(frozen=True, slots=True)
class Kept:
    """An answer, when it was read (database clock) and under which entity tag."""

    value: Any
    etag: str | None
    read_at: datetime
    size_bytes: int
    stored: float = 0.0
    """Seconds of the cache's own clock; set when it is put there."""


class ReadsCache:
    """Answers by connection, grant and question. Thread-safe; one per process."""

    def __init__(
        self,
        fresh_seconds: float,
        *,
        most_entries: int = MOST_ENTRIES,
        most_bytes: int = MOST_BYTES,
        seconds: Callable[[], float] = time.monotonic,
    ) -> None:
        self.fresh_seconds = fresh_seconds
        self._most_entries, self._most_bytes = most_entries, most_bytes
        self._seconds = seconds
        self._kept: OrderedDict[Key, Kept] = OrderedDict()
        self._bytes = 0
        self._lock = Lock()

    def get(self, holder: Holder, question: Hashable) -> Kept | None:
        """The last answer, if it is not older than KEPT_SECONDS."""
        key = (*holder, question)
        with self._lock:
            kept = self._kept.get(key)
            if kept is None:
                return None
            if self._age(kept) > KEPT_SECONDS:
                self._remove(key)
                return None
            self._kept.move_to_end(key)
            return kept

    def is_fresh(self, kept: Kept) -> bool:
        """Whether it may be shown without asking Pagero."""
        return self._age(kept) < self.fresh_seconds

    def put(self, holder: Holder, question: Hashable, answer: Kept) -> None:
        """Keep an answer; the least used ones make room for it. One that is larger than a tenth of all is not kept."""
        key = (*holder, question)
        kept = replace(answer, stored=self._seconds())
        with self._lock:
            self._remove(key)
            if kept.size_bytes * 10 > self._most_bytes:
                return
            self._kept[key] = kept
            self._bytes += kept.size_bytes
            while len(self._kept) > self._most_entries or self._bytes > self._most_bytes:
                self._remove(next(iter(self._kept)))

    def drop(self, holder: Holder, question: Hashable) -> None:
        """Forget one answer."""
        with self._lock:
            self._remove((*holder, question))

    def forget(self, connection_id: str) -> None:
        """Forget everything that was read for a connection, and what is too old to be shown to anybody."""
        with self._lock:
            for key, kept in list(self._kept.items()):
                if key[0] == connection_id or self._age(kept) > KEPT_SECONDS:
                    self._remove(key)

    @property
    def size_bytes(self) -> int:
        """What the kept answers are taken to occupy."""
        return self._bytes

    def __len__(self) -> int:
        return len(self._kept)

    def _age(self, kept: Kept) -> float:
        return self._seconds() - kept.stored

    def _remove(self, key: Key) -> None:
        kept = self._kept.pop(key, None)
        if kept is not None:
            self._bytes -= kept.size_bytes


def holder_of(connection: ConnectionSnapshot) -> Holder:
    """Whose answers these are: a connection as granted at one time."""
    return connection.id, connection.connected_at
