"""An answer the database does not take is kept on disk, sealed, and stored when the database is back."""

import stat
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import orjson
import pytest
from sqlalchemy import event
from sqlalchemy.exc import OperationalError
from structlog.testing import capture_logs

from app.errors import Disconnected, StorageUnavailable
from app.models import Connection
from app.tokens import journal, recovery, refresh
from app.tokens.sealing import Place
from tests.unit.tokens.workshop import OTHER_KEY, Machine, Workshop


@pytest.fixture(autouse=True)
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(refresh, "COMMIT_SECONDS", 0.3)
    monkeypatch.setattr(recovery, "PAUSE_SECONDS", 0.05)


class Outage:
    """Writes of one machine to connections fail while it lasts; claims do not, so that a token can be spent."""

    def __init__(self, machine: Machine) -> None:
        self.over = False
        event.listen(machine.engine, "before_cursor_execute", self._fail)

    def _fail(self, _connection: Any, _cursor: Any, statement: str, *_: Any) -> None:
        if not self.over and statement.startswith("UPDATE connections") and "RETURNING" not in statement:
            raise OperationalError("the database is read-only", None, Exception())


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return tmp_path / "journal"


@pytest.fixture
def failing(workshop: Workshop, folder: Path) -> Iterator[tuple[Machine, Outage]]:
    """A machine whose database takes no answers, until the outage is over."""
    workshop.machine()  # people sign in somewhere else
    machine = workshop.machine(token_journal_dir=folder)
    outage = Outage(machine)
    yield machine, outage
    outage.over = True
    machine.access.recover()
    _settled(machine)


def _settled(machine: Machine) -> None:
    thread = machine.access._refresher._recovery._thread
    if thread:
        thread.join(5)
        assert not thread.is_alive()


def _files(folder: Path) -> list[Path]:
    return [path for path in folder.rglob("*") if path.is_file()]


def test_the_request_is_served_and_the_answer_lies_sealed_on_disk(
    workshop: Workshop, failing: tuple[Machine, Outage], folder: Path
) -> None:
    machine, _ = failing
    connection_id = workshop.expired()
    with capture_logs() as logs:
        token = machine.token(connection_id)
    (file,) = _files(folder)
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    assert stat.S_IMODE(file.parent.stat().st_mode) == 0o700
    assert b"canary-token" not in file.read_bytes()
    assert token not in str(logs)
    assert ("journal.kept", "critical") in {(entry["event"], entry["log_level"]) for entry in logs}
    assert workshop.row(connection_id).generation == 1


def test_it_is_stored_as_soon_as_the_database_is_back(
    workshop: Workshop, failing: tuple[Machine, Outage], folder: Path
) -> None:
    machine, outage = failing
    connection_id = workshop.expired()
    token = machine.token(connection_id)
    outage.over = True
    _settled(machine)
    assert _files(folder) == []
    assert (workshop.row(connection_id).generation, workshop.row(connection_id).state) == (2, "active")
    assert workshop.machine().token(connection_id) == token
    assert len(workshop.endpoint.refreshes) == 1


def test_a_new_process_on_the_machine_stores_it_before_it_refreshes(
    workshop: Workshop, failing: tuple[Machine, Outage], folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(recovery.Recovery, "go_on", lambda _: None)  # the old process died
    connection_id = workshop.expired()
    token = failing[0].token(connection_id)
    workshop.pass_time(10)
    assert workshop.machine(token_journal_dir=folder).token(connection_id) == token
    assert len(workshop.endpoint.refreshes) == 1


@pytest.mark.parametrize("reason", ["rotation_lost", "unreadable"])
def test_it_brings_back_a_connection_given_up_because_its_token_was_spent_or_could_not_be_opened(
    workshop: Workshop, failing: tuple[Machine, Outage], reason: str
) -> None:
    machine, outage = failing
    connection_id = workshop.expired()
    token = machine.token(connection_id)
    workshop.change(connection_id, state="reconnect_needed", reason=reason, lease_owner=None, lease_until=None)
    outage.over = True
    _settled(machine)
    assert machine.token(connection_id) == token


@pytest.mark.parametrize("reason", ["ended_at_pagero", "no_refresh_token"])
def test_it_does_not_bring_back_what_pagero_has_ended(
    workshop: Workshop, failing: tuple[Machine, Outage], folder: Path, reason: str
) -> None:
    machine, outage = failing
    connection_id = workshop.expired()
    machine.token(connection_id)
    workshop.change(connection_id, state="reconnect_needed", reason=reason)
    outage.over = True
    _settled(machine)
    assert workshop.row(connection_id).reason == reason
    assert _files(folder) == []


def test_it_fences_off_whoever_refreshes_with_the_spent_token(
    workshop: Workshop, failing: tuple[Machine, Outage]
) -> None:
    machine, outage = failing
    connection_id = workshop.expired()
    token = machine.token(connection_id)
    workshop.outlast_the_lease()
    other = workshop.machine()
    workshop.endpoint.forgives_reuse = True

    def the_journal_is_first() -> None:
        outage.over = True
        _settled(machine)

    workshop.endpoint.in_flight = [the_journal_is_first]
    assert other.token(connection_id) == token
    assert workshop.row(connection_id).generation == 2


def test_a_new_sign_in_makes_it_useless(workshop: Workshop, failing: tuple[Machine, Outage], folder: Path) -> None:
    machine, outage = failing
    connection_id = workshop.expired()
    account_id = machine.look(connection_id).account_id
    machine.token(connection_id)
    answer = workshop.endpoint.sign_in()
    workshop.sign_in(account_id, answer)
    outage.over = True
    _settled(machine)
    assert machine.token(connection_id) == answer.access_token
    assert (_files(folder), workshop.endpoint.revoked) == ([], [])


def test_a_disconnect_makes_it_a_token_to_revoke(
    workshop: Workshop, failing: tuple[Machine, Outage], folder: Path
) -> None:
    machine, outage = failing
    connection_id = workshop.expired()
    machine.token(connection_id)
    other = workshop.machine()
    with other.transaction() as session:
        other.vault.revocations.end_here(session, session.get_one(Connection, connection_id))
    outage.over = True
    _settled(machine)
    assert [hint for _, hint in workshop.endpoint.revoked] == ["refresh_token", "access_token"]
    assert (_files(folder), workshop.row(connection_id).revoke_outcome) == ([], "confirmed")
    with pytest.raises(Disconnected):
        machine.token(connection_id)


def test_when_the_disk_fails_as_well_it_is_said(
    workshop: Workshop, failing: tuple[Machine, Outage], folder: Path
) -> None:
    folder.write_text("in the way")
    connection_id = workshop.expired()
    with capture_logs() as logs, pytest.raises(StorageUnavailable):
        failing[0].token(connection_id)
    assert "journal.failed" in {entry["event"] for entry in logs}


def test_a_file_that_cannot_be_opened_is_left_for_the_operator(
    workshop: Workshop, failing: tuple[Machine, Outage], folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(recovery.Recovery, "go_on", lambda _: None)
    connection_id = workshop.expired()
    failing[0].token(connection_id)
    stranger = workshop.machine(OTHER_KEY, token_journal_dir=folder)
    with capture_logs() as logs:
        stranger.access.recover()
    assert [entry["event"] for entry in logs] == ["journal.unreadable"]
    assert len(_files(folder)) == 1


def _of_another_release(machine: Machine, file: Path) -> None:
    sealer = machine.vault.journal._sealer
    place = Place("journal", "answer", file.name)
    members = orjson.loads(sealer.open(file.read_bytes(), place))
    file.write_bytes(sealer.seal(orjson.dumps(members | {"version": 2, "new": 1}), place))


def _without_members(machine: Machine, file: Path) -> None:
    place = Place("journal", "answer", file.name)
    file.write_bytes(machine.vault.journal._sealer.seal(b'{"version": 1, "issued_at": "2026-01-01"}', place))


def _not_json(machine: Machine, file: Path) -> None:
    file.write_bytes(machine.vault.journal._sealer.seal(b"?", Place("journal", "answer", file.name)))


def _a_folder(_: Machine, file: Path) -> None:
    file.unlink()
    file.mkdir()


@pytest.mark.parametrize("spoil", [_of_another_release, _without_members, _not_json, _a_folder])
def test_a_file_that_cannot_be_read_holds_nobody_up_and_is_said_once(
    workshop: Workshop,
    failing: tuple[Machine, Outage],
    folder: Path,
    monkeypatch: pytest.MonkeyPatch,
    spoil: Callable[[Machine, Path], None],
) -> None:
    with monkeypatch.context() as patched:
        patched.setattr(recovery.Recovery, "go_on", lambda _: None)
        failing[0].token(workshop.expired())
    (file,) = _files(folder)
    spoil(failing[0], file)
    machine = workshop.machine(token_journal_dir=folder)
    somebody_else = workshop.expired()
    with capture_logs() as logs:
        machine.access.recover()
        assert machine.token(somebody_else)
    said = [(entry["file"], entry["log_level"]) for entry in logs if entry["event"] == "journal.unreadable"]
    assert said == [(file.name, "critical")]
    assert machine.access._refresher._recovery._thread is None
    assert (machine.vault.journal.is_empty(), machine.vault.journal.holds_anything()) == (True, True)


def test_a_file_that_cannot_be_read_now_is_looked_at_again(
    workshop: Workshop, failing: tuple[Machine, Outage], folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    connection_id = workshop.expired()
    with monkeypatch.context() as patched:
        patched.setattr(recovery.Recovery, "go_on", lambda _: None)
        token = failing[0].token(connection_id)
    machine = workshop.machine(token_journal_dir=folder)
    monkeypatch.setattr(journal, "LOOK_AGAIN_SECONDS", 0)
    with monkeypatch.context() as patched, capture_logs() as logs:
        patched.setattr(Path, "read_bytes", lambda _: (_ for _ in ()).throw(OSError("too many open files")))
        for _ in range(3):
            assert list(machine.vault.journal.entries()) == []
    assert len(logs) == 1
    machine.access.recover()
    assert machine.token(connection_id) == token


def test_renaming_a_file_does_not_make_it_another_connections(
    workshop: Workshop, failing: tuple[Machine, Outage], folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(recovery.Recovery, "go_on", lambda _: None)
    failing[0].token(workshop.expired())
    other_id = workshop.sign_in()
    (file,) = _files(folder)
    moved = file.rename(file.with_name(f"{other_id}.1"))
    workshop.machine(token_journal_dir=folder).access.recover()
    assert workshop.row(other_id).generation == 1
    moved.unlink()


def test_another_database_is_not_offered_the_answer(
    workshop: Workshop,
    failing: tuple[Machine, Outage],
    folder: Path,
    fresh_database: Callable[[str], str],
) -> None:
    failing[0].token(workshop.expired())
    elsewhere = Workshop(fresh_database("sqlite"))
    elsewhere.machine(token_journal_dir=folder).access.recover()
    elsewhere.close()
    assert len(_files(folder)) == 1
    assert workshop.endpoint.revoked == []


def test_processes_that_recover_at_the_same_time_do_it_once(
    workshop: Workshop, failing: tuple[Machine, Outage], folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(recovery.Recovery, "go_on", lambda _: None)
    people = [workshop.sign_in() for _ in range(5)]
    workshop.pass_time(601)
    for person in people:
        failing[0].token(person)
    machines = [workshop.machine(token_journal_dir=folder) for _ in range(4)]
    with ThreadPoolExecutor(4) as threads:
        list(threads.map(lambda one: one.access.recover(), machines))
    assert {workshop.row(person).generation for person in people} == {2}
    assert _files(folder) == []
    assert len([action for action, _ in workshop.actions() if action == "connection.renewed"]) == 5
