"""What administrators see of connections. Names the columns it reads; no token or lease column is among them."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Select, func, or_, select
from sqlalchemy.orm import Session

from app.models import Account, BrowserSession, Connection

PAGE = 50
LONGEST_SEARCH = 100

_activity = (
    select(BrowserSession.account_id, func.max(BrowserSession.last_seen_at).label("seen_at"))
    .group_by(BrowserSession.account_id)
    .subquery()
)


@dataclass(frozen=True)
class Line:
    """A connection with its person, one line of the list."""

    id: str
    account_id: str
    subject: str
    display_name: str | None
    state: str
    reason: str | None
    revoke_outcome: str | None
    connected_at: datetime
    last_rotated_at: datetime
    last_signed_in_at: datetime
    seen_at: datetime | None

    @property
    def active_at(self) -> datetime:
        """The newest sign of life that is known."""
        return max(self.last_signed_in_at, self.seen_at or self.last_signed_in_at)


@dataclass(frozen=True)
class Detail(Line):
    """One connection with everything an administrator may know about it."""

    issuer: str
    identity_source: str
    account_created_at: datetime
    generation: int
    access_expires_at: datetime | None
    granted_scope: str | None
    key_id: str | None
    failures: int
    retry_at: datetime | None
    last_refresh_outcome: str | None
    disconnected_at: datetime | None


_LINE = (
    Connection.id,
    Connection.account_id,
    Account.subject,
    Account.display_name,
    Connection.state,
    Connection.reason,
    Connection.revoke_outcome,
    Connection.connected_at,
    Connection.last_rotated_at,
    Account.last_signed_in_at,
    _activity.c.seen_at,
)
_DETAIL = (
    *_LINE,
    Account.issuer,
    Account.identity_source,
    Account.created_at.label("account_created_at"),
    Connection.generation,
    Connection.access_expires_at,
    Connection.granted_scope,
    Connection.key_id,
    Connection.failures,
    Connection.retry_at,
    Connection.last_refresh_outcome,
    Connection.disconnected_at,
)


def found(sql_session: Session, search: str = "", state: str | None = None, offset: int = 0) -> tuple[list[Line], int]:
    """A page of connections, newest sign-in first, and how many match in all."""
    total = sql_session.scalar(_matching(select(func.count(Connection.id)).join(Account), search, state)) or 0
    wanted = _matching(_with_person(_LINE), search, state)
    wanted = wanted.order_by(Account.last_signed_in_at.desc(), Connection.id).limit(PAGE).offset(offset)
    return [Line(**row._mapping) for row in sql_session.execute(wanted)], total


def one(sql_session: Session, connection_id: str) -> Detail | None:
    """One connection, or None."""
    row = sql_session.execute(_with_person(_DETAIL).where(Connection.id == connection_id)).one_or_none()
    return Detail(**row._mapping) if row else None


def counts(sql_session: Session) -> dict[str, int]:
    """How many connections are in each state; states without any are absent."""
    wanted = select(Connection.state, func.count()).group_by(Connection.state)
    return dict(sql_session.execute(wanted).all())


def issuers_seen(sql_session: Session) -> list[str]:
    """The issuers that accounts came from, so that the right one can be pinned."""
    return list(sql_session.scalars(select(Account.issuer).distinct().order_by(Account.issuer)))


def _with_person(columns: tuple[Any, ...]) -> Select[Any]:
    return (
        select(*columns)
        .join(Account, Account.id == Connection.account_id)
        .outerjoin(_activity, _activity.c.account_id == Account.id)
    )


def _matching(wanted: Select[Any], search: str, state: str | None) -> Select[Any]:
    if state:
        wanted = wanted.where(Connection.state == state)
    if search:
        part = search.lower()
        wanted = wanted.where(
            or_(
                func.lower(Account.subject).contains(part, autoescape=True),
                func.lower(Account.display_name).contains(part, autoescape=True),
                Connection.id == search,
            )
        )
    return wanted
