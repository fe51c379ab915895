"""Ending a connection: here first and for certain, then at Pagero, with the outcome written down.

Until Pagero has confirmed, the refresh token stays sealed so that the revocation can be tried again; it is never used
for anything else, and it is wiped when Pagero confirms or when we give up. It refuses to wipe what it cannot open:
another machine, or this one with its key back, can still revoke it.
"""

from dataclasses import dataclass, field
from datetime import timedelta
from typing import TYPE_CHECKING, Any, Literal, cast

from sqlalchemy import ColumnElement, CursorResult, Engine, and_, case, select, update
from sqlalchemy.orm import Session
from structlog import get_logger

from app.clock import Clock
from app.db import database_now, reading
from app.errors import PageroError, SealBroken
from app.models import Connection, ConnectionState, RevokeOutcome, audit_event
from app.tokens import columns
from app.tokens.columns import ACCESS, REFRESH, TABLE
from app.tokens.sealing import Sealer

if TYPE_CHECKING:
    from app.pagero.oauth import TokenEndpoint

MOST_ATTEMPTS = 12
FIRST_RETRY_SECONDS = 60
LONGEST_RETRY_SECONDS = 6 * 3600  # twelve attempts then reach over a day and a half
ATTEMPT_TAKES = timedelta(minutes=2)
"""Nobody else tries while one attempt may be running: two calls of at most a minute each."""

CANDIDATES = 20

log = get_logger(__name__)


@dataclass(frozen=True, slots=True)
class Leaving:
    """The tokens of an ended connection, to be revoked at Pagero."""

    connection_id: str
    account_id: str
    generation: int
    attempts: int
    is_unreadable: bool
    """Whether there is a refresh token that this machine cannot open."""
    refresh_token: str | None = field(repr=False)
    access_token: str | None = field(default=None, repr=False)


class Revocations:
    """Connections on their way out."""

    def __init__(self, engine: Engine, sealer: Sealer, clock: Clock) -> None:
        self._engine = engine
        self._sealer = sealer
        self._clock = clock

    def end_here(self, sql_session: Session, connection: Connection, *, due_at_once: bool = False) -> Leaving:
        """End a connection in the caller's transaction, which holds its row locked, and take its tokens along.

        A refresh that is running is fenced off. The access token is wiped at once; it lives for minutes anyway. The
        caller carries the revocation out; or, with `due_at_once`, leaves it to whoever asks take_due() next.
        """
        now = sql_session.scalars(select(self._now())).one()
        leaving = self._leaving(connection, attempts=0, access_token=self._opened(connection, ACCESS))
        has_refresh_token = connection.sealed_refresh_token is not None
        values: dict[str, Any] = {
            **columns.WITHOUT_LEASE,
            **({ACCESS: None} if has_refresh_token else columns.WITHOUT_TOKENS),
            "state": ConnectionState.DISCONNECTED.value,
            "reason": None,
            "fence": connection.fence + 1,
            "access_expires_at": None,
            "refresh_due_at": None,
            "retry_at": None,
            "forced_at": None,
            "disconnected_at": now,
            "revoke_outcome": RevokeOutcome.PENDING.value,
            "revoke_attempts": 0,
            "revoke_retry_at": now if due_at_once else now + ATTEMPT_TAKES,
        }
        for name, value in values.items():
            setattr(connection, name, value)
        sql_session.flush()
        return leaving

    def take_late(self, late: columns.Renewal) -> Leaving:
        """Tokens that arrived after the end. The refresh token is kept sealed in the ended row until it is revoked."""
        row, pair = late.row, late.pair
        values = {
            REFRESH: self._sealer.seal(pair.refresh_token or "", row.place(REFRESH)),
            "key_id": self._sealer.key_id,
            "generation": row.generation,
            "revoke_outcome": RevokeOutcome.PENDING.value,
            "revoke_attempts": 0,
            "revoke_retry_at": self._now(ATTEMPT_TAKES),
        }
        ended = and_(
            TABLE.c.id == row.connection_id,
            TABLE.c.generation == late.spent.generation,
            TABLE.c.state == ConnectionState.DISCONNECTED.value,
        )
        with self._engine.begin() as connection:
            connection.execute(update(TABLE).where(ended).values(**values))
        return Leaving(
            row.connection_id, row.account_id, row.generation, 0, False, pair.refresh_token, pair.access_token
        )

    def take_due(self) -> Leaving | None:
        """One revocation whose next attempt is due, taken by this caller alone; None when there is none it can do.

        Tokens under a key this machine lacks are left untouched for a machine that has it.
        """
        due = and_(
            TABLE.c.state == ConnectionState.DISCONNECTED.value,
            TABLE.c.revoke_outcome == RevokeOutcome.PENDING.value,
            TABLE.c.revoke_retry_at <= self._now(),
        )
        foreign = case((TABLE.c.key_id.not_in(self._sealer.key_ids), True), else_=False)
        with reading(self._engine) as connection:
            wanted = select(TABLE.c.id, foreign.label("foreign")).where(due).order_by(foreign)
            candidates = connection.execute(wanted.limit(CANDIDATES)).all()
        for candidate in candidates:
            if candidate.foreign:
                _tell_unreadable(candidate.id)
            elif leaving := self._take(candidate.id, due):
                return leaving
        return None

    def carry_out(self, endpoint: "TokenEndpoint", leaving: Leaving, actor: str) -> RevokeOutcome:
        """Revoke at Pagero: the refresh token, then the access token (RFC 7009, 2.1). Records the outcome."""
        outcome = self._outcome(leaving, confirmed=_revoked_at_pagero(endpoint, leaving))
        attempts = leaving.attempts if leaving.is_unreadable else leaving.attempts + 1
        values: dict[str, Any] = {"revoke_outcome": outcome.value, "revoke_attempts": attempts}
        if outcome == RevokeOutcome.PENDING:
            delay = min(LONGEST_RETRY_SECONDS, FIRST_RETRY_SECONDS * 2**leaving.attempts)
            values["revoke_retry_at"] = self._now(timedelta(seconds=delay))
        else:
            values |= {**columns.WITHOUT_TOKENS, "revoke_retry_at": None}
        self._record(leaving, values, outcome, actor)
        return outcome

    def _outcome(self, leaving: Leaving, *, confirmed: bool) -> RevokeOutcome:
        if leaving.is_unreadable:
            return RevokeOutcome.PENDING
        if confirmed:
            return RevokeOutcome.CONFIRMED
        can_try_again = leaving.refresh_token is not None and leaving.attempts + 1 < MOST_ATTEMPTS
        return RevokeOutcome.PENDING if can_try_again else RevokeOutcome.GIVEN_UP

    def _record(self, leaving: Leaving, values: dict[str, Any], outcome: RevokeOutcome, actor: str) -> None:
        """Only if the row still waits for this very token: a new sign-in or a later token wins."""
        waiting = update(TABLE).where(
            TABLE.c.id == leaving.connection_id,
            TABLE.c.generation == leaving.generation,
            TABLE.c.state == ConnectionState.DISCONNECTED.value,
        )
        word = "ok" if outcome == RevokeOutcome.CONFIRMED else outcome.value
        event = audit_event(self._clock.now(), "connection.revoked", word, account_id=leaving.account_id, actor=actor)
        with Session(self._engine) as sql_session, sql_session.begin():
            sql_session.execute(waiting.values(**values))
            sql_session.add(event)
        log.info("connection.revoked", connection_id=leaving.connection_id, outcome=outcome.value)

    def _take(self, connection_id: str, due: ColumnElement[bool]) -> Leaving | None:
        """None: somebody else was first, or it cannot be opened; then it is due again later."""
        attempt = update(TABLE).where(TABLE.c.id == connection_id, due).values(revoke_retry_at=self._now(ATTEMPT_TAKES))
        with Session(self._engine) as sql_session, sql_session.begin():
            if cast("CursorResult[Any]", sql_session.execute(attempt)).rowcount != 1:
                return None
            row = sql_session.get_one(Connection, connection_id)
            leaving = self._leaving(row, attempts=row.revoke_attempts)
        return None if leaving.is_unreadable else leaving

    def _leaving(self, connection: Connection, *, attempts: int, access_token: str | None = None) -> Leaving:
        refresh_token = self._opened(connection, REFRESH)
        is_unreadable = refresh_token is None and connection.sealed_refresh_token is not None
        if is_unreadable:
            _tell_unreadable(connection.id)
        return Leaving(
            connection_id=connection.id,
            account_id=connection.account_id,
            generation=connection.generation,
            attempts=attempts,
            is_unreadable=is_unreadable,
            refresh_token=refresh_token,
            access_token=access_token,
        )

    def _opened(self, connection: Connection, column: str) -> str | None:
        row = columns.Row(connection.id, connection.account_id, connection.generation)
        sealed: bytes | None = getattr(connection, column)
        try:
            return self._sealer.open(sealed, row.place(column)) if sealed is not None else None
        except SealBroken:
            return None

    def _now(self, later: timedelta = timedelta(0)) -> database_now:
        return database_now(self._clock.offset + later)


def _tell_unreadable(connection_id: str) -> None:
    log.critical("revoke.unreadable", connection_id=connection_id)


def _revoked_at_pagero(endpoint: "TokenEndpoint", leaving: Leaving) -> bool:
    """Whether the grant is ended. The access token alone may live on for minutes; that does not unmake the answer."""
    if leaving.refresh_token is None:
        return _is_told(endpoint, leaving, leaving.access_token, "access_token")
    if not _is_told(endpoint, leaving, leaving.refresh_token, "refresh_token"):
        return False
    _is_told(endpoint, leaving, leaving.access_token, "access_token")
    return True


def _is_told(
    endpoint: "TokenEndpoint", leaving: Leaving, token: str | None, hint: Literal["refresh_token", "access_token"]
) -> bool:
    if token is None:
        return False
    try:
        endpoint.revoke(token, hint)
    except PageroError as error:
        log.warning("revoke.failed", connection_id=leaving.connection_id, hint=hint, error=type(error).__name__)
        return False
    return True
