"""One person connected through the sandbox, on both databases, and processes that ask for their token."""

from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from typing import Any

import pytest

from app.models import Connection
from app.settings import Settings
from tests.faults.grants import grant
from tests.faults.processes import Asker, ask
from tests.support.databases import Databases
from tests.support.environment import settings_for
from tests.support.sandbox import Sandbox
from tests.support.stored import Stored
from tests.unit.tokens.workshop import Workshop

EXPIRED = 700.0  # seconds the database's and the processes' clock are ahead of the sign-in


class Person:
    """A connected person whose access token has expired, and the processes that act for them."""

    def __init__(self, address: str, environment: dict[str, str], sandbox: Sandbox) -> None:
        self.environment, self.sandbox = environment, sandbox
        self.settings = Settings.from_environment(environment)
        self.stored = Stored(address)
        self._workshop = Workshop(address, self.settings)
        self.connection_id = self._workshop.sign_in(answer=grant(self.settings))
        self._askers: list[Asker] = []

    def ask(self, **how: Any) -> Asker:
        """A process that wants the token; options are processes.ask's."""
        asker = ask(self.environment, self.connection_id, **({"offset_seconds": EXPIRED} | how))
        self._askers.append(asker)
        return asker

    @property
    def row(self) -> Any:
        return self.stored.one(Connection, id=self.connection_id)

    @property
    def refreshes(self) -> int:
        """How many refreshes reached the token endpoint."""
        return len(self.sandbox.token_calls("refresh_token"))

    @property
    def reuses(self) -> int:
        """How many refresh tokens were presented more than once."""
        return len(self.sandbox.reuses()["presented_more_than_once"])

    def outlast_the_lease(self) -> None:
        """As if so much time had passed that a lease nobody renews is over; who waits for it sees that soon."""
        assert self.stored.change(Connection, {"lease_until": datetime.now(UTC)}, id=self.connection_id) == 1

    def close(self) -> None:
        for asker in self._askers:
            asker.end()
        self._workshop.close()


@pytest.fixture(params=["sqlite", "postgresql"])
def person(
    request: pytest.FixtureRequest,
    databases: Databases,
    sandbox: Sandbox,
    redirect_uris: list[str],
    encryption_keys: str,
) -> Iterator[Callable[..., Person]]:
    """Make the person; keywords are settings."""
    made: list[Person] = []
    address = databases.fresh(request.param)
    public_url = redirect_uris[0].removesuffix("/auth/callback")

    def make(**changes: Any) -> Person:
        text = {name: str(value) for name, value in changes.items()}
        made.append(
            Person(address, settings_for(public_url, address, encryption_keys, sandbox.settings(), **text), sandbox)
        )
        return made[-1]

    yield make
    for one in made:
        one.close()
