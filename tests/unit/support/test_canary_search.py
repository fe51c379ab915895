"""The search that proves nothing leaked must itself be able to find a leak."""

import base64
import sqlite3
from pathlib import Path
from urllib.parse import quote_plus

import pytest

from tests.support.canaries import DATABASE, LOG, PAGE, Canaries

SECRET = "token/with+odd=signs-0123456789abcdef"
JWT = "eyJhbGciOiJFUzI1NiJ9.eyJzdWIiOiJhbm5hIn0.c2lnbmF0dXJlLW9mLXRoZS10b2tlbg"


@pytest.fixture
def canaries() -> Canaries:
    """Not the canaries of the run: what is planted here must not be looked for elsewhere."""
    known = Canaries()
    known.add("access token", SECRET)
    known.add("jwt", JWT)
    return known


def planted(tmp_path: Path, content: bytes) -> Path:
    path = tmp_path / "place"
    path.write_bytes(b"line before\n\x00binary\xff " + content + b" after\n")
    return path


@pytest.mark.parametrize(
    "spelling",
    [
        SECRET,
        quote_plus(SECRET),
        base64.b64encode(f"{SECRET}".encode()).decode(),
        base64.b64encode(f"{SECRET}:and more".encode()).decode(),
        SECRET.encode().hex(),
        SECRET.encode().hex().upper(),
    ],
)
def test_every_spelling_of_a_planted_secret_is_found(canaries: Canaries, tmp_path: Path, spelling: str) -> None:
    found = canaries.search([(LOG, planted(tmp_path, spelling.encode()))])
    assert found
    assert all(finding.startswith("access token") for finding in found)


def test_the_signature_of_a_jwt_alone_gives_it_away(canaries: Canaries, tmp_path: Path) -> None:
    assert canaries.search([(PAGE, planted(tmp_path, JWT.rsplit(".", 1)[1].encode()))])


def test_a_finding_never_quotes_the_secret(canaries: Canaries, tmp_path: Path) -> None:
    found = canaries.search([(LOG, planted(tmp_path, SECRET.encode()))])
    assert SECRET not in repr(found) + repr(canaries)


def test_clean_files_give_nothing(canaries: Canaries, tmp_path: Path) -> None:
    assert canaries.search([(LOG, planted(tmp_path, b"token/with+odd=signs"))]) == []


def test_what_may_stand_on_a_page_is_still_found_in_a_log(tmp_path: Path) -> None:
    known = Canaries()
    known.add("csrf token", SECRET, allowed=(PAGE,))
    place = planted(tmp_path, SECRET.encode())
    assert known.search([(PAGE, place)]) == []
    assert known.search([(LOG, place)])


def test_a_secret_in_a_write_ahead_log_is_found(canaries: Canaries, tmp_path: Path) -> None:
    path = tmp_path / "data.sqlite3"
    with sqlite3.connect(path) as connection:
        connection.execute("PRAGMA journal_mode=WAL")
        connection.execute("CREATE TABLE t (a)")
        connection.execute("INSERT INTO t VALUES (?)", (SECRET,))
        connection.commit()
        assert canaries.search([(DATABASE, path), (DATABASE, tmp_path / "data.sqlite3-wal")])
    connection.close()


def test_the_ledger_of_the_sandbox_is_read(tmp_path: Path) -> None:
    ledger = tmp_path / "ledger.jsonl"
    ledger.write_text(f'{{"kind": "code", "value": "{SECRET}"}}\n{{"kind": "code", "value": "short"}}\n')
    known = Canaries()
    known.add_ledger(ledger)
    assert known.kinds() == {"code"}
    assert len(known) == 1
