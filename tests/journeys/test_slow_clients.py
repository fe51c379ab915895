"""Clients that send half a request hold no thread for long, over real sockets."""

import json
import socket
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack

import pytest

from tests.support.served import Served

THREADS = 4
PATIENCE = 1.0
SOON = PATIENCE + 4  # a busy computer


@pytest.fixture
def site(served: Callable[..., Served]) -> Served:
    return served(workers=1, threads=THREADS, request_seconds=PATIENCE)


@pytest.fixture
def connect(site: Served) -> Iterator[Callable[[bytes], socket.socket]]:
    """A connection that has sent something."""
    host, port = site.host.split(":")
    with ExitStack() as ending:

        def connect(sent: bytes) -> socket.socket:
            made = ending.enter_context(socket.create_connection((host, int(port)), timeout=SOON))
            made.sendall(sent)
            return made

        yield connect


def post(site: Served, length: int) -> bytes:
    """The head of a form's request."""
    lines = ("POST /language HTTP/1.1", f"Host: {site.host}", f"Origin: {site.base}", "Accept: application/json")
    form = ("Content-Type: application/x-www-form-urlencoded", f"Content-Length: {length}", "Connection: close")
    return "\r\n".join((*lines, *form, "", "")).encode()


def answers(connection: socket.socket) -> bytes:
    """Everything until the server hangs up."""
    return b"".join(iter(lambda: connection.recv(4096), b""))


def one_answer(connection: socket.socket) -> bytes:
    """An answer of /health/live on a connection that is kept."""
    read = b""
    while not read.endswith(b"}\n"):
        read += connection.recv(4096)
    return read


def is_alive(site: Served, connect: Callable[[bytes], socket.socket]) -> bool:
    return b" 200 " in answers(connect(b"GET /health/live HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n"))


def test_half_heads_are_given_up(site: Served, connect: Callable[[bytes], socket.socket]) -> None:
    slow = [connect(b"GET / HTTP/1.1\r\nHost: x\r\nX-A: ") for _ in range(2 * THREADS)]

    assert is_alive(site, connect)
    assert [answers(each) for each in slow] == [b""] * len(slow)


def test_half_bodies_are_given_up(site: Served, connect: Callable[[bytes], socket.socket]) -> None:
    slow = [connect(post(site, 1000) + b"a") for _ in range(2 * THREADS)]

    assert is_alive(site, connect)
    assert all(answers(each).startswith(b"HTTP/1.1 400 ") for each in slow)


@pytest.mark.parametrize("body", [False, True])
def test_a_drip_wins_nothing(site: Served, connect: Callable[[bytes], socket.socket], body: bool) -> None:
    began, dripping = time.monotonic(), connect(post(site, 1000) if body else b"GET / HTTP/1.1\r\nX-A: ")
    dripping.settimeout(0.1)
    while time.monotonic() - began < SOON:
        try:
            dripping.sendall(b"a")
            if dripping.recv(100) is not None:
                break
        except TimeoutError:
            continue
        except OSError:
            break

    assert PATIENCE * 0.9 <= time.monotonic() - began < SOON


def test_an_honest_slow_line_is_waited_for(site: Served, connect: Callable[[bytes], socket.socket]) -> None:
    piece, pieces = b"a" * 20_000, 8
    sending = connect(post(site, len(piece) * pieces))
    for _ in range(pieces):
        time.sleep(PATIENCE / 4)
        sending.sendall(piece)

    head, _, said = answers(sending).partition(b"\r\n\r\n")

    assert head.startswith(b"HTTP/1.1 400 ")
    assert json.loads(said)["error"] == "language_unknown"


def test_a_kept_connection_has_the_whole_time_for_each_request(
    site: Served, connect: Callable[[bytes], socket.socket]
) -> None:
    request = b"GET /health/live HTTP/1.1\r\nHost: x\r\n\r\n"
    kept = connect(request)
    for _ in range(2):
        assert b" 200 " in one_answer(kept)
        time.sleep(PATIENCE * 1.2)
        kept.sendall(request)

    assert b" 200 " in one_answer(kept)


def test_clients_that_never_hang_up_hold_nobody_else_up(
    site: Served, connect: Callable[[bytes], socket.socket]
) -> None:
    """gunicorn waits two seconds for each, in the loop that serves all connections."""
    silent = [connect(b"nonsense\r\n\r\n") for _ in range(2 * THREADS)]

    assert is_alive(site, connect)
    assert all(b" 400 " in answers(each) for each in silent)
