"""Workers that die or stop in the middle of a refresh: at most one more call, and one of two outcomes."""

import os
import signal
import time
from collections.abc import Callable

import pytest

from tests.faults.conftest import Person
from tests.faults.processes import POINTS

ROUNDS = int(os.environ.get("FAULT_ROUNDS", "1"))
LEASE = {"refresh_lease_seconds": 7, "pagero_token_seconds": 2, "pagero_connect_seconds": 1}
NOTHING_SPENT, SPENT, SAVED = "nothing spent", "spent", "saved"
LEFT = {
    "before sending": NOTHING_SPENT,
    "in flight": SPENT,
    "after the answer": SPENT,
    "before the commit": SPENT,
    "after the commit": SAVED,
}


def _kill_one(anna: Person, point: str) -> list[str]:
    """One process dies at the point; three more have come meanwhile. What became of these."""
    anna.sandbox.knobs(token_delay_seconds=0.5)
    victim = anna.ask(point=point)
    _until(lambda: anna.row.fence > 1)
    others = [anna.ask() for _ in range(3)]
    assert victim.result() == "killed"
    anna.outlast_the_lease()
    return [one.result() for one in others]


def _until(condition: Callable[[], bool], seconds: float = 10) -> None:
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, "waited in vain"
        time.sleep(0.01)


@pytest.mark.parametrize("turn", range(ROUNDS))
@pytest.mark.parametrize("point", POINTS)
def test_a_kill_costs_at_most_one_more_call_and_says_what_happened(
    person: Callable[..., Person], point: str, turn: int
) -> None:
    anna = person(**LEASE)
    outcomes = _kill_one(anna, point)
    again = anna.ask().result()
    if LEFT[point] == SPENT:  # a strict server: the grant is over, and the reason is known
        assert {*outcomes, again} == {"rotation_lost"}
        assert (anna.row.state, anna.row.reason) == ("reconnect_needed", "rotation_lost")
        assert (anna.refreshes, anna.reuses) == (2, 1)
    else:
        assert {*outcomes, again} == {"served"}
        assert (anna.row.state, anna.refreshes, anna.reuses) == ("active", 1, 0)


@pytest.mark.parametrize("point", [point for point in POINTS if LEFT[point] == SPENT])
def test_a_kill_costs_nothing_where_the_server_forgives(person: Callable[..., Person], point: str) -> None:
    anna = person(**LEASE)
    anna.sandbox.knobs(reuse_grace_seconds=60)
    assert set(_kill_one(anna, point)) == {"served"}
    assert (anna.row.state, anna.row.generation, anna.refreshes) == ("active", 2, 2)


def test_a_holder_stopped_in_the_middle_of_its_commit_goes_on_with_it(person: Callable[..., Person]) -> None:
    anna = person(**LEASE)
    late = anna.ask(point="before the commit", sent=signal.SIGSTOP)
    late.wait_until_stopped()
    other = anna.ask()
    time.sleep(1)
    os.kill(late.pid, signal.SIGCONT)
    assert (late.result(), other.result()) == ("served", "served")
    assert (anna.row.generation, anna.refreshes, anna.reuses) == (2, 1, 0)


@pytest.mark.parametrize("grace", [0, 60])
def test_a_late_writer_is_fenced_off(person: Callable[..., Person], grace: int) -> None:
    anna = person(**LEASE)
    anna.sandbox.knobs(reuse_grace_seconds=grace)
    late = anna.ask(point="after the answer", sent=signal.SIGSTOP)
    late.wait_until_stopped()
    anna.outlast_the_lease()
    expected = "served" if grace else "rotation_lost"
    assert anna.ask().result() == expected
    stored = dict(anna.row)
    os.kill(late.pid, signal.SIGCONT)
    assert late.result() == expected
    assert dict(anna.row) == stored
    assert anna.refreshes == 2


def test_a_holder_stopped_before_sending_does_not_send(person: Callable[..., Person]) -> None:
    anna = person(**LEASE)
    late = anna.ask(point="with the lease in hand", sent=signal.SIGSTOP)
    late.wait_until_stopped()
    assert anna.ask().result() == "served"
    os.kill(late.pid, signal.SIGCONT)
    assert late.result() == "served"
    assert (anna.refreshes, anna.reuses, anna.row.generation) == (1, 0, 2)
