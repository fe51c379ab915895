"""Parts of a page that are asked for side by side."""

import time
from contextvars import ContextVar

import pytest

from app.dashboard.parts import Part, side_by_side
from app.errors import PageroTimedOut

request_name: ContextVar[str] = ContextVar("request_name", default="none")


def test_parts_take_as_long_as_the_slowest() -> None:
    began = time.monotonic()
    done = side_by_side({name: lambda: time.sleep(0.2) for name in "abcd"})
    assert set(done) == set("abcd")
    assert time.monotonic() - began < 0.6


def test_one_part_fails_alone() -> None:
    def fail() -> str:
        raise fault

    fault = PageroTimedOut("list documents")
    assert side_by_side({"good": lambda: "here", "bad": fail}) == {"good": Part("here"), "bad": Part(None, fault)}
    assert side_by_side({"bad": fail, "good": lambda: "here"}) == {"good": Part("here"), "bad": Part(None, fault)}


@pytest.mark.parametrize("order", ["first", "second"])
def test_a_defect_is_not_taken_for_a_fault_of_pagero(order: str) -> None:
    tasks = {"first": lambda: 1, "second": lambda: 1, order: lambda: 1 // 0}
    with pytest.raises(ZeroDivisionError):
        side_by_side(tasks)


def test_parts_know_whose_request_they_belong_to() -> None:
    request_name.set("anna's")
    done = side_by_side(dict.fromkeys("ab", request_name.get))
    assert [part.value for part in done.values()] == ["anna's", "anna's"]


def test_nothing_to_do_is_done_at_once() -> None:
    assert side_by_side({}) == {}
