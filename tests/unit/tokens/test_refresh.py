"""One refresh: what each answer of Pagero does to the connection, and what a failing database does."""

import time
from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import event
from sqlalchemy.exc import OperationalError
from structlog.testing import capture_logs

from app.errors import (
    ClientRefused,
    GrantRefused,
    PageroBusy,
    PageroError,
    PageroFailed,
    PageroGarbled,
    PageroRefusedRequest,
    PageroTimedOut,
    PageroUnreachable,
    ReconnectNeeded,
)
from app.pagero.records import TokenAnswer
from app.tokens import heartbeat
from app.tokens.columns import Renewal
from app.tokens.leases import Fate, Lease, Leases
from app.tokens.refresh import Refresher, _renewal
from tests.unit.tokens.workshop import OTHER_KEY, Machine, Workshop

OPERATION = "refresh tokens"
NOT_SPENT = [PageroUnreachable(OPERATION), PageroBusy(OPERATION, 429), PageroBusy(OPERATION, 503, 5)]
OURS = [ClientRefused(OPERATION, 401), PageroRefusedRequest(OPERATION, 400)]
MAYBE_SPENT = [PageroTimedOut(OPERATION), PageroFailed(OPERATION, 500), PageroGarbled(OPERATION, 200)]


def _named(error: Exception) -> str:
    return f"{type(error).__name__}-{getattr(error, 'status_seen', '')}"


def _refuse(workshop: Workshop, machine: Machine, connection_id: str) -> PageroError:
    with pytest.raises(PageroError) as failure:
        machine.token(connection_id)
    assert failure.value.retry_after
    assert failure.value.retry_after > 0
    return failure.value


@pytest.mark.parametrize("error", NOT_SPENT + OURS, ids=_named)
def test_a_call_that_was_not_processed_leaves_the_connection_as_it_is(
    workshop: Workshop, machine: Machine, error: PageroError
) -> None:
    connection_id = workshop.expired()
    workshop.endpoint.faults = [error]
    shown = _refuse(workshop, machine, connection_id)
    assert type(shown) is (type(error) if error in OURS else PageroBusy)
    row = workshop.row(connection_id)
    assert (row.state, row.reason, row.spent_generation, row.lease_owner) == ("active", None, None, None)
    assert (row.failures, row.last_refresh_outcome) == (1, error.reason)
    workshop.pass_time(10)
    assert machine.token(connection_id)
    assert workshop.row(connection_id).failures == 0


@pytest.mark.parametrize("error", MAYBE_SPENT, ids=_named)
def test_a_call_that_may_have_been_processed_leaves_a_doubt(
    workshop: Workshop, machine: Machine, error: PageroError
) -> None:
    connection_id = workshop.expired()
    workshop.endpoint.faults = [error]
    assert type(_refuse(workshop, machine, connection_id)) is PageroBusy
    row = workshop.row(connection_id)
    assert (row.state, row.failures, row.last_refresh_outcome) == ("in_doubt", 1, error.reason)
    workshop.pass_time(10)
    assert machine.token(connection_id)  # Pagero had not processed it after all
    assert workshop.row(connection_id).state == "active"


def test_a_lost_answer_ends_in_a_page_that_says_so(workshop: Workshop, machine: Machine) -> None:
    connection_id = workshop.expired()
    workshop.endpoint.lost_answers = [PageroTimedOut(OPERATION)]
    _refuse(workshop, machine, connection_id)
    workshop.pass_time(10)
    for _ in range(3):
        with pytest.raises(ReconnectNeeded) as needed:
            machine.token(connection_id)
        assert needed.value.reason == "rotation_lost"
        workshop.pass_time(100)
    assert len(workshop.endpoint.refreshes) == 2
    assert workshop.actions() == [("connection.reconnect_needed", "rotation_lost")]


def test_a_lost_answer_is_made_good_by_a_server_that_forgives(workshop: Workshop, machine: Machine) -> None:
    connection_id = workshop.expired()
    workshop.endpoint.forgives_reuse = True
    workshop.endpoint.lost_answers = [PageroTimedOut(OPERATION)]
    _refuse(workshop, machine, connection_id)
    workshop.pass_time(10)
    assert machine.token(connection_id)
    assert workshop.row(connection_id).state == "active"


def test_a_doubt_is_kept_through_calls_that_certainly_failed(workshop: Workshop, machine: Machine) -> None:
    connection_id = workshop.expired()
    workshop.endpoint.lost_answers = [PageroTimedOut(OPERATION)]
    workshop.endpoint.faults = []
    _refuse(workshop, machine, connection_id)
    for error in NOT_SPENT:
        workshop.pass_time(301)
        workshop.endpoint.faults = [error]
        _refuse(workshop, machine, connection_id)
        assert workshop.row(connection_id).state == "in_doubt"
    workshop.pass_time(301)
    with pytest.raises(ReconnectNeeded) as needed:
        machine.token(connection_id)
    assert needed.value.reason == "rotation_lost"


def test_only_invalid_grant_ends_a_connection_and_only_once(workshop: Workshop, machine: Machine) -> None:
    connection_id, other_id = workshop.expired(), workshop.sign_in()
    workshop.endpoint.end_all()
    for _ in range(10):
        with pytest.raises(ReconnectNeeded) as needed:
            machine.token(connection_id)
        assert needed.value.reason == "ended_at_pagero"
    assert len(workshop.endpoint.refreshes) == 1
    assert workshop.row(other_id).state == "active"
    assert workshop.actions() == [("connection.reconnect_needed", "ended_at_pagero")]


def test_a_refusal_is_not_believed_when_the_connection_was_signed_in_anew(workshop: Workshop, machine: Machine) -> None:
    connection_id = workshop.expired()
    account_id = machine.look(connection_id).account_id
    answer = workshop.endpoint.sign_in()

    class RefusesLate:
        def refresh(self, token: str) -> TokenAnswer:
            workshop.sign_in(account_id, answer)
            raise GrantRefused(OPERATION, 400)

    machine.access._refresher._endpoint = RefusesLate()
    assert machine.token(connection_id) == answer.access_token
    assert workshop.row(connection_id).state == "active"


def test_the_pause_grows_and_is_shared_by_all_machines(workshop: Workshop, machine: Machine) -> None:
    connection_id = workshop.expired()
    other = workshop.machine()
    pauses = []
    for _ in range(5):
        workshop.endpoint.faults = [PageroFailed(OPERATION, 500)]
        pauses.append(_refuse(workshop, machine, connection_id).retry_after or 0)
        calls = len(workshop.endpoint.refreshes)
        assert (_refuse(workshop, other, connection_id).retry_after or 0) <= pauses[-1] + 1
        assert len(workshop.endpoint.refreshes) == calls
        workshop.pass_time(pauses[-1] + 1)
    assert pauses[0] <= 2
    assert 16 <= pauses[4] <= 32


def test_retry_after_is_honoured_within_the_cap(workshop: Workshop, machine: Machine) -> None:
    connection_id = workshop.expired()
    workshop.endpoint.faults = [PageroBusy(OPERATION, 429, 60), PageroBusy(OPERATION, 429, 10**9)]
    assert _refuse(workshop, machine, connection_id).retry_after == 60
    workshop.pass_time(61)
    assert _refuse(workshop, machine, connection_id).retry_after == 300


def test_an_hour_of_faults_marks_nothing_dead_and_ends_without_a_restart(workshop: Workshop, machine: Machine) -> None:
    faults = [*NOT_SPENT, PageroFailed(OPERATION, 500), PageroTimedOut(OPERATION)]
    people = [workshop.expired() for _ in range(3)]
    for step in range(0, 3600, 20):
        for person in people:
            workshop.endpoint.faults = [faults[step // 20 % len(faults)]]
            _refuse(workshop, machine, person)
        workshop.endpoint.faults.clear()
        workshop.pass_time(20)
    assert len(workshop.endpoint.refreshes) <= 3 * 32
    workshop.pass_time(300)
    for person in people:
        assert machine.token(person)
        assert workshop.row(person).state == "active"


def test_a_storm_opens_the_breaker_and_a_probe_closes_it(workshop: Workshop, machine: Machine) -> None:
    people = [workshop.sign_in() for _ in range(30)]
    workshop.pass_time(601)
    workshop.endpoint.faults = [PageroBusy(OPERATION, 503) for _ in range(30)]
    for person in people:
        _refuse(workshop, machine, person)
    assert len(workshop.endpoint.refreshes) == 5
    workshop.endpoint.faults.clear()
    workshop.pass_time(5.5)
    for person in people:
        assert machine.token(person)


def test_a_probe_goes_to_somebody_who_can_use_it(workshop: Workshop, machine: Machine) -> None:
    refresher = machine.access._refresher
    held, free = workshop.sign_in(), workshop.sign_in()
    workshop.pass_time(601)
    refresher._breaker.failed(at_once=True)
    workshop.pass_time(5.5)
    workshop.machine().vault.leases.take(held, 1)
    assert refresher.refresh(held, 1) is None
    assert refresher.refresh(free, 1) is not None


def test_wrong_client_credentials_stop_all_calls_at_once_and_touch_nobody(workshop: Workshop, machine: Machine) -> None:
    people = [workshop.sign_in() for _ in range(5)]
    workshop.pass_time(601)
    workshop.endpoint.faults = [ClientRefused(OPERATION, 401) for _ in range(5)]
    with capture_logs() as logs:
        for person in people:
            _refuse(workshop, machine, person)
    assert len(workshop.endpoint.refreshes) == 1
    assert {workshop.row(person).state for person in people} == {"active"}
    assert [entry["log_level"] for entry in logs if entry["event"] == "refresh.failed"] == ["critical"]


def test_a_living_token_is_used_while_the_breaker_is_open(workshop: Workshop, machine: Machine) -> None:
    person = workshop.sign_in()
    other = workshop.sign_in()
    workshop.pass_time(595)
    workshop.endpoint.faults = [ClientRefused(OPERATION, 401)]
    with pytest.raises(ClientRefused):
        machine.token(person)
    assert machine.token(other)
    assert machine.token(person)
    assert len(workshop.endpoint.refreshes) == 1


def test_a_mass_of_refusals_is_not_believed(workshop: Workshop, machine: Machine) -> None:
    people = [workshop.sign_in() for _ in range(14)]
    workshop.pass_time(601)
    workshop.endpoint.end_all()
    for person in people:
        with pytest.raises((ReconnectNeeded, PageroBusy)):
            machine.token(person)
    states = [workshop.row(person).state for person in people]
    assert states == ["reconnect_needed"] * 9 + ["active"] * 5
    assert workshop.row(people[-1]).last_refresh_outcome == "mass_refusal"


def test_a_mass_of_refusals_is_not_believed_after_a_long_outage_either(workshop: Workshop, machine: Machine) -> None:
    people = [workshop.sign_in() for _ in range(11)]
    workshop.pass_time(601)
    for person in people:
        workshop.change(person, failures=12, last_refresh_outcome="pagero_failed")
    workshop.endpoint.end_all()
    for person in people:
        with pytest.raises((ReconnectNeeded, PageroBusy)):
            machine.token(person)
    row = workshop.row(people[-1])
    assert (row.state, row.failures, row.last_refresh_outcome) == ("active", 1, "mass_refusal")


def test_refusals_that_go_on_for_an_hour_are_believed_after_all(
    workshop: Workshop, machine: Machine, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(machine.access._refresher._refusals, "note", lambda refused: refused)
    person = workshop.expired()
    workshop.endpoint.end_all()
    for _ in range(12):
        assert type(_refuse(workshop, machine, person)) is PageroBusy
        workshop.pass_time(301)
    with pytest.raises(ReconnectNeeded):
        machine.token(person)


def test_an_answer_without_refresh_token_keeps_the_old_one(workshop: Workshop, machine: Machine) -> None:
    connection_id = workshop.expired()
    workshop.endpoint.sends_refresh_token = False
    rotated = workshop.row(connection_id).last_rotated_at
    for _ in range(2):
        assert machine.token(connection_id)
        workshop.pass_time(601)
    assert workshop.row(connection_id).generation == 3
    assert workshop.row(connection_id).last_rotated_at == rotated
    assert len(set(workshop.endpoint.refreshes)) == 1


def test_what_an_answer_says_is_stored_by_the_databases_clock(workshop: Workshop, machine: Machine) -> None:
    connection_id = workshop.expired()

    class SaysMore:
        def refresh(self, token: str) -> TokenAnswer:
            return TokenAnswer("new-access", token, 300, "narrower")

    machine.access._refresher._endpoint = SaysMore()
    held = machine.look(connection_id)
    machine.token(connection_id)
    row = workshop.row(connection_id)
    assert row.granted_scope == "narrower"
    assert timedelta(0) <= row.access_expires_at - held.now - timedelta(seconds=300) < timedelta(seconds=2)
    assert row.last_rotated_at >= held.now


def _break_writes(machine: Machine, times: int, when: Callable[[str], bool]) -> list[str]:
    """The next `times` statements that fit fail as they do when the database goes away. Answers what failed."""
    failed: list[str] = []

    @event.listens_for(machine.engine, "before_cursor_execute")
    def fail(_connection: Any, _cursor: Any, statement: str, *_: Any) -> None:
        if len(failed) < times and when(statement):
            failed.append(statement)
            raise OperationalError("gone", None, Exception("gone"))

    return failed


def _is_save(statement: str) -> bool:
    return statement.startswith("UPDATE connections") and "sealed_access_token=" in statement


def _is_claim(statement: str) -> bool:
    return statement.startswith("UPDATE connections") and "RETURNING" in statement


def test_a_commit_that_fails_is_tried_again_within_the_request(workshop: Workshop, machine: Machine) -> None:
    connection_id = workshop.expired()
    failed = _break_writes(machine, 3, _is_save)
    assert machine.token(connection_id)
    assert len(failed) == 3
    assert workshop.row(connection_id).generation == 2
    assert len(workshop.endpoint.refreshes) == 1


def test_a_commit_reported_as_failed_although_it_happened_is_recognised(workshop: Workshop, machine: Machine) -> None:
    connection_id = workshop.expired()

    class SavesAndFails(Leases):
        failures = 1

        def save(self, lease: Lease, renewal: Renewal) -> Any:
            fate = super().save(lease, renewal)
            if self.failures:
                self.failures -= 1
                raise OperationalError("the connection broke at COMMIT", None, Exception())
            return fate

    machine.vault.leases.__class__ = SavesAndFails
    token = machine.token(connection_id)
    assert workshop.machine().token(connection_id) == token
    assert len(workshop.endpoint.refreshes) == 1
    assert workshop.endpoint.revoked == []


def test_nothing_is_spent_when_the_database_cannot_be_written(workshop: Workshop, machine: Machine) -> None:
    connection_id = workshop.expired()
    _break_writes(machine, 99, _is_claim)
    with pytest.raises(OperationalError):
        machine.token(connection_id)
    assert workshop.endpoint.refreshes == []


def test_a_failure_that_cannot_be_written_down_is_found_by_the_next_holder(
    workshop: Workshop, machine: Machine
) -> None:
    connection_id = workshop.expired()
    workshop.endpoint.lost_answers = [PageroTimedOut(OPERATION)]
    _break_writes(
        machine,
        1,
        lambda statement: (
            statement.startswith("UPDATE connections") and "retry_at" in statement and "RETURNING" not in statement
        ),
    )
    _refuse(workshop, machine, connection_id)
    row = workshop.row(connection_id)
    assert (row.state, row.spent_generation) == ("active", 1)
    workshop.pass_time(10)
    with pytest.raises(ReconnectNeeded) as needed:
        workshop.machine().token(connection_id)
    assert needed.value.reason == "rotation_lost"


def test_a_holder_that_was_paused_before_sending_does_not_send(workshop: Workshop, machine: Machine) -> None:
    connection_id = workshop.expired()
    refresher = machine.access._refresher
    ticks = iter([0.0])
    refresher._seconds = lambda: next(ticks, 60.0)
    assert refresher.refresh(connection_id, 1) is None
    assert workshop.endpoint.refreshes == []
    row = workshop.row(connection_id)
    assert (row.lease_owner, row.spent_generation, row.state) == (None, None, "active")
    assert workshop.machine().token(connection_id)


def test_the_lease_is_kept_while_a_slow_call_runs(
    workshop: Workshop, machine: Machine, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(heartbeat, "BEATS_PER_LEASE", 60)
    connection_id = workshop.expired()
    other = workshop.machine()

    def slowly() -> None:
        for _ in range(3):  # twelve seconds under a lease of six
            before = workshop.row(connection_id).lease_until
            workshop.pass_time(4)
            _until(lambda until=before: workshop.row(connection_id).lease_until > until + timedelta(seconds=3))
            assert other.vault.leases.take(connection_id, 1) is None

    workshop.endpoint.in_flight = [slowly]
    assert machine.token(connection_id)
    assert workshop.row(connection_id).fence == 2


@pytest.mark.parametrize(("passed", "sent"), [(0.5, 1), (1.5, 0)])
def test_a_call_begins_only_if_it_would_be_over_within_the_lease_without_any_heartbeat(
    workshop: Workshop, machine: Machine, passed: float, sent: int
) -> None:
    """The lease lasts six seconds, the call one at most, storing its answer four."""
    connection_id = workshop.expired()
    refresher = machine.access._refresher
    ticks = iter([0.0])
    refresher._seconds = lambda: next(ticks, passed)
    refresher.refresh(connection_id, 1)
    assert len(workshop.endpoint.refreshes) == sent


def test_a_late_writer_is_fenced_off(workshop: Workshop, machine: Machine) -> None:
    connection_id = workshop.expired()
    late = machine.vault.leases.take(connection_id, 1)
    assert late is not None
    answer = workshop.endpoint.refresh(workshop.machine().vault.leases.open(late) or "")
    workshop.outlast_the_lease()
    with pytest.raises(ReconnectNeeded):  # the refresh token was spent by the one who is late
        workshop.machine().token(connection_id)
    refresher = Refresher(machine.vault, workshop.endpoint, workshop.settings)
    with capture_logs() as logs:
        assert refresher._keep(late, _renewal(late, answer, "spent")) is None
    assert [entry["event"] for entry in logs] == ["refresh.fenced"]
    row = workshop.row(connection_id)
    assert (row.generation, row.state) == (1, "reconnect_needed")
    assert not machine.vault.leases.renew(late)
    assert not machine.vault.leases.release(late)
    assert not machine.vault.leases.fail(late, "pagero_failed", 9, doubtful=True)


def _until(condition: Callable[[], bool], seconds: float = 10) -> None:
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, "waited in vain"
        time.sleep(0.02)


def _meanwhile(workshop: Workshop, connection_id: str, other: Machine, fault: Exception) -> Callable[[], None]:
    """The holder is paused for longer than its lease, and another machine's call fails with this."""

    def meanwhile() -> None:
        workshop.outlast_the_lease()
        workshop.endpoint.faults = [fault]
        _refuse(workshop, other, connection_id)

    return meanwhile


@pytest.mark.parametrize("fault", [PageroUnreachable(OPERATION), PageroTimedOut(OPERATION)], ids=_named)
def test_a_late_pair_is_stored_when_whoever_took_over_got_no_answer(
    workshop: Workshop, machine: Machine, fault: PageroError
) -> None:
    connection_id = workshop.expired()
    workshop.endpoint.in_flight = [_meanwhile(workshop, connection_id, workshop.machine(), fault)]
    token = machine.token(connection_id)
    row = workshop.row(connection_id)
    assert (row.generation, row.state, row.failures, row.retry_at) == (2, "in_doubt", 0, None)
    assert workshop.machine().token(connection_id) == token
    workshop.pass_time(601)
    assert machine.token(connection_id)
    assert workshop.endpoint.reuses == 0
    assert workshop.row(connection_id).state == "active"


def test_a_late_pair_is_stored_when_whoever_took_over_lacks_the_key(workshop: Workshop, machine: Machine) -> None:
    connection_id = workshop.expired()
    stranger = workshop.machine(OTHER_KEY)

    def meanwhile() -> None:
        workshop.outlast_the_lease()
        with pytest.raises(ReconnectNeeded):
            stranger.token(connection_id)

    workshop.endpoint.in_flight = [meanwhile]
    token = machine.token(connection_id)
    assert workshop.row(connection_id).reason is None
    assert workshop.machine().token(connection_id) == token


def test_a_late_pair_fences_off_a_call_with_the_spent_token(workshop: Workshop, machine: Machine) -> None:
    """The one who took over has sent the spent token, and its refusal arrives after the late pair was stored."""
    connection_id = workshop.expired()
    late = machine.vault.leases.take(connection_id, 1)
    assert late is not None
    renewal = _renewal(late, workshop.endpoint.refresh(machine.vault.leases.open(late) or ""), "spent")
    workshop.outlast_the_lease()
    other = workshop.machine()

    class RefusesLate:
        def refresh(self, token: str) -> TokenAnswer:
            assert machine.vault.leases.save(late, renewal) == Fate.SAVED
            raise GrantRefused(OPERATION, 400)

    other.access._refresher._endpoint = RefusesLate()
    assert other.access._refresher.refresh(connection_id, 1) is None
    row = workshop.row(connection_id)
    assert (row.generation, row.state, row.lease_owner) == (2, "in_doubt", None)
    assert machine.token(connection_id) == renewal.pair.access_token


def test_a_grant_that_ends_after_a_late_pair_was_stored_counts_as_lost(workshop: Workshop, machine: Machine) -> None:
    connection_id = workshop.expired()
    other = workshop.machine()
    workshop.endpoint.in_flight = [_meanwhile(workshop, connection_id, other, PageroTimedOut(OPERATION))]
    machine.token(connection_id)
    workshop.endpoint.end_all()  # the other call had reached Pagero, which took it for a theft
    workshop.pass_time(601)
    with pytest.raises(ReconnectNeeded) as needed:
        machine.token(connection_id)
    assert needed.value.reason == "rotation_lost"


def test_every_outcome_is_counted(workshop: Workshop, machine: Machine) -> None:
    counted: list[str] = []
    refresher = Refresher(machine.vault, workshop.endpoint, workshop.settings, workshop.seconds, counted.append)
    connection_id = workshop.expired()
    refresher.refresh(connection_id, 1)
    workshop.endpoint.faults = [PageroUnreachable(OPERATION), ZeroDivisionError()]
    for error in (PageroBusy, ZeroDivisionError):
        workshop.pass_time(301)
        with pytest.raises(error):
            refresher.refresh(connection_id, 2)
    workshop.endpoint.end_all()
    workshop.pass_time(301)
    with pytest.raises(ReconnectNeeded):
        refresher.refresh(connection_id, 2)
    assert refresher.refresh(connection_id, 2) is None  # no lease, nothing to count
    assert counted == ["renewed", "pagero_unreachable", "broken", "rotation_lost"]


def test_events_prove_what_happened_and_show_no_token(workshop: Workshop, machine: Machine) -> None:
    connection_id = workshop.expired()
    with capture_logs() as logs:
        token = machine.token(connection_id)
    assert [entry["event"] for entry in logs] == ["refresh.started", "refresh.saved"]
    for entry in logs:
        assert (entry["connection_id"], entry["generation"]) == (connection_id, 1)
    assert token not in str(logs)
    assert "canary-token" not in str(logs)


@pytest.mark.parametrize(
    "other", [{"owner": "somebody else"}, {"fence": 99}, {"generation": 2}, {"connection_id": "x"}]
)
def test_a_lease_counts_only_with_its_owner_fence_and_generation(
    workshop: Workshop, machine: Machine, other: dict[str, Any]
) -> None:
    connection_id = workshop.expired()
    lease = machine.vault.leases.take(connection_id, 1)
    assert lease is not None
    assert not machine.vault.leases.release(replace(lease, **other))
    assert machine.vault.leases.release(lease)
