"""What a fault makes of an answer: one function for each kind. `real` is what the real work answered."""

import gzip
import socket
import struct
import time
from collections.abc import Callable, Iterator

from flask import Response, request

from app.sandbox.faults import Fault

CHUNK = 64 * 1024
HANG_UP = "sandbox.hang_up"  # the environ key that makes the server close the connection after an answer


def spoiled(fault: Fault, work: Callable[[], Response]) -> Response:
    """The answer `fault` makes of a call; `work` does what the call asked for."""
    real = work() if fault.processes else Response()
    if fault.seconds and fault.kind != "drip":
        time.sleep(fault.seconds)
    response = KINDS[fault.kind](fault, real)
    for name, value in fault.headers.items():
        response.headers[name] = value
    return response


def _answer(fault: Fault, real: Response) -> Response:
    content_type = fault.content_type or ("application/json" if fault.json is not None else "text/plain")
    return Response(fault.payload(), fault.status or 500, content_type=content_type)


def _altered(fault: Fault, real: Response) -> Response:
    """The real answer with another status or content type."""
    real.status_code = fault.status or real.status_code
    real.content_type = fault.content_type or real.content_type
    return real


def _late(fault: Fault, real: Response) -> Response:
    return real


def _hang_up(fault: Fault, real: Response) -> Response:
    """The real answer, announced as keep-alive, and then the connection is closed."""
    request.environ[HANG_UP] = True
    return real


def _close(fault: Fault, real: Response) -> Response:
    return _closing(iter(()))


def _reset(fault: Fault, real: Response) -> Response:
    """Answer with a TCP reset: close with unsent data thrown away."""
    if connection := request.environ.get("gunicorn.socket"):
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    return _closing(iter(()))


def _drip(fault: Fault, real: Response) -> Response:
    body = fault.payload() or real.get_data()
    size = fault.size or 1

    def drops() -> Iterator[bytes]:
        for start in range(0, len(body), size):
            yield body[start : start + size]
            time.sleep(fault.seconds)

    return _streamed(real, drops(), len(body) if fault.length else None)


def _truncate(fault: Fault, real: Response) -> Response:
    body = fault.payload() or real.get_data()
    kept = fault.size or len(body) // 2
    return _streamed(real, _broken(iter([body[:kept]])), len(body) if fault.length else None)


def _gzip(fault: Fault, real: Response) -> Response:
    real.set_data(gzip.compress(real.get_data()))
    real.headers["Content-Encoding"] = "gzip"
    return real


def _bomb(fault: Fault, real: Response) -> Response:
    """Zeros that open to `size` bytes (default 300 MiB)."""
    packed = gzip.compress(bytes(1024 * 1024), 9) * ((fault.size or 300 * 1024 * 1024) // (1024 * 1024))
    response = Response(packed, fault.status or 200, content_type=fault.content_type or "application/json")
    response.headers["Content-Encoding"] = "gzip"
    return response


def _huge(fault: Fault, real: Response) -> Response:
    size = fault.size or 1024**3
    response = Response(status=fault.status or 200, content_type=fault.content_type or "application/json")
    return _streamed(response, spaces(size), size if fault.length else None)


def _junk(fault: Fault, real: Response) -> Response:
    return Response(b'\x00\xff{"access_token":', 200, content_type=fault.content_type or "application/json")


def _html(fault: Fault, real: Response) -> Response:
    page = "<!doctype html><title>Maintenance</title><h1>We will be back soon</h1>"
    return Response(page, fault.status or 200, content_type="text/html; charset=utf-8")


def _redirect(fault: Fault, real: Response) -> Response:
    return Response("", fault.status or 307, headers={"Location": fault.location})


KINDS: dict[str, Callable[[Fault, Response], Response]] = {
    "answer": _answer,
    "altered": _altered,
    "late": _late,
    "hang_up": _hang_up,
    "close": _close,
    "reset": _reset,
    "lost": _close,
    "lost_reset": _reset,
    "hang": _close,
    "drip": _drip,
    "truncate": _truncate,
    "gzip": _gzip,
    "bomb": _bomb,
    "huge": _huge,
    "junk": _junk,
    "html": _html,
    "redirect": _redirect,
}


def spaces(size: int) -> Iterator[bytes]:
    """`size` bytes of white space, in chunks."""
    chunk = b" " * CHUNK
    for _ in range(size // CHUNK):
        yield chunk
    yield chunk[: size % CHUNK]


def _broken(first: Iterator[bytes]) -> Iterator[bytes]:
    yield from first
    raise ConnectionResetError(104, "the sandbox was told to break off")


def _closing(first: Iterator[bytes]) -> Response:
    """A response that is never begun: gunicorn sends headers with the first chunk, and there is none."""
    response = Response(_broken(first), 200)
    response.headers["X-Sandbox-Closed"] = "1"
    return response


def _streamed(response: Response, chunks: Iterator[bytes], length: int | None) -> Response:
    response.response = chunks
    response.headers.pop("Content-Length", None)
    if length is not None:
        response.headers["Content-Length"] = str(length)
    return response
