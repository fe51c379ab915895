"""Sealing with the first key beside everything else: nothing lost, nothing done twice, nothing hidden."""

from collections.abc import Callable
from typing import Any

import pytest

from app.models import Connection, ConnectionState
from app.tokens.resealing import Batch, Resealing
from app.tokens.sealing import Sealer
from tests.unit.tokens.workshop import KEY, OTHER_KEY, Machine, Workshop

BOTH = (OTHER_KEY, KEY)


@pytest.fixture
def renewing(workshop: Workshop) -> Machine:
    """A machine that seals with the new key and opens both."""
    workshop.machine()  # the first, which signs people in, has the old key only
    return workshop.machine(*BOTH)


def resealing(machine: Machine) -> Resealing:
    return Resealing(machine.engine, Sealer(BOTH))


def swept(machine: Machine, size: int = 10) -> list[Batch]:
    return list(resealing(machine).sweep(size))


def token_of(machine: Machine, connection_id: str) -> tuple[str | None, str | None]:
    """Both tokens, as this machine opens them."""
    lease = machine.vault.leases.take(connection_id, machine.look(connection_id).generation)
    assert lease is not None
    machine.vault.leases.release(lease)
    return machine.token(connection_id), machine.vault.leases.open(lease)


def test_every_row_is_sealed_with_the_first_key_and_opens_as_before(workshop: Workshop, renewing: Machine) -> None:
    answers = [workshop.endpoint.sign_in() for _ in range(5)]
    ids = [workshop.sign_in(answer=answer) for answer in answers]
    work = resealing(renewing)
    assert work.left() == 5
    assert [(batch.looked_at, batch.resealed) for batch in work.sweep(2)] == [(2, 2), (2, 2), (1, 1)]
    assert work.left() == 0
    new_only = workshop.machine(OTHER_KEY)
    for connection_id, answer in zip(ids, answers, strict=True):
        row = workshop.row(connection_id)
        assert (row.key_id, row.generation, row.state) == ("k2", 1, "active")
        assert token_of(new_only, connection_id) == (answer.access_token, answer.refresh_token)


def test_a_second_time_changes_nothing(workshop: Workshop, renewing: Machine) -> None:
    connection_id = workshop.sign_in()
    swept(renewing)
    before = dict(workshop.row(connection_id))
    assert swept(renewing) == []
    assert dict(workshop.row(connection_id)) == before


def test_what_was_stopped_in_the_middle_goes_on_where_it_was(workshop: Workshop, renewing: Machine) -> None:
    for _ in range(4):
        workshop.sign_in()
    next(resealing(renewing).sweep(3))
    assert resealing(renewing).left() == 1
    assert [batch.looked_at for batch in swept(renewing)] == [1]


def _renew(workshop: Workshop, machine: Machine, connection_id: str) -> None:
    workshop.pass_time(workshop.endpoint.life_seconds + 1)
    machine.token(connection_id)


def _lease(_workshop: Workshop, machine: Machine, connection_id: str) -> None:
    assert machine.vault.leases.take(connection_id, 1)


def _sign_in_again(workshop: Workshop, machine: Machine, connection_id: str) -> None:
    workshop.sign_in(machine.look(connection_id).account_id)


def _disconnect(_workshop: Workshop, machine: Machine, connection_id: str) -> None:
    with machine.transaction() as session:
        machine.vault.revocations.end_here(session, session.get_one(Connection, connection_id))


@pytest.mark.parametrize("event", [_renew, _lease, _sign_in_again, _disconnect])
def test_who_comes_between_reading_and_writing_wins(
    workshop: Workshop,
    renewing: Machine,
    monkeypatch: pytest.MonkeyPatch,
    event: Callable[[Workshop, Machine, str], None],
) -> None:
    connection_id = workshop.sign_in()
    stored: list[dict[str, Any]] = []
    write = Resealing._write

    def come_between(self: Resealing, changes: list[dict[str, Any]]) -> int:
        if not stored:
            event(workshop, renewing, connection_id)
            stored.append(dict(workshop.row(connection_id)))
        return write(self, changes)

    monkeypatch.setattr(Resealing, "_write", come_between)
    assert [batch.resealed for batch in swept(renewing)] == [0]
    assert dict(workshop.row(connection_id)) == stored[0]
    swept(renewing)
    assert workshop.row(connection_id).key_id == "k2"


def test_a_refresh_under_way_is_saved_after_its_row_was_resealed(workshop: Workshop, renewing: Machine) -> None:
    connection_id = workshop.expired()
    workshop.endpoint.in_flight.append(lambda: swept(renewing))
    renewing.token(connection_id)
    row = workshop.row(connection_id)
    assert (row.generation, row.key_id, row.state) == (2, "k2", "active")


def test_a_revocation_that_is_owed_can_still_be_made(workshop: Workshop, renewing: Machine) -> None:
    answer = workshop.endpoint.sign_in()
    connection_id = workshop.sign_in(answer=answer)
    _disconnect(workshop, renewing, connection_id)
    swept(renewing)
    row = workshop.row(connection_id)
    assert (row.key_id, row.state, row.sealed_access_token) == ("k2", ConnectionState.DISCONNECTED, None)
    workshop.pass_time(121)
    leaving = workshop.machine(OTHER_KEY).vault.revocations.take_due()
    assert leaving is not None
    assert leaving.refresh_token == answer.refresh_token


def test_what_cannot_be_opened_is_left_and_named(workshop: Workshop, renewing: Machine) -> None:
    broken, good = workshop.sign_in(), workshop.sign_in()
    workshop.change(broken, sealed_refresh_token=b"\x01\x02k1 nothing that was ever sealed by anybody")
    batches = swept(renewing)
    assert [identifier for batch in batches for identifier in batch.unreadable] == [broken]
    assert workshop.row(broken).key_id == "k1"
    assert workshop.row(good).key_id == "k2"
    assert resealing(renewing).left() == 1


def test_a_damaged_row_alone_makes_no_change(workshop: Workshop, renewing: Machine) -> None:
    broken = workshop.sign_in()
    workshop.change(broken, sealed_access_token=b"\x01")
    before = dict(workshop.row(broken))
    assert [(batch.resealed, batch.unreadable) for batch in swept(renewing)] == [(0, (broken,))]
    assert dict(workshop.row(broken)) == before


def test_a_key_added_on_one_machine_only_opens_on_both(workshop: Workshop) -> None:
    first_old = workshop.machine(KEY, OTHER_KEY)
    first_new = workshop.machine(*BOTH)
    connection_id = workshop.expired()
    first_new.token(connection_id)
    assert workshop.row(connection_id).key_id == "k2"
    workshop.pass_time(workshop.endpoint.life_seconds + 1)
    first_old.token(connection_id)
    row = workshop.row(connection_id)
    assert (row.key_id, row.generation, workshop.endpoint.reuses) == ("k1", 3, 0)
