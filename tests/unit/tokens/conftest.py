"""The workshop of these tests, on both databases; one database of each kind, emptied for each test."""

from collections.abc import Callable, Iterator
from functools import cache

import pytest

from tests.support.databases import Databases
from tests.support.stored import Stored
from tests.unit.tokens.workshop import Machine, Workshop


@pytest.fixture(scope="session")
def shared_database(databases: Databases) -> Callable[[str], str]:
    return cache(databases.fresh)


@pytest.fixture(params=["sqlite", "postgresql"])
def workshop(request: pytest.FixtureRequest, shared_database: Callable[[str], str]) -> Iterator[Workshop]:
    address = shared_database(request.param)
    stored = Stored(address)
    stored.clear()
    with stored.engine.begin() as connection:
        connection.exec_driver_sql("DELETE FROM key_canaries")
    made = Workshop(address)
    yield made
    made.close()


@pytest.fixture
def machine(workshop: Workshop) -> Machine:
    return workshop.machine()
