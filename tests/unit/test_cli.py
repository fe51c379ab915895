"""The operator's commands do what they say, say what they did, and leave with the status a script expects."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta

import pytest
from click.testing import Result
from flask import Flask
from sqlalchemy import insert, text

from app.db import db
from app.models import Account, BrowserSession, Connection, SpentTransaction

Run = Callable[..., Result]
NOW = datetime(2026, 3, 1, 12, tzinfo=UTC)


@pytest.fixture
def command(app: Flask) -> Run:
    runner = app.test_cli_runner()
    return lambda *words: runner.invoke(args=words)


@pytest.fixture
def rows(app: Flask) -> Callable[[str], list[tuple]]:
    def read(query: str) -> list[tuple]:
        with db.engine.connect() as connection:
            return [tuple(row) for row in connection.execute(text(query))]

    return read


def add_account(subject: str, key_id: str = "k1", state: str = "active") -> str:
    with db.engine.begin() as connection:
        account = {"id": f"account-{subject}", "issuer": "https://issuer", "subject": subject}
        times = {"created_at": NOW, "last_signed_in_at": NOW}
        connection.execute(insert(Account).values(**account, **times, identity_source="id_token"))
        connection.execute(
            insert(Connection).values(
                id=f"connection-{subject}",
                account_id=account["id"],
                state=state,
                key_id=key_id,
                generation=3,
                connected_at=NOW,
                last_rotated_at=NOW,
            )
        )
    return account["id"]


def test_an_administrator_may_be_named_before_the_first_sign_in(command: Run):
    assert command("admins", "add", "anna").output == "added\n"
    assert command("admins", "list").output == "anna\thas not signed in yet\n"


def test_the_list_of_administrators_says_who_has_signed_in(command: Run):
    add_account("anna")
    command("admins", "add", "anna")
    assert command("admins", "list").output == "anna\thas signed in\n"


def test_naming_an_administrator_twice_is_an_error(command: Run):
    command("admins", "add", "anna")
    again = command("admins", "add", "anna")
    assert again.exit_code == 1
    assert "already" in again.output


def test_a_removed_administrator_is_gone(command: Run, rows):
    command("admins", "add", "anna")
    assert command("admins", "remove", "anna").output == "removed\n"
    assert rows("select * from administrators") == []


def test_removing_nobody_is_an_error(command: Run):
    nobody = command("admins", "remove", "nobody")
    assert nobody.exit_code == 1
    assert "not an administrator" in nobody.output


def test_changes_of_administrators_leave_a_trail_that_names_them(command: Run, rows):
    command("admins", "add", "anna")
    command("admins", "remove", "anna")
    assert rows("select action, actor, subject from audit_events order by id") == [
        ("admin.added", "command", "anna"),
        ("admin.removed", "command", "anna"),
    ]


def test_key_status_counts_what_each_key_seals(command: Run, app: Flask):
    key_id = app.extensions["pagero_services"].settings.keys[0].id
    add_account("anna", key_id)
    told = command("keys", "status")
    assert told.exit_code == 0
    assert told.output == f"{key_id}\t1 connections\tseals\n"


def test_key_status_fails_while_a_missing_key_is_needed(command: Run):
    add_account("anna", "lost-key")
    told = command("keys", "status")
    assert told.exit_code == 1
    assert "lost-key\t1 connections\tMISSING" in told.output


def test_connections_are_listed_and_filtered(command: Run):
    add_account("anna")
    add_account("bjorn", state="reconnect_needed")
    assert len(command("connections", "list").output.splitlines()) == 2
    (line,) = command("connections", "list", "--state", "reconnect_needed").output.splitlines()
    assert line.split("\t")[:3] == ["connection-bjorn", "bjorn", "reconnect_needed"]


def test_disconnecting_an_unknown_connection_is_an_error(command: Run):
    unknown = command("connections", "disconnect", "nothing")
    assert unknown.exit_code == 1
    assert "no such" in unknown.output


def test_pruning_deletes_what_is_over_and_nothing_else(command: Run, rows):
    account_id = add_account("anna")
    now = datetime.now(UTC)
    with db.engine.begin() as connection:
        for number, ends in enumerate((now - timedelta(seconds=1), now + timedelta(hours=1))):
            times = {"created_at": now, "last_seen_at": now, "expires_at": ends}
            connection.execute(
                insert(BrowserSession).values(
                    id=str(number),
                    token_hash=str(number),
                    account_id=account_id,
                    user_agent="",
                    remote_addr="",
                    **times,
                )
            )
            connection.execute(insert(SpentTransaction).values(state_hash=str(number), expires_at=ends))
    assert command("sessions", "prune").output == "deleted 1 sessions, 1 claimed sign-ins and 0 reconnect links\n"
    assert rows("select id from browser_sessions") == [("1",)]
    assert rows("select state_hash from spent_transactions") == [("1",)]


def test_a_good_configuration_passes_with_its_warnings(command: Run):
    checked = command("check-config")
    assert checked.exit_code == 0, checked.output
    assert "configuration is good" in checked.output
    assert "warning: PAGERO_ISSUER" in checked.output


def test_a_key_that_is_still_needed_cannot_be_dropped_unnoticed(command: Run):
    add_account("anna", "lost-key")
    checked = command("check-config")
    assert checked.exit_code == 1
    assert "lacks key lost-key, which still seals 1 connections" in checked.output


def test_a_database_that_was_not_migrated_is_a_problem(command: Run):
    with db.engine.begin() as connection:
        connection.execute(text("update alembic_version set version_num = '0000'"))
    checked = command("check-config")
    assert checked.exit_code == 1
    assert "is at migration 0000" in checked.output


def test_a_key_of_the_same_name_and_another_content_is_a_problem(command: Run):
    command("check-config")
    with db.engine.begin() as connection:
        connection.execute(text("update key_canaries set sealed = zeroblob(60)"))
    checked = command("check-config")
    assert checked.exit_code == 1
    assert "is not the key of that name" in checked.output


def test_a_database_that_is_away_is_one_sentence(command: Run):
    with db.engine.begin() as connection:
        connection.execute(text("drop table administrators"))
    away = command("admins", "list")
    assert away.exit_code == 1
    assert away.output == "Error: the database refused: OperationalError\n"
