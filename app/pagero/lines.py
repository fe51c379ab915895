"""Opening a line to a host: name, address, TLS, each within a bounded time.

Refuses proxies (none is read from the environment), TLS below 1.2 and any certificate the machine does not trust for
that very name; no setting changes this. Whatever fails here failed before a request could leave.
"""

import os
import socket
import ssl
import threading
import time
from concurrent.futures import Future
from functools import cache
from typing import Any

from app.pagero.deadlines import watchdog

_Address = tuple[int, Any]  # family and what connect() takes for it


class CannotConnect(OSError):
    """No line could be opened. The text is one of a few words of ours: name, address, tls."""


def open_line(host: str, port: int, *, tls: bool, seconds: float) -> socket.socket:
    """A connected socket, its certificate checked when `tls`. Raises CannotConnect within about `seconds`."""
    ends_at = time.monotonic() + seconds
    addresses = _lookups.find(host, port, seconds)
    sock = _connect(addresses, ends_at)
    try:
        sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        return _secure(sock, host, ends_at) if tls else sock
    except OSError as error:
        sock.close()
        raise CannotConnect(_tls_words(error)) from None


def _connect(addresses: list[_Address], ends_at: float) -> socket.socket:
    for position, (family, address) in enumerate(addresses):
        left = ends_at - time.monotonic()
        if left <= 0:
            break
        sock = socket.socket(family, socket.SOCK_STREAM)
        sock.settimeout(left / (len(addresses) - position))  # a dead first address leaves time for the second
        try:
            sock.connect(address)
        except OSError:
            sock.close()
        else:
            return sock
    raise CannotConnect("address")


def _secure(sock: socket.socket, host: str, ends_at: float) -> socket.socket:
    sock.settimeout(max(0.001, ends_at - time.monotonic()))
    secured = _context().wrap_socket(
        sock, server_hostname=host, do_handshake_on_connect=False, suppress_ragged_eofs=False
    )
    watch = watchdog.begin(secured, ends_at)
    try:
        secured.do_handshake()
    except BaseException:
        secured.close()
        raise
    finally:
        watchdog.end(watch)
    return secured


@cache
def _context() -> ssl.SSLContext:
    """TLS 1.2 or later against the machine's certificates. Not create_default_context: that heeds SSLKEYLOGFILE."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    context.load_default_certs()
    return context


def _tls_words(error: OSError) -> str:
    if isinstance(error, ssl.SSLCertVerificationError):
        return f"tls: {error.verify_message}"
    return f"tls: {error.reason}" if isinstance(error, ssl.SSLError) else "tls"


class _Lookups:
    """Name look-ups that can be given up: the system's resolver cannot, so it runs in a thread, one per name."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._running: dict[tuple[str, int], Future[list[_Address]]] = {}

    def find(self, host: str, port: int, seconds: float) -> list[_Address]:
        """The addresses of `host`. Raises CannotConnect when there is none within `seconds`."""
        with self._lock:
            answer = self._running.get((host, port))
            if answer is None:
                answer = self._running[host, port] = Future()
                threading.Thread(target=self._look, args=(host, port, answer), name="look-up", daemon=True).start()
        try:
            return answer.result(seconds)
        except (OSError, ValueError):  # no such name, a name that cannot be one, or no answer in time
            raise CannotConnect("name") from None

    def _look(self, host: str, port: int, answer: "Future[list[_Address]]") -> None:
        try:
            found: list[_Address] = [
                (item[0], item[4]) for item in socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
            ]
        except Exception as error:  # handed to the threads that wait
            self._forget(host, port)
            answer.set_exception(error)
        else:
            self._forget(host, port)
            answer.set_result(found)

    def _forget(self, host: str, port: int) -> None:
        with self._lock:
            self._running.pop((host, port), None)


_lookups = _Lookups()


def _begin_again() -> None:
    _lookups.__init__()  # type: ignore[misc]  # its threads did not survive the fork and the lock may be held


os.register_at_fork(after_in_child=_begin_again)
