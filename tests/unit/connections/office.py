"""The application in this process on either database, with a strict token endpoint: what operators' commands see."""

import json
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any

from click.testing import Result
from flask import Flask

from app import create_app
from app.clock import Clock
from app.db import db
from app.models import Account, Connection, new_id
from app.services import EXTENSION, Services
from app.settings import Settings
from app.tokens.access import Access
from tests.support.stored import Stored
from tests.unit.tokens.endpoint import StrictEndpoint


@dataclass
class Office:
    """One machine and its operator."""

    app: Flask
    endpoint: StrictEndpoint
    clock: Clock
    stored: Stored

    @classmethod
    def of(cls, settings: Settings) -> "Office":
        clock, endpoint = Clock(), StrictEndpoint()
        app = create_app(settings, clock)
        parts: Services = app.extensions[EXTENSION]
        access = Access(parts.vault, endpoint, settings)
        app.extensions[EXTENSION] = replace(parts, endpoint=endpoint, access=access)
        return cls(app, endpoint, clock, Stored(settings.database_address))

    @property
    def parts(self) -> Services:
        found: Services = self.app.extensions[EXTENSION]
        return found

    def sign_in(self, **changes: Any) -> str:
        """A new person's connection; `changes` are columns set by hand."""
        account_id, now = new_id(), self.clock.now()
        who = {"id": account_id, "issuer": "https://issuer", "subject": account_id, "identity_source": "id_token"}
        with self.app.app_context():
            db.session.add(Account(**who, created_at=now, last_signed_in_at=now))
            db.session.flush()
            made = self.parts.vault.store_grant(db.session(), account_id, self.endpoint.sign_in(), now)
            db.session.commit()
        if changes:
            self.stored.change(Connection, changes, id=made.id)
        return made.id

    def unused_for(self, days: int) -> str:
        """A connection nobody has used for so long."""
        then = self.ago(days)
        return self.sign_in(last_rotated_at=then, access_expires_at=then, refresh_due_at=then)

    def ago(self, days: int) -> datetime:
        return self.clock.now() - timedelta(days=days)

    def row(self, connection_id: str) -> Any:
        return self.stored.one(Connection, id=connection_id)

    def command(self, *words: str, typed: str | None = None) -> Result:
        return self.app.test_cli_runner().invoke(args=words, input=typed)

    def close(self) -> None:
        self.parts.access.close()
        with self.app.app_context():
            db.engine.dispose()

    def events(self) -> list[str]:
        """The audit trail's actions, in order."""
        rows = sorted(self.stored.rows("audit_events"), key=lambda row: row["id"])
        return [row["action"] for row in rows]


def said(result: Result) -> str:
    """Output without log lines."""
    return "".join(line + "\n" for line in result.output.splitlines() if not _is_log(line))


def _is_log(line: str) -> bool:
    try:
        return isinstance(json.loads(line), dict)
    except ValueError:
        return False
