"""Grants that nobody uses: which of them must be renewed before their three years are over, and how they stand.

A connection in use renews itself. The one whose access token has run out long ago is found here; the renewal itself is
Access.renew_idle, so that of many machines one does it.
"""

from dataclasses import dataclass
from datetime import timedelta

from sqlalchemy import ColumnElement, Engine, and_, func, or_, select

from app.clock import Clock
from app.db import database_now, reading
from app.models import ConnectionState, ReconnectReason
from app.tokens.columns import TABLE

GRANT_LIFE = timedelta(days=3 * 365)  # Pagero: refresh tokens have a rolling lifetime of three years


@dataclass(frozen=True, slots=True)
class Idle:
    """A connection to be renewed, as it was when it was found."""

    id: str
    generation: int


class Keeping:
    """The connections of one database as a timer sees them."""

    def __init__(self, engine: Engine, clock: Clock) -> None:
        self._engine = engine
        self._clock = clock

    def due(self, within: timedelta, at_most: int) -> list[Idle]:
        """Unused connections whose grant ends within that time, the oldest first, and those in doubt."""
        wanted = select(TABLE.c.id, TABLE.c.generation).where(self._is_due(within))
        with reading(self._engine) as connection:
            rows = connection.execute(wanted.order_by(TABLE.c.last_rotated_at, TABLE.c.id).limit(at_most))
            return [Idle(row.id, row.generation) for row in rows]

    def count_due(self, within: timedelta) -> int:
        """How many due() would find without a limit."""
        with reading(self._engine) as connection:
            return connection.scalar(select(func.count()).where(self._is_due(within))) or 0

    def states(self) -> dict[str, int]:
        """How many connections are in each state; unreadable ones are told apart."""
        wanted = select(TABLE.c.state, TABLE.c.reason, func.count()).group_by(TABLE.c.state, TABLE.c.reason)
        counted: dict[str, int] = {}
        with reading(self._engine) as connection:
            for state, reason, count in connection.execute(wanted):
                name = ReconnectReason.UNREADABLE.value if reason == ReconnectReason.UNREADABLE else state
                counted[name] = counted.get(name, 0) + count
        return counted

    def dead(self, at_most: int) -> list[tuple[str, str]]:
        """Id and reason of connections that need their person, and of those in doubt."""
        states = (ConnectionState.RECONNECT_NEEDED.value, ConnectionState.IN_DOUBT.value)
        wanted = select(TABLE.c.id, func.coalesce(TABLE.c.reason, TABLE.c.state)).where(TABLE.c.state.in_(states))
        with reading(self._engine) as connection:
            return [(row[0], row[1]) for row in connection.execute(wanted.order_by(TABLE.c.id).limit(at_most))]

    def _is_due(self, within: timedelta) -> ColumnElement[bool]:
        ends_soon = and_(
            TABLE.c.state == ConnectionState.ACTIVE.value,
            TABLE.c.last_rotated_at <= self._now(within - GRANT_LIFE),
            or_(TABLE.c.access_expires_at.is_(None), TABLE.c.access_expires_at <= self._now()),
        )
        return and_(
            or_(ends_soon, TABLE.c.state == ConnectionState.IN_DOUBT.value),
            or_(TABLE.c.lease_until.is_(None), TABLE.c.lease_until < self._now()),
            or_(TABLE.c.retry_at.is_(None), TABLE.c.retry_at <= self._now()),
        )

    def _now(self, later: timedelta = timedelta(0)) -> database_now:
        return database_now(self._clock.offset + later)
