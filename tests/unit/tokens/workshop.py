"""Machines that share one database and one token endpoint, as the parts under test see them. No web, no requests."""

import secrets
from base64 import b64encode
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from flask import Flask
from sqlalchemy import Engine, select
from sqlalchemy.orm import Session

from app import db as database
from app.clock import Clock
from app.models import Account, AuditEvent, Connection
from app.pagero.records import TokenAnswer
from app.settings import Key, Settings
from app.tokens.access import Access
from app.tokens.freshness import ConnectionSnapshot
from app.tokens.heartbeat import boot_seconds
from app.tokens.sealing import Sealer
from app.tokens.vault import Vault
from tests.support.environment import settings_for
from tests.support.stored import Stored
from tests.unit.tokens.endpoint import StrictEndpoint

KEY = Key("k1", bytes(range(7, 39)))
OTHER_KEY = Key("k2", bytes(range(100, 132)))


def engine_of(address: str) -> Engine:
    """An engine with the application's own settings, and nothing else of the application."""
    app = Flask("workshop")
    database.init_app(app, address.replace("postgresql://", "postgresql+psycopg://", 1))
    with app.app_context():
        return database.db.engine


def quick_settings(address: str, **changes: Any) -> Settings:
    """Settings with the shortest leases that make sense: a second more than a call and its storing may take."""
    quick = {"refresh_lease_seconds": "6", "pagero_token_seconds": "1", "pagero_connect_seconds": "0.5"}
    quick["refresh_wait_seconds"] = "5"
    text = {name: str(value) for name, value in changes.items()}
    keys = f"k1:{b64encode(KEY.secret).decode()}"
    return Settings.from_environment(settings_for("http://127.0.0.1:8000", address, keys, **(quick | text)))


@dataclass
class Machine:
    """One process: its own engine, vault and access."""

    engine: Engine
    vault: Vault
    access: Access

    def look(self, connection_id: str) -> ConnectionSnapshot:
        held = self.vault.look(connection_id)
        assert held is not None
        return held

    def token(self, connection_id: str, rejected: int | None = None) -> str:
        """What a request would send."""
        return self.access.token(self.look(connection_id), rejected).value

    def renew(self, connection_id: str) -> bool:
        """Renew what is stored now, due or not."""
        return self.access.renew_idle(connection_id, self.look(connection_id).generation)

    @contextmanager
    def transaction(self) -> Iterator[Session]:
        with Session(self.engine, expire_on_commit=False) as session, session.begin():
            yield session


class Workshop:
    """One database, one endpoint, one clock; any number of machines."""

    def __init__(self, address: str, settings: Settings | None = None) -> None:
        self.address = address
        self.clock = Clock()
        self.endpoint = StrictEndpoint()
        self.stored = Stored(address)
        self.settings = settings or quick_settings(address)
        self._passed = 0.0
        self._machines: list[Machine] = []

    def machine(self, *keys: Key, **changes: Any) -> Machine:
        """One more process on the same database; `changes` are settings."""
        settings = quick_settings(self.address, **changes) if changes else self.settings
        engine = engine_of(self.address)
        vault = Vault(engine, Sealer(keys or settings.keys), self.clock, settings)
        made = Machine(engine, vault, Access(vault, self.endpoint, settings, self.seconds))
        self._machines.append(made)
        return made

    def seconds(self) -> float:
        """The processes' own clock: real, plus what pass_time() skipped."""
        return boot_seconds() + self._passed

    def pass_time(self, seconds: float) -> None:
        """Let time pass for the database and for every process."""
        self.clock.offset += timedelta(seconds=seconds)
        self._passed += seconds

    def outlast_the_lease(self) -> None:
        """Let so much time pass that a lease nobody renews is over."""
        self.pass_time(self.settings.refresh_lease_seconds + 1)

    def account(self) -> str:
        """A new person."""
        name = secrets.token_hex(8)
        with Session(self._any().engine) as session, session.begin():
            now = self.clock.now()
            account = Account(
                id=name,
                issuer="https://pagero.example",
                subject=name,
                identity_source="id_token",
                created_at=now,
                last_signed_in_at=now,
            )
            session.add(account)
        return name

    def sign_in(self, account_id: str | None = None, answer: TokenAnswer | None = None) -> str:
        """A person signs in (again); answers the connection's id."""
        account_id = account_id or self.account()
        machine = self._any()
        with machine.transaction() as session:
            given = answer or self.endpoint.sign_in()
            return machine.vault.store_grant(session, account_id, given, self.clock.now()).id

    def expired(self) -> str:
        """A connection whose access token has just expired."""
        connection_id = self.sign_in()
        self.pass_time(self.endpoint.life_seconds + 1)
        return connection_id

    def row(self, connection_id: str) -> Any:
        """The stored row, by a connection of its own."""
        return self.stored.one(Connection, id=connection_id)

    def change(self, connection_id: str, **values: Any) -> None:
        """Set columns by hand."""
        assert self.stored.change(Connection, values, id=connection_id) == 1

    def actions(self) -> list[tuple[str, str | None]]:
        """The audit trail: (action, reason)."""
        with self.stored.engine.connect() as connection:
            rows = connection.execute(select(AuditEvent.action, AuditEvent.reason).order_by(AuditEvent.id))
            return [(row.action, row.reason) for row in rows]

    def close(self) -> None:
        for machine in self._machines:
            machine.access.close()
            machine.engine.dispose()

    def _any(self) -> Machine:
        return self._machines[0] if self._machines else self.machine()
