"""Frozen: no token is handed out and no lease given, on any machine, until it is thawed."""

import threading

import pytest

from app.errors import Disconnected, Frozen, PageroUnreachable
from app.models import Switch
from app.tokens import switches
from tests.unit.tokens.workshop import Machine, Workshop


def freeze(workshop: Workshop, machine: Machine) -> bool:
    with machine.transaction() as session:
        return switches.freeze(session, "command", workshop.clock.now())


def thaw(machine: Machine) -> bool:
    with machine.transaction() as session:
        return switches.thaw(session)


def test_no_token_is_handed_out_on_any_machine_while_frozen(workshop: Workshop, machine: Machine) -> None:
    other, connection_id = workshop.machine(), workshop.sign_in()
    before = other.token(connection_id)
    assert freeze(workshop, machine)
    for one in (machine, other):
        with pytest.raises(Frozen):
            one.token(connection_id)
    assert thaw(machine)
    assert other.token(connection_id) == before


def test_nothing_is_renewed_while_frozen(workshop: Workshop, machine: Machine) -> None:
    connection_id = workshop.expired()
    freeze(workshop, machine)
    with pytest.raises(Frozen):
        machine.token(connection_id)
    assert not machine.access.renew_idle(connection_id, 1)
    assert machine.vault.leases.take(connection_id, 1) is None
    assert workshop.endpoint.refreshes == []
    thaw(machine)
    assert machine.access.renew_idle(connection_id, 1)


def test_a_request_that_looked_before_the_freeze_renews_nothing(workshop: Workshop, machine: Machine) -> None:
    connection_id = workshop.expired()
    held = machine.look(connection_id)
    freeze(workshop, machine)
    with pytest.raises(Frozen):
        machine.access.token(held)
    assert workshop.endpoint.refreshes == []


def test_a_renewal_under_way_is_stored_although_it_is_frozen_meanwhile(workshop: Workshop, machine: Machine) -> None:
    connection_id = workshop.expired()
    workshop.endpoint.in_flight.append(lambda: freeze(workshop, workshop.machine()))
    machine.token(connection_id)
    assert workshop.row(connection_id).generation == 2
    with pytest.raises(Frozen):
        machine.token(connection_id)


def test_its_last_seconds_are_not_used_after_a_freeze(workshop: Workshop, machine: Machine) -> None:
    connection_id = workshop.sign_in()
    workshop.pass_time(workshop.endpoint.life_seconds - 5)
    released = threading.Event()
    workshop.endpoint.lost_answers.append(PageroUnreachable("refresh tokens"))
    workshop.endpoint.in_flight.append(lambda: freeze(workshop, workshop.machine()) and released.set())
    with pytest.raises(Frozen):
        machine.token(connection_id)
    assert released.is_set()


def test_freezing_twice_and_thawing_twice_say_so(workshop: Workshop, machine: Machine) -> None:
    assert [freeze(workshop, machine), freeze(workshop, machine)] == [True, False]
    with machine.transaction() as session:
        on = switches.frozen_since(session)
        assert on is not None
        assert (on.actor, on.name) == ("command", "freeze")
    assert [thaw(machine), thaw(machine)] == [True, False]
    assert workshop.stored.count(Switch) == 0


def test_frozen_is_said_before_anything_about_one_connection(workshop: Workshop, machine: Machine) -> None:
    connection_id = workshop.sign_in()
    workshop.change(connection_id, state="disconnected")
    with pytest.raises(Disconnected):
        machine.token(connection_id)
    freeze(workshop, machine)
    with pytest.raises(Frozen):
        machine.token(connection_id)
