"""The workshop of these tests, on both databases."""

from collections.abc import Iterator

import pytest

from tests.unit.tokens.workshop import Machine, Workshop


@pytest.fixture
def workshop(database: str) -> Iterator[Workshop]:
    made = Workshop(database)
    yield made
    made.close()


@pytest.fixture
def machine(workshop: Workshop) -> Machine:
    return workshop.machine()
