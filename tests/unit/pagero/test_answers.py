"""Framing and heads: what http.client would let pass is refused here, over real sockets."""

import pytest

from app.errors import PageroError, PageroGarbled, PageroTimedOut
from app.pagero.wire import Wire
from tests.unit.pagero.raw_peer import RawPeer, hang_up, raw, then

OK = b"HTTP/1.1 200 OK\r\n"
ONE = b"Content-Length: 1\r\n\r\nx"

GARBLED = {
    "not HTTP": b"SSH-2.0-OpenSSH\r\n\r\n",
    "HTTP/2 in words": b"HTTP/2 200 OK\r\n\r\n",
    "HTTP/0.9": b"HTTP/0.9 200 OK\r\n\r\n",
    "two digits": b"HTTP/1.1 20 OK\r\n\r\n",
    "four digits": b"HTTP/1.1 2000 OK\r\n\r\n",
    "no status": b"HTTP/1.1\r\n\r\n",
    "long status line": b"HTTP/1.1 200 " + b"x" * 70_000 + b"\r\n\r\n",
    "switching protocols for ever": b"HTTP/1.1 101 Go\r\n\r\n" * 20,
    "continues for ever": b"HTTP/1.1 100 Continue\r\n\r\n" * 20,
    "folded line": OK + b"X-A: b\r\n c\r\n" + ONE,
    "no colon": OK + b"X-A\r\n" + ONE,
    "space before the colon": OK + b"Content-Length : 1\r\n" + ONE,
    "null byte": OK + b"X-A: a\0b\r\n" + ONE,
    "bare carriage return": OK + b"X-A: a\rb\r\n" + ONE,
    "long field": OK + b"X-A: " + b"b" * 70_000 + b"\r\n" + ONE,
    "long head": OK + (b"X-A: " + b"b" * 2000 + b"\r\n") * 40 + ONE,
    "many fields": OK + b"X-A: b\r\n" * 101 + ONE,
    "length is no number": OK + b"Content-Length: x\r\n\r\nx",
    "negative length": OK + b"Content-Length: -1\r\n\r\nx",
    "signed length": OK + b"Content-Length: +1\r\n\r\nx",
    "two lengths": OK + b"Content-Length: 2\r\n" + ONE,
    "twice the same length": OK + b"Content-Length: 1\r\n" + ONE,
    "length of 16 digits": OK + b"Content-Length: 0000000000000001\r\n\r\nx",
    "length and chunks": OK + b"Transfer-Encoding: chunked\r\n" + ONE,
    "unknown transfer coding": OK + b"Transfer-Encoding: gzip, chunked\r\n\r\n1\r\nx\r\n0\r\n\r\n",
    "gzip": OK + b"Content-Encoding: gzip\r\n" + ONE,
    "deflate, gzip": OK + b"Content-Encoding: deflate, gzip\r\n" + ONE,
    "brotli": OK + b"Content-Encoding: br\r\n" + ONE,
    "negative chunk": OK + b"Transfer-Encoding: chunked\r\n\r\n-1\r\n" + b"x" * 5000,
    "long chunk line": OK + b"Transfer-Encoding: chunked\r\n\r\n" + b"1" * 70_000,
}

CUT_SHORT = {
    "half a status line": b"HTTP/1.1 2",
    "half a head": OK + b"X-A: b\r\nX-B",
    "head without end": OK + b"X-A: b\r\n",
    "half a body": OK + b"Content-Length: 10\r\n\r\nhello",
    "no body": OK + b"Content-Length: 10\r\n\r\n",
    "half a chunk": OK + b"Transfer-Encoding: chunked\r\n\r\na\r\nhello",
    "no last chunk": OK + b"Transfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n",
    "chunk size is no number": OK + b"Transfer-Encoding: chunked\r\n\r\nxyz\r\nhello\r\n",
}


@pytest.mark.parametrize("answer", GARBLED.values(), ids=GARBLED.keys())
@pytest.mark.parametrize("method", ["GET", "POST"])
def test_an_answer_that_breaks_http_or_a_limit_is_garbled(
    wire: Wire, peer: RawPeer, answer: bytes, method: str
) -> None:
    peer.will(then(raw(answer), hang_up))
    with pytest.raises(PageroGarbled) as failure:
        wire.exchange(method, "/things", operation="try")
    assert failure.value.maybe_processed
    assert len(peer.requests) == 1


@pytest.mark.parametrize("answer", CUT_SHORT.values(), ids=CUT_SHORT.keys())
@pytest.mark.parametrize("method", ["GET", "POST"])
def test_half_an_answer_is_no_answer(wire: Wire, peer: RawPeer, answer: bytes, method: str) -> None:
    peer.will(then(raw(answer), hang_up))
    with pytest.raises((PageroTimedOut, PageroGarbled)) as failure:
        wire.exchange(method, "/things", operation="try")
    assert isinstance(failure.value, PageroError)
    assert failure.value.maybe_processed
    assert len(peer.requests) == 1


@pytest.mark.parametrize(
    ("answer", "status", "body"),
    [
        (OK + ONE, 200, b"x"),
        (b"HTTP/1.1 200\r\n" + ONE, 200, b"x"),
        (b"HTTP/1.1 200 \r\n" + ONE, 200, b"x"),
        (b"HTTP/1.1 299 \xe5\xe4\xf6\r\n" + ONE, 299, b"x"),
        (b"HTTP/1.1 999 Odd\r\n" + ONE, 999, b"x"),
        (b"HTTP/1.1 200 OK\n" + b"Content-Length: 1\n\nx", 200, b"x"),
        (OK + b"x-empty:\r\nX-Spaces: \t a b \t \r\n" + ONE, 200, b"x"),
        (OK + b"Content-Encoding: identity\r\n" + ONE, 200, b"x"),
        (OK + b"Content-Encoding:\r\n" + ONE, 200, b"x"),
        (b"HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 103 Hints\r\nLink: </a>\r\n\r\n" + OK + ONE, 200, b"x"),
        (b"HTTP/1.1 204 None\r\n\r\n", 204, b""),
        (b"HTTP/1.1 204 None\r\nTransfer-Encoding: chunked\r\n\r\n", 204, b""),
        (b"HTTP/1.1 304 Same\r\nContent-Length: 50\r\n\r\n", 304, b""),
        (OK + b"Transfer-Encoding: Chunked\r\n\r\n2;ext=1\r\nab\r\n1\r\nc\r\n0\r\nTrailer: x\r\n\r\n", 200, b"abc"),
        (OK + b"Transfer-Encoding: chunked\r\n\r\n0\r\n\r\n", 200, b""),
        (b"HTTP/1.0 200 OK\r\nConnection: Keep-Alive\r\n" + ONE, 200, b"x"),
    ],
)
def test_ordinary_answers_are_read_and_leave_the_line_usable(
    wire: Wire, peer: RawPeer, answer: bytes, status: int, body: bytes
) -> None:
    peer.will(raw(answer), raw(answer))
    for _ in range(2):
        got = wire.exchange("GET", "/things", operation="try")
        assert (got.status, got.body) == (status, body)
    assert peer.connections == 1
