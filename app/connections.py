"""Use cases that end connections: here first and for certain, then at Pagero, and honest about what Pagero said.

Who may end whose connection is decided by the caller.
"""

from sqlalchemy import delete, select

from app import audit
from app.db import db
from app.errors import NotFound
from app.models import SYSTEM, BrowserSession, Connection, ConnectionState, RevokeOutcome
from app.services import Services
from app.tokens.revocations import Leaving


def disconnect(services: Services, connection_id: str, *, actor: str) -> RevokeOutcome:
    """End a connection on all machines at once, then revoke its tokens at Pagero.

    `actor` is the acting account's id, or `command`. When that is somebody else than the account itself, its browser
    sessions end as well. Answers what Pagero said: confirmed, pending (it will be tried again) or given up. Ending an
    ended connection changes nothing and answers what was said before. Raises NotFound for an unknown id.
    """
    leaving = end_here(services, connection_id, actor=actor)
    if leaving is None:
        return _said_before(connection_id)
    return services.vault.revocations.carry_out(services.endpoint, leaving, actor)


def end_here(services: Services, connection_id: str, *, actor: str, revoke_now: bool = True) -> Leaving | None:
    """The first half of disconnect(): from here on it is gone on our side, whatever Pagero says.

    The caller revokes what is answered at once; with `revoke_now` false it is due for retry_revocations() instead.
    None: it was disconnected before. Raises NotFound for an unknown id.
    """
    connection = db.session.scalars(
        select(Connection)
        .where(Connection.id == connection_id)
        .with_for_update()
        .execution_options(populate_existing=True)
    ).one_or_none()
    if connection is None:
        db.session.rollback()
        raise NotFound
    if connection.state == ConnectionState.DISCONNECTED:
        db.session.rollback()
        return None
    leaving = services.vault.revocations.end_here(db.session(), connection, due_at_once=not revoke_now)
    if actor != leaving.account_id:
        db.session.execute(delete(BrowserSession).where(BrowserSession.account_id == leaving.account_id))
    audit.record(db.session, "connection.ended", account_id=leaving.account_id, actor=actor)
    db.session.commit()
    return leaving


def retry_revocations(services: Services, *, at_most: int, actor: str = SYSTEM) -> dict[RevokeOutcome, int]:
    """Try again, once each, the revocations whose time has come. Many machines may do so at once.

    Answers how many ended in which outcome.
    """
    outcomes = dict.fromkeys(RevokeOutcome, 0)
    for _ in range(at_most):
        leaving = services.vault.revocations.take_due()
        if leaving is None:
            break
        outcomes[services.vault.revocations.carry_out(services.endpoint, leaving, actor)] += 1
    return outcomes


def _said_before(connection_id: str) -> RevokeOutcome:
    said = db.session.scalar(select(Connection.revoke_outcome).where(Connection.id == connection_id))
    db.session.rollback()
    return RevokeOutcome(said or RevokeOutcome.GIVEN_UP)
