"""Answers kept for a moment: for whom, how long, how many."""

from dataclasses import replace
from datetime import UTC, datetime

import pytest

from app.dashboard.cache import KEPT_SECONDS, Kept, ReadsCache, holder_of
from tests.unit.dashboard.readings import HELD, NOW

ANNA, BJORN = ("connection-a", NOW), ("connection-b", NOW)


def kept(value: object = "v", size: int = 10) -> Kept:
    return Kept(value, None, NOW, size)


class Time:
    def __init__(self) -> None:
        self.now = 0.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def time() -> Time:
    return Time()


@pytest.fixture
def cache(time: Time) -> ReadsCache:
    return ReadsCache(20, most_entries=3, most_bytes=1000, seconds=time)


def test_an_answer_is_fresh_for_seconds_and_kept_for_minutes(cache: ReadsCache, time: Time) -> None:
    cache.put(ANNA, "q", kept())
    found = cache.get(ANNA, "q")
    assert found is not None
    assert cache.is_fresh(found)
    time.now = 20
    assert not cache.is_fresh(found)
    assert cache.get(ANNA, "q") is not None
    time.now = KEPT_SECONDS + 1
    assert cache.get(ANNA, "q") is None
    assert len(cache) == cache.size_bytes == 0


def test_nobody_meets_the_answer_of_somebody_else(cache: ReadsCache) -> None:
    cache.put(ANNA, "q", kept("annas"))
    assert cache.get(BJORN, "q") is None


def test_a_new_grant_of_the_same_connection_begins_with_nothing(cache: ReadsCache) -> None:
    cache.put(holder_of(HELD), "q", kept())
    again = replace(HELD, connected_at=datetime(2026, 6, 16, tzinfo=UTC))
    assert cache.get(holder_of(again), "q") is None
    assert cache.get(holder_of(replace(HELD, generation=HELD.generation + 1)), "q") is not None


def test_the_least_used_makes_room(cache: ReadsCache) -> None:
    for question in "abc":
        cache.put(ANNA, question, kept())
    cache.get(ANNA, "a")
    cache.put(ANNA, "d", kept())
    assert [bool(cache.get(ANNA, question)) for question in "abcd"] == [True, False, True, True]


def test_bytes_are_bounded_and_counted(cache: ReadsCache, time: Time) -> None:
    wide = ReadsCache(20, most_entries=100, most_bytes=1000, seconds=time)
    for number in range(50):
        wide.put(ANNA, number, kept(size=90))
    assert len(wide) == 11
    assert wide.size_bytes == 990
    wide.put(ANNA, 49, kept(size=10))
    assert wide.size_bytes == 910


def test_what_is_too_large_is_not_kept_and_replaces_what_was(cache: ReadsCache) -> None:
    cache.put(ANNA, "q", kept())
    cache.put(ANNA, "q", kept(size=101))
    assert cache.get(ANNA, "q") is None


def test_forgetting_a_connection_leaves_the_others(cache: ReadsCache, time: Time) -> None:
    cache.put(ANNA, "q", kept())
    cache.put(("connection-a", None), "r", kept())
    cache.put(BJORN, "q", kept())
    cache.forget("connection-a")
    assert len(cache) == 1
    time.now = KEPT_SECONDS + 1
    cache.forget("connection-x")
    assert len(cache) == 0


def test_one_answer_can_be_dropped(cache: ReadsCache) -> None:
    cache.put(ANNA, "q", kept())
    cache.drop(ANNA, "q")
    cache.drop(ANNA, "never there")
    assert cache.size_bytes == 0
