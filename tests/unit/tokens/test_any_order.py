"""Whatever happens in whatever order: people are never mixed up, tokens never spent twice by our own fault.

Two machines share a database. Sign-ins, requests, refusals, faults, crashes, key changes and passing time come in
random order; a small model knows what is allowed.
"""

import os
from collections.abc import Callable
from dataclasses import dataclass

import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    invariant,
    precondition,
    rule,
    run_state_machine_as_test,
)

from app.errors import (
    AppError,
    Disconnected,
    PageroBusy,
    PageroTimedOut,
    PageroUnauthorized,
    PageroUnreachable,
    ReconnectNeeded,
)
from app.models import Connection
from tests.support.stored import Stored
from tests.unit.tokens.endpoint import Grant
from tests.unit.tokens.workshop import KEY, OTHER_KEY, Machine, Workshop

EXAMPLES = int(os.environ.get("ANY_ORDER_EXAMPLES", "8"))
PEOPLE, MACHINES = st.sampled_from((0, 1)), st.sampled_from((0, 1))


@dataclass
class Expected:
    """What the model knows of one person."""

    account_id: str
    connection_id: str
    grant: Grant
    disconnected: bool = False
    revoked_at_pagero: bool = False
    lost: bool = False
    """A crash or a lost answer was injected since the last sign-in."""
    over: bool = False
    """ReconnectNeeded has been said."""


class AnyOrder(RuleBasedStateMachine):
    address: str

    @initialize()
    def begin(self) -> None:
        Stored(self.address).clear()
        self.workshop = Workshop(self.address)
        self.endpoint = self.workshop.endpoint
        self.allowed_reuses = 0
        self.machines = [self._machine(), self._machine()]
        self.people = [self._new_person() for _ in range(2)]

    def _machine(self, *keys: object) -> Machine:
        return self.workshop.machine(*keys, refresh_wait_seconds=0.3)  # type: ignore[arg-type]

    def _new_person(self) -> Expected:
        account_id, answer = self.workshop.account(), self.endpoint.sign_in()
        connection_id = self.workshop.sign_in(account_id, answer)
        return Expected(account_id, connection_id, self.endpoint.grant_of[answer.access_token])

    @rule(number=PEOPLE)
    def sign_in_again(self, number: int) -> None:
        person, answer = self.people[number], self.endpoint.sign_in()
        assert self.workshop.sign_in(person.account_id, answer) == person.connection_id
        self.people[number] = Expected(
            person.account_id,
            person.connection_id,
            self.endpoint.grant_of[answer.access_token],
            lost=bool(self.endpoint.lost_answers),
        )

    @rule(number=PEOPLE, at=MACHINES)
    def ask(self, number: int, at: int) -> None:
        self._ask(self.people[number], self.machines[at], None)

    @rule(number=PEOPLE, at=MACHINES)
    def ask_after_a_401(self, number: int, at: int) -> None:
        person = self.people[number]
        self._ask(person, self.machines[at], self.workshop.row(person.connection_id).generation)

    @rule(seconds=st.sampled_from((2, 61, 250, 601)))
    def pass_time(self, seconds: int) -> None:
        self.workshop.pass_time(seconds)

    @rule(fault=st.sampled_from((PageroUnreachable, PageroTimedOut)))
    def the_next_call_does_not_arrive(self, fault: Callable[[str], Exception]) -> None:
        self.endpoint.faults = [fault("refresh tokens")]

    @rule()
    def the_next_answer_is_lost(self) -> None:
        self.endpoint.lost_answers = [PageroTimedOut("refresh tokens")]
        self.allowed_reuses += 1
        for person in self.people:
            person.lost = True

    @rule(number=PEOPLE, sent=st.booleans())
    def a_worker_dies_while_refreshing(self, number: int, sent: bool) -> None:
        person, leases = self.people[number], self.machines[0].vault.leases
        lease = leases.take(person.connection_id, self.workshop.row(person.connection_id).generation)
        if lease is None:
            return
        person.lost = True
        if sent and not person.grant.ended and (token := leases.open(lease)) == person.grant.current:
            self.endpoint.faults, self.endpoint.lost_answers = [], []
            self.endpoint.refresh(token)
            self.allowed_reuses += 1

    @rule(number=PEOPLE)
    def the_person_revokes_at_pagero(self, number: int) -> None:
        self.people[number].grant.ended = True
        self.people[number].revoked_at_pagero = True

    @precondition(lambda self: any(not person.disconnected for person in self.people))
    @rule(number=PEOPLE, at=MACHINES)
    def disconnect(self, number: int, at: int) -> None:
        person, machine = self.people[number], self.machines[at]
        if person.disconnected:
            return
        with machine.transaction() as session:
            row = session.get_one(Connection, person.connection_id)
            leaving = machine.vault.revocations.end_here(session, row)
        machine.vault.revocations.carry_out(self.endpoint, leaving, "system")
        person.disconnected = True

    @rule(at=MACHINES, keys=st.permutations((KEY, OTHER_KEY)))
    def a_machine_restarts_with_other_keys(self, at: int, keys: list[object]) -> None:
        self.machines[at] = self._machine(*keys)

    def _ask(self, person: Expected, machine: Machine, rejected: int | None) -> None:
        said = _said(machine, person.connection_id, rejected)
        if isinstance(said, str):
            assert self.endpoint.grant_of[said] is person.grant, "somebody else's token"
            assert not person.disconnected
            assert not person.over
        elif isinstance(said, ReconnectNeeded):
            assert {"ended_at_pagero": person.revoked_at_pagero, "rotation_lost": person.lost}[said.reason]
            person.over = True
        elif isinstance(said, PageroBusy):
            assert said.retry_after
            assert not person.over
        else:
            assert person.disconnected if isinstance(said, Disconnected) else rejected is not None

    @invariant()
    def no_refresh_token_is_spent_twice_by_our_own_fault(self) -> None:
        if hasattr(self, "people"):
            assert self.endpoint.reuses <= self.allowed_reuses

    @invariant()
    def an_ended_connection_stays_ended_and_empty(self) -> None:
        for person in getattr(self, "people", []):
            row = self.workshop.row(person.connection_id)
            if person.disconnected:
                assert (row.state, row.sealed_access_token, row.sealed_refresh_token) == ("disconnected", None, None)
            else:
                assert row.state != "disconnected"

    def teardown(self) -> None:
        if hasattr(self, "workshop"):
            self.workshop.close()


def _said(machine: Machine, connection_id: str, rejected: int | None) -> str | AppError:
    try:
        return machine.token(connection_id, rejected)
    except (Disconnected, ReconnectNeeded, PageroUnauthorized, PageroBusy) as answer:
        return answer


@pytest.mark.parametrize("kind", ["sqlite", "postgresql"])
def test_any_order(kind: str, shared_database: Callable[[str], str]) -> None:
    class OnThisDatabase(AnyOrder):
        address = shared_database(kind)

    run_state_machine_as_test(
        OnThisDatabase,
        settings=settings(
            max_examples=EXAMPLES,
            stateful_step_count=20,
            deadline=None,
            suppress_health_check=list(HealthCheck),
            database=None,
        ),
    )
