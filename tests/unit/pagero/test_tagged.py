"""Asking again whether an answer still holds."""

from collections.abc import Callable

import pytest

from app.errors import PageroGarbled, PageroNotFound, PageroTimedOut
from app.pagero.api import PageroApi
from app.pagero.records import DocumentQuery
from app.pagero.tagged import etag_of
from app.pagero.wire import Reply
from app.settings import Settings
from tests.unit.pagero.raw_peer import RawPeer, reply, say_nothing

LIST = b'{"items":[{"id":"a-1"}],"meta":{"total":1}}'


@pytest.fixture
def api(settings_at: Callable[..., Settings], peer: RawPeer) -> PageroApi:
    return PageroApi(settings_at(peer.origin))


def test_a_list_brings_its_tag_and_its_size(api: PageroApi, peer: RawPeer) -> None:
    peer.will(reply(200, LIST, 'ETag: "one"'))
    found = api.documents_tagged("tok", DocumentQuery(), None, 5)
    assert found.value is not None
    assert [item.id for item in found.value.items] == ["a-1"]
    assert (found.etag, found.size_bytes) == ('"one"', len(LIST))
    assert peer.requests[0].header("If-None-Match") is None


def test_a_list_that_still_holds_is_not_sent_again(api: PageroApi, peer: RawPeer) -> None:
    peer.will(reply(304, b"", 'ETag: "one"'))
    assert api.documents_tagged("tok", DocumentQuery(), '"one"', 5).value is None
    assert peer.requests[0].header("If-None-Match") == '"one"'


def test_a_document_is_read_in_the_same_way(api: PageroApi, peer: RawPeer) -> None:
    peer.will(reply(200, b'{"id":"a-1"}'))
    found = api.document_tagged("tok", "a-1", None, 5)
    assert found.value is not None
    assert (found.value.id, found.etag) == ("a-1", None)


def test_not_modified_that_nobody_asked_about_is_not_an_answer(api: PageroApi, peer: RawPeer) -> None:
    peer.will(reply(304, b""))
    with pytest.raises(Exception, match="list documents"):
        api.documents_tagged("tok", DocumentQuery(), None, 5)


def test_another_documents_answer_and_no_document_are_refused(api: PageroApi, peer: RawPeer) -> None:
    peer.will(reply(200, b'{"id":"a-2"}'), reply(404))
    with pytest.raises(PageroGarbled):
        api.document_tagged("tok", "a-1", None, 5)
    with pytest.raises(PageroNotFound):
        api.document_tagged("tok", "a-1", '"one"', 5)


def test_the_callers_seconds_count(api: PageroApi, peer: RawPeer) -> None:
    peer.will(say_nothing)
    with pytest.raises(PageroTimedOut):
        api.documents_tagged("tok", DocumentQuery(), None, 0.2)


@pytest.mark.parametrize("etag", ['"a"', 'W/"a"'])
def test_a_tag_in_order_is_kept(etag: str) -> None:
    assert etag_of(Reply(200, {"etag": etag}, b"")) == etag


@pytest.mark.parametrize("etag", ["", "a", '""', '"', '"å"', '"a\x0b"', '"' + "x" * 300 + '"'])
def test_any_other_tag_is_none(etag: str) -> None:
    assert etag_of(Reply(200, {"etag": etag}, b"")) is None
