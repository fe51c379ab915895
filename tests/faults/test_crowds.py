"""Many processes, one expired token, one call."""

from collections.abc import Callable

from tests.faults.conftest import Person


def test_sixteen_processes_and_a_token_endpoint_that_takes_five_seconds(person: Callable[..., Person]) -> None:
    anna = person()
    anna.sandbox.knobs(token_delay_seconds=5)
    crowd = [anna.ask() for _ in range(16)]
    assert [one.result() for one in crowd] == [
        "served"
    ] * 16  # within their patience: who loses it is told to come back
    assert (anna.refreshes, anna.reuses) == (1, 0)
    assert (anna.row.generation, anna.row.state) == (2, "active")


def test_a_crowd_whose_token_pagero_refuses_forces_one_refresh(person: Callable[..., Person]) -> None:
    anna = person()
    anna.sandbox.ask("POST", "expire", {})
    crowd = [anna.ask(offset_seconds=0) for _ in range(8)]
    assert [one.result() for one in crowd] == ["served"] * 8
    assert (anna.refreshes, anna.reuses) == (1, 0)
