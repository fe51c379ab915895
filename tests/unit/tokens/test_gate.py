"""The way to the API: how many at once, what opens the breaker, and what does not."""

import time
from concurrent.futures import ThreadPoolExecutor
from threading import Barrier, Event

import pytest

from app.errors import PageroBusy, PageroFailed, PageroTimedOut, PageroUnreachable
from app.tokens.gate import Gate


class Time:
    def __init__(self) -> None:
        self.now = 100.0

    def __call__(self) -> float:
        return self.now


def raising(fault: Exception) -> None:
    raise fault


def test_an_answer_passes() -> None:
    assert Gate(1).through(lambda: 7) == 7


def test_five_that_cannot_reach_pagero_close_the_way_for_a_moment() -> None:
    clock = Time()
    gate = Gate(8, clock)
    for _ in range(5):
        with pytest.raises(PageroUnreachable):
            gate.through(lambda: raising(PageroUnreachable("x")))
    with pytest.raises(PageroBusy) as refusal:
        gate.through(lambda: 1)
    assert refusal.value.retry_after == 5
    clock.now += 6
    assert gate.through(lambda: 1) == 1
    assert gate.through(lambda: 1) == 1


def test_answers_that_say_no_close_nothing() -> None:
    gate = Gate(8, Time())
    for _ in range(20):
        with pytest.raises(PageroFailed):
            gate.through(lambda: raising(PageroFailed("x", 500)))
        with pytest.raises(PageroTimedOut):  # a line cut at once
            gate.through(lambda: raising(PageroTimedOut("x")))
    assert gate.through(lambda: 1) == 1


def test_calls_that_run_out_of_time_close_the_way() -> None:
    clock = Time()
    gate = Gate(8, clock)

    def slow() -> None:
        clock.now += 1.5
        raise PageroTimedOut("x")

    for _ in range(5):
        with pytest.raises(PageroTimedOut):
            gate.through(slow)
    with pytest.raises(PageroBusy):
        gate.through(lambda: 1)


def test_while_calls_are_slow_one_more_is_refused_at_once() -> None:
    clock = Time()
    gate, started, release = Gate(2, clock), Barrier(3), Event()

    def held() -> None:
        started.wait(5)
        release.wait(5)

    with ThreadPoolExecutor(2) as pool:
        running = [pool.submit(gate.through, held) for _ in range(2)]
        started.wait(5)
        clock.now += 2
        began = time.monotonic()
        with pytest.raises(PageroBusy) as refusal:
            gate.through(lambda: 1)
        assert time.monotonic() - began < 0.5
        assert refusal.value.retry_after == 2
        assert gate.running == 2
        release.set()
        for each in running:
            each.result()
    assert gate.through(lambda: 1) == 1
    assert gate.running == 0


def test_while_calls_are_quick_one_more_waits_for_its_turn() -> None:
    gate, started, release = Gate(1), Barrier(2), Event()

    def held() -> None:
        started.wait(5)
        release.wait(5)

    with ThreadPoolExecutor(2) as pool:
        first = pool.submit(gate.through, held)
        started.wait(5)
        second = pool.submit(gate.through, lambda: 2)
        release.set()
        assert second.result(5) == 2
        first.result()
