"""What the threads of one process share."""

import os
import threading
from concurrent.futures import ThreadPoolExecutor

import pytest

from app.tokens.flights import Flights, Lookout


def test_who_comes_while_work_is_under_way_joins_it() -> None:
    flights = Flights[int]()
    begun, finish = threading.Event(), threading.Event()

    def work() -> int:
        begun.set()
        finish.wait(5)
        return 1

    first = flights.join("c", work)
    begun.wait(5)
    assert flights.join("c", lambda: 2) is first
    other = flights.join("d", lambda: 3)
    finish.set()
    assert (first.result(), other.result()) == (1, 3)
    flights.close()


def test_the_next_one_begins_anew_also_after_a_failure() -> None:
    flights = Flights[int]()
    with pytest.raises(ZeroDivisionError):
        flights.join("c", lambda: 1 // 0).result()
    assert flights.join("c", lambda: 4).result() == 4
    flights.close()


def test_a_bounded_number_runs_at_once() -> None:
    flights = Flights[bool](2)
    finish = threading.Event()
    under_way = [flights.join(name, lambda: finish.wait(5)) for name in "ab"]
    assert flights.is_full()
    queued = flights.join("c", lambda: finish.wait(5))
    assert not queued.running()
    finish.set()
    assert all(flight.result() for flight in [*under_way, queued])
    assert not flights.is_full()
    flights.close()


def test_a_forked_child_starts_with_nothing_under_way() -> None:
    flights, lookout = Flights[int](), Lookout(lambda name: f"{name} seen")
    finish = threading.Event()
    under_way = flights.join("c", lambda: int(finish.wait(5)))
    child = os.fork()
    if child == 0:
        good = flights.join("c", lambda: 7).result(timeout=5) == 7 and lookout.after_pause("c", 0.0) == "c seen"
        os._exit(0 if good else 1)
    finish.set()
    assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0
    assert under_way.result() == 1
    flights.close()


def test_threads_that_wait_for_one_connection_share_a_look() -> None:
    looks: list[str] = []

    def look(name: str) -> int:
        looks.append(name)
        return len(looks)

    lookout = Lookout(look)
    with ThreadPoolExecutor(20) as threads:
        seen = list(threads.map(lambda _: lookout.after_pause("c", 1.0), range(20)))
    assert len(looks) <= 2
    assert set(seen) <= {1, 2}
    assert lookout.after_pause("d", 0.0) == len(looks)


def test_a_look_that_fails_fails_for_all_who_share_it_and_for_nobody_after() -> None:
    answers: list[int] = []

    def look(_: str) -> int:
        if not answers:
            raise ZeroDivisionError
        return answers[0]

    lookout = Lookout(look)

    def attempt(_: int) -> str:
        try:
            lookout.after_pause("c", 1.0)
        except ZeroDivisionError:
            return "failed"
        return "seen"

    with ThreadPoolExecutor(5) as threads:
        assert set(threads.map(attempt, range(5))) == {"failed"}
    answers.append(1)
    assert lookout.after_pause("c", 0.0) == 1
