"""The lease on a connection: the right to refresh it, held by one worker at a time, judged by the database's clock.

Every change of a holder is one conditional UPDATE on owner, fence and generation, in a transaction of its own. A holder
that was replaced, or whose connection was ended or signed in anew, changes nothing; only a pair it brings is stored as
long as nothing newer is.
"""

import os
import socket
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import Enum, auto
from secrets import token_hex
from typing import Any, cast

from sqlalchemy import ColumnElement, CursorResult, Engine, Update, and_, case, null, or_, select, update
from sqlalchemy.orm import Session

from app.clock import Clock
from app.db import database_now, reading
from app.models import ConnectionState, ReconnectReason, audit_event
from app.tokens import columns
from app.tokens.columns import REFRESH, TABLE, Renewal
from app.tokens.freshness import FORCED_EVERY
from app.tokens.sealing import Sealer
from app.tokens.switches import FROZEN

UNREADABLE_PAUSE = timedelta(minutes=1)
MASS_REFUSAL = "mass_refusal"
"""Outcome of a refresh that Pagero refused while it refused so many that no single one was believed."""


@dataclass(frozen=True, slots=True)
class Lease:
    """The right to refresh one generation of one connection, until `lease_until` in its row."""

    connection_id: str
    account_id: str
    generation: int
    owner: str
    fence: int
    in_doubt: bool
    """Whether an earlier call with this refresh token may have spent it."""
    failures: int
    """Refreshes failed in a row, for whatever reason."""
    refused_before: int
    """Refusals in a row that were not believed because there were too many of them everywhere."""
    claimed_at: datetime
    """The database's clock when the lease was taken: a new token's life is counted from here."""
    sealed_refresh_token: bytes | None = field(repr=False)

    @property
    def row(self) -> columns.Row:
        """What the leased envelopes are bound to."""
        return columns.Row(self.connection_id, self.account_id, self.generation)


class Fate(Enum):
    """What became of an answer that was to be saved."""

    SAVED = auto()
    OVERTAKEN = auto()  # another worker or a new sign-in advanced the connection
    ENDED = auto()  # disconnected meanwhile, or the row is gone: the answer's tokens must be revoked


class Leases:
    """Taking, keeping and giving back leases."""

    def __init__(self, engine: Engine, sealer: Sealer, clock: Clock, lease_seconds: float) -> None:
        self._engine = engine
        self._sealer = sealer
        self._clock = clock
        self._life = timedelta(seconds=lease_seconds)

    def take(self, connection_id: str, generation: int, *, forced: bool = False) -> Lease | None:
        """The lease, if the connection still has this generation, is free, and is not cooling down; else None.

        This is the second look, and it proves that the database can be written before a token is spent. From here on
        the refresh token counts as handed out: found so by the next holder, the connection is in doubt.
        """
        owner = f"{socket.gethostname()[:40]}:{os.getpid()}:{token_hex(6)}"
        claim = update(TABLE).where(TABLE.c.id == connection_id, TABLE.c.generation == generation, self._claimable())
        if forced:
            claim = claim.where(_null_or(TABLE.c.forced_at, TABLE.c.forced_at <= self._now(-FORCED_EVERY)))
            claim = claim.values(forced_at=self._now())
        handed_out = TABLE.c.spent_generation == TABLE.c.generation
        claim = claim.values(
            lease_owner=owner,
            lease_until=self._now(self._life),
            fence=TABLE.c.fence + 1,
            state=case((handed_out, _DOUBT), else_=TABLE.c.state),
            reason=case((handed_out, null()), else_=TABLE.c.reason),
            spent_generation=TABLE.c.generation,
        ).returning(*(TABLE.c[name] for name in _CLAIMED), self._now().label("claimed_at"))
        with self._engine.begin() as connection:
            row = connection.execute(claim).first()
        if row is None:
            return None
        return Lease(
            connection_id=connection_id,
            account_id=row.account_id,
            generation=generation,
            owner=owner,
            fence=row.fence,
            in_doubt=row.state == ConnectionState.IN_DOUBT,
            failures=row.failures,
            refused_before=row.failures if row.last_refresh_outcome == MASS_REFUSAL else 0,
            claimed_at=row.claimed_at,
            sealed_refresh_token=row.sealed_refresh_token,
        )

    def open(self, lease: Lease) -> str | None:
        """The refresh token; None when Pagero never gave one. Raises SealBroken."""
        if lease.sealed_refresh_token is None:
            return None
        return self._sealer.open(lease.sealed_refresh_token, lease.row.place(REFRESH))

    def renew(self, lease: Lease) -> bool:
        """Hold on for another life of the lease. False: it is somebody else's by now."""
        return self._change(lease, {"lease_until": self._now(self._life)})

    def save(self, lease: Lease, renewal: Renewal) -> Fate:
        """Store the new pair and give the lease back. SQLAlchemy's errors pass through.

        Somebody else may have taken over while this holder was paused. As long as they have stored nothing, this pair
        is the only one that works: their call carries the token that was spent for it. So it is stored all the same,
        also while their call runs. They are fenced off: refused, they look again and find this pair; forgiven, they
        drop what they got. Because Pagero may have taken their call for a theft, the connection is left in doubt: the
        next view renews early and finds out. A connection given up after a refusal stays so: there the theft is known.
        """
        values = columns.renewed_columns(self._sealer, renewal)
        if self._write(_if_held(lease).values(**values), lease.account_id, "connection.renewed"):
            return Fate.SAVED
        if self._replace_spent(renewal, _UNREADABLE, state=_DOUBT):
            return Fate.SAVED
        return self._fate(renewal.spent, own_fence=lease.fence)

    def restore(self, renewal: Renewal) -> Fate:
        """Store a pair that could not be saved when it came, unless the connection has moved on or was ended since.

        Whoever refreshes at this moment with the token that was spent for this pair is fenced off. A connection given
        up because that token was refused, or could not be opened elsewhere, comes back: nothing newer exists.
        """
        if self._replace_spent(renewal, or_(_LOST, _UNREADABLE), state=ConnectionState.ACTIVE.value):
            return Fate.SAVED
        return self._fate(renewal.spent)

    def fail(self, lease: Lease, outcome: str, delay_seconds: float, *, doubtful: bool) -> bool:
        """Give the lease back after a call without success; nobody tries again before the delay is over.

        Doubtful: the refresh token may be spent. Otherwise it certainly is not, and an older doubt stays as it was.
        Failures are counted in a row; a MASS_REFUSAL counts only others of its kind.
        """
        more = TABLE.c.failures + 1
        alone = case((TABLE.c.last_refresh_outcome == MASS_REFUSAL, more), else_=1)
        values: dict[str, Any] = {
            **columns.WITHOUT_LEASE,
            "retry_at": self._now(timedelta(seconds=delay_seconds)),
            "failures": alone if outcome == MASS_REFUSAL else more,
            "last_refresh_outcome": outcome,
        }
        values |= {"state": _DOUBT, "reason": None} if doubtful else {"forced_at": None}
        return self._change(lease, values)

    def release(self, lease: Lease) -> bool:
        """Give the lease back unused: the refresh token was not handed to anybody."""
        return self._change(lease, {**columns.WITHOUT_LEASE, "forced_at": None})

    def end(self, lease: Lease, reason: ReconnectReason) -> bool:
        """Mark the connection as needing its person. The sealed tokens stay until the next sign-in or disconnect."""
        values: dict[str, Any] = {
            **columns.WITHOUT_LEASE,
            "state": ConnectionState.RECONNECT_NEEDED.value,
            "reason": reason.value,
            "last_refresh_outcome": reason.value,
            "retry_at": None,
        }
        if reason == ReconnectReason.UNREADABLE:
            # Another machine may have the key. Then it must know of the doubt this state hides.
            values |= {"retry_at": self._now(UNREADABLE_PAUSE)}
            values |= {"spent_generation": lease.generation if lease.in_doubt else None}
        change = _if_held(lease).values(**values)
        return self._write(change, lease.account_id, "connection.reconnect_needed", reason.value)

    def _replace_spent(self, renewal: Renewal, given_up: ColumnElement[bool], *, state: str) -> bool:
        """Store a pair in place of the generation it spent, whoever has the lease now, and fence them off."""
        spent = update(TABLE).where(
            TABLE.c.id == renewal.spent.connection_id,
            TABLE.c.generation == renewal.spent.generation,
            or_(_USABLE, given_up),
        )
        values = columns.renewed_columns(self._sealer, renewal) | {"fence": TABLE.c.fence + 1, "state": state}
        return self._write(spent.values(**values), renewal.spent.account_id, "connection.renewed")

    def _change(self, lease: Lease, values: dict[str, Any]) -> bool:
        with self._engine.begin() as connection:
            return connection.execute(_if_held(lease).values(**values)).rowcount == 1

    def _write(self, change: Update, account_id: str, action: str, reason: str | None = None) -> bool:
        """A change and its line in the audit trail, in one transaction. False: there was nothing to change."""
        event = audit_event(self._clock.now(), action, reason=reason, account_id=account_id)
        with Session(self._engine) as sql_session, sql_session.begin():
            changed = cast("CursorResult[Any]", sql_session.execute(change)).rowcount == 1
            if changed:
                sql_session.add(event)
        return changed

    def _fate(self, spent: columns.Row, own_fence: int | None = None) -> Fate:
        wanted = select(TABLE.c.state, TABLE.c.fence, TABLE.c.generation).where(TABLE.c.id == spent.connection_id)
        with reading(self._engine) as connection:
            row = connection.execute(wanted).first()
        if row is None or row.state == ConnectionState.DISCONNECTED:
            return Fate.ENDED
        # Our own commit may have been reported as failed although it happened: nobody else ever has our fence.
        ours = row.fence == own_fence and row.generation == spent.generation + 1
        return Fate.SAVED if ours else Fate.OVERTAKEN

    def _claimable(self) -> ColumnElement[bool]:
        return and_(
            or_(_USABLE, _UNREADABLE),
            _null_or(TABLE.c.lease_until, TABLE.c.lease_until < self._now()),
            _null_or(TABLE.c.retry_at, TABLE.c.retry_at <= self._now()),
            ~FROZEN,
        )

    def _now(self, later: timedelta = timedelta(0)) -> database_now:
        return database_now(self._clock.offset + later)


_DOUBT = ConnectionState.IN_DOUBT.value
_USABLE = TABLE.c.state.in_((ConnectionState.ACTIVE.value, _DOUBT))


def _given_up(reason: ReconnectReason) -> ColumnElement[bool]:
    return and_(TABLE.c.state == ConnectionState.RECONNECT_NEEDED.value, TABLE.c.reason == reason.value)


_LOST = _given_up(ReconnectReason.ROTATION_LOST)
_UNREADABLE = _given_up(ReconnectReason.UNREADABLE)
_CLAIMED = ("account_id", "fence", "state", "failures", "last_refresh_outcome", REFRESH)


def _null_or(column: ColumnElement[Any], condition: ColumnElement[bool]) -> ColumnElement[bool]:
    return or_(column.is_(None), condition)


def _if_held(lease: Lease) -> Update:
    return update(TABLE).where(
        TABLE.c.id == lease.connection_id,
        TABLE.c.lease_owner == lease.owner,
        TABLE.c.fence == lease.fence,
        TABLE.c.generation == lease.generation,
    )
