"""Where no PostgreSQL is running, tests start one of their own from the installed binaries."""

from pathlib import Path

import psycopg
import pytest

from tests.support.databases import private_server

BINARIES = sorted(Path("/usr/lib/postgresql").glob("*/bin/initdb"))


def test_a_private_server_starts_and_goes_without_a_trace() -> None:
    if not BINARIES:
        pytest.skip("no PostgreSQL server binaries are installed")
    with private_server(BINARIES[-1].parent) as address, psycopg.connect(address) as connection:
        folder = connection.execute("SHOW data_directory").fetchone()
    assert folder is not None
    assert not Path(folder[0]).exists()
    with pytest.raises(psycopg.OperationalError):
        psycopg.connect(address, connect_timeout=2)
