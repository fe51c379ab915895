"""What a page shows: what was read a moment ago, what Pagero says, or the last answer and why."""

from dataclasses import replace
from datetime import timedelta
from typing import Any, cast

import pytest

from app.dashboard.cache import Kept, ReadsCache, holder_of
from app.dashboard.reader import Reader
from app.dashboard.reads import PATIENCE_SECONDS, Reads
from app.errors import (
    AppError,
    Disconnected,
    Frozen,
    PageroBusy,
    PageroFailed,
    PageroForbidden,
    PageroGarbled,
    PageroNotFound,
    PageroTimedOut,
    PageroUnauthorized,
    PageroUnreachable,
    ReconnectNeeded,
)
from app.pagero.records import DocumentPage, DocumentQuery
from app.pagero.tagged import Tagged
from tests.unit.dashboard.readings import HELD, NOW, PlayedReader

QUERY = DocumentQuery(direction="Sent")
EARLIER = NOW - timedelta(minutes=5)
PAGE = DocumentPage((), 7, 0, 25, 0)
OPERATION = "list documents"


@pytest.fixture
def reader() -> PlayedReader:
    return PlayedReader()


@pytest.fixture
def cache() -> ReadsCache:
    return ReadsCache(0)  # whatever is kept is old at once


def reads(reader: PlayedReader, cache: ReadsCache, seconds: float = 12) -> Reads:
    return Reads(cast(Reader, reader), cache, NOW, seconds)


def remember(cache: ReadsCache, value: Any = PAGE, etag: str | None = '"old"') -> None:
    cache.put(holder_of(HELD), ("documents", QUERY), Kept(value, etag, EARLIER, 300))


def test_the_second_reading_within_seconds_asks_nobody(reader: PlayedReader) -> None:
    cache = ReadsCache(20)
    first = reads(reader, cache).documents(QUERY)
    assert reads(reader, cache).documents(QUERY) == first
    assert len(reader.etags) == 1
    reads(reader, cache).document("d1")
    assert len(reader.etags) == 2


def test_an_old_answer_is_asked_for_again_with_its_tag(reader: PlayedReader, cache: ReadsCache) -> None:
    remember(cache)
    reader.answer = Tagged(None, None, 0)
    found = reads(reader, cache).documents(QUERY)
    assert reader.etags == ['"old"']
    assert (found.value, found.read_at, found.fault) == (PAGE, NOW, None)
    kept = cache.get(holder_of(HELD), ("documents", QUERY))
    assert kept is not None
    assert (kept.etag, kept.read_at, kept.size_bytes) == ('"old"', NOW, 300)


def test_not_modified_without_a_question_is_a_fault(reader: PlayedReader, cache: ReadsCache) -> None:
    reader.answer = Tagged(None, None, 0)
    with pytest.raises(PageroFailed):
        reads(reader, cache).documents(QUERY)


@pytest.mark.parametrize(
    "fault",
    [PageroUnreachable(OPERATION), PageroTimedOut(OPERATION), PageroBusy(OPERATION, 503, 9), PageroFailed(OPERATION)],
)
def test_the_last_answer_stands_in_while_pagero_gives_none(
    reader: PlayedReader, cache: ReadsCache, fault: AppError
) -> None:
    remember(cache)
    reader.answer = fault
    found = reads(reader, cache).documents(QUERY)
    assert (found.value, found.read_at, found.fault) == (PAGE, EARLIER, fault)


@pytest.mark.parametrize(
    "fault",
    [
        PageroUnauthorized(OPERATION),
        PageroForbidden(OPERATION),
        PageroNotFound(OPERATION),
        ReconnectNeeded("ended_at_pagero"),
        Disconnected(),
    ],
)
def test_after_a_no_nothing_kept_is_shown_and_it_is_forgotten(
    reader: PlayedReader, cache: ReadsCache, fault: AppError
) -> None:
    remember(cache)
    reader.answer = fault
    with pytest.raises(type(fault)):
        reads(reader, cache).documents(QUERY)
    assert len(cache) == 0


def test_an_unreadable_answer_is_said_and_not_covered_up(reader: PlayedReader, cache: ReadsCache) -> None:
    remember(cache)
    reader.answer = PageroGarbled(OPERATION)
    with pytest.raises(PageroGarbled):
        reads(reader, cache).documents(QUERY)


@pytest.mark.parametrize(
    ("change", "fault"),
    [
        ({"state": "disconnected"}, Disconnected),
        ({"state": "reconnect_needed"}, ReconnectNeeded),
        ({"is_frozen": True}, Frozen),
    ],
)
def test_a_connection_that_is_over_shows_nothing_that_is_kept(
    reader: PlayedReader, change: dict[str, Any], fault: type[AppError]
) -> None:
    cache = ReadsCache(20)
    remember(cache)
    reader.connection = replace(HELD, **change)
    with pytest.raises(fault):
        reads(reader, cache).documents(QUERY)
    assert reader.etags == []


def test_nobody_waits_long_where_there_is_something_to_show(reader: PlayedReader, cache: ReadsCache) -> None:
    reads(reader, cache).documents(QUERY)
    reads(reader, cache).documents(QUERY)
    assert reader.seconds[0] > PATIENCE_SECONDS
    assert reader.seconds[1] <= PATIENCE_SECONDS


def test_a_page_has_one_budget_for_all_it_asks(reader: PlayedReader, cache: ReadsCache) -> None:
    spent = reads(reader, cache, seconds=0)
    with pytest.raises(PageroTimedOut):
        spent.documents(QUERY)
    remember(cache)
    assert spent.documents(QUERY).fault is not None
    assert reader.etags == []


def test_a_reader_without_connection_needs_a_new_one() -> None:
    reader = Reader(cast(Any, None), cast(Any, None), None)
    asks = [
        lambda: reader.documents(DocumentQuery()),
        lambda: reader.target_document("d"),
        lambda: reads(cast(Any, reader), ReadsCache(0)).document("d"),
    ]
    for ask in asks:
        with pytest.raises(ReconnectNeeded):
            ask()
