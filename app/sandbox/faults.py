"""Faults that tests ask for: answers that are wrong, late, cut short, huge, or never come.

A fault waits in a queue for the next calls of its endpoint (`count` of them), or strikes with a probability (`rate`).
Kinds that `process` do the real work first, so that tokens are spent although the caller never hears of it.
"""

import gzip
import json
import random
import socket
import struct
import time
from base64 import b64decode
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from threading import Lock
from typing import Any, ClassVar

from flask import Response, request

CHUNK = 64 * 1024
API_ENDPOINTS = frozenset(
    {"documents", "document", "target", "fetch", "files", "file", "fileparts", "upload", "action", "all-fileparts"}
)


@dataclass(frozen=True)
class Fault:
    """What goes wrong, where, and how often. `endpoint` may be `api` (all API endpoints) or `*`."""

    endpoint: str
    kind: str = "answer"
    count: int = 1
    rate: float = 0
    grant_type: str = ""  # only calls of this grant type
    person: str = ""  # only API calls with a token of this person
    process: bool = False  # do the real work first; implied by the kinds in PROCESSING
    status: int = 0
    headers: dict[str, str] = field(default_factory=dict)
    body: str = ""
    body_base64: str = ""
    json: Any = None
    content_type: str = ""
    location: str = "http://127.0.0.2:9/elsewhere"
    seconds: float = 0  # hang: how long; drip: per chunk; else: extra delay
    bytes: int = 0  # huge, bomb: size; truncate: how much is sent; drip: bytes per chunk
    length: bool = True  # whether Content-Length is sent

    PROCESSING: ClassVar[frozenset[str]] = frozenset(
        {"lost", "lost_reset", "drip", "truncate", "gzip", "altered", "late"}
    )

    @staticmethod
    def from_json(members: dict[str, Any]) -> "Fault":
        """A checked fault. Raises ValueError for unknown members, kinds or missing endpoint."""
        try:
            fault = Fault(**members)
        except TypeError as wrong:
            raise ValueError(str(wrong).replace("Fault.__init__() ", "")) from None
        if fault.kind not in KINDS:
            raise ValueError(f"there is no kind of fault {fault.kind!r}; kinds: {', '.join(sorted(KINDS))}")
        return fault

    def strikes(self, endpoint: str, grant_type: str | None, person: str | None) -> bool:
        """Whether this fault is meant for such a call."""
        return (
            (self.endpoint in ("*", endpoint) or (self.endpoint == "api" and endpoint in API_ENDPOINTS))
            and self.grant_type in ("", grant_type)
            and self.person in ("", person)
        )

    def play(self, work: Callable[[], Response]) -> Response:
        """The answer this fault makes of the call; `work` does what the call asked for."""
        if self.seconds and self.kind not in ("drip",):
            time.sleep(self.seconds)
        real = work() if self.process or self.kind in self.PROCESSING else None
        response = KINDS[self.kind](self, real)
        for name, value in self.headers.items():
            response.headers[name] = value
        return response

    def payload(self) -> bytes:
        """The body this fault was given."""
        if self.body_base64:
            return b64decode(self.body_base64)
        return json.dumps(self.json).encode() if self.json is not None else self.body.encode("utf-8", "surrogatepass")


class Faults:
    """The queue and the dice."""

    def __init__(self, dice: random.Random) -> None:
        self._lock = Lock()
        self._dice = dice
        self._queue: list[Fault] = []
        self._rates: list[Fault] = []

    def add(self, members: dict[str, Any]) -> None:
        """Queue a fault. Raises ValueError."""
        fault = Fault.from_json(members)
        with self._lock:
            self._queue.append(fault)

    def set_rates(self, rates: list[dict[str, Any]]) -> None:
        """Replace the faults that strike by chance. Raises ValueError."""
        faults = [Fault.from_json(members) for members in rates]
        with self._lock:
            self._rates = faults

    def clear(self) -> None:
        """No more faults."""
        with self._lock:
            self._queue, self._rates = [], []

    def waiting(self) -> list[dict[str, Any]]:
        """Queued faults that have not struck yet."""
        with self._lock:
            return [{"endpoint": fault.endpoint, "kind": fault.kind, "count": fault.count} for fault in self._queue]

    def next(self, endpoint: str, grant_type: str | None, person: str | None) -> Fault | None:
        """The fault for this call, if any; a queued one is used up by it."""
        if not self._queue and not self._rates:
            return None
        with self._lock:
            for index, fault in enumerate(self._queue):
                if fault.strikes(endpoint, grant_type, person):
                    self._queue[index : index + 1] = [replace(fault, count=fault.count - 1)] if fault.count > 1 else []
                    return fault
            for fault in self._rates:
                if fault.strikes(endpoint, grant_type, person) and self._dice.random() < fault.rate:
                    return fault
        return None


def _answer(fault: Fault, real: Response | None) -> Response:
    content_type = fault.content_type or ("application/json" if fault.json is not None else "text/plain")
    return Response(fault.payload(), fault.status or 500, content_type=content_type)


def _altered(fault: Fault, real: Response | None) -> Response:
    """The real answer with another status or content type."""
    response = _needed(real)
    response.status_code = fault.status or response.status_code
    response.content_type = fault.content_type or response.content_type
    return response


def _late(fault: Fault, real: Response | None) -> Response:
    return _needed(real)


def _close(fault: Fault, real: Response | None) -> Response:
    return _closing(iter(()))


def _reset(fault: Fault, real: Response | None) -> Response:
    """Answer with a TCP reset: close with unsent data thrown away."""
    if connection := request.environ.get("gunicorn.socket"):
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    return _closing(iter(()))


def _drip(fault: Fault, real: Response | None) -> Response:
    response = _needed(real)
    body = fault.payload() or response.get_data()
    size = fault.bytes or 1

    def drops() -> Iterator[bytes]:
        for start in range(0, len(body), size):
            yield body[start : start + size]
            time.sleep(fault.seconds)

    return _streamed(response, drops(), len(body) if fault.length else None)


def _truncate(fault: Fault, real: Response | None) -> Response:
    response = _needed(real)
    body = fault.payload() or response.get_data()
    kept = fault.bytes or len(body) // 2
    return _streamed(response, _broken(iter([body[:kept]])), len(body) if fault.length else None)


def _gzip(fault: Fault, real: Response | None) -> Response:
    response = _needed(real)
    response.set_data(gzip.compress(response.get_data()))
    response.headers["Content-Encoding"] = "gzip"
    return response


def _bomb(fault: Fault, real: Response | None) -> Response:
    """Zeros that open to `bytes` (default 300 MiB)."""
    packed = gzip.compress(bytes(1024 * 1024), 9) * ((fault.bytes or 300 * 1024 * 1024) // (1024 * 1024))
    response = Response(packed, fault.status or 200, content_type=fault.content_type or "application/json")
    response.headers["Content-Encoding"] = "gzip"
    return response


def _huge(fault: Fault, real: Response | None) -> Response:
    size = fault.bytes or 1024**3
    response = Response(status=fault.status or 200, content_type=fault.content_type or "application/json")
    return _streamed(response, spaces(size), size if fault.length else None)


def _junk(fault: Fault, real: Response | None) -> Response:
    return Response(b'\x00\xff{"access_token":', 200, content_type=fault.content_type or "application/json")


def _html(fault: Fault, real: Response | None) -> Response:
    page = "<!doctype html><title>Maintenance</title><h1>We will be back soon</h1>"
    return Response(page, fault.status or 200, content_type="text/html; charset=utf-8")


def _redirect(fault: Fault, real: Response | None) -> Response:
    return Response("", fault.status or 307, headers={"Location": fault.location})


KINDS: dict[str, Callable[[Fault, Response | None], Response]] = {
    "answer": _answer,
    "altered": _altered,
    "late": _late,
    "close": _close,
    "reset": _reset,
    "lost": _close,
    "lost_reset": _reset,
    "hang": _close,
    "drip": _drip,
    "truncate": _truncate,
    "gzip": _gzip,
    "bomb": _bomb,
    "huge": _huge,
    "junk": _junk,
    "html": _html,
    "redirect": _redirect,
}


def spaces(size: int) -> Iterator[bytes]:
    """`size` bytes of white space, in chunks."""
    chunk = b" " * CHUNK
    for _ in range(size // CHUNK):
        yield chunk
    yield chunk[: size % CHUNK]


def _needed(real: Response | None) -> Response:
    if real is None:  # kinds that need the real answer are all in PROCESSING
        raise AssertionError
    return real


def _broken(first: Iterator[bytes]) -> Iterator[bytes]:
    yield from first
    raise ConnectionResetError(104, "the sandbox was told to break off")


def _closing(first: Iterator[bytes]) -> Response:
    """A response that is never begun: gunicorn sends headers with the first chunk, and there is none."""
    response = Response(_broken(first), 200)
    response.headers["X-Sandbox-Closed"] = "1"
    return response


def _streamed(response: Response, chunks: Iterator[bytes], length: int | None) -> Response:
    response.response = chunks
    response.headers.pop("Content-Length", None)
    if length is not None:
        response.headers["Content-Length"] = str(length)
    return response
