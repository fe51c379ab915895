"""Who gets which token, and how often Pagero is asked for it."""

import threading
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from typing import Any

import pytest
from structlog.testing import capture_logs

from app.errors import (
    Disconnected,
    PageroBusy,
    PageroFailed,
    PageroTimedOut,
    PageroUnauthorized,
    PageroUnreachable,
    ReconnectNeeded,
)
from app.models import Connection
from app.tokens.access import Access, AccessToken
from app.tokens.leases import Lease, Leases
from tests.unit.tokens.workshop import KEY, OTHER_KEY, Machine, Workshop


def _expect_calls(workshop: Workshop, count: int) -> None:
    assert len(workshop.endpoint.refreshes) == count
    assert workshop.endpoint.reuses == 0


def _until(condition: Callable[[], bool], seconds: float = 5) -> None:
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, "waited in vain"
        time.sleep(0.01)


def test_a_fresh_token_is_used_without_asking_pagero(workshop: Workshop, machine: Machine) -> None:
    answer = workshop.endpoint.sign_in()
    connection_id = workshop.sign_in(answer=answer)
    assert machine.token(connection_id) == answer.access_token
    _expect_calls(workshop, 0)


def test_an_expired_token_is_renewed_once(workshop: Workshop, machine: Machine) -> None:
    connection_id = workshop.expired()
    first = machine.token(connection_id)
    assert machine.token(connection_id) == first
    _expect_calls(workshop, 1)
    row = workshop.row(connection_id)
    assert (row.generation, row.state, row.lease_owner, row.spent_generation) == (2, "active", None, None)
    assert workshop.actions() == [("connection.renewed", None)]


def test_a_crowd_of_threads_and_machines_costs_one_call(workshop: Workshop, machine: Machine) -> None:
    connection_id = workshop.expired()
    workshop.endpoint.delay_seconds = 0.3
    machines = [machine, workshop.machine(), workshop.machine()]
    with ThreadPoolExecutor(24) as threads:
        tokens = list(threads.map(lambda number: machines[number % 3].token(connection_id), range(24)))
    _expect_calls(workshop, 1)
    assert len(set(tokens)) == 1


class LeasesWithSomebodyBefore(Leases):
    """Puts another worker exactly between the look and the lease."""

    def __init__(self, real: Leases, before: Callable[[], object]) -> None:
        self.__dict__.update(vars(real))
        self.before: list[Callable[[], object]] = [before]

    def take(self, connection_id: str, generation: int, *, forced: bool = False) -> Lease | None:
        while self.before:
            self.before.pop()()
        return super().take(connection_id, generation, forced=forced)


@pytest.mark.parametrize("rejected", [None, 1])
def test_a_worker_that_finishes_between_look_and_lease_is_noticed(workshop: Workshop, rejected: int | None) -> None:
    connection_id = workshop.expired() if rejected is None else workshop.sign_in()
    ours, other = workshop.machine(), workshop.machine()
    got: list[str] = []
    ours.vault.leases = LeasesWithSomebodyBefore(
        ours.vault.leases, lambda: got.append(other.token(connection_id, rejected))
    )
    ours.access = Access(ours.vault, workshop.endpoint, workshop.settings, workshop.seconds)
    assert ours.token(connection_id, rejected) == got[0]
    _expect_calls(workshop, 1)


def test_a_token_that_is_due_is_served_at_once_and_renewed_beside(workshop: Workshop, machine: Machine) -> None:
    answer = workshop.endpoint.sign_in()
    connection_id = workshop.sign_in(answer=answer)
    workshop.pass_time(520)
    workshop.endpoint.delay_seconds = 1.5
    started = time.monotonic()
    assert {machine.token(connection_id) for _ in range(5)} == {answer.access_token}
    assert time.monotonic() - started < 1.4
    _until(lambda: workshop.row(connection_id).generation == 2)
    assert machine.token(connection_id) != answer.access_token
    _expect_calls(workshop, 1)


def test_no_renewal_is_begun_beside_a_request_when_all_threads_are_busy(workshop: Workshop, machine: Machine) -> None:
    connection_id = workshop.sign_in()
    workshop.pass_time(520)
    finish = threading.Event()
    for number in range(16):
        machine.access._flights.join(str(number), lambda: finish.wait(5) and None)
    machine.token(connection_id)
    finish.set()
    machine.access.close()
    _expect_calls(workshop, 0)


def test_a_failure_beside_a_request_is_not_the_requests_failure(workshop: Workshop, machine: Machine) -> None:
    answer = workshop.endpoint.sign_in()
    connection_id = workshop.sign_in(answer=answer)
    workshop.pass_time(520)
    workshop.endpoint.faults = [PageroUnreachable("refresh tokens")]
    assert machine.token(connection_id) == answer.access_token
    _until(lambda: workshop.row(connection_id).failures == 1)
    assert machine.token(connection_id) == answer.access_token  # cooling down, still alive
    _expect_calls(workshop, 1)


def test_a_fault_of_ours_beside_a_request_is_logged_and_not_the_requests_failure(
    workshop: Workshop, machine: Machine
) -> None:
    connection_id = workshop.sign_in()
    workshop.pass_time(520)
    workshop.endpoint.faults = [ZeroDivisionError()]
    machine.token(connection_id)
    _until(lambda: workshop.row(connection_id).state == "in_doubt")


def test_the_last_seconds_of_a_token_are_used_when_renewing_fails(workshop: Workshop, machine: Machine) -> None:
    answer = workshop.endpoint.sign_in()
    connection_id = workshop.sign_in(answer=answer)
    workshop.pass_time(595)
    workshop.endpoint.faults = [PageroUnreachable("refresh tokens")]
    assert machine.token(connection_id) == answer.access_token
    assert machine.token(connection_id) == answer.access_token
    _expect_calls(workshop, 1)


def _given_up(workshop: Workshop, connection_id: str) -> None:
    workshop.change(connection_id, state="reconnect_needed", reason="rotation_lost", lease_owner=None, lease_until=None)


def _disconnected(workshop: Workshop, connection_id: str) -> None:
    _end(workshop.machine(), connection_id)


@pytest.mark.parametrize(("end", "error"), [(_given_up, ReconnectNeeded), (_disconnected, Disconnected)])
def test_the_last_seconds_of_a_token_are_not_used_when_the_connection_was_ended_meanwhile(
    workshop: Workshop, machine: Machine, end: Callable[[Workshop, str], None], error: type[Exception]
) -> None:
    connection_id = workshop.sign_in()
    workshop.pass_time(595)
    workshop.endpoint.in_flight = [lambda: end(workshop, connection_id)]
    workshop.endpoint.lost_answers = [PageroTimedOut("refresh tokens")]
    with pytest.raises(error):
        machine.token(connection_id)


def test_a_refused_token_is_not_used_for_its_last_seconds(workshop: Workshop, machine: Machine) -> None:
    connection_id = workshop.sign_in()
    workshop.endpoint.faults = [PageroUnreachable("refresh tokens")]
    with pytest.raises(PageroBusy):
        machine.token(connection_id, rejected=1)


def test_patience_ends_with_a_time_to_come_back_and_the_refresh_goes_on(workshop: Workshop) -> None:
    hasty = workshop.machine(refresh_wait_seconds=0.3)
    connection_id = workshop.expired()
    workshop.endpoint.delay_seconds = 1
    with pytest.raises(PageroBusy) as busy:
        hasty.token(connection_id)
    assert busy.value.retry_after == 2
    _until(lambda: workshop.row(connection_id).generation == 2)
    assert hasty.token(connection_id)
    _expect_calls(workshop, 1)


def test_whoever_waits_for_another_machine_loses_patience_as_well(workshop: Workshop) -> None:
    connection_id = workshop.expired()
    hasty = workshop.machine(refresh_wait_seconds=0.3)
    assert workshop.machine(refresh_lease_seconds=30).vault.leases.take(connection_id, 1)
    with pytest.raises(PageroBusy):
        hasty.token(connection_id)
    _expect_calls(workshop, 0)


def _let_the_database_be_ahead(workshop: Workshop) -> None:
    workshop.clock.offset += timedelta(seconds=workshop.settings.refresh_lease_seconds + 1)


def test_a_lease_left_behind_runs_out_and_one_who_waits_takes_over(workshop: Workshop, machine: Machine) -> None:
    connection_id = workshop.expired()
    assert machine.vault.leases.take(connection_id, 1)  # and dies
    started, waiting = time.monotonic(), workshop.machine()
    threading.Timer(0.5, lambda: _let_the_database_be_ahead(workshop)).start()
    assert waiting.token(connection_id)
    assert time.monotonic() - started > 0.4
    _expect_calls(workshop, 1)


def test_a_newer_token_is_good_for_one_use_even_when_it_is_born_expired(workshop: Workshop, machine: Machine) -> None:
    connection_id = workshop.expired()
    workshop.endpoint.life_seconds = 0
    workshop.endpoint.delay_seconds = 0.3
    other = workshop.machine()
    with ThreadPoolExecutor(2) as threads:
        tokens = list(threads.map(lambda one: one.token(connection_id), (machine, other)))
    assert len(set(tokens)) == 1
    _expect_calls(workshop, 1)


def _refuse(tokens: list[str], *refused: str) -> Callable[[str], str]:
    """An API call that answers 401 to these tokens (to all of them when none are named), and keeps what it was sent."""

    def use(token: str) -> str:
        tokens.append(token)
        if not refused or token in refused:
            raise PageroUnauthorized("list documents", 401)
        return "documents"

    return use


def test_a_401_is_answered_by_one_refresh_and_one_repetition(workshop: Workshop, machine: Machine) -> None:
    answer = workshop.endpoint.sign_in()
    connection_id = workshop.sign_in(answer=answer)
    sent: list[str] = []
    assert machine.access.call(machine.look(connection_id), _refuse(sent, answer.access_token)) == "documents"
    assert len(sent) == 2
    _expect_calls(workshop, 1)


def test_a_second_401_is_said_and_refreshes_are_forced_once_a_minute(workshop: Workshop, machine: Machine) -> None:
    connection_id = workshop.sign_in()
    sent: list[str] = []
    for _ in range(5):
        with pytest.raises(PageroUnauthorized):
            machine.access.call(machine.look(connection_id), _refuse(sent))
    assert len(sent) == 6  # the first request repeats, the others find that a minute has not passed
    _expect_calls(workshop, 1)
    workshop.pass_time(61)
    with pytest.raises(PageroUnauthorized):
        machine.access.call(machine.look(connection_id), _refuse(sent))
    _expect_calls(workshop, 2)


def test_a_401_for_a_token_that_has_been_replaced_meanwhile_needs_no_refresh(workshop: Workshop) -> None:
    ours, other = workshop.machine(), workshop.machine()
    connection_id = workshop.sign_in()
    old = ours.look(connection_id)
    fresh = other.token(connection_id, rejected=1)
    sent: list[str] = []
    use = _refuse(sent, ours.token(connection_id))
    assert ours.access.call(old, lambda token: fresh if token == fresh else use(token) and "") == fresh
    _expect_calls(workshop, 1)


def test_a_crowd_with_the_same_refused_token_costs_one_refresh(workshop: Workshop, machine: Machine) -> None:
    connection_id = workshop.sign_in()
    workshop.endpoint.delay_seconds = 0.2
    machines = [machine, workshop.machine()]
    with ThreadPoolExecutor(12) as threads:
        tokens = list(threads.map(lambda number: machines[number % 2].token(connection_id, 1), range(12)))
    assert len(set(tokens)) == 1
    _expect_calls(workshop, 1)


def test_a_refresh_under_way_that_brings_the_refused_token_is_not_enough(workshop: Workshop, machine: Machine) -> None:
    connection_id = workshop.expired()
    refused = machine.access.token(machine.look(connection_id))

    def ends_late() -> AccessToken:
        time.sleep(0.2)
        return refused

    machine.access._flights.join(connection_id, ends_late)
    assert machine.token(connection_id, rejected=2) != refused.value
    _expect_calls(workshop, 2)


def test_a_forced_refresh_that_never_left_may_be_forced_again_after_the_pause(
    workshop: Workshop, machine: Machine
) -> None:
    connection_id = workshop.sign_in()
    workshop.endpoint.faults = [PageroUnreachable("refresh tokens")]
    for _ in range(3):
        with pytest.raises(PageroBusy):
            machine.token(connection_id, rejected=1)
    workshop.pass_time(3)
    assert machine.token(connection_id, rejected=1)
    _expect_calls(workshop, 2)


def _end(machine: Machine, connection_id: str) -> None:
    """Another machine's disconnect, up to its commit."""
    with machine.transaction() as session:
        machine.vault.revocations.end_here(session, session.get_one(Connection, connection_id))


def test_a_refresh_in_flight_cannot_bring_a_disconnected_connection_back(workshop: Workshop, machine: Machine) -> None:
    connection_id = workshop.expired()
    workshop.endpoint.in_flight = [lambda: _end(workshop.machine(), connection_id)]
    with pytest.raises(Disconnected):
        machine.token(connection_id)
    row = workshop.row(connection_id)
    assert (row.state, row.revoke_outcome) == ("disconnected", "confirmed")
    assert (row.sealed_access_token, row.sealed_refresh_token, row.key_id) == (None, None, None)
    assert [hint for _, hint in workshop.endpoint.revoked] == ["refresh_token", "access_token"]
    assert not workshop.endpoint.is_live(workshop.endpoint.revoked[0][0])
    _expect_calls(workshop, 1)


def test_a_late_token_that_cannot_be_revoked_yet_stays_sealed_for_another_attempt(
    workshop: Workshop, machine: Machine
) -> None:
    connection_id = workshop.expired()
    workshop.endpoint.in_flight = [lambda: _end(workshop.machine(), connection_id)]
    workshop.endpoint.revoke_faults = [PageroFailed("revoke", 500)]
    with pytest.raises(Disconnected):
        machine.token(connection_id)
    row = workshop.row(connection_id)
    assert (row.state, row.revoke_outcome, row.revoke_attempts) == ("disconnected", "pending", 1)
    late, _ = workshop.endpoint.revoked[0]
    assert workshop.endpoint.is_live(late)
    workshop.pass_time(3600)
    leaving = machine.vault.revocations.take_due()
    assert leaving is not None
    assert leaving.refresh_token == late


def test_a_row_deleted_while_its_refresh_runs_has_the_late_tokens_revoked(workshop: Workshop, machine: Machine) -> None:
    connection_id = workshop.expired()

    def delete() -> None:
        with workshop.machine().engine.begin() as connection:
            connection.exec_driver_sql("DELETE FROM connections")

    workshop.endpoint.in_flight = [delete]
    with pytest.raises(Disconnected):
        machine.token(connection_id)
    assert [hint for _, hint in workshop.endpoint.revoked] == ["refresh_token", "access_token"]


def test_a_new_sign_in_wins_over_the_refresh_of_the_old_grant(workshop: Workshop, machine: Machine) -> None:
    connection_id = workshop.expired()
    account_id = machine.look(connection_id).account_id
    answer = workshop.endpoint.sign_in()
    workshop.endpoint.in_flight = [lambda: workshop.sign_in(account_id, answer)]
    assert machine.token(connection_id) == answer.access_token
    assert workshop.endpoint.revoked == []  # on many servers that would end the new grant as well
    assert (workshop.row(connection_id).generation, workshop.row(connection_id).state) == (2, "active")
    _expect_calls(workshop, 1)


def test_no_connection_and_an_ended_connection_are_disconnected(workshop: Workshop, machine: Machine) -> None:
    connection_id = workshop.sign_in()
    held = machine.look(connection_id)
    _end(machine, connection_id)
    with pytest.raises(Disconnected):
        machine.token(connection_id)
    with pytest.raises(Disconnected):
        machine.access.token(held, rejected_generation=1)


def test_what_is_kept_open_in_memory_is_of_no_use_after_a_disconnect_elsewhere(
    workshop: Workshop, machine: Machine
) -> None:
    connection_id = workshop.sign_in()
    machine.token(connection_id)
    _end(workshop.machine(), connection_id)
    with pytest.raises(Disconnected):
        machine.token(connection_id)


def test_a_connection_without_refresh_token_works_until_its_token_ends(workshop: Workshop, machine: Machine) -> None:
    answer = workshop.endpoint.sign_in()
    only_access = type(answer)(answer.access_token, None, 600)
    connection_id = workshop.sign_in(answer=only_access)
    workshop.pass_time(585)
    assert machine.token(connection_id) == answer.access_token
    workshop.pass_time(16)
    with pytest.raises(ReconnectNeeded) as needed:
        machine.token(connection_id)
    assert needed.value.reason == "no_refresh_token"
    assert workshop.row(connection_id).reason == "no_refresh_token"
    assert workshop.actions() == [("connection.reconnect_needed", "no_refresh_token")]
    _expect_calls(workshop, 0)


def test_an_unreadable_access_token_is_replaced_by_a_refresh(workshop: Workshop, machine: Machine) -> None:
    connection_id, stranger_id = workshop.sign_in(), workshop.sign_in()
    workshop.change(connection_id, sealed_access_token=workshop.row(stranger_id).sealed_access_token)
    assert machine.token(connection_id) != machine.token(stranger_id)
    _expect_calls(workshop, 1)


def test_unreadable_tokens_ask_for_their_person_and_heal_when_the_key_is_back(workshop: Workshop) -> None:
    owner, stranger = workshop.machine(), workshop.machine(OTHER_KEY)
    connection_id = workshop.sign_in()
    for _ in range(3):
        with pytest.raises(ReconnectNeeded) as needed:
            stranger.token(connection_id)
        assert needed.value.reason == "unreadable"
    assert workshop.actions() == [("connection.reconnect_needed", "unreadable")]
    _expect_calls(workshop, 0)
    workshop.pass_time(61)
    assert owner.token(connection_id)
    workshop.pass_time(600)
    assert owner.token(connection_id)
    assert workshop.row(connection_id).state == "active"


def test_a_doubt_is_remembered_while_the_tokens_cannot_be_opened(workshop: Workshop, machine: Machine) -> None:
    connection_id = workshop.expired()
    workshop.endpoint.lost_answers = [PageroTimedOut("refresh tokens")]
    with pytest.raises(PageroBusy):
        machine.token(connection_id)
    stranger = workshop.machine(OTHER_KEY)
    for _ in range(2):
        workshop.pass_time(61)
        with pytest.raises(ReconnectNeeded, match="unreadable"):
            stranger.token(connection_id)
        assert workshop.row(connection_id).reason == "unreadable"
    workshop.pass_time(61)
    with pytest.raises(ReconnectNeeded) as needed:
        machine.token(connection_id)
    assert needed.value.reason == "rotation_lost"


def test_a_newer_token_that_cannot_be_opened_ends_the_wait_at_once(workshop: Workshop, machine: Machine) -> None:
    connection_id = workshop.expired()
    held = machine.look(connection_id)
    workshop.machine(OTHER_KEY, KEY).token(connection_id)
    with capture_logs() as logs, pytest.raises(ReconnectNeeded, match="unreadable"):
        machine.access.token(held)
    assert [entry["event"] for entry in logs].count("access_token.unreadable") == 1


def test_an_access_token_unreadable_again_within_a_minute_asks_for_its_person(
    workshop: Workshop, machine: Machine
) -> None:
    connection_id = workshop.sign_in()
    workshop.change(connection_id, sealed_access_token=b"\x01")
    assert machine.token(connection_id)
    workshop.change(connection_id, sealed_access_token=b"\x01")
    with pytest.raises(ReconnectNeeded, match="unreadable"):
        workshop.machine().token(connection_id)
    _expect_calls(workshop, 1)


def test_swapped_tokens_of_two_people_serve_nobody_the_other(workshop: Workshop, machine: Machine) -> None:
    one, two = workshop.expired(), workshop.sign_in()
    row_one, row_two = workshop.row(one), workshop.row(two)
    for column in ("sealed_access_token", "sealed_refresh_token"):
        workshop.change(one, **{column: row_two[column]})
        workshop.change(two, **{column: row_one[column]})
    for connection_id in (one, two):
        with pytest.raises(ReconnectNeeded):
            machine.token(connection_id)
    _expect_calls(workshop, 0)


def test_an_older_version_put_back_is_not_used(workshop: Workshop, machine: Machine) -> None:
    connection_id = workshop.expired()
    old = workshop.row(connection_id)
    machine.token(connection_id)
    workshop.change(
        connection_id, sealed_access_token=old.sealed_access_token, sealed_refresh_token=old.sealed_refresh_token
    )
    with pytest.raises(ReconnectNeeded):
        workshop.machine().token(connection_id)
    _expect_calls(workshop, 1)


def test_an_idle_connection_is_renewed_by_one_of_those_who_ask(workshop: Workshop, machine: Machine) -> None:
    connection_id = workshop.sign_in()
    assert machine.access.renew_idle(connection_id, 1)
    other = workshop.machine()
    machine.vault.leases = LeasesWithSomebodyBefore(machine.vault.leases, lambda: other.renew(connection_id))
    ours = Access(machine.vault, workshop.endpoint, workshop.settings, workshop.seconds)
    assert not ours.renew_idle(connection_id, 2)
    ours.close()
    assert not machine.access.renew_idle("unknown", 1)
    _expect_calls(workshop, 2)


@pytest.mark.parametrize("minutes", [-60, -5, 5])
def test_the_machines_own_clock_does_not_matter(
    workshop: Workshop, machine: Machine, monkeypatch: pytest.MonkeyPatch, minutes: int
) -> None:
    connection_id = workshop.sign_in()
    now = workshop.clock.now
    monkeypatch.setattr(type(workshop.clock), "now", lambda _: now() + timedelta(minutes=minutes))
    assert machine.token(connection_id)
    _expect_calls(workshop, 0)
    workshop.pass_time(601)
    assert machine.token(connection_id) == workshop.machine().token(connection_id)
    _expect_calls(workshop, 1)


def test_a_machine_whose_clock_is_wrong_stores_a_sign_in_that_expires_no_later(
    workshop: Workshop, machine: Machine, monkeypatch: pytest.MonkeyPatch
) -> None:
    now = workshop.clock.now
    monkeypatch.setattr(type(workshop.clock), "now", lambda _: now() + timedelta(minutes=5))
    held = machine.look(workshop.sign_in())
    assert held.access_expires_at is not None
    assert held.access_expires_at - held.now <= timedelta(seconds=600)


def test_no_token_is_shown_by_what_holds_it(workshop: Workshop, machine: Machine) -> None:
    connection_id = workshop.expired()
    token: AccessToken = machine.access.token(machine.look(connection_id))
    lease = machine.vault.leases.take(connection_id, 2)
    shown: list[Any] = [token, lease, machine.look(connection_id), machine.vault, machine.vault._open]
    assert token.value not in " ".join(map(repr, shown))
    assert "sealed" not in repr(lease)
