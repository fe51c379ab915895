"""What stored times mean, by the database's clock."""

from collections import Counter
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from app.errors import Disconnected, ReconnectNeeded
from app.tokens.freshness import (
    ConnectionSnapshot,
    Step,
    back_off_seconds,
    draw_due,
    is_alive,
    is_due,
    is_fresh,
    next_step,
    seconds_until_retry,
)

NOW = datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC)


def in_seconds(seconds: float) -> datetime:
    return NOW + timedelta(seconds=seconds)


HELD = ConnectionSnapshot(
    id="c",
    account_id="a",
    state="active",
    reason=None,
    generation=5,
    access_expires_at=in_seconds(300),
    refresh_due_at=in_seconds(100),
    lease_until=None,
    retry_at=None,
    forced_at=None,
    now=NOW,
)
EXPIRED = replace(HELD, access_expires_at=in_seconds(-1), refresh_due_at=in_seconds(-100))
DUE = replace(HELD, refresh_due_at=in_seconds(0))


@pytest.mark.parametrize(
    ("held", "refused", "step"),
    [
        (HELD, None, Step.USE),
        (replace(HELD, retry_at=in_seconds(9)), None, Step.USE),
        (replace(HELD, lease_until=in_seconds(9)), None, Step.USE),
        (HELD, 4, Step.USE),  # another token was refused
        (DUE, None, Step.USE_AND_RENEW),
        (replace(DUE, lease_until=in_seconds(1)), None, Step.USE),
        (replace(DUE, lease_until=in_seconds(0)), None, Step.USE),
        (replace(DUE, lease_until=in_seconds(-1)), None, Step.USE_AND_RENEW),
        (replace(DUE, retry_at=in_seconds(1)), None, Step.USE),
        (replace(DUE, retry_at=in_seconds(0)), None, Step.USE_AND_RENEW),
        (replace(HELD, state="in_doubt"), None, Step.USE_AND_RENEW),  # a doubt is cleared up soon
        (replace(HELD, refresh_due_at=None), None, Step.USE),  # no refresh token: used to its very end
        (EXPIRED, None, Step.RENEW),
        (replace(EXPIRED, state="in_doubt"), None, Step.RENEW),
        (replace(EXPIRED, lease_until=in_seconds(1)), None, Step.WAIT),
        (replace(EXPIRED, lease_until=in_seconds(-1)), None, Step.RENEW),
        (replace(EXPIRED, retry_at=in_seconds(1)), None, Step.COOL_DOWN),
        (replace(EXPIRED, retry_at=in_seconds(1), lease_until=in_seconds(1)), None, Step.COOL_DOWN),
        (replace(EXPIRED, retry_at=in_seconds(0)), None, Step.RENEW),
        (replace(HELD, access_expires_at=in_seconds(5), retry_at=in_seconds(9)), None, Step.USE),  # last seconds
        (replace(HELD, access_expires_at=in_seconds(5), retry_at=in_seconds(9)), 5, Step.COOL_DOWN),
        (replace(HELD, access_expires_at=in_seconds(0), retry_at=in_seconds(9)), None, Step.COOL_DOWN),
        (HELD, 5, Step.FORCE),
        (replace(HELD, forced_at=in_seconds(-61)), 5, Step.FORCE),
        (replace(HELD, forced_at=in_seconds(-60)), 5, Step.FORCE),
        (replace(HELD, forced_at=in_seconds(-59)), 5, Step.GIVE_UP),
        (replace(HELD, forced_at=in_seconds(-59), lease_until=in_seconds(1)), 5, Step.WAIT),
        (replace(HELD, forced_at=in_seconds(-59), retry_at=in_seconds(1)), 5, Step.COOL_DOWN),
        (replace(HELD, forced_at=in_seconds(-59), state="in_doubt"), 5, Step.RENEW),  # owed anyway
        (replace(EXPIRED, forced_at=in_seconds(-59)), 5, Step.RENEW),  # owed anyway
        (replace(EXPIRED, access_expires_at=None), None, Step.RENEW),
        (replace(EXPIRED, state="reconnect_needed", reason="unreadable"), None, Step.RENEW),
    ],
)
def test_next_step(held: ConnectionSnapshot, refused: int | None, step: Step) -> None:
    assert next_step(held, refused) == step


@pytest.mark.parametrize(
    ("state", "reason", "shown"),
    [
        ("ended_at_pagero", "ended_at_pagero", "ended_at_pagero"),
        ("rotation_lost", "rotation_lost", "rotation_lost"),
        ("without a reason", None, "ended_at_pagero"),
    ],
)
def test_a_connection_that_needs_its_person_is_not_used(state: str, reason: str | None, shown: str) -> None:
    with pytest.raises(ReconnectNeeded) as needed:
        next_step(replace(HELD, state="reconnect_needed", reason=reason))
    assert needed.value.reason == shown


@pytest.mark.parametrize("busy", [{"retry_at": in_seconds(1)}, {"lease_until": in_seconds(1)}])
def test_unreadable_tokens_are_tried_only_now_and_then(busy: dict[str, datetime]) -> None:
    with pytest.raises(ReconnectNeeded) as needed:
        next_step(replace(EXPIRED, state="reconnect_needed", reason="unreadable", **busy))  # type: ignore[arg-type]
    assert needed.value.reason == "unreadable"


def test_a_disconnected_connection_is_not_used() -> None:
    with pytest.raises(Disconnected):
        next_step(replace(HELD, state="disconnected"))


@pytest.mark.parametrize(
    ("life", "due", "margin"), [(600, 500, 10), (600, 150, 10), (30, 15, 5), (5, 2, 1), (5, 4.25, 0.25), (0, 0, 0)]
)
def test_the_margin_is_ten_seconds_but_less_for_short_lives(life: float, due: float, margin: float) -> None:
    held = replace(HELD, access_expires_at=in_seconds(life), refresh_due_at=in_seconds(due))
    just_before, just_then = (replace(held, now=in_seconds(life - margin - early)) for early in (0.001, 0))
    assert is_fresh(just_before)
    assert not is_fresh(just_then)
    assert is_alive(just_then) == (margin > 0)
    assert not is_alive(replace(held, now=in_seconds(life)))


def test_without_a_token_nothing_is_fresh_or_alive_or_due() -> None:
    nothing = replace(HELD, access_expires_at=None, refresh_due_at=None)
    assert not is_fresh(nothing)
    assert not is_alive(nothing)
    assert not is_due(nothing)


def test_waiting_seconds_are_whole_and_at_least_one() -> None:
    retry = [replace(HELD, retry_at=moment) for moment in (in_seconds(4.2), in_seconds(0.1), in_seconds(-9), None)]
    assert [seconds_until_retry(held) for held in retry] == [5, 1, 1, 1]


def test_the_early_refresh_is_due_within_the_life_and_never_near_its_ends() -> None:
    drawn = [(draw_due(NOW, 600) - NOW).total_seconds() for _ in range(5_000)]
    assert 150 <= min(drawn) < 160
    assert 500 < max(drawn) <= 510
    assert draw_due(NOW, 0) == NOW


def _busiest_share(life_seconds: float, watched_seconds: float) -> float:
    """10,000 connections made within one minute and used all the time: the fullest minute's share of all refreshes."""
    per_minute: Counter[int] = Counter()
    for number in range(10_000):
        at = in_seconds(60 * number / 10_000)
        while (at := draw_due(at, life_seconds)) < in_seconds(watched_seconds):
            per_minute[int((at - NOW).total_seconds() // 60)] += 1
    return max(per_minute.values()) / per_minute.total()


def test_ten_thousand_connections_of_one_minute_never_refresh_together() -> None:
    assert _busiest_share(life_seconds=600, watched_seconds=3600) <= 0.05
    assert _busiest_share(life_seconds=3600, watched_seconds=3600) <= 0.05


def test_back_off_doubles_with_jitter_up_to_five_minutes() -> None:
    for failures, longest in [(0, 2), (1, 2), (2, 4), (3, 8), (8, 256), (9, 300), (100, 300), (100_000, 300)]:
        drawn = [back_off_seconds(failures) for _ in range(200)]
        assert longest / 2 <= min(drawn) < max(drawn) <= longest


def test_retry_after_counts_within_the_cap() -> None:
    assert back_off_seconds(1, 60) == 60
    assert back_off_seconds(1, 10**9) == 300
    assert 1 <= back_off_seconds(1, 0) <= 2
    assert 128 <= back_off_seconds(8, 5) <= 256
