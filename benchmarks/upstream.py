"""A Pagero API that costs next to nothing: one prepared answer, after a delay, to whoever sends a bearer token.

The sandbox is a Flask application itself and would be what is measured. This one is a bare loop over sockets writing
prepared bytes; without a bearer token it answers 401, so that a view that forgot the token cannot look fast.

    python -m benchmarks.upstream PORT BODY_FILE DELAY_SECONDS
"""

import socket
import sys
import time
from collections import deque
from pathlib import Path
from select import EPOLLIN, epoll

REFUSED = b"HTTP/1.1 401 Unauthorized\r\nContent-Length: 0\r\n\r\n"
END_OF_HEAD = b"\r\n\r\n"
LARGEST_HEAD = 65_536


class Upstream:
    """One thread. Each connection asks one thing at a time, in one packet; its requests have no body."""

    def __init__(self, port: int, body: bytes, delay_seconds: float) -> None:
        head = f"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: {len(body)}\r\n\r\n"
        self.answer, self.delay_seconds = head.encode() + body, delay_seconds
        self.listener = socket.create_server(("127.0.0.1", port), backlog=1024)
        self.poll = epoll()
        self.poll.register(self.listener, EPOLLIN)
        self.connections: dict[int, socket.socket] = {}
        self.due: deque[tuple[float, int, bytes]] = deque()  # when, to whom, what; in order, because the delay is one

    def run(self) -> None:
        """Serve until the process ends."""
        while True:
            wait = max(0.0, self.due[0][0] - time.monotonic()) if self.due else None
            for number, _ in self.poll.poll(wait):
                if number == self.listener.fileno():
                    self._accept()
                else:
                    self._read(number)
            while self.due and self.due[0][0] <= time.monotonic():
                _, number, answer = self.due.popleft()
                self._write(number, answer)

    def _accept(self) -> None:
        connection, _ = self.listener.accept()
        connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, 4 * len(self.answer))  # so that no write waits
        self.connections[connection.fileno()] = connection
        self.poll.register(connection, EPOLLIN)

    def _read(self, number: int) -> None:
        try:
            head = self.connections[number].recv(LARGEST_HEAD)
        except OSError:
            head = b""
        if not head.endswith(END_OF_HEAD):  # closed, or not one of our clients
            self.poll.unregister(number)
            self.connections.pop(number).close()
            return
        answer = self.answer if b"Authorization: Bearer " in head else REFUSED
        if self.delay_seconds:
            self.due.append((time.monotonic() + self.delay_seconds, number, answer))
        else:
            self._write(number, answer)

    def _write(self, number: int, answer: bytes) -> None:
        if connection := self.connections.get(number):
            try:
                connection.sendall(answer)
            except OSError:
                self.poll.unregister(number)
                self.connections.pop(number).close()


if __name__ == "__main__":
    Upstream(int(sys.argv[1]), Path(sys.argv[2]).read_bytes(), float(sys.argv[3])).run()
