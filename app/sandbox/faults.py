"""Faults that tests ask for: answers that are wrong, late, cut short, huge, or never come.

A fault waits in a queue for the next calls of its endpoint (`count` of them), or strikes with a probability (`rate`).
Kinds that `process` do the real work first, so that tokens are spent although the caller never hears of it.
"""

import json
import random
from base64 import b64decode
from dataclasses import dataclass, field, replace
from threading import Lock
from typing import Any

API_ENDPOINTS = frozenset(
    {"documents", "document", "target", "fetch", "files", "file", "fileparts", "upload", "action", "all-fileparts"}
)
PROCESSING = frozenset({"lost", "lost_reset", "drip", "truncate", "gzip", "altered", "late", "hang_up"})
NOT_PROCESSING = frozenset({"answer", "close", "reset", "hang", "bomb", "huge", "junk", "html", "redirect"})


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
    seconds: float = 0  # drip: per chunk; else: wait so long, after the real work if that is done
    size: int = 0  # bytes. huge, bomb: of the body; truncate: how much is sent; drip: per chunk
    length: bool = True  # whether Content-Length is sent

    @staticmethod
    def from_json(members: dict[str, Any]) -> "Fault":
        """A checked fault. Raises ValueError for unknown members, kinds or missing endpoint."""
        try:
            fault = Fault(**members)
        except TypeError as wrong:
            raise ValueError(str(wrong).replace("Fault.__init__() ", "")) from None
        if fault.kind not in PROCESSING | NOT_PROCESSING:
            raise ValueError(
                f"there is no kind of fault {fault.kind!r}; kinds: {', '.join(sorted(PROCESSING | NOT_PROCESSING))}"
            )
        return fault

    def strikes(self, endpoint: str, grant_type: str | None, person: str | None) -> bool:
        """Whether this fault is meant for such a call."""
        return (
            (self.endpoint in ("*", endpoint) or (self.endpoint == "api" and endpoint in API_ENDPOINTS))
            and self.grant_type in ("", grant_type)
            and self.person in ("", person)
        )

    @property
    def processes(self) -> bool:
        """Whether the real work is done first."""
        return self.process or self.kind in PROCESSING

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

    @property
    def active(self) -> bool:
        """Whether any fault waits or may strike."""
        return bool(self._queue or self._rates)

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
