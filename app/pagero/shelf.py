"""Idle lines to one origin, used last first.

Refuses lines the other side has closed, lines on which something came unasked, and lines that rested too long.
"""

import http.client
import os
import select
import socket
import time
import weakref
from collections import deque

from app.pagero.answers import Answer
from app.pagero.deadlines import Deadline, watchdog

LINES = 128  # at least the number of threads in a worker
IDLE_SECONDS = 45.0  # a line idle for longer may have been forgotten by something between us and Pagero


class Line(http.client.HTTPConnection):
    """http.client on a socket made by pagero.lines; it never connects by itself."""

    response_class = Answer
    auto_open = 0
    idle_since = 0.0
    sock: socket.socket
    watch: Deadline | None = None

    def __init__(self, host: str, port: int, sock: socket.socket, default_port: int) -> None:
        super().__init__(host, port)
        self.default_port = default_port  # for the Host header
        name = f"[{host}]" if ":" in host else host
        self.host_field = name if port == default_port else f"{name}:{port}"
        self.sock = sock

    def unwatch(self) -> bool:
        """Stop the deadline. True if it had cut the line."""
        return self.watch is not None and watchdog.end(self.watch)


class Shelf:
    """Where lines rest between exchanges. Safe to share between threads and across forks."""

    def __init__(self) -> None:
        self._idle: deque[Line] = deque()
        _shelves.add(self)

    def take(self) -> Line | None:
        """The line used last that is still good."""
        while True:
            try:
                line = self._idle.pop()
            except IndexError:
                return None
            if time.monotonic() - line.idle_since < IDLE_SECONDS and not _readable(line.sock):
                return line
            line.close()

    def put(self, line: Line) -> None:
        """Keep a line whose exchange is complete, or close it when there are enough."""
        if len(self._idle) >= LINES:
            line.close()
            return
        line.idle_since = time.monotonic()
        self._idle.append(line)

    def forget(self) -> None:
        """Drop all lines: in a forked child they belong to the parent. Nothing is said to the other side."""
        self._idle = deque()


def _readable(sock: socket.socket) -> bool:
    """Whether something came on a line that should be silent: its end, or bytes nobody asked for."""
    poll = select.poll()
    poll.register(sock, select.POLLIN)
    return bool(poll.poll(0))


_shelves: "weakref.WeakSet[Shelf]" = weakref.WeakSet()


def _forget_all() -> None:
    for shelf in _shelves:
        shelf.forget()


os.register_at_fork(after_in_child=_forget_all)
