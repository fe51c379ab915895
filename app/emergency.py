"""Stopping the bleeding: freeze everything this application does at Pagero, thaw it, disconnect everybody.

Who may do so, and whether they mean it, is decided by the caller. Disconnecting everybody may be stopped anywhere and
begun again; nothing it has done is done twice.
"""

from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field

from sqlalchemy import func, select
from sqlalchemy.exc import SQLAlchemyError
from structlog import get_logger

from app import audit
from app.connections import end_here, retry_revocations
from app.db import database_now, db, reading
from app.errors import NotFound
from app.models import Connection, ConnectionState, RevokeOutcome
from app.pace import Pace
from app.services import Services
from app.tokens import switches

AT_ONCE = 200
SWEEPS = 3  # who signs in meanwhile is found by the next one
TELLERS = 8  # threads that tell Pagero
MOST_FAILURES = 20  # in a row

Tell = Callable[["Tally"], None]
log = get_logger(__name__)


@dataclass
class Tally:
    """How far disconnecting everybody has come."""

    ended: int = 0
    failed: dict[str, str] = field(default_factory=dict)
    """Connections that could not be ended here, and why."""
    revocations: dict[RevokeOutcome, int] = field(default_factory=lambda: dict.fromkeys(RevokeOutcome, 0))
    connected: int = 0
    """Still connected at the end."""
    owed: int = 0
    """Ended here, not confirmed by Pagero yet."""

    @property
    def is_done(self) -> bool:
        """Whether nobody is connected and Pagero has confirmed everything."""
        return not (self.connected or self.owed or self.failed or self.revocations[RevokeOutcome.GIVEN_UP])


def freeze(services: Services, *, actor: str) -> bool:
    """Stop all renewing and all use of Pagero's API on all machines, from each one's next request on. False: it was."""
    now = db.session.scalars(select(database_now(services.clock.offset))).one()
    changed = switches.freeze(db.session(), actor, now)
    if changed:
        audit.record(db.session(), "connections.frozen", actor=actor)
    db.session.commit()
    return changed


def thaw(*, actor: str) -> bool:
    """Go on as before. False: it was not frozen."""
    changed = switches.thaw(db.session())
    if changed:
        audit.record(db.session(), "connections.thawed", actor=actor)
    db.session.commit()
    return changed


def count_connected() -> int:
    """How many connections are not disconnected."""
    with reading(db.engine) as connection:
        wanted = select(func.count()).where(Connection.state != ConnectionState.DISCONNECTED.value)
        return connection.scalar(wanted) or 0


def revoke_all(services: Services, pace: Pace, tell: Tell, *, actor: str) -> Tally:
    """End every connection here, as fast as the database can; then tell Pagero, no faster than the pace.

    `tell` is called now and then. What Pagero does not confirm stays owed and is tried again by the timer or the next
    call. Access tokens are not revoked one by one: they end by themselves within minutes.
    """
    tally = Tally()
    audit.record(db.session(), "connections.revoke_all", actor=actor)
    db.session.commit()
    for _ in range(SWEEPS):
        if not _sweep(services, tally, tell, actor):
            break
    _tell_pagero(services, pace, tally, tell, actor)
    tally.connected, tally.owed = count_connected(), _count_owed()
    return tally


def _sweep(services: Services, tally: Tally, tell: Tell, actor: str) -> bool:
    """Whether there was anybody to end."""
    found = False
    for ids in _batches():
        found = True
        for connection_id in ids:
            _end_one(services, connection_id, tally, actor)
        tell(tally)
    return found


def _batches() -> Iterator[list[str]]:
    last = ""
    while True:
        wanted = select(Connection.id).where(Connection.state != ConnectionState.DISCONNECTED.value)
        with reading(db.engine) as connection:
            ids = list(connection.scalars(wanted.where(Connection.id > last).order_by(Connection.id).limit(AT_ONCE)))
        if not ids:
            return
        yield ids
        last = ids[-1]


def _end_one(services: Services, connection_id: str, tally: Tally, actor: str) -> None:
    try:
        if end_here(services, connection_id, actor=actor, revoke_now=False):
            tally.ended += 1
        tally.failed.pop(connection_id, None)
    except NotFound:
        tally.failed.pop(connection_id, None)
    except SQLAlchemyError as error:
        db.session.rollback()
        tally.failed[connection_id] = type(error).__name__
        log.warning("revoke_all.failed", connection_id=connection_id, error=type(error).__name__)


def _tell_pagero(services: Services, pace: Pace, tally: Tally, tell: Tell, actor: str) -> None:
    """In several threads, because a call takes as long as Pagero does; until nothing is due or Pagero keeps failing."""
    in_a_row = 0
    with ThreadPoolExecutor(TELLERS) as threads:
        while in_a_row < MOST_FAILURES:
            turns = [
                threads.submit(retry_revocations, services, at_most=1, actor=actor)
                for _ in range(TELLERS)
                if pace.goes_on()
            ]
            told = [outcomes for turn in turns if any((outcomes := turn.result()).values())]
            for outcomes in told:
                in_a_row = 0 if outcomes[RevokeOutcome.CONFIRMED] else in_a_row + 1
                for outcome, count in outcomes.items():
                    tally.revocations[outcome] += count
            tell(tally)
            if not told:
                return


def _count_owed() -> int:
    with reading(db.engine) as connection:
        wanted = select(func.count()).where(Connection.revoke_outcome == RevokeOutcome.PENDING.value)
        return connection.scalar(wanted) or 0
