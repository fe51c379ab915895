"""How often one address may ask."""

import pytest

from app.errors import TooManyRequests
from app.web import rates
from app.web.rates import RateLimit


class Seconds:
    """A clock that moves when told."""

    def __init__(self) -> None:
        self.now = 0.0

    def __call__(self) -> float:
        return self.now


def test_a_burst_is_let_through_and_then_refused() -> None:
    limit = RateLimit(burst=3, per_second=1, clock=Seconds())

    assert [limit.allows("192.0.2.1") for _ in range(5)] == [True, True, True, False, False]


def test_time_gives_back_what_was_used_up() -> None:
    clock = Seconds()
    limit = RateLimit(burst=2, per_second=0.5, clock=clock)
    assert [limit.allows("192.0.2.1") for _ in range(3)] == [True, True, False]

    clock.now = 2.0

    assert [limit.allows("192.0.2.1") for _ in range(2)] == [True, False]


def test_waiting_long_gives_no_more_than_a_burst() -> None:
    clock = Seconds()
    limit = RateLimit(burst=2, per_second=1, clock=clock)
    limit.allows("192.0.2.1")
    clock.now = 1000.0

    assert [limit.allows("192.0.2.1") for _ in range(3)] == [True, True, False]


def test_addresses_do_not_pay_for_each_other() -> None:
    limit = RateLimit(burst=1, per_second=1, clock=Seconds())

    assert limit.allows("192.0.2.1")
    assert limit.allows("192.0.2.2")


def test_all_addresses_of_one_ipv6_network_count_as_one() -> None:
    limit = RateLimit(burst=1, per_second=1, clock=Seconds())

    assert limit.allows("2001:db8::1")
    assert not limit.allows("2001:db8::2")
    assert limit.allows("2001:db8:0:1::1")


@pytest.mark.parametrize("address", [None, "", "not an address"])
def test_an_unknown_address_is_limited_as_well(address: str | None) -> None:
    limit = RateLimit(burst=1, per_second=1, clock=Seconds())

    assert [limit.allows(address) for _ in range(2)] == [True, False]


def test_a_refusal_says_when_to_come_back() -> None:
    limit = RateLimit(burst=0, per_second=0.1, clock=Seconds())

    with pytest.raises(TooManyRequests) as refused:
        limit.require("192.0.2.1")

    assert refused.value.retry_after == 10


def test_the_memory_of_addresses_is_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(rates, "MOST_ADDRESSES", 10)
    limit = RateLimit(burst=1, per_second=1, clock=Seconds())

    for number in range(100):
        assert limit.allows(f"192.0.2.{number}")

    assert len(limit._buckets) == 10


def test_ipv4_addresses_that_arrive_as_ipv6_do_not_pay_for_each_other() -> None:
    limit = RateLimit(burst=1, per_second=1, clock=Seconds())

    assert limit.allows("::ffff:192.0.2.1")
    assert limit.allows("::ffff:192.0.2.2")
    assert not limit.allows("192.0.2.2")


def test_another_port_is_not_another_address() -> None:
    limit = RateLimit(burst=1, per_second=1, clock=Seconds())

    assert limit.allows("192.0.2.1:1001")
    assert not limit.allows("192.0.2.1:1002")
    assert limit.allows("[2001:db8::1]:1001")
    assert not limit.allows("2001:db8::2")
