"""Resealing beside refreshes: killed in the middle, run again, run on two machines. No update is lost."""

import os
import signal
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from benchmarks.reseal import Stage, filled
from tests.support.canaries import Canaries
from tests.support.environment import encryption_key
from tests.support.stored import Stored

CONNECTIONS = 1_500


@pytest.fixture
def on(database: str, canaries: Canaries, tmp_path: Path) -> Iterator[Stage]:
    keys = encryption_key(canaries, "old"), encryption_key(canaries, "new")
    with filled(database, keys, CONNECTIONS, token_journal_dir=str(tmp_path)) as made:
        yield made


@pytest.fixture
def stored(database: str) -> Stored:
    return Stored(database)


def kill_when_half_done(command: "subprocess.Popen[bytes]", stored: Stored) -> None:
    deadline = time.monotonic() + 30
    while stored.count("connections", key_id="new") < CONNECTIONS // 4:
        assert time.monotonic() < deadline, "nothing was resealed"
        time.sleep(0.02)
    os.kill(command.pid, signal.SIGKILL)


def test_killed_in_the_middle_and_run_again_beside_refreshes(on: Stage, stored: Stored) -> None:
    first = on.start("--batch", "20")
    kill_when_half_done(first, stored)
    assert on.refresh_while(first) == -signal.SIGKILL
    left = stored.count("connections", key_id="old")
    assert 0 < left < CONNECTIONS
    assert on.refresh_while(on.start("--batch", "20")) == 0
    assert on.refresh_while(on.start()) == 0, "a run with nothing to do"
    assert on.endpoint.calls > 0
    assert (on.lost(), on.failures, on.endpoint.reuses) == (0, 0, 0)
    assert stored.count("connections", key_id="new") == CONNECTIONS


def test_two_machines_at_once(on: Stage) -> None:
    commands = [on.start("--batch", "50") for _ in range(2)]
    assert [on.refresh_while(command) for command in commands] == [0, 0]
    assert (on.lost(), on.failures, on.endpoint.reuses) == (0, 0, 0)
