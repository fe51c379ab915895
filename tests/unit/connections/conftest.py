"""The application in this process, with a played Pagero."""

from collections.abc import Callable, Iterator
from functools import cache
from pathlib import Path

import pytest

from app.settings import Settings
from tests.support.databases import Databases
from tests.support.in_process import application, clock, other_window, pagero, rows, settings, window
from tests.support.stored import Stored
from tests.unit.connections.office import Office

__all__ = ["application", "clock", "other_window", "pagero", "rows", "settings", "window"]


@pytest.fixture(scope="session")
def offices_database(databases: Databases) -> Callable[[str], str]:
    return cache(databases.fresh)


@pytest.fixture(params=["sqlite", "postgresql"])
def office(
    request: pytest.FixtureRequest, settings: Settings, offices_database: Callable[[str], str], tmp_path: Path
) -> Iterator[Office]:
    """One machine on each kind of database, which is emptied for each test."""
    address = offices_database(request.param)
    Stored(address).clear()
    changes = {"database_url": type(settings.database_url)(address), "token_journal_dir": tmp_path}
    made = Office.of(settings.model_copy(update=changes))
    yield made
    made.close()
