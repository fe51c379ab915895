"""A bounded rate and a bounded time for work in bulk. It refuses to go on when the time is over."""

import time
from collections.abc import Callable
from threading import Lock

Seconds = Callable[[], float]


class Pace:
    """So many a second, for so many seconds. Thread-safe."""

    def __init__(self, per_second: float, seconds: float | None = None, clock: Seconds = time.monotonic) -> None:
        self._every = 1 / per_second
        self._clock = clock
        self._next = clock()
        self._ends_at = None if seconds is None else clock() + seconds
        self._lock = Lock()

    def goes_on(self) -> bool:
        """Wait for the next turn. False: its time would come too late."""
        with self._lock:
            turn = max(self._next, self._clock())
            if self._ends_at is not None and turn >= self._ends_at:
                return False
            self._next = turn + self._every
        time.sleep(max(0.0, turn - self._clock()))
        return True
