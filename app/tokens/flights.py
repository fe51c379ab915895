"""What the threads of one process share, so that a crowd at one connection costs one refresh and few looks."""

import os
import random
import time
import weakref
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from threading import Lock
from typing import Generic, TypeVar

MOST_AT_ONCE = 16
LEAST_PAUSE_SECONDS, LONGEST_PAUSE_SECONDS = 0.1, 0.25

T = TypeVar("T")


class Flights(Generic[T]):
    """Work under way, one for each connection, a bounded number at once, none of it tied to a request.

    A request that loses patience, or whose browser has gone, stops nothing. A process that is told to stop waits for
    the work under way: gunicorn's worker_exit calls close(), and any other program is held by concurrent.futures, which
    joins its threads before the interpreter ends. Each refresh has a deadline; graceful_timeout must be longer.
    """

    def __init__(self, most_at_once: int = MOST_AT_ONCE) -> None:
        self._most_at_once = most_at_once
        self._begin()
        begin = weakref.WeakMethod(self._begin)
        os.register_at_fork(after_in_child=lambda: (alive := begin()) and alive())

    def join(self, connection_id: str, work: Callable[[], T]) -> Future[T]:
        """The work under way for this connection, begun now if there is none."""
        with self._lock:
            under_way = self._flights.get(connection_id)
            if under_way is None:
                under_way = self._pool.submit(self._land, connection_id, work)
                self._flights[connection_id] = under_way
            return under_way

    def is_full(self) -> bool:
        """Whether further work would have to queue."""
        return len(self._flights) >= self._most_at_once

    def close(self) -> None:
        """Wait until nothing is under way. Nothing can be joined afterwards."""
        self._pool.shutdown(wait=True)

    def _begin(self) -> None:
        """Threads and held locks do not survive a fork, so a child begins anew."""
        self._lock = Lock()
        self._flights: dict[str, Future[T]] = {}
        self._pool = ThreadPoolExecutor(self._most_at_once, thread_name_prefix="refresh")

    def _land(self, connection_id: str, work: Callable[[], T]) -> T:
        try:
            return work()
        finally:
            with self._lock:
                self._flights.pop(connection_id, None)


class Lookout(Generic[T]):
    """Looks taken after a short pause. Threads that wait for the same connection share one look, taken by the first."""

    def __init__(self, look: Callable[[str], T]) -> None:
        self._look = look
        self._begin()
        begin = weakref.WeakMethod(self._begin)
        os.register_at_fork(after_in_child=lambda: (alive := begin()) and alive())

    def after_pause(self, connection_id: str, longest_seconds: float) -> T:
        """What is seen after 100 to 250 ms, drawn so that nobody looks in step. Raises what the look raises."""
        with self._lock:
            shared = self._pending.get(connection_id)
            mine = Future[T]()
            if shared is None:
                self._pending[connection_id] = mine
        if shared is not None:
            return shared.result()
        self._resolve(mine, connection_id, longest_seconds)
        return mine.result()

    def _begin(self) -> None:
        self._lock = Lock()
        self._pending: dict[str, Future[T]] = {}

    def _resolve(self, mine: Future[T], connection_id: str, longest_seconds: float) -> None:
        try:
            pause = random.uniform(LEAST_PAUSE_SECONDS, LONGEST_PAUSE_SECONDS)  # noqa: S311 - not a secret
            time.sleep(max(0.0, min(pause, longest_seconds)))
            mine.set_result(self._look(connection_id))
        except BaseException as error:
            mine.set_exception(error)
            raise
        finally:
            with self._lock:
                self._pending.pop(connection_id, None)
