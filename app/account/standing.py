"""What an account's page says about its connection. Reads states and times only, never a token."""

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import select, update
from sqlalchemy.orm import Session

from app.models import Account, Connection

GRANT_YEARS = 3  # Pagero: refresh tokens have a rolling lifetime of three years
LAST_OF_FEBRUARY = 28


@dataclass(frozen=True)
class Standing:
    """An account with its connection, as its person may see it."""

    subject: str
    issuer: str
    display_name: str | None
    identity_source: str
    connection_id: str | None
    state: str | None
    reason: str | None
    connected_at: datetime | None
    renewed_at: datetime | None
    access_until: datetime | None
    disconnected_at: datetime | None
    revoke_outcome: str | None

    @property
    def ends_at(self) -> datetime | None:
        """When the rolling three years are over unless Pagero renews before."""
        return years_after(self.renewed_at, GRANT_YEARS) if self.renewed_at else None


def standing(sql_session: Session, account_id: str) -> Standing:
    """The account as it stands. The account must exist."""
    wanted = (
        select(
            Account.subject,
            Account.issuer,
            Account.display_name,
            Account.identity_source,
            Connection.id.label("connection_id"),
            Connection.state,
            Connection.reason,
            Connection.connected_at,
            Connection.last_rotated_at.label("renewed_at"),
            Connection.access_expires_at.label("access_until"),
            Connection.disconnected_at,
            Connection.revoke_outcome,
        )
        .outerjoin(Connection, Connection.account_id == Account.id)
        .where(Account.id == account_id)
    )
    return Standing(**sql_session.execute(wanted).one()._mapping)


def remember_language(sql_session: Session, account_id: str, language: str) -> None:
    """Keep the language for this account's next browser, and commit."""
    sql_session.execute(update(Account).where(Account.id == account_id).values(language=language))
    sql_session.commit()


def years_after(start: datetime, years: int) -> datetime:
    """The same day so many years later; 29 February becomes 28 February."""
    try:
        return start.replace(year=start.year + years)
    except ValueError:
        return start.replace(year=start.year + years, day=LAST_OF_FEBRUARY)
