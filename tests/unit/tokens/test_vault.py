"""Storing a grant, reading a connection, opening its access token."""

import threading
from datetime import timedelta

import pytest
from sqlalchemy import event, select
from sqlalchemy.exc import IntegrityError

from app.db import database_now, reading
from app.errors import SealBroken
from app.models import Account, Connection
from app.pagero.records import TokenAnswer
from app.tokens.vault import OpenTokens, snapshot_columns, snapshot_from
from tests.unit.tokens.workshop import KEY, OTHER_KEY, Machine, Workshop


def test_tokens_lie_sealed_and_nowhere_in_the_clear(workshop: Workshop) -> None:
    answer = workshop.endpoint.sign_in()
    row = workshop.row(workshop.sign_in(answer=answer))
    assert row.key_id == "k1"
    assert row.sealed_access_token[2:4] == row.sealed_refresh_token[2:4] == b"k1"
    stored = str(dict(row)).encode()
    for token in (answer.access_token, answer.refresh_token or ""):
        assert token.encode() not in stored


def test_a_new_connection_is_active_and_says_when_it_ends(workshop: Workshop, machine: Machine) -> None:
    connection_id = workshop.sign_in(answer=TokenAnswer("access", "refresh", 600, "all"))
    row, now = workshop.row(connection_id), machine.look(connection_id).now
    assert (row.state, row.generation, row.fence, row.failures, row.granted_scope) == ("active", 1, 1, 0, "all")
    assert now - timedelta(seconds=2) < row.connected_at == row.last_rotated_at <= now
    assert row.access_expires_at == row.connected_at + timedelta(seconds=600)
    assert row.connected_at < row.refresh_due_at < row.access_expires_at


def test_signing_in_again_replaces_everything_the_old_grant_left(workshop: Workshop, machine: Machine) -> None:
    account_id = workshop.account()
    first = workshop.sign_in(account_id)
    machine.vault.leases.take(first, 1, forced=True)
    late = workshop.clock.now() + timedelta(hours=1)
    workshop.change(
        first,
        state="disconnected",
        reason="ended_at_pagero",
        retry_at=late,
        failures=3,
        revoke_outcome="pending",
        revoke_attempts=2,
        revoke_retry_at=late,
        disconnected_at=late,
        last_refresh_outcome="pagero_failed",
        granted_scope="old",
    )
    assert workshop.sign_in(account_id) == first
    row = workshop.row(first)
    assert (row.state, row.generation, row.fence, row.failures, row.revoke_attempts) == ("active", 2, 3, 0, 0)
    for column in (
        "reason",
        "retry_at",
        "lease_owner",
        "lease_until",
        "spent_generation",
        "forced_at",
        "revoke_outcome",
        "revoke_retry_at",
        "disconnected_at",
        "last_refresh_outcome",
        "granted_scope",
    ):
        assert row[column] is None, column
    assert machine.token(first)


def test_storing_a_grant_is_the_callers_transaction(workshop: Workshop, machine: Machine) -> None:
    account_id = workshop.account()
    with machine.transaction() as session:
        machine.vault.store_grant(session, account_id, workshop.endpoint.sign_in(), workshop.clock.now())
        session.rollback()
    assert workshop.stored.count(Connection) == 0


def test_two_sign_ins_of_one_person_at_once_leave_one_connection(workshop: Workshop, machine: Machine) -> None:
    account_id = workshop.account()
    other = workshop.machine()
    second = threading.Thread(target=workshop.sign_in, args=(account_id,))
    with machine.transaction() as session:
        machine.vault.store_grant(session, account_id, workshop.endpoint.sign_in(), workshop.clock.now())
        second.start()
        second.join(0.3)
        assert second.is_alive()
    second.join(10)
    assert workshop.stored.one(Connection).generation == 2
    assert other.token(workshop.stored.one(Connection).id)


def test_an_account_that_does_not_exist_gets_no_connection(workshop: Workshop, machine: Machine) -> None:
    with pytest.raises(IntegrityError), machine.transaction() as session:
        machine.vault.store_grant(session, "nobody", workshop.endpoint.sign_in(), workshop.clock.now())


def test_a_view_that_has_the_token_open_asks_the_database_nothing(workshop: Workshop, machine: Machine) -> None:
    held = machine.look(workshop.sign_in())
    token = machine.access.token(held)
    asked: list[str] = []
    event.listen(machine.engine, "before_cursor_execute", lambda *args: asked.append(args[2]))
    assert machine.access.token(held) == token
    assert asked == []


def test_an_access_token_is_opened_only_for_the_generation_that_was_seen(workshop: Workshop, machine: Machine) -> None:
    connection_id = workshop.sign_in()
    held = machine.look(connection_id)
    workshop.machine().renew(connection_id)
    assert machine.vault.open_access(held) is None
    assert machine.vault.open_access(machine.look(connection_id))


def test_a_damaged_token_is_never_kept_open(workshop: Workshop, machine: Machine) -> None:
    connection_id = workshop.sign_in()
    workshop.change(connection_id, sealed_access_token=b"\x01\x02k1damaged")
    for _ in range(2):
        with pytest.raises(SealBroken):
            machine.vault.open_access(machine.look(connection_id))


def test_new_writes_use_the_new_key_and_old_ones_still_open(workshop: Workshop, machine: Machine) -> None:
    connection_id = workshop.expired()
    both = workshop.machine(OTHER_KEY, KEY)
    assert both.token(connection_id)
    assert workshop.row(connection_id).key_id == "k2"
    assert workshop.machine(KEY, OTHER_KEY).token(connection_id)


def test_a_snapshot_can_be_part_of_another_select(workshop: Workshop, machine: Machine) -> None:
    with_connection = workshop.sign_in()
    without = workshop.account()
    wanted = (
        select(Account.id, database_now(workshop.clock.offset).label("now"), *snapshot_columns())
        .outerjoin_from(Account, Connection, Connection.account_id == Account.id)
        .order_by(Connection.id.is_(None))
    )
    with reading(machine.engine) as connection:
        first, second = connection.execute(wanted).all()
    snapshot = snapshot_from(first)
    assert snapshot is not None
    assert snapshot.id == with_connection
    assert (second.id, snapshot_from(second)) == (without, None)
    assert machine.vault.look("unknown") is None


def test_looking_opens_no_transaction(workshop: Workshop, machine: Machine) -> None:
    begun: list[object] = []
    event.listen(machine.engine, "begin", begun.append)
    machine.look(workshop.sign_in())
    assert len(begun) <= 3  # the writes that made the account and the connection
    begun.clear()
    machine.vault.look("unknown")
    assert begun == []


def test_open_tokens_are_few_and_the_newest_of_each_connection() -> None:
    kept = OpenTokens(2)
    kept.put("a", 1, "a1")
    kept.put("b", 1, "b1")
    assert kept.get("a", 1) == "a1"
    kept.put("c", 1, "c1")  # b was used longest ago
    assert (kept.get("a", 1), kept.get("b", 1), kept.get("c", 1)) == ("a1", None, "c1")
    kept.put("a", 2, "a2")
    kept.put("a", 1, "late")
    assert (kept.get("a", 1), kept.get("a", 2)) == (None, "a2")
    assert "a2" not in repr(kept)
