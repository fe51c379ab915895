"""The claim itself: whoever comes too late or too early gets no lease, whatever they have seen before."""

from datetime import timedelta
from typing import Any

import pytest

from tests.unit.tokens.workshop import Machine, Workshop

SOON = timedelta(seconds=60)
LEASE_SECONDS = 30


@pytest.fixture
def machine(workshop: Workshop) -> Machine:
    """Leases long enough for a busy computer."""
    return workshop.machine(refresh_lease_seconds=LEASE_SECONDS)


def test_a_lease_lies_in_the_future_by_the_databases_clock(workshop: Workshop, machine: Machine) -> None:
    connection_id = workshop.expired()
    lease = machine.vault.leases.take(connection_id, 1)
    assert lease is not None
    row, now = workshop.row(connection_id), machine.look(connection_id).now
    assert now < row.lease_until <= now + timedelta(seconds=LEASE_SECONDS)
    assert (row.lease_owner, row.fence, row.spent_generation) == (lease.owner, lease.fence, 1)
    assert timedelta(0) <= now - lease.claimed_at < timedelta(seconds=10)


def test_a_lease_is_given_once_until_it_is_over(workshop: Workshop, machine: Machine) -> None:
    connection_id = workshop.expired()
    first = machine.vault.leases.take(connection_id, 1)
    assert first is not None
    assert workshop.machine().vault.leases.take(connection_id, 1) is None
    workshop.pass_time(LEASE_SECONDS + 1)
    second = workshop.machine().vault.leases.take(connection_id, 1)
    assert second is not None
    assert (second.fence, second.in_doubt, first.in_doubt) == (first.fence + 1, True, False)


@pytest.mark.parametrize(
    "changes",
    [
        {"state": "disconnected"},
        {"state": "reconnect_needed", "reason": "ended_at_pagero"},
        {"state": "reconnect_needed", "reason": "rotation_lost"},
        {"generation": 2},
        {"retry_at": SOON},
        {"lease_until": SOON},
    ],
)
def test_no_lease_for_what_has_changed_since_the_look(
    workshop: Workshop, machine: Machine, changes: dict[str, Any]
) -> None:
    connection_id = workshop.expired()
    now = machine.look(connection_id).now
    workshop.change(connection_id, **{name: now + value if value is SOON else value for name, value in changes.items()})
    before = dict(workshop.row(connection_id))
    assert machine.vault.leases.take(connection_id, 1) is None
    assert dict(workshop.row(connection_id)) == before


def test_a_forced_lease_is_given_once_a_minute(workshop: Workshop, machine: Machine) -> None:
    connection_id = workshop.sign_in()
    for passed, given in [(0, True), (30, False), (31, True)]:
        workshop.pass_time(passed)
        workshop.change(connection_id, lease_until=None, lease_owner=None, spent_generation=None)
        assert (machine.vault.leases.take(connection_id, 1, forced=True) is not None) == given
        assert machine.vault.leases.take("unknown", 1, forced=True) is None


def test_a_lease_is_renewed_only_by_its_holder(workshop: Workshop, machine: Machine) -> None:
    connection_id = workshop.expired()
    lease = machine.vault.leases.take(connection_id, 1)
    assert lease is not None
    until = workshop.row(connection_id).lease_until
    workshop.pass_time(5)
    assert machine.vault.leases.renew(lease)
    assert workshop.row(connection_id).lease_until - until >= timedelta(seconds=5)
    workshop.pass_time(LEASE_SECONDS + 1)  # over, but nobody has taken it
    assert machine.vault.leases.renew(lease)
    workshop.pass_time(LEASE_SECONDS + 1)
    assert machine.vault.leases.take(connection_id, 1)
    assert not machine.vault.leases.renew(lease)
