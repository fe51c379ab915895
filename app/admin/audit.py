"""The audit trail as administrators read it. Only reads."""

from dataclasses import dataclass
from typing import Any

from sqlalchemy import Select, func, select
from sqlalchemy.orm import Session

from app.models import Account, AuditEvent

PAGE = 50
OF_ONE = 25


@dataclass(frozen=True)
class Event:
    """One event with the names of the people in it, as far as their accounts exist."""

    what: AuditEvent
    subject: str | None
    actor_subject: str | None


def trail(
    sql_session: Session, action: str = "", account_id: str = "", outcome: str = "", offset: int = 0
) -> tuple[list[Event], int]:
    """A page of events, newest first, and how many match in all."""
    chosen = {AuditEvent.action: action, AuditEvent.account_id: account_id, AuditEvent.outcome: outcome}
    conditions = [column == value for column, value in chosen.items() if value]
    total = sql_session.scalar(select(func.count(AuditEvent.id)).where(*conditions)) or 0
    return _events(sql_session, _newest().where(*conditions).limit(PAGE).offset(offset)), total


def of_account(sql_session: Session, account_id: str) -> list[Event]:
    """The newest events of one account."""
    return _events(sql_session, _newest().where(AuditEvent.account_id == account_id).limit(OF_ONE))


def actions(sql_session: Session) -> list[str]:
    """Every action that has happened, for the filter."""
    return list(sql_session.scalars(select(AuditEvent.action).distinct().order_by(AuditEvent.action)))


def outcomes(sql_session: Session) -> list[str]:
    """Every outcome that has happened, for the filter."""
    return list(sql_session.scalars(select(AuditEvent.outcome).distinct().order_by(AuditEvent.outcome)))


def _newest() -> Select[Any]:
    return select(AuditEvent).order_by(AuditEvent.id.desc())


def _events(sql_session: Session, wanted: Select[Any]) -> list[Event]:
    events = list(sql_session.scalars(wanted))
    people = {event.account_id for event in events} | {event.actor for event in events}
    named = select(Account.id, Account.subject).where(Account.id.in_(people - {None}))
    subjects = dict(sql_session.execute(named).all())
    return [Event(event, subjects.get(event.account_id or ""), subjects.get(event.actor)) for event in events]
