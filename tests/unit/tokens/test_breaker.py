"""When a process stops calling the token endpoint, and when it stops believing it."""

from app.tokens.breaker import Breaker, RefusalWatch


class Seconds:
    def __init__(self) -> None:
        self.now = 1000.0

    def __call__(self) -> float:
        return self.now


def _opened(seconds: Seconds) -> Breaker:
    breaker = Breaker(seconds)
    for _ in range(5):
        assert breaker.admit() == 0
        breaker.failed()
    return breaker


def test_five_failures_within_ten_seconds_open_it_and_one_probe_goes_through_every_five() -> None:
    seconds = Seconds()
    breaker = _opened(seconds)
    assert breaker.admit() == 5
    seconds.now += 4.5
    assert breaker.admit() == 1
    seconds.now += 0.5
    assert [breaker.admit() for _ in range(3)] == [0, 5, 5]
    breaker.failed()
    assert breaker.admit() == 5
    seconds.now += 5
    assert breaker.admit() == 0
    breaker.succeeded()
    assert [breaker.admit() for _ in range(3)] == [0, 0, 0]


def test_failures_that_are_spread_do_not_open_it() -> None:
    seconds = Seconds()
    breaker = Breaker(seconds)
    for _ in range(20):
        breaker.failed()
        assert breaker.admit() == 0
        seconds.now += 2.6


def test_one_failure_opens_it_when_the_next_call_would_fail_as_well() -> None:
    breaker = Breaker(Seconds())
    breaker.failed(at_once=True)
    assert breaker.admit() == 5


def test_a_probe_that_was_not_used_goes_to_the_next() -> None:
    seconds = Seconds()
    breaker = _opened(seconds)
    seconds.now += 5
    assert breaker.admit() == 0
    breaker.unused()
    assert [breaker.admit(), breaker.admit()] == [0, 5]
    closed = Breaker(seconds)
    closed.unused()
    assert [closed.admit(), closed.admit()] == [0, 0]


def test_success_forgets_earlier_failures() -> None:
    breaker = Breaker(Seconds())
    for _ in range(4):
        breaker.failed()
    breaker.succeeded()
    breaker.failed()
    assert breaker.admit() == 0


def test_ten_refusals_are_too_many_if_they_are_a_fifth_of_all() -> None:
    watch = RefusalWatch(Seconds())
    assert not any(watch.note(refused=True) for _ in range(9))
    assert watch.note(refused=True)
    for _ in range(40):
        suspicious = watch.note(refused=False)
    assert suspicious
    assert not watch.note(refused=False)


def test_refusals_are_forgotten_after_five_minutes() -> None:
    seconds = Seconds()
    watch = RefusalWatch(seconds)
    for _ in range(12):
        watch.note(refused=True)
    seconds.now += 301
    assert not watch.note(refused=True)
