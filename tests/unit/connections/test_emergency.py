"""Stopping the bleeding: freezing at once, disconnecting everybody, and being honest about what is left."""

from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy.exc import OperationalError

from app import emergency
from app.errors import Frozen, NotFound, PageroFailed
from app.models import Switch
from app.services import services
from tests.unit.connections.office import Office, said

ALL = ("connections", "revoke-all", "--rate", "1000")


def states(office: Office) -> list[tuple[str, str | None]]:
    return sorted((row["state"], row["revoke_outcome"]) for row in office.stored.rows("connections"))


def token(office: Office, connection_id: str) -> str:
    held = office.parts.vault.look(connection_id)
    assert held is not None
    return office.parts.access.token(held).value


def test_freezing_stops_everything_until_it_is_thawed(office: Office) -> None:
    one = office.sign_in()
    before = token(office, one)
    assert said(office.command("connections", "freeze")).startswith("frozen: nothing is renewed")
    with pytest.raises(Frozen):
        token(office, one)
    assert said(office.command("connections", "freeze")) == "was frozen already\n"
    assert office.stored.one(Switch).actor == "command"
    assert said(office.command("connections", "thaw")) == "thawed\n"
    assert token(office, one) == before
    assert said(office.command("connections", "thaw")) == "was not frozen\n"
    assert office.events() == ["connections.frozen", "connections.thawed"]


def test_everybody_is_disconnected_and_pagero_told(office: Office) -> None:
    ids = [office.sign_in() for _ in range(4)]
    result = office.command(*ALL, "--yes")
    assert result.exit_code == 0, result.output
    assert said(result).endswith("ended here 4; Pagero: pending 0, confirmed 4, given_up 0\n")
    assert states(office) == [("disconnected", "confirmed")] * 4
    assert len(office.endpoint.revoked) == 4
    assert all(office.row(one).sealed_refresh_token is None for one in ids)
    assert office.events().count("connection.ended") == 4


@pytest.mark.parametrize("typed", ["", "\n", "yes\n", "revoke 3\n", "revoke all\n"])
def test_without_the_typed_words_nothing_is_done(office: Office, typed: str) -> None:
    office.sign_in()
    result = office.command(*ALL, typed=typed)
    assert result.exit_code == 1
    assert "This disconnects 1 connections" in result.output
    assert states(office) == [("active", None)]


def test_the_typed_words_do_it(office: Office) -> None:
    office.sign_in()
    assert office.command(*ALL, typed="revoke 1\n").exit_code == 0
    assert states(office) == [("disconnected", "confirmed")]


def test_frozen_connections_can_be_revoked(office: Office) -> None:
    office.sign_in()
    office.command("connections", "freeze")
    assert office.command(*ALL, "--yes").exit_code == 0


def test_a_second_time_does_nothing_twice(office: Office) -> None:
    office.sign_in()
    office.command(*ALL, "--yes")
    again = office.command(*ALL, "--yes")
    assert again.exit_code == 0
    assert "ended here 0" in said(again)
    assert len(office.endpoint.revoked) == 1


def test_what_pagero_does_not_confirm_is_told_and_tried_again(office: Office) -> None:
    for _ in range(3):
        office.sign_in()
    office.endpoint.revoke_faults = [PageroFailed("revoke", 500) for _ in range(2)]
    result = office.command(*ALL, "--yes")
    assert result.exit_code == 1
    assert "ended here 3; Pagero: pending 2, confirmed 1, given_up 0" in said(result)
    assert "2 are not confirmed by Pagero yet" in said(result)
    office.clock.offset += timedelta(minutes=3)
    assert office.command(*ALL, "--yes").exit_code == 0
    assert states(office) == [("disconnected", "confirmed")] * 3


def test_a_pagero_that_only_fails_is_not_asked_for_ever(office: Office, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(emergency, "MOST_FAILURES", 2)
    for _ in range(12):
        office.sign_in()
    office.endpoint.revoke_faults = [PageroFailed("revoke", 500) for _ in range(30)]
    result = office.command(*ALL, "--yes")
    assert "ended here 12" in said(result)
    assert "12 are not confirmed" in said(result)
    assert len(office.endpoint.revoked) == emergency.TELLERS


def test_what_was_killed_between_both_halves_is_finished_by_the_next(office: Office) -> None:
    one = office.sign_in()
    with office.app.app_context():
        emergency.end_here(services(), one, actor="command", revoke_now=False)
    assert office.command(*ALL, "--yes").exit_code == 0
    assert states(office) == [("disconnected", "confirmed")]


def test_what_cannot_be_ended_is_named_and_does_not_stop_the_rest(
    office: Office, monkeypatch: pytest.MonkeyPatch
) -> None:
    ids = sorted(office.sign_in() for _ in range(3))
    real = emergency.end_here

    def fails_for_one(services: Any, connection_id: str, **how: Any) -> Any:
        if connection_id == ids[0]:
            raise OperationalError("UPDATE", {}, Exception())
        return real(services, connection_id, **how)

    monkeypatch.setattr(emergency, "end_here", fails_for_one)
    result = office.command(*ALL, "--yes")
    assert result.exit_code == 1
    assert f"could not be ended: {ids[0]}: OperationalError" in said(result)
    assert "1 are still connected" in said(result)
    assert states(office) == [("active", None), ("disconnected", "confirmed"), ("disconnected", "confirmed")]


def test_a_row_that_is_gone_meanwhile_is_no_failure(office: Office, monkeypatch: pytest.MonkeyPatch) -> None:
    office.sign_in()

    def gone(*_: Any, **__: Any) -> None:
        raise NotFound

    monkeypatch.setattr(emergency, "end_here", gone)
    with office.app.app_context():
        tally = emergency.Tally()
        emergency._end_one(services(), "unknown", tally, "command")
    assert tally.failed == {}


def test_who_was_ended_by_somebody_else_meanwhile_is_not_counted(office: Office) -> None:
    one = office.sign_in()
    office.command("connections", "disconnect", one)
    with office.app.app_context():
        tally = emergency.Tally()
        emergency._end_one(services(), one, tally, "command")
    assert tally.ended == 0


def test_progress_is_told_once_a_second(office: Office, monkeypatch: pytest.MonkeyPatch) -> None:
    from app.commands import connections as commands  # noqa: PLC0415

    monkeypatch.setattr(commands, "PROGRESS_SECONDS", 0)
    office.sign_in()
    assert len(said(office.command(*ALL, "--yes")).splitlines()) > 1
