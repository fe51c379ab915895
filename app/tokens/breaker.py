"""What one process has learned about the token endpoint: whether to call it, and whether to believe its refusals."""

from collections import deque
from math import ceil
from threading import Lock

from app.tokens.heartbeat import Seconds, boot_seconds

OPEN_AFTER = 5
WITHIN_SECONDS = 10.0
PROBE_EVERY_SECONDS = 5.0
MASS_WINDOW_SECONDS = 300.0
MASS_LEAST = 10
MASS_SHARE = 0.2


class Breaker:
    """Opens after five failures within ten seconds; then one call every five seconds may try whether it is over."""

    def __init__(self, seconds: Seconds = boot_seconds) -> None:
        self._seconds = seconds
        self._failures: deque[float] = deque(maxlen=OPEN_AFTER)
        self._next_probe: float | None = None
        self._lock = Lock()

    def admit(self) -> int:
        """0: call. Otherwise so many whole seconds until the next try; who gets 0 while it is open is the probe."""
        with self._lock:
            if self._next_probe is None:
                return 0
            now = self._seconds()
            if now < self._next_probe:
                return max(1, ceil(self._next_probe - now))
            self._next_probe = now + PROBE_EVERY_SECONDS
            return 0

    def unused(self) -> None:
        """Who was let in did not call after all: the next one may."""
        with self._lock:
            if self._next_probe is not None:
                self._next_probe = self._seconds()

    def succeeded(self) -> None:
        """The endpoint answered as it should."""
        with self._lock:
            self._failures.clear()
            self._next_probe = None

    def failed(self, *, at_once: bool = False) -> None:
        """The endpoint failed; `at_once` when the next call would certainly fail as well."""
        with self._lock:
            now = self._seconds()
            self._failures.append(now)
            many = len(self._failures) == OPEN_AFTER and now - self._failures[0] <= WITHIN_SECONDS
            if many or at_once or self._next_probe is not None:
                self._next_probe = now + PROBE_EVERY_SECONDS


class RefusalWatch:
    """Notices when suddenly many grants are refused: then the server is more likely wrong than the grants are dead.

    Each process watches for itself. So before all of them have noticed, nine connections for each process can end,
    and more where refusals are fewer than a fifth of a process's answers.
    """

    def __init__(self, seconds: Seconds = boot_seconds) -> None:
        self._seconds = seconds
        self._answers: deque[tuple[float, bool]] = deque()
        self._lock = Lock()

    def note(self, *, refused: bool) -> bool:
        """Count an answer. Whether refusals are at present too many to be believed: 10 and 20 % within five minutes."""
        with self._lock:
            now = self._seconds()
            self._answers.append((now, refused))
            while self._answers[0][0] < now - MASS_WINDOW_SECONDS:
                self._answers.popleft()
            refusals = sum(refused for _, refused in self._answers)
            return refusals >= MASS_LEAST and refusals >= MASS_SHARE * len(self._answers)
