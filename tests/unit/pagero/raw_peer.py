"""A server of raw sockets that does exactly what a test scripts, and refuses a request nobody announced."""

import re
import socket
import ssl
import struct
import threading
import time
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass
from email.utils import formatdate

Script = Callable[[socket.socket], None]


@dataclass(frozen=True)
class Request:
    """What arrived: header names as sent, in order."""

    connection: int
    method: str
    target: str
    headers: list[tuple[str, str]]
    body: bytes

    def header(self, name: str) -> str | None:
        values = [value for key, value in self.headers if key.lower() == name.lower()]
        assert len(values) <= 1, f"{name} was sent {len(values)} times"
        return values[0] if values else None


class RawPeer:
    """Answers requests with `scripts`, one each, in the order they were given."""

    def __init__(self, tls: ssl.SSLContext | None = None) -> None:
        self._listener = socket.create_server(("127.0.0.1", 0))
        self._tls = tls
        self._scripts: deque[Script] = deque()
        self._sockets: list[socket.socket] = []
        self.connections = 0
        self.requests: list[Request] = []
        self.unannounced: list[Request] = []
        threading.Thread(target=self._accept, daemon=True).start()

    @property
    def port(self) -> int:
        return int(self._listener.getsockname()[1])

    @property
    def origin(self) -> str:
        return f"{'https' if self._tls else 'http'}://127.0.0.1:{self.port}"

    def will(self, *scripts: Script) -> None:
        self._scripts.extend(scripts)

    def close(self) -> None:
        for sock in [self._listener, *self._sockets]:
            sock.close()

    def _accept(self) -> None:
        while True:
            try:
                sock, _ = self._listener.accept()
            except OSError:
                return
            self.connections += 1
            threading.Thread(target=self._serve, args=(sock, self.connections), daemon=True).start()

    def _serve(self, sock: socket.socket, number: int) -> None:
        try:
            if self._tls is not None:
                sock = self._tls.wrap_socket(sock, server_side=True)
            self._sockets.append(sock)
            while (request := _read(sock, number)) is not None:
                self.requests.append(request)
                if not self._scripts:
                    self.unannounced.append(request)
                    break
                self._scripts.popleft()(sock)
        except (OSError, ValueError):
            pass
        finally:
            sock.close()


def _read(sock: socket.socket, number: int) -> Request | None:
    data = b""
    while b"\r\n\r\n" not in data:
        piece = sock.recv(65536)
        if not piece:
            return None
        data += piece
    head, _, body = data.partition(b"\r\n\r\n")
    first, *lines = head.decode("latin-1").split("\r\n")
    found = re.fullmatch(r"([A-Z]+) (\S+) HTTP/1\.1", first)
    assert found, "not a request line"
    headers = [(name, value.strip()) for name, _, value in (line.partition(":") for line in lines)]
    length = int({name.lower(): value for name, value in headers}.get("content-length", "0"))
    while len(body) < length:
        body += sock.recv(65536)
    return Request(number, found[1], found[2], headers, body)


def raw(data: bytes) -> Script:
    """Send these bytes and wait for the next request."""
    return lambda sock: sock.sendall(data)


def reply(status: int = 200, body: bytes = b"", *headers: str) -> Script:
    """A well-formed answer."""
    lines = [
        f"HTTP/1.1 {status} Whatever",
        f"Date: {formatdate(usegmt=True)}",
        *headers,
        f"Content-Length: {len(body)}",
    ]
    return raw("\r\n".join(lines).encode("latin-1") + b"\r\n\r\n" + body)


def then(*scripts: Script) -> Script:
    def run(sock: socket.socket) -> None:
        for script in scripts:
            script(sock)

    return run


def hang_up(sock: socket.socket) -> None:
    """Close in an orderly way."""
    sock.shutdown(socket.SHUT_RDWR)


def reset(sock: socket.socket) -> None:
    """Close with RST."""
    sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    sock.close()


def say_nothing(sock: socket.socket) -> None:
    """Keep the line open, silent, until the other side goes."""
    while sock.recv(1024):
        pass


def drip(data: bytes, pause: float = 0.05) -> Script:
    """One byte after each pause."""

    def run(sock: socket.socket) -> None:
        for position in range(len(data)):
            time.sleep(pause)
            sock.sendall(data[position : position + 1])

    return run


def pour(piece: bytes, times: int) -> Script:
    """The same piece again and again, for as long as anybody takes it."""

    def run(sock: socket.socket) -> None:
        for _ in range(times):
            sock.sendall(piece)

    return run
