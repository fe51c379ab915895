"""What one process has learned about Pagero's API: whether to call it now, and how many requests may wait for it.

A slow Pagero must not hold every thread: beyond `most` calls at once, the next wait a moment while answers are quick
and are refused at once while they are slow. It refuses with PageroBusy, and never repeats a call.
"""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from itertools import count
from threading import Condition
from typing import TypeVar

from app.errors import PageroBusy, PageroTimedOut, PageroUnreachable
from app.tokens.breaker import Breaker
from app.tokens.heartbeat import Seconds, boot_seconds

OPERATION = "call the API"
SLOW_SECONDS = 1.0
"""A call that takes longer makes others be refused instead of queueing behind it."""
COME_BACK_SECONDS = 2

T = TypeVar("T")


class Gate:
    """The way to the API. Thread-safe; one per process."""

    def __init__(self, most: int, seconds: Seconds = boot_seconds) -> None:
        self._most = max(1, most)
        self._seconds = seconds
        self._breaker = Breaker(seconds)
        self._running: dict[int, float] = {}  # ticket to beginning, the oldest first
        self._tickets = count()
        self._changed = Condition()

    def through(self, call: Callable[[], T]) -> T:
        """What `call` answers. Raises what it raises, and PageroBusy with `retry_after` without having called.

        Only no answer at all counts as failing: an answer, whatever it says, holds nobody up.
        """
        wait = self._breaker.admit()
        if wait:
            raise PageroBusy(OPERATION, retry_after=wait)
        with self._place() as began:
            try:
                answer = call()
            except PageroUnreachable:
                self._breaker.failed()
                raise
            except PageroTimedOut:
                self._note(slow=self._seconds() - began >= SLOW_SECONDS)
                raise
            except BaseException:
                self._breaker.succeeded()
                raise
            self._breaker.succeeded()
            return answer

    @property
    def running(self) -> int:
        """How many calls are under way."""
        return len(self._running)

    def _note(self, *, slow: bool) -> None:
        """A line that broke in the middle is no sign of slowness."""
        if slow:
            self._breaker.failed()
        else:
            self._breaker.succeeded()

    @contextmanager
    def _place(self) -> Iterator[float]:
        with self._changed:
            if not self._changed.wait_for(self._is_decided, SLOW_SECONDS) or len(self._running) >= self._most:
                self._breaker.unused()
                raise PageroBusy(OPERATION, retry_after=COME_BACK_SECONDS)
            ticket, began = next(self._tickets), self._seconds()
            self._running[ticket] = began
        try:
            yield began
        finally:
            with self._changed:
                del self._running[ticket]
                self._changed.notify()

    def _is_decided(self) -> bool:
        """Whether there is a place, or certainly none for a while."""
        if len(self._running) < self._most:
            return True
        return self._seconds() - next(iter(self._running.values())) >= SLOW_SECONDS
