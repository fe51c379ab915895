"""Ending a connection here and at Pagero, and trying again until Pagero confirms or we give up."""

import pytest
from structlog.testing import capture_logs

from app.errors import ClientRefused, PageroError, PageroFailed, PageroTimedOut, PageroUnreachable
from app.models import Connection, RevokeOutcome
from app.tokens.revocations import MOST_ATTEMPTS, Leaving
from tests.unit.tokens.workshop import OTHER_KEY, Machine, Workshop


def _end(machine: Machine, connection_id: str) -> Leaving:
    with machine.transaction() as session:
        return machine.vault.revocations.end_here(session, session.get_one(Connection, connection_id))


def _end_for_good(workshop: Workshop, machine: Machine, connection_id: str) -> RevokeOutcome:
    return machine.vault.revocations.carry_out(workshop.endpoint, _end(machine, connection_id), "system")


def test_the_end_here_keeps_only_what_the_revocation_needs(workshop: Workshop, machine: Machine) -> None:
    connection_id = workshop.sign_in()
    leaving = _end(machine, connection_id)
    row = workshop.row(connection_id)
    assert (row.state, row.revoke_outcome, row.revoke_attempts) == ("disconnected", "pending", 0)
    assert (row.sealed_access_token, row.access_expires_at, row.refresh_due_at) == (None, None, None)
    assert row.sealed_refresh_token is not None
    assert row.revoke_retry_at > row.disconnected_at
    assert leaving.refresh_token not in repr(leaving)
    assert leaving.access_token not in repr(leaving)


def test_pagero_is_told_the_refresh_token_first_and_then_the_access_token(workshop: Workshop, machine: Machine) -> None:
    answer = workshop.endpoint.sign_in()
    connection_id = workshop.sign_in(answer=answer)
    assert _end_for_good(workshop, machine, connection_id) == RevokeOutcome.CONFIRMED
    assert workshop.endpoint.revoked == [
        (answer.refresh_token, "refresh_token"),
        (answer.access_token, "access_token"),
    ]
    row = workshop.row(connection_id)
    assert (row.revoke_outcome, row.revoke_retry_at) == ("confirmed", None)
    assert (row.sealed_refresh_token, row.key_id) == (None, None)
    assert workshop.actions() == [("connection.revoked", None)]


@pytest.mark.parametrize(
    "error",
    [PageroFailed("revoke", 500), PageroTimedOut("revoke"), PageroUnreachable("revoke"), ClientRefused("revoke")],
)
def test_what_pagero_did_not_confirm_is_tried_again_later(
    workshop: Workshop, machine: Machine, error: PageroError
) -> None:
    connection_id = workshop.sign_in()
    workshop.endpoint.revoke_faults = [error]
    assert _end_for_good(workshop, machine, connection_id) == RevokeOutcome.PENDING
    assert machine.vault.revocations.take_due() is None
    workshop.pass_time(61)
    leaving = machine.vault.revocations.take_due()
    assert leaving is not None
    assert workshop.machine().vault.revocations.take_due() is None  # one machine at a time
    assert machine.vault.revocations.carry_out(workshop.endpoint, leaving, "command") == RevokeOutcome.CONFIRMED
    assert workshop.row(connection_id).sealed_refresh_token is None
    assert not workshop.endpoint.is_live(leaving.refresh_token or "")


def test_a_refused_revocation_of_the_access_token_alone_does_not_unmake_the_answer(
    workshop: Workshop, machine: Machine
) -> None:
    connection_id = workshop.sign_in()
    leaving = _end(machine, connection_id)

    class KnowsNoAccessTokens:
        def revoke(self, token: str, hint: str) -> None:
            if hint == "access_token":
                raise PageroFailed("revoke", 400)

    outcome = machine.vault.revocations.carry_out(KnowsNoAccessTokens(), leaving, "system")
    assert outcome == RevokeOutcome.CONFIRMED


def test_a_process_that_died_before_telling_pagero_is_made_up_for(workshop: Workshop, machine: Machine) -> None:
    connection_id = workshop.sign_in()
    gone = _end(machine, connection_id)
    workshop.pass_time(121)
    leaving = workshop.machine().vault.revocations.take_due()
    assert leaving is not None
    assert leaving.refresh_token == gone.refresh_token


def test_attempts_end_and_the_token_is_wiped(workshop: Workshop, machine: Machine) -> None:
    connection_id = workshop.sign_in()
    workshop.endpoint.revoke_faults = [PageroFailed("revoke", 500) for _ in range(50)]
    outcomes = [_end_for_good(workshop, machine, connection_id)]
    while outcomes[-1] == RevokeOutcome.PENDING:
        workshop.pass_time(6 * 3600 + 1)
        leaving = machine.vault.revocations.take_due()
        assert leaving is not None
        outcomes.append(machine.vault.revocations.carry_out(workshop.endpoint, leaving, "system"))
    assert outcomes == [RevokeOutcome.PENDING] * (MOST_ATTEMPTS - 1) + [RevokeOutcome.GIVEN_UP]
    row = workshop.row(connection_id)
    assert (row.revoke_outcome, row.sealed_refresh_token, row.revoke_retry_at) == ("given_up", None, None)
    assert machine.vault.revocations.take_due() is None


def test_without_refresh_token_the_access_token_is_revoked(workshop: Workshop, machine: Machine) -> None:
    answer = workshop.endpoint.sign_in()
    only_access = type(answer)(answer.access_token, None, 600)
    connection_id = workshop.sign_in(answer=only_access)
    assert _end_for_good(workshop, machine, connection_id) == RevokeOutcome.CONFIRMED
    assert workshop.endpoint.revoked == [(answer.access_token, "access_token")]


def test_tokens_that_cannot_be_opened_wait_for_a_machine_that_can(workshop: Workshop, machine: Machine) -> None:
    answer = workshop.endpoint.sign_in()
    connection_id = workshop.sign_in(answer=answer)
    stranger = workshop.machine(OTHER_KEY)
    with capture_logs() as logs:
        assert _end_for_good(workshop, stranger, connection_id) == RevokeOutcome.PENDING
    assert ("revoke.unreadable", "critical") in {(entry["event"], entry["log_level"]) for entry in logs}
    assert workshop.endpoint.revoked == []
    row = workshop.row(connection_id)
    assert (row.state, row.revoke_attempts, row.sealed_access_token) == ("disconnected", 0, None)
    workshop.pass_time(121)
    with capture_logs() as logs:
        assert stranger.vault.revocations.take_due() is None
    assert [entry["event"] for entry in logs] == ["revoke.unreadable"]
    leaving = machine.vault.revocations.take_due()  # the stranger has not even put it off
    assert leaving is not None
    assert machine.vault.revocations.carry_out(workshop.endpoint, leaving, "system") == RevokeOutcome.CONFIRMED
    assert not workshop.endpoint.is_live(answer.refresh_token or "")


def test_a_machine_that_lacks_a_key_does_what_it_can_open_first(workshop: Workshop, machine: Machine) -> None:
    for _ in range(25):
        _end(machine, workshop.sign_in())
    other = workshop.machine(OTHER_KEY)
    with other.transaction() as session:
        ours = other.vault.store_grant(session, workshop.account(), workshop.endpoint.sign_in(), workshop.clock.now())
    _end(other, ours.id)
    workshop.pass_time(121)
    leaving = other.vault.revocations.take_due()
    assert leaving is not None
    assert leaving.connection_id == ours.id


def test_a_damaged_token_is_neither_wiped_nor_in_the_way(workshop: Workshop, machine: Machine) -> None:
    damaged, sound = workshop.sign_in(), workshop.sign_in()
    workshop.change(damaged, sealed_refresh_token=b"\x01")
    assert _end_for_good(workshop, machine, damaged) == RevokeOutcome.PENDING
    assert [hint for _, hint in workshop.endpoint.revoked] == ["access_token"]
    _end(machine, sound)
    workshop.pass_time(121)
    leaving = machine.vault.revocations.take_due()
    assert leaving is not None
    assert leaving.connection_id == sound
    assert machine.vault.revocations.take_due() is None
    assert workshop.row(damaged).sealed_refresh_token == b"\x01"


def test_a_revocation_may_be_left_to_whoever_asks_next(workshop: Workshop, machine: Machine) -> None:
    connection_id = workshop.sign_in()
    with machine.transaction() as session:
        machine.vault.revocations.end_here(session, session.get_one(Connection, connection_id), due_at_once=True)
    assert machine.vault.revocations.take_due() is not None


def test_a_new_sign_in_is_not_touched_by_the_end_of_the_old_one(workshop: Workshop, machine: Machine) -> None:
    account_id = workshop.account()
    connection_id = workshop.sign_in(account_id)
    leaving = _end(machine, connection_id)
    workshop.sign_in(account_id)
    machine.vault.revocations.carry_out(workshop.endpoint, leaving, "system")
    row = workshop.row(connection_id)
    assert (row.state, row.revoke_outcome) == ("active", None)
    assert machine.token(connection_id)


def test_an_old_end_does_not_answer_for_a_newer_one(workshop: Workshop, machine: Machine) -> None:
    account_id = workshop.account()
    connection_id = workshop.sign_in(account_id)
    old = _end(machine, connection_id)
    workshop.sign_in(account_id)
    fence = workshop.row(connection_id).fence
    _end(machine, connection_id)
    machine.vault.revocations.carry_out(workshop.endpoint, old, "system")
    row = workshop.row(connection_id)
    assert (row.revoke_outcome, row.fence) == ("pending", fence + 1)
    assert row.sealed_refresh_token is not None


def test_a_revocation_that_another_machine_took_meanwhile_is_left_to_it(workshop: Workshop, machine: Machine) -> None:
    """Both have seen the same candidates; only one may take each."""
    for _ in range(2):
        _end(machine, workshop.sign_in())
    workshop.pass_time(121)
    other = workshop.machine()
    taken = [other.vault.revocations.take_due()]
    one_more = machine.vault.revocations.take_due()
    assert taken[0] is not None
    assert one_more is not None
    assert taken[0].connection_id != one_more.connection_id
    assert machine.vault.revocations.take_due() is None
