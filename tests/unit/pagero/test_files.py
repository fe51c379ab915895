"""Uploads, files and their parts: what leaves, what comes back, and what is never sent twice."""

import io
import json
import socket
import threading
from collections.abc import Callable
from email.parser import BytesParser
from typing import Any

import pytest

from app.errors import (
    NotFound,
    PageroBusy,
    PageroError,
    PageroFailed,
    PageroForbidden,
    PageroGarbled,
    PageroNotFound,
    PageroRefusedRequest,
    PageroTimedOut,
    PageroUnauthorized,
    PageroUnreachable,
)
from app.pagero.api import PageroApi
from app.pagero.file_records import File, FilePage, FileParts
from app.pagero.files import PageroFiles
from app.pagero.multipart import Multipart, Payload
from app.settings import Settings
from tests.unit.pagero.raw_peer import RawPeer, hang_up, reply, reset, say_nothing

SettingsAt = Callable[..., Settings]
FIELDS = {"documentType": "Invoice", "sendMode": "Test", "sendingCompanyId": "c-1", "senderReference": "SO 1"}
ANSWER = b'{"id":"7700412345","sendMode":"Test"}'
NOT_PROCESSED = [
    (400, PageroRefusedRequest), (401, PageroUnauthorized), (403, PageroForbidden), (404, PageroNotFound),
    (413, PageroRefusedRequest), (415, PageroRefusedRequest), (429, PageroBusy),
]  # fmt: skip
MAYBE_PROCESSED = [(204, PageroGarbled), (200, PageroGarbled), (303, PageroGarbled), (500, PageroFailed),
                   (502, PageroFailed), (503, PageroFailed), (999, PageroGarbled)]  # fmt: skip


@pytest.fixture
def files(settings_at: SettingsAt, peer: RawPeer) -> PageroFiles:
    return PageroApi(settings_at(peer.origin)).files


def payload(content: bytes = b"<Invoice/>", name: str = "a.xml") -> Payload:
    return Payload(name, len(content), io.BytesIO(content))


def parts_of(content_type: str, body: bytes) -> dict[str, tuple[str | None, bytes]]:
    """Name: (file name, content) of a multipart body, read by the standard library."""
    message = BytesParser().parsebytes(b"Content-Type: " + content_type.encode() + b"\r\n\r\n" + body)
    return {
        str(part.get_param("name", header="content-disposition")): (part.get_filename(), part.get_payload(decode=True))  # type: ignore[union-attr,misc]
        for part in message.get_payload()
    }


def test_an_upload_is_a_form_with_the_file_and_four_fields(files: PageroFiles, peer: RawPeer) -> None:
    peer.will(reply(201, ANSWER))
    assert files.upload("tok", payload(b"\r\n<x/>\r\n--"), FIELDS).id == "7700412345"
    (request,) = peer.requests
    assert (request.method, request.target) == ("POST", "/file/v1/files")
    assert request.header("Authorization") == "Bearer tok"
    assert request.header("Connection") == "close"
    assert request.header("Content-Length") == str(len(request.body))
    assert parts_of(str(request.header("Content-Type")), request.body) == {
        "payload": ("a.xml", b"\r\n<x/>\r\n--"),
        **{name: (None, value.encode()) for name, value in FIELDS.items()},
    }


def test_a_name_cannot_leave_its_quotes() -> None:
    form = Multipart({}, payload(b"", 'å"; name="sendMode".xml'))
    body = b"".join(form.pieces())
    assert b'filename="\xc3\xa5%22; name=%22sendMode%22.xml"\r\n' in body
    assert len(body) == form.length_bytes


def test_a_large_file_leaves_in_small_pieces_and_can_be_read_again() -> None:
    form = Multipart(FIELDS, payload(b"x" * 1_000_000))
    assert max(map(len, form.pieces())) <= 64 * 1024
    assert b"".join(form.pieces()) == b"".join(form.pieces())


def test_a_file_that_cannot_be_read_is_no_proof_that_nothing_left() -> None:
    form = Multipart({}, payload())
    form.payload.stream.close()
    with pytest.raises(OSError, match="closed"):
        list(form.pieces())


@pytest.mark.parametrize(("status", "expected"), NOT_PROCESSED)
def test_a_refusal_says_that_nothing_was_done(
    files: PageroFiles, peer: RawPeer, status: int, expected: type[PageroError]
) -> None:
    peer.will(reply(status, b"{}"))
    with pytest.raises(PageroError) as failure:
        files.upload("tok", payload(), FIELDS)
    assert type(failure.value) is expected
    assert not failure.value.maybe_processed


@pytest.mark.parametrize(("status", "expected"), MAYBE_PROCESSED)
def test_whatever_is_not_clear_may_have_been_done_and_is_not_repeated(
    files: PageroFiles, peer: RawPeer, status: int, expected: type[PageroError]
) -> None:
    peer.will(reply(status, b"" if status == 204 else b"{}"))
    with pytest.raises(PageroError) as failure:
        files.upload("tok", payload(), FIELDS)
    assert type(failure.value) is expected
    assert failure.value.maybe_processed
    assert len(peer.requests) == 1


@pytest.mark.parametrize("script", [hang_up, reset], ids=["closed", "reset"])
def test_an_answer_that_is_lost_leaves_doubt_and_one_request(files: PageroFiles, peer: RawPeer, script: Any) -> None:
    peer.will(script)
    with pytest.raises(PageroTimedOut):
        files.act("tok", "88", "Restart")
    assert len(peer.requests) == 1


def test_an_idle_line_is_never_used_for_a_post(files: PageroFiles, peer: RawPeer) -> None:
    peer.will(reply(200, b'{"items":[],"meta":{}}'), reply(200, b"{}"))
    files.parts("tok", "77")
    files.act("tok", "88", "Cancel")
    assert [request.connection for request in peer.requests] == [1, 2]


def test_nobody_there_means_nothing_was_sent(settings_at: SettingsAt) -> None:
    files = PageroApi(settings_at("http://127.0.0.1:9")).files
    with pytest.raises(PageroUnreachable) as failure:
        files.upload("tok", payload(), FIELDS)
    assert not failure.value.maybe_processed


def test_a_slow_answer_ends_in_doubt(settings_at: SettingsAt, peer: RawPeer) -> None:
    files = PageroApi(settings_at(peer.origin, pagero_api_seconds="0.3")).files
    peer.will(say_nothing)
    with pytest.raises(PageroTimedOut):
        files.upload("tok", payload(), FIELDS)


def test_an_answer_that_comes_before_the_whole_body_is_heard(settings_at: SettingsAt) -> None:
    listener = socket.create_server(("127.0.0.1", 0))

    def refuse() -> None:
        line, _ = listener.accept()
        line.recv(1000)
        line.sendall(b"HTTP/1.1 401 Unauthorized\r\nContent-Length: 0\r\nConnection: close\r\n\r\n")
        line.close()

    threading.Thread(target=refuse, daemon=True).start()
    files = PageroApi(settings_at(f"http://127.0.0.1:{listener.getsockname()[1]}")).files
    with pytest.raises(PageroUnauthorized):
        files.upload("tok", payload(b"x" * 5_000_000), FIELDS)
    listener.close()


def test_an_action_is_one_word_in_json(files: PageroFiles, peer: RawPeer) -> None:
    peer.will(reply(200, b"{}"))
    files.act("tok", "8800517", "Restart")
    (request,) = peer.requests
    assert (request.method, request.target) == ("POST", "/file/v1/fileparts/8800517/action")
    assert json.loads(request.body) == {"action": "Restart"}
    assert request.header("Content-Type") == "application/json"


def test_files_and_parts_are_asked_for_without_a_filter(files: PageroFiles, peer: RawPeer) -> None:
    listed = b'{"items":[{"id":"7","sendingCompany":{"id":"c","name":"N"}},{}],"meta":{"offset":0,"total":9}}'
    part = b'{"items":[{"id":"8","status":"Error","error":{"description":["why"]}}],"meta":{"offset":0,"total":3}}'
    peer.will(reply(200, listed), reply(200, b'{"id":"7"}'), reply(200, part))
    page = files.list("tok", 25, 50)
    assert ([file.company_name for file in page.items], page.total, page.count) == (["N"], 9, 2)
    assert files.one("tok", "7").id == "7"
    parts = files.parts("tok", "7")
    assert (parts.items[0].reasons, parts.unlisted) == (("why",), 2)
    assert [request.target for request in peer.requests] == [
        "/file/v1/files?limit=25&offset=50",
        "/file/v1/files/7",
        "/file/v1/files/7/fileparts?limit=100",
    ]


def test_another_file_than_asked_for_is_garbled(files: PageroFiles, peer: RawPeer) -> None:
    peer.will(reply(200, b'{"id":"8"}'))
    with pytest.raises(PageroGarbled):
        files.one("tok", "7")


@pytest.mark.parametrize("body", [b"{}", b'{"items":{}}', b'{"items":[7]}', b"[]", b"<"])
def test_a_list_of_another_shape_is_garbled(files: PageroFiles, peer: RawPeer, body: bytes) -> None:
    peer.will(reply(200, body), reply(200, body))
    with pytest.raises(PageroGarbled):
        files.list("tok", 25)
    with pytest.raises(PageroGarbled):
        files.parts("tok", "7")


@pytest.mark.parametrize("body", [b"<ok/>", b"[]", b'"7"'])
def test_an_upload_answered_in_another_shape_leaves_doubt(files: PageroFiles, peer: RawPeer, body: bytes) -> None:
    peer.will(reply(201, body))
    with pytest.raises(PageroGarbled) as failure:
        files.upload("tok", payload(), FIELDS)
    assert failure.value.maybe_processed


@pytest.mark.parametrize("text", ["", "..", "a/b", "1?x=y", "a b", "x" * 65])
def test_an_id_that_could_lead_elsewhere_is_not_sent(files: PageroFiles, peer: RawPeer, text: str) -> None:
    for call in (files.one, files.parts, lambda token, part: files.act(token, part, "Cancel")):
        with pytest.raises(NotFound):
            call("tok", text)
    assert peer.connections == 0


ODD: list[Any] = [None, 7, True, "x", [], [None], {}, {"id": 5}, {"x": {"y": []}}, "\ud800\u202e", 10**30, 1.5]


@pytest.mark.parametrize("odd", ODD, ids=range(len(ODD)))
def test_odd_values_never_spoil_a_record(odd: Any) -> None:
    names = ("id", "sendingCompany", "sendingUser", "sendMode", "createTime", "documentType", "senderReference")
    File.from_json(dict.fromkeys(names, odd))
    File.from_json(odd)
    FileParts.from_json({"items": [odd, {"id": odd, "status": odd, "error": odd}], "meta": odd})
    FilePage.from_json({"items": [odd], "meta": {"offset": odd, "total": odd}}, 0)


def test_a_part_of_an_unknown_state_or_without_id_cannot_be_acted_on() -> None:
    parts = FileParts.from_json(
        {
            "items": [
                {"id": "1", "status": "Error", "error": {"description": "one text"}},
                {"id": "2", "status": "Queued"},
                {"id": "a b", "status": "Error"},
                {"status": "AwaitingInteraction"},
            ]
        }
    )
    assert [part.can_be_acted_on for part in parts.items] == [True, False, False, False]
    assert [part.is_stopped for part in parts.items] == [True, False, True, True]
    assert (parts.items[0].reasons, parts.total, parts.unlisted) == (("one text",), 4, 0)
