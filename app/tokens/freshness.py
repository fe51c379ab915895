"""What a connection's stored times mean. Pure: no clock, no SQL, no network; all times are the database's.

It refuses to guess: a connection that cannot be used is Disconnected or ReconnectNeeded here, before Pagero is called.
"""

import random
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import Enum, auto
from math import ceil

from app.errors import Disconnected, Frozen, ReconnectNeeded
from app.models import ConnectionState, ReconnectReason

MARGIN = timedelta(seconds=10)
"""So much life an access token must have left to be sent; less for tokens that live only for seconds."""
EARLIEST_SHARE, LATEST_SHARE = 0.25, 0.85
"""Between which shares of a token's life the early refresh falls due."""
FORCED_EVERY = timedelta(minutes=1)
FIRST_DELAY_SECONDS = 2.0  # a doubt is tried again soon: any grace the server has for used tokens is short
LONGEST_DELAY_SECONDS = 300.0


@dataclass(frozen=True, slots=True)
class ConnectionSnapshot:
    """A connection as it was at `now`; no token in it. Times and their meaning are models.Connection's."""

    id: str
    account_id: str
    state: str
    reason: str | None
    generation: int
    access_expires_at: datetime | None
    refresh_due_at: datetime | None
    lease_until: datetime | None
    retry_at: datetime | None
    forced_at: datetime | None
    now: datetime
    """The database's clock when this was read."""
    is_frozen: bool = False
    """Whether an operator had stopped everything at Pagero when this was read."""
    connected_at: datetime | None = None
    """When this grant was made: a new one makes a new connection of it, whatever its id."""


class Step(Enum):
    """What to do with a connection's access token."""

    USE = auto()
    USE_AND_RENEW = auto()  # send it, and renew beside the request
    RENEW = auto()
    FORCE = auto()  # renew although it looks fresh, because Pagero refused it
    WAIT = auto()  # somebody else is renewing
    COOL_DOWN = auto()  # the last renewal failed; not before retry_at
    GIVE_UP = auto()  # refused, and forced within the last minute already


def next_step(held: ConnectionSnapshot, refused: int | None = None) -> Step:
    """What to do now. `refused` is the generation the API answered 401 to.

    Raises Frozen, Disconnected, or ReconnectNeeded with the stored reason.
    """
    if held.is_frozen:
        raise Frozen
    _require_usable_state(held)
    if held.generation != refused and is_fresh(held):
        return Step.USE_AND_RENEW if is_due(held) and _is_free(held) else Step.USE
    if _is_cooling(held):
        return Step.USE if held.generation != refused and is_alive(held) else Step.COOL_DOWN
    if _is_leased(held):
        return Step.WAIT
    if held.generation != refused or not is_fresh(held) or held.state != ConnectionState.ACTIVE:
        return Step.RENEW
    return Step.GIVE_UP if held.forced_at and held.now < held.forced_at + FORCED_EVERY else Step.FORCE


def is_fresh(held: ConnectionSnapshot) -> bool:
    """Whether the access token will still be valid when it arrives at Pagero."""
    return held.access_expires_at is not None and held.now < held.access_expires_at - _margin(held)


def is_alive(held: ConnectionSnapshot) -> bool:
    """Whether the access token has not expired yet, if only just."""
    return held.access_expires_at is not None and held.now < held.access_expires_at


def is_due(held: ConnectionSnapshot) -> bool:
    """Whether a renewal is owed already: its drawn time has come, or an earlier one is in doubt."""
    doubtful = held.state == ConnectionState.IN_DOUBT
    return doubtful or (held.refresh_due_at is not None and held.refresh_due_at <= held.now)


def seconds_until_retry(held: ConnectionSnapshot) -> int:
    """Whole seconds of back-off left, at least 1."""
    return max(1, ceil((held.retry_at - held.now).total_seconds())) if held.retry_at else 1


def draw_due(issued_at: datetime, life_seconds: float) -> datetime:
    """When the early refresh of a pair falls due: drawn once and stored, so that all workers agree.

    Spread evenly over 60 % of the life: of 10,000 connections made in one minute no minute of the following hour holds
    more than 5 % of their refreshes (with 600 s of life; within one such life there are only ten minutes to share).
    """
    return issued_at + timedelta(seconds=life_seconds * random.uniform(EARLIEST_SHARE, LATEST_SHARE))  # noqa: S311


def back_off_seconds(failures: int, asked: int | None = None) -> float:
    """How long nobody may refresh after the `failures`-th failure in a row: 2, 4, 8 … 300 s, with jitter downwards.

    `asked` is Pagero's Retry-After; it counts within the same cap.
    """
    delay: float = min(LONGEST_DELAY_SECONDS, FIRST_DELAY_SECONDS * 2.0 ** min(max(failures, 1) - 1, 16))
    jittered = delay * random.uniform(0.5, 1.0)  # noqa: S311 - spreading, not secrecy
    return min(LONGEST_DELAY_SECONDS, max(jittered, float(asked or 0)))


def _require_usable_state(held: ConnectionSnapshot) -> None:
    if held.state == ConnectionState.DISCONNECTED:
        raise Disconnected
    if held.state != ConnectionState.RECONNECT_NEEDED:
        return
    # Unreadable tokens may be readable again once the missing key is back: they are tried now and then.
    if held.reason != ReconnectReason.UNREADABLE or not _is_free(held):
        raise ReconnectNeeded(held.reason or ReconnectReason.ENDED_AT_PAGERO)


def _margin(held: ConnectionSnapshot) -> timedelta:
    """Tokens that live for seconds only must not count as expired all their life."""
    if held.access_expires_at is None or held.refresh_due_at is None:
        return timedelta(0)
    return max(timedelta(0), min(MARGIN, (held.access_expires_at - held.refresh_due_at) / 3))


def _is_leased(held: ConnectionSnapshot) -> bool:
    return held.lease_until is not None and held.now <= held.lease_until


def _is_cooling(held: ConnectionSnapshot) -> bool:
    return held.retry_at is not None and held.now < held.retry_at


def _is_free(held: ConnectionSnapshot) -> bool:
    return not _is_leased(held) and not _is_cooling(held)
