"""Ending a connection: here first and for certain, then at Pagero, and what is said about it."""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from typing import Any

import pytest
from flask import Flask

from app import connections
from app.clock import Clock
from app.errors import NotFound, PageroFailed
from app.models import AuditEvent, BrowserSession, Connection, RevokeOutcome
from app.services import services
from tests.support.played_pagero import PlayedPagero, Window
from tests.support.stored import Stored


@pytest.fixture
def row(window: Window, rows: Stored) -> Any:
    """Anna's connection, as stored after signing in."""
    window.sign_in("anna")
    return rows.one(Connection)


@pytest.fixture
def context(application: Flask) -> Iterator[None]:
    with application.app_context():
        yield


def _actions(rows: Stored) -> list[tuple[str, str, str]]:
    events = sorted(rows.rows(AuditEvent), key=lambda event: event.id)
    ends = ("connection.ended", "connection.revoked")
    return [(event.action, event.outcome, event.actor) for event in events if event.action in ends]


@pytest.mark.usefixtures("context")
def test_it_is_over_here_before_pagero_is_told(row: Any, rows: Stored, pagero: PlayedPagero) -> None:
    seen: list[str] = []
    revoke = pagero.revoke

    def watched(token: str, hint: Any) -> None:
        seen.append(rows.one(Connection).state)
        revoke(token, hint)

    pagero.revoke = watched  # type: ignore[method-assign]
    outcome = connections.disconnect(services(), row.id, actor=row.account_id)
    assert outcome == RevokeOutcome.CONFIRMED
    assert seen == ["disconnected", "disconnected"]
    after = rows.one(Connection)
    assert (after.sealed_access_token, after.sealed_refresh_token, after.revoke_outcome) == (None, None, "confirmed")
    assert _actions(rows) == [("connection.ended", "ok", row.account_id), ("connection.revoked", "ok", row.account_id)]


@pytest.mark.usefixtures("context")
def test_a_person_who_disconnects_stays_signed_in(row: Any, rows: Stored) -> None:
    connections.disconnect(services(), row.id, actor=row.account_id)
    assert rows.count(BrowserSession) == 1


@pytest.mark.usefixtures("context")
@pytest.mark.parametrize("actor", ["command", "an-administrators-account-id"])
def test_somebody_else_who_disconnects_also_ends_the_sessions(row: Any, rows: Stored, actor: str) -> None:
    connections.disconnect(services(), row.id, actor=actor)
    assert rows.count(BrowserSession) == 0
    assert {event[2] for event in _actions(rows)} == {actor}


@pytest.mark.usefixtures("context")
def test_what_pagero_did_not_confirm_is_said_and_made_up_for(
    row: Any, rows: Stored, pagero: PlayedPagero, clock: Clock
) -> None:
    pagero.fault = PageroFailed("revoke", 500)
    assert connections.disconnect(services(), row.id, actor="command") == RevokeOutcome.PENDING
    assert rows.one(Connection).state == "disconnected"
    nothing = {RevokeOutcome.PENDING: 0, RevokeOutcome.CONFIRMED: 0, RevokeOutcome.GIVEN_UP: 0}
    assert connections.retry_revocations(services(), at_most=10) == nothing
    pagero.fault = None
    clock.offset += timedelta(minutes=2)
    assert connections.retry_revocations(services(), at_most=0) == nothing
    assert connections.retry_revocations(services(), at_most=10) == nothing | {RevokeOutcome.CONFIRMED: 1}
    assert len(pagero.revoked) == 1
    assert [outcome for _, outcome, _ in _actions(rows)] == ["ok", "pending", "ok"]


@pytest.mark.usefixtures("context")
def test_disconnecting_twice_has_one_effect(row: Any, rows: Stored, pagero: PlayedPagero) -> None:
    outcomes = [connections.disconnect(services(), row.id, actor="command") for _ in range(2)]
    assert outcomes == [RevokeOutcome.CONFIRMED] * 2
    assert len(pagero.revoked) == 2
    assert len(_actions(rows)) == 2


def test_two_administrators_at_once_have_one_effect(
    application: Flask, row: Any, rows: Stored, pagero: PlayedPagero
) -> None:
    def disconnect(actor: str) -> RevokeOutcome:
        with application.app_context():
            return connections.disconnect(services(), row.id, actor=actor)

    with ThreadPoolExecutor(2) as threads:
        outcomes = set(threads.map(disconnect, ("one", "two")))
    assert outcomes <= {RevokeOutcome.CONFIRMED, RevokeOutcome.PENDING}
    assert len(pagero.revoked) == 2
    assert len(_actions(rows)) == 2


@pytest.mark.usefixtures("context")
def test_an_unknown_connection_is_not_found() -> None:
    with pytest.raises(NotFound):
        connections.disconnect(services(), "unknown", actor="command")
