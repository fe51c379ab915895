"""One-time links an administrator makes for one account, so that its person connects again.

A link lets nobody in: it begins a sign-in at Pagero that only the account's own person can finish. Looking at it spends
nothing; beginning the sign-in does. The database knows the token by its SHA-256 only.
"""

import secrets
from datetime import timedelta
from hashlib import sha256
from typing import Any, cast

from sqlalchemy import ColumnElement, CursorResult, delete, insert, select, update

from app import audit
from app.db import database_now, db, reading
from app.errors import RequestRefused
from app.models import ReconnectLink
from app.services import Services

TOKEN_BYTES = 32
LONGEST_TOKEN = 100  # letters: what is longer is not looked up
VALID = timedelta(hours=24)


class LinkRefused(RequestRefused):
    """A link that is unknown, used or too old: which of them is not said."""

    status = 410
    page = "reconnect_link"
    reason = "link_over"


class LinkOfAnother(LinkRefused):
    """The browser is signed in as somebody else than the link is for. It is not spent."""

    status = 409
    reason = "link_of_another"


def make(services: Services, account_id: str, *, actor: str) -> str:
    """A new link's token, in a commit of its own; links made before for this account and not used end."""
    token = secrets.token_urlsafe(TOKEN_BYTES)
    now = db.session.scalars(select(database_now(services.clock.offset))).one()
    older = (ReconnectLink.account_id == account_id, ReconnectLink.used_at.is_(None))
    db.session.execute(delete(ReconnectLink).where(*older))
    times = {"made_at": now, "expires_at": now + VALID}
    db.session.execute(
        insert(ReconnectLink).values(token_hash=_hash(token), account_id=account_id, made_by=actor, **times)
    )
    audit.record(db.session(), "reconnect_link.made", account_id=account_id, actor=actor)
    db.session.commit()
    return token


def account_of(services: Services, token: str) -> str:
    """The account a usable link is for. Raises LinkRefused for an unknown, used or expired one alike."""
    with reading(db.engine) as connection:
        account_id = connection.scalar(select(ReconnectLink.account_id).where(*_usable(services, token)))
    if account_id is None:
        raise LinkRefused
    return str(account_id)


def spend(services: Services, token: str, visitor_id: str | None) -> str:
    """Use the link, in a commit of its own; answers its account. `visitor_id` is the account signed in here, if any.

    Raises LinkRefused when it cannot be used, and LinkOfAnother; then it is not spent.
    """
    account_id = account_of(services, token)
    if visitor_id not in (None, account_id):
        raise LinkOfAnother
    spent = update(ReconnectLink).where(*_usable(services, token)).values(used_at=_now(services))
    if cast("CursorResult[Any]", db.session.execute(spent)).rowcount != 1:  # somebody else was faster
        db.session.rollback()
        raise LinkRefused
    audit.record(db.session(), "reconnect_link.used", account_id=account_id)
    db.session.commit()
    return account_id


def _usable(services: Services, token: str) -> tuple[ColumnElement[bool], ...]:
    return (
        ReconnectLink.token_hash == _hash(token[:LONGEST_TOKEN]),
        ReconnectLink.used_at.is_(None),
        ReconnectLink.expires_at > _now(services),
    )


def _now(services: Services) -> database_now:
    return database_now(services.clock.offset)


def _hash(token: str) -> str:
    return sha256(token.encode("utf-8", "replace")).hexdigest()
