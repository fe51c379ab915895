"""`connections check` on several machines at once: each connection is renewed once, each revocation made once."""

import subprocess
import sys
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from app.models import Connection
from app.settings import Settings
from tests.faults.grants import grant
from tests.support.environment import settings_for
from tests.support.run import ROOT
from tests.support.sandbox import Sandbox
from tests.support.stored import Stored
from tests.unit.tokens.workshop import Workshop

PEOPLE = 6
MACHINES = 4
CHECK = (sys.executable, "-m", "flask", "--app", "wsgi", "connections", "check", "--rate", "1000")


@pytest.fixture
def environment(
    database: str, sandbox: Sandbox, redirect_uris: list[str], encryption_keys: str, tmp_path: Path
) -> dict[str, str]:
    public_url = redirect_uris[0].removesuffix("/auth/callback")
    journal = {"token_journal_dir": str(tmp_path)}
    return settings_for(public_url, database, encryption_keys, sandbox.settings(), **journal, log_level="ERROR")


@pytest.fixture
def unused(database: str, environment: dict[str, str]) -> Iterator[list[str]]:
    """Connections of people who have not been here for nearly three years."""
    settings = Settings.from_environment(environment)
    workshop = Workshop(database, settings)
    ids = [workshop.sign_in(answer=grant(settings, f"load-{number}")) for number in range(PEOPLE)]
    then = datetime.now(UTC) - timedelta(days=3 * 365 - 5)
    for one in ids:
        workshop.change(one, last_rotated_at=then, access_expires_at=then, refresh_due_at=then)
    yield ids
    workshop.close()


def check(environment: dict[str, str]) -> "subprocess.CompletedProcess[str]":
    return subprocess.run(CHECK, env=environment, cwd=ROOT, capture_output=True, text=True, timeout=120, check=False)


def everywhere(environment: dict[str, str]) -> list["subprocess.CompletedProcess[str]"]:
    with ThreadPoolExecutor(MACHINES) as machines:
        return list(machines.map(lambda _: check(environment), range(MACHINES)))


def test_each_connection_is_renewed_once(
    environment: dict[str, str], unused: list[str], database: str, sandbox: Sandbox
) -> None:
    done = everywhere(environment)
    assert [one.returncode for one in done] == [0] * MACHINES, [one.stderr for one in done]
    renewed = [int(one.stdout.split("renewed ")[1].split(",")[0]) for one in done]
    assert sum(renewed) == PEOPLE
    assert len(sandbox.token_calls("refresh_token")) == PEOPLE
    assert sandbox.reuses()["presented_more_than_once"] == {}
    assert [Stored(database).one(Connection, id=one).generation for one in unused] == [2] * PEOPLE


def test_each_revocation_is_made_once(
    environment: dict[str, str], unused: list[str], database: str, sandbox: Sandbox
) -> None:
    stored, past = Stored(database), datetime.now(UTC) - timedelta(minutes=1)
    owed = {"state": "disconnected", "revoke_outcome": "pending", "revoke_retry_at": past, "disconnected_at": past}
    stored.change(Connection, owed)
    done = everywhere(environment)
    assert [one.returncode for one in done] == [0] * MACHINES, [one.stderr for one in done]
    assert len(sandbox.calls(endpoint="revoke")) == PEOPLE
    assert stored.count(Connection, revoke_outcome="confirmed") == PEOPLE


def test_it_does_nothing_to_who_is_in_use(environment: dict[str, str], unused: list[str], database: str) -> None:
    stored = Stored(database)
    stored.change(Connection, {"access_expires_at": datetime.now(UTC) + timedelta(minutes=5)})
    assert "renewed 0, done elsewhere 0" in check(environment).stdout
    assert stored.count(Connection, generation=1) == PEOPLE
