"""The API's paths and verbs, its faults, and the one repeat of a GET."""

import json
import time
from collections.abc import Callable
from typing import Any

import orjson
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
)
from app.pagero.api import PageroApi
from app.pagero.records import DocumentQuery
from app.settings import Settings
from tests.unit.pagero.raw_peer import RawPeer, hang_up, raw, reply, reset, say_nothing, then

SettingsAt = Callable[..., Settings]
ENVELOPE = b'{"items":[{"id":"a-1"},{"id":"a-2","x":{}}],"meta":{"offset":0,"total":2},"more":1}'
EMPTY = b'{"items":[],"meta":{}}'


@pytest.fixture
def api(settings_at: SettingsAt, peer: RawPeer) -> PageroApi:
    return PageroApi(settings_at(peer.origin))


CALLS: dict[str, Callable[[PageroApi], object]] = {
    "list": lambda api: api.documents_json("tok", DocumentQuery()),
    "read": lambda api: api.document("tok", "a-1"),
    "download": lambda api: api.target_document("tok", "a-1"),
}
every_call = pytest.mark.parametrize("call", CALLS.values(), ids=CALLS.keys())


def test_a_list_is_asked_for_in_pageros_spelling(api: PageroApi, peer: RawPeer) -> None:
    peer.will(reply(200, ENVELOPE))
    page = api.documents("tok", DocumentQuery("Sent", ("Invoice",), limit=10, offset=20))
    assert [item.id for item in page.items] == ["a-1", "a-2"]
    (request,) = peer.requests
    assert request.target == "/document/v1/documents?direction=Sent&documentType=Invoice&limit=10&offset=20"
    assert request.method == "GET"
    assert request.header("Authorization") == "Bearer tok"
    assert request.header("Accept") == "application/json"
    assert request.header("Accept-Encoding") == "identity"
    assert len(request.headers) == 5


def test_a_list_for_scripts_is_items_and_meta_as_received(api: PageroApi, peer: RawPeer) -> None:
    peer.will(reply(200, ENVELOPE))
    assert orjson.loads(api.documents_json("tok", DocumentQuery())) == {
        "items": [{"id": "a-1"}, {"id": "a-2", "x": {}}],
        "meta": {"offset": 0, "total": 2},
    }


def test_values_of_a_query_cannot_add_parameters(api: PageroApi, peer: RawPeer) -> None:
    peer.will(reply(200, EMPTY))
    api.documents("tok", DocumentQuery(company_id="1&limit=9#x?/ö", reference="a=b c"))
    assert peer.requests[0].target == (
        "/document/v1/documents?companyId=1%26limit%3D9%23x%3F%2F%C3%B6"
        "&referenceDocumentIdentifier=a%3Db+c&limit=25&offset=0"
    )


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"null",
        b"[]",
        b"7",
        b"<html>",
        b'{"items":[]',
        b'{"meta":{}}',
        b'{"items":[]}',
        b'{"items":{},"meta":{}}',
        b'{"items":[],"meta":[]}',
        b'{"items":[null],"meta":{}}',
        b'{"items":[[1]],"meta":{}}',
        b'{"items":[],"meta":{},"x":NaN}',
        b'{"items":[],"meta":{},"x":"\xff"}',
        b'{"items":[],"meta":{},"x":"\\ud800"}',
        b'{"items":' + b"[" * 100_000,
    ],
)
def test_a_list_of_another_shape_is_garbled(api: PageroApi, peer: RawPeer, body: bytes) -> None:
    peer.will(reply(200, body))
    with pytest.raises(PageroGarbled):
        api.documents_json("tok", DocumentQuery())


def test_odd_items_do_not_spoil_a_list(api: PageroApi, peer: RawPeer) -> None:
    items = [
        {"id": "a", "documentInfo": None, "createTime": 7, "validationErrors": {"noOfErrors": 10**30}},
        {"id": None},
    ]
    peer.will(reply(200, json.dumps({"items": items, "meta": {"total": "many"}}).encode()))
    page = api.documents("tok", DocumentQuery())
    assert ([item.id for item in page.items], page.total) == (["a"], None)


def test_one_document_is_read(api: PageroApi, peer: RawPeer) -> None:
    peer.will(reply(200, b'{"id":"a-1","sendMode":"Test"}'))
    assert api.document("tok", "a-1").send_mode == "Test"
    assert peer.requests[0].target == "/document/v1/documents/a-1"


@pytest.mark.parametrize("body", [b"{}", b"[]", b'{"id":"a-2"}', b'{"id":null}'])
def test_another_document_than_asked_for_is_garbled(api: PageroApi, peer: RawPeer, body: bytes) -> None:
    peer.will(reply(200, body))
    with pytest.raises(PageroGarbled):
        api.document("tok", "a-1")


@pytest.mark.parametrize(
    "document_id",
    [
        "",
        "..",
        ".",
        "%2e%2e",
        "..;",
        "a/b",
        "a\\b",
        "1?admin=true",
        "1#",
        "1&x=y",
        "%3f",
        "a b",
        "a\r\nb",
        "ä",
        "x" * 65,
        "a\n",
    ],
)
def test_an_id_that_could_lead_elsewhere_is_not_sent(api: PageroApi, peer: RawPeer, document_id: str) -> None:
    for call in (api.document, api.target_document):
        with pytest.raises(NotFound):
            call("tok", document_id)
    assert peer.connections == 0


@every_call
@pytest.mark.parametrize(
    ("status", "expected"),
    [
        (201, PageroGarbled),
        (204, PageroGarbled),
        (206, PageroGarbled),
        (301, PageroRefusedRequest),
        (302, PageroRefusedRequest),
        (304, PageroRefusedRequest),
        (307, PageroRefusedRequest),
        (400, PageroRefusedRequest),
        (401, PageroUnauthorized),
        (403, PageroForbidden),
        (415, PageroRefusedRequest),
        (500, PageroFailed),
        (501, PageroFailed),
        (999, PageroGarbled),
    ],
)
def test_a_status_is_an_exception_after_one_attempt(
    api: PageroApi, peer: RawPeer, call: Callable[[PageroApi], object], status: int, expected: type[PageroError]
) -> None:
    peer.will(reply(status, b"" if status in (204, 304) else EMPTY, f"Location: {peer.origin}/"))
    with pytest.raises(PageroError) as failure:
        call(api)
    assert type(failure.value) is expected
    assert len(peer.requests) == 1


@pytest.mark.parametrize("status", [404, 410])
def test_a_missing_document_is_not_found_but_a_missing_list_is_a_wrong_address(
    api: PageroApi, peer: RawPeer, status: int
) -> None:
    peer.will(reply(status), reply(status), reply(status))
    for call in (api.document, api.target_document):
        with pytest.raises(PageroNotFound):
            call("tok", "a-1")
    with pytest.raises(PageroRefusedRequest):
        api.documents("tok", DocumentQuery())


@pytest.mark.parametrize("status", [429, 502, 503, 504])
@pytest.mark.parametrize("headers", [(), ("Retry-After: 0",), ("Retry-After: soon",)])
def test_a_busy_api_is_asked_once_more(api: PageroApi, peer: RawPeer, status: int, headers: tuple[str, ...]) -> None:
    peer.will(reply(status, b"", *headers), reply(200, EMPTY))
    assert orjson.loads(api.documents_json("tok", DocumentQuery())) == {"items": [], "meta": {}}
    assert len(peer.requests) == 2


def test_an_api_that_stays_busy_is_asked_twice_in_all(api: PageroApi, peer: RawPeer) -> None:
    peer.will(reply(503, b"", "Retry-After: 1"), reply(503, b"", "Retry-After: 7"))
    began = time.monotonic()
    with pytest.raises(PageroBusy) as failure:
        api.documents("tok", DocumentQuery())
    assert failure.value.retry_after == 7
    assert 1 <= time.monotonic() - began < 4


@pytest.mark.parametrize(("said", "kept"), [("3", 3), ("1000000000", 300)])
def test_an_api_that_asks_for_a_longer_wait_gets_it(api: PageroApi, peer: RawPeer, said: str, kept: int) -> None:
    peer.will(reply(429, b"", f"Retry-After: {said}"))
    with pytest.raises(PageroBusy) as failure:
        api.document("tok", "a-1")
    assert failure.value.retry_after == kept


def test_the_repeat_stays_within_the_deadline(settings_at: SettingsAt, peer: RawPeer) -> None:
    api = PageroApi(settings_at(peer.origin, pagero_connect_seconds="0.3", pagero_api_seconds="0.9"))
    peer.will(reply(503), say_nothing)
    began = time.monotonic()
    with pytest.raises(PageroTimedOut):
        api.document("tok", "a-1")
    assert time.monotonic() - began < 2


def test_there_is_no_repeat_when_no_time_is_left(settings_at: SettingsAt, peer: RawPeer) -> None:
    api = PageroApi(settings_at(peer.origin, pagero_connect_seconds="0.3", pagero_api_seconds="1"))
    peer.will(reply(503, b"", "Retry-After: 2"))
    with pytest.raises(PageroBusy):
        api.document("tok", "a-1")
    assert len(peer.requests) == 1


@every_call
def test_a_broken_answer_is_not_asked_for_again(
    api: PageroApi, peer: RawPeer, call: Callable[[PageroApi], object]
) -> None:
    peer.will(reset)
    with pytest.raises(PageroTimedOut):
        call(api)
    assert len(peer.requests) == 1


def test_a_target_document_is_streamed(api: PageroApi, peer: RawPeer) -> None:
    peer.will(reply(200, b"<Invoice/>" * 9000, "Content-Type: application/xml"))
    with api.target_document("tok", "a-1") as streamed:
        assert streamed.headers["content-type"] == "application/xml"
        assert b"".join(streamed.chunks) == b"<Invoice/>" * 9000
    (request,) = peer.requests
    assert request.target == "/document/v1/documents/a-1/targetdocument"
    assert request.header("Accept") == "application/xml, application/pdf;q=0.9, */*;q=0.5"
    assert request.header("Authorization") == "Bearer tok"


def test_a_target_document_in_no_acceptable_type_is_asked_for_in_any(api: PageroApi, peer: RawPeer) -> None:
    peer.will(reply(406), reply(200, b"text"))
    with api.target_document("tok", "a-1") as streamed:
        assert list(streamed.chunks) == [b"text"]
    assert peer.requests[1].header("Accept") == "*/*"


def test_a_second_406_is_final(api: PageroApi, peer: RawPeer) -> None:
    peer.will(reply(406), reply(406))
    with pytest.raises(PageroRefusedRequest):
        api.target_document("tok", "a-1")


def test_a_401_for_a_download_comes_before_anything_is_streamed(api: PageroApi, peer: RawPeer) -> None:
    peer.will(reply(401, b"x" * 10_000))
    with pytest.raises(PageroUnauthorized):
        api.target_document("tok", "a-1")


def test_a_download_that_breaks_off_says_so(api: PageroApi, peer: RawPeer) -> None:
    peer.will(then(raw(b"HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nhalf"), hang_up))
    with api.target_document("tok", "a-1") as streamed, pytest.raises(PageroTimedOut):
        list(streamed.chunks)


def test_ten_views_use_one_connection(api: PageroApi, peer: RawPeer) -> None:
    peer.will(*[reply(200, EMPTY)] * 10)
    for _ in range(10):
        api.documents_json("tok", DocumentQuery())
    assert peer.connections == 1


def test_a_list_of_many_items_is_read(api: PageroApi, peer: RawPeer) -> None:
    body: dict[str, Any] = {"items": [{"id": str(number)} for number in range(5000)], "meta": {"total": 5000}}
    peer.will(reply(200, json.dumps(body).encode()))
    assert len(orjson.loads(api.documents_json("tok", DocumentQuery()))["items"]) == 5000


def test_a_list_of_more_than_five_mebibytes_is_garbled(api: PageroApi, peer: RawPeer) -> None:
    peer.will(then(reply(200, b" " * (5 * 1024 * 1024) + EMPTY), hang_up))
    with pytest.raises(PageroGarbled):
        api.documents_json("tok", DocumentQuery())
