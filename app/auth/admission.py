"""From an identity and its tokens to a signed-in account: one commit, or nothing at all.

Refuses to give a reconnection to anybody but the account that asked for it.
"""

import time
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import select
from sqlalchemy.exc import IntegrityError, InterfaceError, OperationalError, SQLAlchemyError
from sqlalchemy.orm import Session
from structlog import get_logger

from app import audit
from app.auth.identity import Identity
from app.db import database_now
from app.errors import AppError, SignInFailed, StorageUnavailable
from app.models import Account
from app.pagero.oauth import TokenEndpoint
from app.pagero.records import TokenAnswer
from app.services import Services
from app.web import sessions

RETRY_PAUSES_SECONDS = (0.1, 0.4, 1.0)  # Pagero has taken the code by now: it is worth waiting for the database

log = get_logger(__name__)


@dataclass(frozen=True)
class Admission:
    """Everything one commit needs."""

    identity: Identity
    answer: TokenAnswer
    asked_at: datetime
    """When the code was sent to Pagero: the tokens' lives are counted from here."""
    callback_iss: str | None
    reconnects: str | None
    """The account this sign-in must come back as, or None."""
    device: sessions.Device
    replaces: str | None
    """The row id of the session this browser had."""


def admit(parts: Services, sql_session: Session, wanted: Admission) -> str:
    """Make or find the account, store its tokens, begin a session; answers the session's secret id.

    Raises SignInFailed (other_person, session_ended), and StorageUnavailable when the database stays away; then nothing
    was changed.
    """
    for pause in (*RETRY_PAUSES_SECONDS, None):
        try:
            secret_id = _admit_once(parts, sql_session, wanted)
            sql_session.commit()
        except (OperationalError, InterfaceError, IntegrityError) as error:  # integrity: one person's first, twice
            sql_session.rollback()
            log.warning("admission_not_stored", fault=type(error).__name__, again=pause is not None)
            if pause is not None:
                time.sleep(pause)
        except SQLAlchemyError as error:  # what trying again does not mend
            sql_session.rollback()
            log.warning("admission_not_stored", fault=type(error).__name__, again=False)
            break
        else:
            return secret_id
    raise StorageUnavailable


def give_back(endpoint: TokenEndpoint, answer: TokenAnswer) -> None:
    """Revoke tokens that found no account; when that fails as well, say so in the log."""
    try:
        if answer.refresh_token:
            endpoint.revoke(answer.refresh_token, "refresh_token")
        else:
            endpoint.revoke(answer.access_token, "access_token")
    except AppError as error:
        log.warning("tokens_orphaned", fault=type(error).__name__)
    else:
        log.warning("tokens_given_back")


def record_failure(sql_session: Session, reason: str, account_id: str | None) -> None:
    """Write a failed sign-in into the trail, in a commit of its own. Without a database the log line must do."""
    try:
        sql_session.rollback()  # what the sign-in had begun
        audit.record(sql_session, "sign_in.failed", outcome="failed", reason=reason, account_id=account_id)
        sql_session.commit()
    except SQLAlchemyError as error:
        sql_session.rollback()
        log.warning("audit_not_written", fault=type(error).__name__)


def sign_out(sql_session: Session, visitor: sessions.Visitor) -> None:
    """End this session, in a commit of its own."""
    if sessions.end(sql_session, visitor.session_id, visitor.account_id):
        audit.record(sql_session, "session.ended", account_id=visitor.account_id)
    sql_session.commit()


def _admit_once(parts: Services, sql_session: Session, wanted: Admission) -> str:
    now = sql_session.scalars(select(database_now(parts.clock.offset))).one()
    account = _account(sql_session, wanted, now)
    parts.vault.store_grant(sql_session, account.id, wanted.answer, wanted.asked_at)
    secret_id = sessions.start(sql_session, account.id, wanted.device, now, wanted.replaces)
    audit.record(sql_session, "connection.made", account_id=account.id)
    audit.record(sql_session, "session.started", account_id=account.id)
    return secret_id


def _account(sql_session: Session, wanted: Admission, now: datetime) -> Account:
    identity = wanted.identity
    known = select(Account).where(Account.issuer == identity.issuer, Account.subject == identity.subject)
    account = sql_session.scalars(known).one_or_none()
    if wanted.reconnects and (account is None or account.id != wanted.reconnects):
        raise SignInFailed("other_person", "reconnect came back as another person")
    if account is None:
        account = Account(issuer=identity.issuer, subject=identity.subject, created_at=now)
        sql_session.add(account)
    account.identity_source = identity.source
    account.display_name = identity.display_name or account.display_name
    account.callback_issuer = wanted.callback_iss
    account.last_signed_in_at = now
    sql_session.flush()
    return account
