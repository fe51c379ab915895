"""Browser sessions: rows in SQL, known to the browser by a random id and to the database by that id's SHA-256.

An unknown, ended, idle or too old id is nobody; it is never adopted. The database's clock judges the limits, so that
all machines agree. visitor() is the one SELECT of a signed-in view.
"""

import hmac
import re
import secrets
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from functools import lru_cache
from hashlib import sha256
from typing import Any, cast

from flask import after_this_request, g, request
from sqlalchemy import ColumnElement, CursorResult, Select, bindparam, delete, select, update
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.orm import Session
from structlog import get_logger
from structlog.contextvars import bind_contextvars
from werkzeug.wrappers import Response

from app.db import database_now, db
from app.errors import SignInFailed
from app.models import Account, Administrator, BrowserSession, Connection
from app.prepared import Prepared
from app.services import Services, services
from app.settings import Settings
from app.tokens.freshness import ConnectionSnapshot
from app.tokens.vault import snapshot_columns, snapshot_from

ID_BYTES = 32
SECRET_ID = re.compile(r"[A-Za-z0-9_-]{43}")  # 32 bytes in base64url
LONGEST_USER_AGENT = 200
LONGEST_ADDRESS = 45
MOST = 20
"""Sessions of one account."""
UNASKED = object()
SEEN_EVERY = timedelta(minutes=1)
SECURE_COOKIE, PLAIN_COOKIE = "__Host-session", "session"  # the prefix binds a cookie to host, https and path /

log = get_logger(__name__)


@dataclass(frozen=True)
class Visitor:
    """The person a request is made for, with their connection as it was at `now` (database clock)."""

    session_id: str
    """The row's id, not the cookie's."""
    account_id: str
    issuer: str
    subject: str
    display_name: str | None
    language: str | None
    is_admin: bool
    now: datetime
    last_seen_at: datetime
    expires_at: datetime
    connection: ConnectionSnapshot | None
    secret_id: str = field(repr=False)
    """What the cookie holds."""

    @property
    def csrf_token(self) -> str:
        """What this session's forms carry. Made when asked for: most answers have no form."""
        return hmac.digest(self.secret_id.encode(), b"csrf", "sha256").hex()


def cookie_name(settings: Settings) -> str:
    """The session cookie's name; with __Host- wherever a browser accepts that."""
    return SECURE_COOKIE if settings.is_https else PLAIN_COOKIE


def visitor() -> Visitor | None:
    """Who makes this request, or None. Asks the database once per request; SQLAlchemy's errors pass through."""
    if (found := g.get("visitor", UNASKED)) is UNASKED:
        g.visitor = None  # a failure below must not be asked for again while its page is drawn
        g.visitor = found = _find(services())
    return cast("Visitor | None", found)


@dataclass(frozen=True)
class Device:
    """What a browser said about itself when its person signed in, for the list on the account page."""

    user_agent: str
    remote_addr: str


def start(sql_session: Session, account_id: str, device: Device, now: datetime, replaces: str | None = None) -> str:
    """Add a session to the caller's transaction and answer its secret id, for set_cookie() once that is committed.

    `now` is the database's. `replaces` is the row id of the session this browser had; it ends in the same transaction.
    Of the account's others the newest stay, so that there are MOST at most. Raises SignInFailed("session_ended") when
    the one to replace is gone: whoever ended it meant this browser to be out.
    """
    _deleted(sql_session, BrowserSession.account_id == account_id, BrowserSession.expires_at <= now)
    if replaces and not _deleted(sql_session, BrowserSession.id == replaces):
        raise SignInFailed("session_ended", "the session it should have replaced is gone")
    _deleted(sql_session, BrowserSession.id.in_(_beyond(account_id, MOST - 1)))
    secret_id = secrets.token_urlsafe(ID_BYTES)
    sql_session.add(
        BrowserSession(
            token_hash=_hash(secret_id),
            account_id=account_id,
            created_at=now,
            last_seen_at=now,
            expires_at=now + timedelta(hours=services().settings.session_hours),
            user_agent=_printable(device.user_agent),
            remote_addr=device.remote_addr[:LONGEST_ADDRESS],
        )
    )
    return secret_id


def end(sql_session: Session, session_id: str, account_id: str) -> bool:
    """Delete one session of this account in the caller's transaction. False: there is none of that id."""
    return _deleted(sql_session, BrowserSession.id == session_id, BrowserSession.account_id == account_id) == 1


def end_all(sql_session: Session, account_id: str, but: str | None = None) -> int:
    """Delete the account's sessions in the caller's transaction, `but` (a row id) excepted; answers how many."""
    spared = [BrowserSession.id != but] if but else []
    return _deleted(sql_session, BrowserSession.account_id == account_id, *spared)


def live_sessions(sql_session: Session, account_id: str) -> list[BrowserSession]:
    """The account's sessions that still let somebody in, the one used last first."""
    now = sql_session.scalars(select(database_now(services().clock.offset))).one()
    idle_since = now - timedelta(minutes=services().settings.session_idle_minutes)
    wanted = select(BrowserSession).where(
        BrowserSession.account_id == account_id,
        BrowserSession.expires_at > now,
        BrowserSession.last_seen_at > idle_since,
    )
    return list(sql_session.scalars(wanted.order_by(BrowserSession.last_seen_at.desc())))


def set_cookie(answer: Response, secret_id: str) -> None:
    """Give the browser its id. The cookie lives as long as the browser does; the row decides how long it counts."""
    settings = services().settings
    name, secure = cookie_name(settings), settings.is_https
    answer.set_cookie(name, secret_id, secure=secure, httponly=True, samesite="Lax", path="/")


def clear_cookie(answer: Response) -> None:
    """Take the session cookie out of the browser."""
    settings = services().settings
    answer.delete_cookie(cookie_name(settings), secure=settings.is_https, httponly=True, samesite="Lax", path="/")


def _deleted(sql_session: Session, *which: ColumnElement[bool]) -> int:
    return cast("CursorResult[Any]", sql_session.execute(delete(BrowserSession).where(*which))).rowcount


def _beyond(account_id: str, newest: int) -> Select[str]:
    """The account's sessions but the newest ones."""
    own = select(BrowserSession.id).where(BrowserSession.account_id == account_id)
    return own.order_by(BrowserSession.created_at.desc(), BrowserSession.id).offset(newest)


def _hash(secret_id: str) -> str:
    return sha256(secret_id.encode()).hexdigest()


def _printable(text: str) -> str:
    return "".join(letter if letter.isprintable() else " " for letter in text[:LONGEST_USER_AGENT])


@lru_cache(maxsize=8)
def _statement(offset: timedelta) -> Prepared:
    """The SELECT, built once. `offset` is the clock's; it only ever differs from zero in tests."""
    account, session = Account.__table__, BrowserSession.__table__
    return Prepared(
        select(
            session.c.id.label("session_id"),
            session.c.last_seen_at,
            session.c.expires_at,
            account.c.id.label("account_id"),
            account.c.issuer,
            account.c.subject,
            account.c.display_name,
            account.c.language,
            Administrator.__table__.c.subject.label("admin"),
            database_now(offset).label("now"),
            *snapshot_columns(),
        )
        .join_from(session, account, session.c.account_id == account.c.id)
        .outerjoin(Connection.__table__, Connection.__table__.c.account_id == account.c.id)
        .outerjoin(Administrator.__table__, Administrator.__table__.c.subject == account.c.subject)
        .where(session.c.token_hash == bindparam("token_hash"))
    )


def _find(parts: Services) -> Visitor | None:
    name = cookie_name(parts.settings)
    secret_id = request.cookies.get(name)
    if secret_id is None:
        return None
    found = _visitor_of(secret_id, parts)
    if found is None:
        _drop_dead_cookie(name)
    else:
        bind_contextvars(account_id=found.account_id)
        if found.now - found.last_seen_at >= SEEN_EVERY and _is_navigation():
            _mark_seen(found)  # not for a page that polls: its person may have left
    return found


def _visitor_of(secret_id: str, parts: Services) -> Visitor | None:
    if not SECRET_ID.fullmatch(secret_id):
        return None
    row = _statement(parts.clock.offset).first(db.engine, token_hash=_hash(secret_id))
    if row is None or row.now >= row.expires_at:
        return None
    idle = timedelta(minutes=parts.settings.session_idle_minutes)
    return _visitor_from(row, secret_id) if row.now - row.last_seen_at < idle else None


def _visitor_from(row: Any, secret_id: str) -> Visitor:
    return Visitor(
        session_id=row.session_id,
        account_id=row.account_id,
        issuer=row.issuer,
        subject=row.subject,
        display_name=row.display_name,
        language=row.language,
        is_admin=row.admin is not None,
        now=row.now,
        last_seen_at=row.last_seen_at,
        expires_at=row.expires_at,
        connection=snapshot_from(row),
        secret_id=secret_id,
    )


def _mark_seen(found: Visitor) -> None:
    """Write that the session is in use. An UPDATE cannot bring back a row that sign-out has deleted meanwhile."""
    seen = (
        update(BrowserSession)
        .where(BrowserSession.id == found.session_id, BrowserSession.last_seen_at < found.now)
        .values(last_seen_at=found.now)
    )
    try:
        with db.engine.begin() as connection:
            connection.execute(seen)
    except SQLAlchemyError as error:
        log.warning("last_seen_not_written", error=type(error).__name__)


def _drop_dead_cookie(name: str) -> None:
    """Only where a page is shown: a background answer could come late and take the cookie of a newer sign-in."""
    if _is_navigation():
        after_this_request(lambda answer: answer if _sets(answer, name) else _cleared(answer))


def _sets(answer: Response, name: str) -> bool:
    return any(cookie.startswith(f"{name}=") for cookie in answer.headers.getlist("Set-Cookie"))


def _cleared(answer: Response) -> Response:
    clear_cookie(answer)
    return answer


def _is_navigation() -> bool:
    return request.headers.get("Sec-Fetch-Mode", "navigate") == "navigate"
