"""A document on its way through: an attachment, whatever Pagero says it is."""

from collections.abc import Iterator, Mapping
from typing import Any, cast

import pytest
from flask import Flask, Response

from app.dashboard.download import attachment, filename
from app.errors import PageroTimedOut
from app.pagero.wire import Streamed


class Stream:
    """Stands for wire.Streamed: what it offers and nothing else."""

    def __init__(self, headers: Mapping[str, str], *chunks: bytes | Exception) -> None:
        self.status, self.headers, self.closed = 200, headers, 0
        self.chunks = self._each(chunks)

    def _each(self, chunks: tuple[bytes | Exception, ...]) -> Iterator[bytes]:
        for chunk in chunks:
            if isinstance(chunk, Exception):
                raise chunk
            yield chunk

    def close(self) -> None:
        self.closed += 1


def answer_of(stream: Stream, document_id: str = "3b7e-1") -> Response:
    with Flask(__name__).test_request_context():
        return attachment(cast(Streamed, stream), document_id)


def body(answer: Any) -> bytes:
    return b"".join(answer.response)


def test_an_xml_document_is_saved_as_xml() -> None:
    answer = answer_of(
        Stream({"content-type": "application/xml; charset=UTF-8", "content-length": "6"}, b"<a>", b"</a")
    )
    assert answer.headers["Content-Type"] == "application/xml"
    assert answer.headers["Content-Disposition"] == 'attachment; filename="3b7e-1.xml"'
    assert answer.headers["Content-Length"] == "6"
    assert body(answer) == b"<a></a"


@pytest.mark.parametrize(
    "media_type",
    ["text/html", "image/svg+xml", "application/xhtml+xml", "text/plain", "", "application/xml\x7f", "text/xml-dtd"],
)
def test_types_a_browser_could_run_are_saved_as_bytes(media_type: str) -> None:
    answer = answer_of(Stream({"content-type": media_type}, b"<script>"))
    assert answer.headers["Content-Type"] == "application/octet-stream"
    assert answer.headers["Content-Disposition"].endswith('.bin"')


def test_no_browser_may_run_or_guess_it() -> None:
    headers = answer_of(Stream({"content-type": "application/pdf"}, b"%PDF")).headers
    assert headers["X-Content-Type-Options"] == "nosniff"
    assert headers["Content-Security-Policy"].startswith("sandbox; default-src 'none'")


def test_headers_of_pagero_do_not_pass() -> None:
    given = {"set-cookie": "sid=1", "content-disposition": 'inline; filename="a.html"', "refresh": "0;url=//evil"}
    names = {name.lower() for name, _ in answer_of(Stream(given, b"x")).headers}
    assert not names & {"set-cookie", "refresh", "content-length"}


@pytest.mark.parametrize("length", ["abc", "-1", "1, 2", "9" * 13])
def test_a_length_that_is_not_one_is_dropped(length: str) -> None:
    assert "Content-Length" not in answer_of(Stream({"content-length": length}, b"x")).headers


def test_a_fault_before_the_first_byte_is_raised_and_the_line_closed() -> None:
    stream = Stream({}, PageroTimedOut("download document"))
    with pytest.raises(PageroTimedOut):
        answer_of(stream)
    assert stream.closed == 1


def test_the_line_is_closed_when_the_answer_is() -> None:
    stream = Stream({}, b"x", b"y")
    answer = answer_of(stream)
    assert stream.closed == 0
    answer.close()
    assert stream.closed == 1


def test_an_empty_document_is_an_empty_file() -> None:
    assert body(answer_of(Stream({}))) == b""


@pytest.mark.parametrize(
    ("document_id", "name"),
    [
        ("3b7e-1", "3b7e-1.xml"),
        ('a"; x=../..\r\n', "a-x.xml"),
        ("...", "document.xml"),
        ("åäö", "document.xml"),
        ("a" * 200, "a" * 80 + ".xml"),
    ],
)
def test_a_file_name_holds_only_harmless_characters(document_id: str, name: str) -> None:
    assert filename(document_id, "text/xml") == name
