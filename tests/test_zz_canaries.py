"""Runs last: no secret that any test of this run has seen lies in a database, a dump, a log or a page."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.support.canaries import DATABASE, LOG, PAGE, Canaries
from tests.support.databases import Databases
from tests.support.run import Run
from tests.support.sandbox import Sandbox

ALWAYS_KNOWN = {"client secret", "encryption key", "csrf token"}
KNOWN_AFTER_A_SIGN_IN = {"code", "state", "access_token", "refresh_token", "verifier"}


@pytest.fixture
def searched(run: Run, databases: Databases) -> list[tuple[str, Path]]:
    databases.dump_all()
    return list(_places(run))


def _places(run: Run) -> Iterator[tuple[str, Path]]:
    yield from ((DATABASE, path) for path in run.databases.iterdir())
    yield from ((LOG, path) for path in run.logs.iterdir())
    yield from ((PAGE, path) for path in run.pages.iterdir())


@pytest.mark.timeout(2700)  # it reads everything the whole run has left behind
def test_no_secret_of_the_run_is_readable_anywhere(
    canaries: Canaries, sandbox_process: Sandbox, run: Run, searched: list[tuple[str, Path]]
) -> None:
    for ledger in run.path.glob("*-ledger.jsonl"):
        canaries.add_ledger(ledger)
    if not list(run.pages.iterdir()):
        pytest.skip("no test before this one opened a page")
    assert canaries.kinds() >= ALWAYS_KNOWN
    assert not canaries.kinds() & KNOWN_AFTER_A_SIGN_IN or canaries.kinds() >= KNOWN_AFTER_A_SIGN_IN
    findings = canaries.search(searched)
    assert findings == [], f"{len(findings)} findings among {len(canaries)} secrets: {findings[:20]}"
    print(f"\ncanary search: {len(canaries)} secrets, {len(searched)} files, 0 hits")  # noqa: T201
