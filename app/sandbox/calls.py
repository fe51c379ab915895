"""The record of calls: who asked what, when, over which connection, with which token. Tokens only as fingerprints."""

import hashlib
import time
from collections import defaultdict, deque
from collections.abc import Iterable
from threading import Lock
from typing import Any

MOST_KEPT = 100_000  # per endpoint; a soak test makes some ten thousand


def fingerprint(token: str) -> str:
    """The first 12 hex digits of SHA-256: enough to tell tokens apart, useless to whoever reads the record."""
    return hashlib.sha256(token.encode("utf-8", "surrogateescape")).hexdigest()[:12]


class Call:
    """One call. `status` is None while it is being served, 0 when the connection was closed without an answer."""

    __slots__ = (
        "auth", "ended_at", "endpoint", "grant_type", "headers", "id", "method", "parameters", "path", "person",
        "query", "remote_port", "started_at", "status", "token",
    )  # fmt: skip

    def __init__(self, number: int, *, endpoint: str, method: str, path: str, query: str, remote_port: int) -> None:
        self.id = number
        self.endpoint = endpoint
        self.method = method
        self.path = path
        self.query = query
        self.remote_port = remote_port
        self.started_at = time.time()
        self.ended_at: float | None = None
        self.status: int | None = None
        self.grant_type: str | None = None
        self.auth: str | None = None
        self.token: str | None = None
        self.person: str | None = None
        self.parameters: list[str] | None = None
        self.headers: dict[str, str] | None = None

    def as_json(self) -> dict[str, Any]:
        """All that is known, None left out except for status and ended_at."""
        known = {name: getattr(self, name) for name in self.__slots__}
        return {name: value for name, value in known.items() if value is not None or name in ("status", "ended_at")}


class Calls:
    """Calls by endpoint, oldest first."""

    def __init__(self) -> None:
        self._lock = Lock()
        self._number = 0
        self._by_endpoint: defaultdict[str, deque[Call]] = defaultdict(lambda: deque(maxlen=MOST_KEPT))

    def begin(self, endpoint: str, *, method: str, path: str, query: str, remote_port: int) -> Call:
        """Record that a call has arrived."""
        with self._lock:
            self._number += 1
            call = Call(self._number, endpoint=endpoint, method=method, path=path, query=query, remote_port=remote_port)
            self._by_endpoint[endpoint].append(call)
        return call

    def clear(self) -> None:
        """Forget everything."""
        with self._lock:
            self._by_endpoint.clear()

    def selected(self, endpoint: str | None, since: int = 0) -> Iterable[Call]:
        """Calls of one endpoint (or all), with an id greater than `since`, in order of arrival."""
        with self._lock:
            kept = [
                call
                for name, calls in self._by_endpoint.items()
                if endpoint in (None, name)
                for call in calls
                if call.id > since
            ]
        return sorted(kept, key=lambda call: call.id)

    def counts(self) -> dict[str, int]:
        """How many calls are kept per endpoint."""
        with self._lock:
            return {name: len(calls) for name, calls in self._by_endpoint.items()}
