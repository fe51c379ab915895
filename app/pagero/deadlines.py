"""Total deadlines: one thread per process that cuts sockets whose time has passed.

A socket's own time-out starts again with every byte, so a peer that sends one byte now and then is never late. Here a
deadline is absolute. It refuses to cut a socket that has been handed back: begin, cut and end share one lock.
"""

import contextlib
import math
import os
import socket
import threading
import time


class Deadline:
    """When one stretch of work on a socket must be over, and whether it was cut because it was not."""

    __slots__ = ("cut", "ends_at", "sock")

    def __init__(self, ends_at: float, sock: socket.socket) -> None:
        self.ends_at = ends_at  # time.monotonic()
        self.sock = sock
        self.cut = False


class Watchdog:
    """Cuts overdue sockets. Cheap while nothing is overdue: two uncontended locks and no wake-up per exchange."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._wake = threading.Condition(self._lock)
        self._running: set[Deadline] = set()
        self._wakes_at = math.inf
        self._thread: threading.Thread | None = None

    def begin(self, sock: socket.socket, ends_at: float) -> Deadline:
        """Watch `sock` until `end`. `ends_at` is a time of time.monotonic(). RuntimeError: no thread can be had now."""
        deadline = Deadline(ends_at, sock)
        with self._lock:
            self._start()
            self._running.add(deadline)
            if ends_at < self._wakes_at:
                self._wakes_at = ends_at
                self._wake.notify()
        return deadline

    def end(self, deadline: Deadline) -> bool:
        """Stop watching. True if the socket was cut; it is never cut after this returns."""
        with self._lock:
            self._running.discard(deadline)
        return deadline.cut

    def _start(self) -> None:
        if self._thread is None:
            thread = threading.Thread(target=self._watch, name="pagero-deadlines", daemon=True)
            thread.start()
            self._thread = thread  # not before: a thread that could not be started must be tried again

    def _watch(self) -> None:
        with self._lock:
            while True:
                self._cut_overdue()
                self._wakes_at = min((deadline.ends_at for deadline in self._running), default=math.inf)
                seconds = None if self._wakes_at == math.inf else max(0.0, self._wakes_at - time.monotonic())
                self._wake.wait(seconds)

    def _cut_overdue(self) -> None:
        now = time.monotonic()
        for deadline in [deadline for deadline in self._running if deadline.ends_at <= now]:
            deadline.cut = True
            self._running.discard(deadline)
            with contextlib.suppress(OSError):
                # Not SSLSocket.shutdown: that drops the TLS layer, and a reader would then see raw ciphertext.
                socket.socket.shutdown(deadline.sock, socket.SHUT_RDWR)


watchdog = Watchdog()


def _begin_again() -> None:
    watchdog.__init__()  # type: ignore[misc]  # the thread did not survive the fork and the lock may be held


os.register_at_fork(after_in_child=_begin_again)
