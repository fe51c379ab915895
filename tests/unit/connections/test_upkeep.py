"""`connections check`: what is owed is retried, what would end unused is renewed, what is dead is told."""

from datetime import timedelta

import pytest

from app import upkeep
from app.errors import PageroFailed, PageroUnreachable
from app.pace import Pace
from app.services import services
from tests.unit.connections.office import Office, said

YEARS = 3 * 365
FAST = ("--rate", "1000")


def check(office: Office, *options: str) -> tuple[int, str]:
    result = office.command("connections", "check", *FAST, *options)
    return result.exit_code, said(result)


def test_a_quiet_day(office: Office) -> None:
    status, told = check(office)
    assert status == 0
    assert told == (
        "revocations at Pagero: pending 0, confirmed 0, given_up 0\n"
        "renewed 0, done elsewhere 0, lost 0, failed 0, left 0\n"
        "connections: none\n"
    )


def test_grants_that_end_soon_are_renewed_and_others_left(office: Office) -> None:
    ending, over, young = office.unused_for(YEARS - 59), office.unused_for(YEARS + 3), office.unused_for(YEARS - 61)
    in_use = office.sign_in(last_rotated_at=office.ago(YEARS - 5))
    status, told = check(office)
    assert status == 0
    assert "renewed 2, done elsewhere 0, lost 0, failed 0, left 0" in told
    assert [office.row(one).generation for one in (ending, over, young, in_use)] == [2, 2, 1, 1]
    assert office.row(ending).last_rotated_at > office.ago(1)
    assert len(office.endpoint.refreshes) == 2
    assert "renewed 0" in check(office)[1]


def test_how_soon_is_the_operators_choice(office: Office) -> None:
    one = office.unused_for(YEARS - 100)
    check(office, "--renew-within", "99")
    assert office.row(one).generation == 1
    check(office, "--renew-within", "101")
    assert office.row(one).generation == 2


def test_doubts_are_settled(office: Office) -> None:
    one = office.sign_in(state="in_doubt", spent_generation=1)
    assert check(office)[0] == 0
    assert (office.row(one).state, office.row(one).generation) == ("active", 2)


def test_what_pagero_has_ended_is_told_and_is_no_failure_the_next_day(office: Office) -> None:
    one = office.unused_for(YEARS - 1)
    office.endpoint.end_all()
    status, told = check(office)
    assert status == 1
    assert "lost 1, failed 0" in told
    assert f"{one}\tended_at_pagero\n" in told
    status, told = check(office)
    assert (status, "reconnect_needed 1" in told) == (0, True)


def test_tokens_that_cannot_be_opened_need_somebody(office: Office) -> None:
    one = office.sign_in(state="reconnect_needed", reason="unreadable")
    status, told = check(office)
    assert status == 1
    assert "connections: unreadable 1" in told
    assert f"{one}\tunreadable" in told


def test_a_pagero_that_fails_again_and_again_is_left_alone(office: Office) -> None:
    ids = [office.unused_for(YEARS - 1) for _ in range(8)]
    office.endpoint.faults = [PageroUnreachable("refresh tokens") for _ in ids]
    status, told = check(office)
    assert status == 1
    assert "renewed 0, done elsewhere 0, lost 0, failed 5, left 3" in told
    assert {office.row(one).state for one in ids} == {"active"}


def test_it_ends_when_its_time_is_over(office: Office) -> None:
    for _ in range(3):
        office.unused_for(YEARS - 1)
    with office.app.app_context():
        report = upkeep.check(services(), timedelta(days=60), Pace(1000, seconds=0))
    assert (report.renewed, report.left, report.needs_somebody) == (0, 3, True)


def test_while_frozen_nothing_is_renewed_and_revocations_go_on(office: Office) -> None:
    one, gone = office.unused_for(YEARS - 1), office.sign_in()
    office.endpoint.revoke_faults = [PageroFailed("revoke", 500)]
    office.command("connections", "disconnect", gone)
    office.command("connections", "freeze")
    office.clock.offset += timedelta(minutes=3)
    status, told = check(office)
    assert status == 0
    assert "frozen: nothing was renewed" in told
    assert "pending 0, confirmed 1, given_up 0" in told
    assert office.row(one).generation == 1


def test_revocations_that_never_succeed_are_given_up_and_told(office: Office) -> None:
    gone = office.sign_in()
    office.endpoint.revoke_faults = [PageroFailed("revoke", 500) for _ in range(2)]
    office.command("connections", "disconnect", gone)
    office.stored.change("connections", {"revoke_attempts": 11}, id=gone)
    office.clock.offset += timedelta(minutes=3)
    status, told = check(office)
    assert status == 1
    assert "pending 0, confirmed 0, given_up 1" in told


def test_revocations_stop_when_pagero_keeps_failing(office: Office) -> None:
    gone = [office.sign_in() for _ in range(7)]
    office.endpoint.revoke_faults = [PageroFailed("revoke", 500) for _ in range(30)]
    for one in gone:
        office.command("connections", "disconnect", one)
    office.clock.offset += timedelta(minutes=3)
    assert "pending 5, confirmed 0, given_up 0" in check(office)[1]


def test_what_another_machine_renewed_meanwhile_is_not_renewed_again(
    office: Office, monkeypatch: pytest.MonkeyPatch
) -> None:
    one = office.unused_for(YEARS - 1)
    goes_on = Pace.goes_on

    def somebody_was_faster(self: Pace) -> bool:
        office.parts.access.renew_idle(one, 1)
        return goes_on(self)

    monkeypatch.setattr(Pace, "goes_on", somebody_was_faster)
    office.command("connections", "check", *FAST)
    assert (office.row(one).generation, len(office.endpoint.refreshes)) == (2, 1)


@pytest.mark.parametrize("options", [("--rate", "0"), ("--renew-within", "-1"), ("--seconds", "0")])
def test_options_out_of_range_are_refused(office: Office, options: tuple[str, str]) -> None:
    assert office.command("connections", "check", *options).exit_code == 2
