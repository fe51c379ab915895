"""Tokens at rest: storing a grant, reading a connection, opening its access token.

With its parts, leases and revocations, it is the only one to touch the token and lease columns. It never calls Pagero.
"""

from collections import OrderedDict
from datetime import datetime
from threading import Lock
from typing import Any

from sqlalchemy import ColumnElement, Engine, select
from sqlalchemy.orm import Session

from app.clock import Clock
from app.db import database_now, reading
from app.models import Account, Connection, ConnectionState, new_id
from app.pagero.records import TokenAnswer
from app.settings import Settings
from app.tokens import columns
from app.tokens.columns import ACCESS, TABLE
from app.tokens.freshness import ConnectionSnapshot
from app.tokens.journal import Journal
from app.tokens.leases import Leases
from app.tokens.revocations import Revocations
from app.tokens.sealing import Sealer
from app.tokens.switches import FROZEN

MOST_OPEN_TOKENS = 2_000
READ = (
    "id",
    "account_id",
    "state",
    "reason",
    "generation",
    "access_expires_at",
    "refresh_due_at",
    "lease_until",
    "retry_at",
    "forced_at",
    "connected_at",
)


def snapshot_columns() -> tuple[ColumnElement[Any], ...]:
    """The columns of connections for somebody else's SELECT, labelled so that they clash with nothing."""
    return (*(TABLE.c[name].label(f"connection_{name}") for name in READ), FROZEN.label("is_frozen"))


def snapshot_from(row: Any) -> ConnectionSnapshot | None:
    """The connection in a row of such a SELECT, which also has the database's time as `now`; None without one."""
    if row.connection_id is None:
        return None
    return ConnectionSnapshot(
        row.connection_id,
        row.connection_account_id,
        row.connection_state,
        row.connection_reason,
        row.connection_generation,
        row.connection_access_expires_at,
        row.connection_refresh_due_at,
        row.connection_lease_until,
        row.connection_retry_at,
        row.connection_forced_at,
        row.now,
        row.is_frozen,
        row.connection_connected_at,
    )


class Vault:
    """The stored connections of one database."""

    def __init__(self, engine: Engine, sealer: Sealer, clock: Clock, settings: Settings) -> None:
        self._engine = engine
        self._sealer = sealer
        self._clock = clock
        self._open = OpenTokens(MOST_OPEN_TOKENS)
        self.leases = Leases(engine, sealer, clock, settings.refresh_lease_seconds)
        self.revocations = Revocations(engine, sealer, clock)
        self.journal = Journal(settings.token_journal_dir, engine, sealer)

    def store_grant(self, sql_session: Session, account_id: str, answer: TokenAnswer, now: datetime) -> Connection:
        """Make or replace the account's connection in the caller's transaction; flushed, not committed.

        A refresh that is running for the old grant is fenced off. The old refresh token is overwritten and not revoked:
        at some servers revoking one ends the person's whole grant, the new one included.

        `now` is when the answer was asked for; should that machine's clock be ahead of the database's, the database's
        counts.
        """
        sql_session.execute(select(Account.id).where(Account.id == account_id).with_for_update())  # one grant at a time
        connection = sql_session.scalars(
            select(Connection)
            .where(Connection.account_id == account_id)
            .with_for_update()
            .execution_options(populate_existing=True)
        ).one_or_none()
        if connection is None:
            connection = Connection(id=new_id(), account_id=account_id, generation=0, fence=0)
        issued_at = min(now, sql_session.scalars(select(database_now(self._clock.offset))).one())
        self._write_grant(connection, answer, issued_at)
        sql_session.add(connection)
        sql_session.flush()
        return connection

    def look(self, connection_id: str) -> ConnectionSnapshot | None:
        """The connection as it is now; None when the row is gone. Opens no transaction."""
        wanted = select(*snapshot_columns(), database_now(self._clock.offset).label("now"))
        with reading(self._engine) as connection:
            row = connection.execute(wanted.where(TABLE.c.id == connection_id)).first()
        return snapshot_from(row) if row is not None else None

    def open_access(self, held: ConnectionSnapshot) -> str | None:
        """The access token of exactly this generation; None when the row has moved on. Raises SealBroken.

        Kept open in this process's memory, a bounded number of them, so that a view costs a dictionary look-up. Ask
        only with a snapshot read for this very request: it alone says whether the connection may still be used.
        """
        token = self._open.get(held.id, held.generation)
        if token is None:
            wanted = select(TABLE.c[ACCESS]).where(TABLE.c.id == held.id, TABLE.c.generation == held.generation)
            with reading(self._engine) as connection:
                sealed = connection.scalars(wanted).one_or_none()
            if sealed is None:
                return None
            row = columns.Row(held.id, held.account_id, held.generation)
            token = self._sealer.open(sealed, row.place(ACCESS))
            self.remember(held.id, held.generation, token)
        return token

    def remember(self, connection_id: str, generation: int, access_token: str) -> None:
        """Keep a token open that was stored as this generation."""
        self._open.put(connection_id, generation, access_token)

    def _write_grant(self, connection: Connection, answer: TokenAnswer, issued_at: datetime) -> None:
        row = columns.Row(connection.id, connection.account_id, connection.generation + 1)
        values: dict[str, Any] = {
            **columns.sealed_columns(self._sealer, row, columns.pair_of(answer), issued_at),
            **columns.WITHOUT_LEASE,
            "state": ConnectionState.ACTIVE.value,
            "reason": None,
            "granted_scope": answer.scope,
            "fence": connection.fence + 1,
            "forced_at": None,
            "last_refresh_outcome": None,
            "revoke_outcome": None,
            "revoke_attempts": 0,
            "revoke_retry_at": None,
            "connected_at": issued_at,
            "last_rotated_at": issued_at,
            "disconnected_at": None,
        }
        for name, value in values.items():
            setattr(connection, name, value)


class OpenTokens:
    """Access tokens of this process, the ones used last; at most one generation of each connection."""

    def __init__(self, most: int) -> None:
        self._most = most
        self._held: OrderedDict[str, tuple[int, str]] = OrderedDict()
        self._lock = Lock()

    def __repr__(self) -> str:
        return f"OpenTokens({len(self._held)} of {self._most})"

    def get(self, connection_id: str, generation: int) -> str | None:
        """The token, if it is held and of this generation."""
        with self._lock:
            held = self._held.get(connection_id)
            if held is None or held[0] != generation:
                return None
            self._held.move_to_end(connection_id)
            return held[1]

    def put(self, connection_id: str, generation: int, token: str) -> None:
        """Hold a token in place of an older generation's; the one unused longest makes room."""
        with self._lock:
            held = self._held.get(connection_id)
            if held is not None and held[0] > generation:
                return
            self._held[connection_id] = (generation, token)
            self._held.move_to_end(connection_id)
            if len(self._held) > self._most:
                self._held.popitem(last=False)
