"""Sign-ins that wait at the login page: what was asked for, under a random id that the form carries. Bounded."""

import secrets
from collections import OrderedDict
from dataclasses import dataclass
from threading import Lock

MOST_WAITING = 10_000


@dataclass(frozen=True)
class Wanted:
    """A checked authorization request."""

    redirect_uri: str
    scope: frozenset[str]
    state: str | None
    nonce: str | None
    challenge: str | None
    prompts: frozenset[str]
    language: str
    login_hint: str


class PendingSignIns:
    """Oldest dropped first; taking one ends it."""

    def __init__(self) -> None:
        self._lock = Lock()
        self._waiting: OrderedDict[str, Wanted] = OrderedDict()

    def add(self, wanted: Wanted) -> str:
        """Keep `wanted`; answers its id."""
        flow = secrets.token_urlsafe(24)
        with self._lock:
            self._waiting[flow] = wanted
            if len(self._waiting) > MOST_WAITING:
                self._waiting.popitem(last=False)
        return flow

    def get(self, flow: str) -> Wanted | None:
        """What waits under `flow`, if anything."""
        return self._waiting.get(flow)

    def take(self, flow: str) -> Wanted | None:
        """The same, and it waits no longer."""
        with self._lock:
            return self._waiting.pop(flow, None)

    def clear(self) -> None:
        """Nobody waits any more."""
        with self._lock:
            self._waiting.clear()
