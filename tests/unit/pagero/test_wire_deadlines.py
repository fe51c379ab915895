"""Peers that are slow, endless or silent: the total deadline holds however little comes at a time."""

import socket
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import pytest

from app.errors import PageroError, PageroGarbled, PageroTimedOut
from app.pagero.deadlines import Watchdog, watchdog
from app.pagero.shelf import Line
from app.pagero.wire import Wire
from tests.unit.pagero.raw_peer import RawPeer, Script, drip, pour, raw, reply, say_nothing, then

HEAD = b"HTTP/1.1 200 OK\r\nContent-Length: 500\r\n\r\n"
CHUNKED = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"
SECONDS = 0.4


@contextmanager
def over_within(seconds: float) -> Iterator[None]:
    began = time.monotonic()
    yield
    assert time.monotonic() - began < seconds


@pytest.mark.parametrize(
    "script",
    [
        say_nothing,
        drip(HEAD, 0.1),
        drip(b"HTTP/1.1 100 Continue\r\n\r\n" * 9, 0.05),
        then(raw(b"HTTP/1.1 200 OK\r\n"), drip(b"X-A: b\r\n" * 90, 0.05)),
        then(raw(HEAD), say_nothing),
        then(raw(HEAD), drip(b"x" * 500, 0.05)),
        then(raw(CHUNKED), drip(b"1\r\nx\r\n" * 90, 0.05)),
        then(raw(CHUNKED + b"0\r\n"), drip(b"Trailer: x\r\n" * 90, 0.05)),
        then(raw(b"HTTP/1.0 200 OK\r\n\r\n"), drip(b"x" * 90, 0.05)),
    ],
    ids=["silent", "head", "interim", "fields", "no body", "body", "chunks", "trailers", "until the end"],
)
@pytest.mark.parametrize("method", ["GET", "POST"])
def test_the_deadline_is_total(wire: Wire, peer: RawPeer, script: Script, method: str) -> None:
    peer.will(script)
    with over_within(SECONDS + 2), pytest.raises(PageroTimedOut) as failure:
        wire.exchange(method, "/things", operation="try", seconds=SECONDS)
    assert failure.value.maybe_processed


def test_a_slow_answer_in_time_is_an_answer(wire: Wire, peer: RawPeer) -> None:
    peer.will(then(raw(HEAD.replace(b"500", b"3")), drip(b"abc", 0.05)))
    assert wire.exchange("GET", "/things", operation="try").body == b"abc"


def test_a_line_that_was_nearly_too_late_is_not_cut_afterwards(wire: Wire, peer: RawPeer) -> None:
    peer.will(reply(), then(lambda _: time.sleep(0.9), reply(200, b"later")))
    wire.exchange("GET", "/things", operation="try", seconds=0.6)
    assert wire.exchange("GET", "/things", operation="try").body == b"later"


@pytest.mark.parametrize(
    "script",
    [
        raw(b"HTTP/1.1 200 OK\r\nContent-Length: 1073741824\r\n\r\n"),
        then(raw(b"HTTP/1.1 200 OK\r\n\r\n"), pour(b"x" * 65536, 10_000)),
        then(raw(CHUNKED), pour(b"10000\r\n" + b"x" * 65536 + b"\r\n", 10_000)),
        raw(CHUNKED + b"3e9\r\n" + b"x" * 1001 + b"\r\n0\r\n\r\n"),
    ],
    ids=["announced", "until the end", "chunks", "one chunk"],
)
def test_a_huge_body_is_given_up_early(wire: Wire, peer: RawPeer, script: Script) -> None:
    peer.will(script)
    with over_within(3), pytest.raises(PageroGarbled) as failure:
        wire.exchange("GET", "/things", operation="try")
    assert failure.value.maybe_processed


def test_a_body_of_just_the_limit_is_taken(wire: Wire, peer: RawPeer) -> None:
    peer.will(reply(200, b"x" * 1000), raw(CHUNKED + b"3e8\r\n" + b"x" * 1000 + b"\r\n0\r\n\r\n"))
    for _ in range(2):
        assert len(wire.exchange("GET", "/things", operation="try").body) == 1000
    assert peer.connections == 1


def stream(wire: Wire, limit: int = 10**7) -> list[bytes]:
    with wire.stream("GET", "/file", operation="try", limit_bytes=limit) as streamed:
        return list(streamed.chunks)


def test_a_stream_comes_in_pieces_and_gives_its_line_back(wire: Wire, peer: RawPeer) -> None:
    peer.will(reply(200, b"x" * 300_000, "Content-Type: application/xml"), reply(200, b"y"))
    with wire.stream("GET", "/file", operation="try", limit_bytes=10**6) as streamed:
        assert (streamed.status, streamed.headers["content-type"]) == (200, "application/xml")
        pieces = list(streamed.chunks)
    assert b"".join(pieces) == b"x" * 300_000
    assert max(map(len, pieces)) <= 65536
    assert wire.exchange("GET", "/things", operation="try").body == b"y"
    assert peer.connections == 1


@pytest.mark.parametrize(
    "answer",
    [
        CHUNKED + b"5\r\nhello\r\n0\r\n\r\n",
        b"HTTP/1.1 204 None\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n",
    ],
)
def test_streams_of_every_framing_give_their_line_back(wire: Wire, peer: RawPeer, answer: bytes) -> None:
    peer.will(raw(answer), raw(answer))
    assert stream(wire) == stream(wire)
    assert peer.connections == 1


def test_a_stream_closed_early_costs_its_line(wire: Wire, peer: RawPeer) -> None:
    peer.will(reply(200, b"x" * 900_000), reply(200, b"y"))
    with wire.stream("GET", "/file", operation="try", limit_bytes=10**6) as streamed:
        next(streamed.chunks)
    streamed.close()
    assert list(streamed.chunks) == []
    assert stream(wire) == [b"y"]
    assert peer.connections == 2


@pytest.mark.parametrize(
    ("script", "expected"),
    [
        (then(raw(b"HTTP/1.1 200 OK\r\n\r\n"), pour(b"x" * 65536, 10_000)), PageroGarbled),
        (reply(200, b"x" * 5001), PageroGarbled),
        (then(raw(HEAD), raw(b"x" * 20), lambda sock: sock.shutdown(2)), PageroTimedOut),
        (then(raw(CHUNKED + b"5\r\nhel"), lambda sock: sock.shutdown(2)), PageroTimedOut),
        (then(raw(CHUNKED + b"5\r\nhello\r\n"), lambda sock: sock.shutdown(2)), PageroTimedOut),
    ],
    ids=["endless", "too large", "cut short", "half a chunk", "no last chunk"],
)
def test_a_stream_that_goes_wrong_ends_in_an_exception(
    wire: Wire, peer: RawPeer, script: Script, expected: type[PageroError]
) -> None:
    peer.will(script)
    with pytest.raises(expected):
        stream(wire, 5000)


def test_a_stream_that_drips_is_cut(peer: RawPeer) -> None:
    wire = Wire(peer.origin, 0.3, SECONDS, 1000)
    peer.will(then(raw(HEAD), drip(b"x" * 500, 0.05)))
    with over_within(SECONDS + 2), pytest.raises(PageroTimedOut):
        stream(wire)


def test_a_stream_without_a_head_is_cut(peer: RawPeer) -> None:
    wire = Wire(peer.origin, 0.3, SECONDS, 1000)
    peer.will(say_nothing)
    with over_within(SECONDS + 2), pytest.raises(PageroTimedOut):
        stream(wire)


def test_a_slow_reader_on_our_side_does_not_use_up_pageros_time(peer: RawPeer) -> None:
    wire = Wire(peer.origin, 0.9, 1.0, 1000)
    peer.will(reply(200, b"x" * 150_000))
    received = 0
    with wire.stream("GET", "/file", operation="try", limit_bytes=10**6) as streamed:
        for piece in streamed.chunks:
            received += len(piece)
            time.sleep(0.5)
    assert received == 150_000


@pytest.mark.parametrize("which", ["exchange", "stream", "piece"])
def test_an_answer_that_came_just_as_its_deadline_struck_is_not_used(
    wire: Wire, peer: RawPeer, monkeypatch: pytest.MonkeyPatch, which: str
) -> None:
    """The line was cut after its last byte was read: what was read may be whole, the line is not."""
    peer.will(reply(200, b"x"))
    streamed = wire.stream("GET", "/file", operation="try", limit_bytes=10) if which == "piece" else None
    ways: dict[str, Callable[[], object]] = {
        "exchange": lambda: wire.exchange("GET", "/things", operation="try"),
        "stream": lambda: wire.stream("GET", "/file", operation="try", limit_bytes=10),
        "piece": lambda: list(streamed.chunks if streamed else ()),
    }
    monkeypatch.setattr(Line, "unwatch", lambda line: watchdog.end(line.watch) or True)
    with pytest.raises(PageroTimedOut):
        ways[which]()
    monkeypatch.undo()
    peer.will(reply(200, b"y"))
    assert wire.exchange("GET", "/things", operation="try").body == b"y"
    assert peer.connections == 2


def test_a_thread_that_could_not_be_started_is_tried_again(monkeypatch: pytest.MonkeyPatch) -> None:
    dog, (ours, theirs) = Watchdog(), socket.socketpair()
    with monkeypatch.context() as patched:
        patched.setattr(threading.Thread, "start", lambda _: (_ for _ in ()).throw(RuntimeError("no more threads")))
        with pytest.raises(RuntimeError):
            dog.begin(ours, time.monotonic())
    deadline = dog.begin(ours, time.monotonic() + 0.05)
    assert theirs.recv(1) == b""
    assert dog.end(deadline)
    ours.close()
    theirs.close()
