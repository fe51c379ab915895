"""A one-time link to reconnect with: made by an administrator, shown once, finished by its own person or by nobody."""

import re
from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
from bs4 import BeautifulSoup
from werkzeug.test import TestResponse

from app import reconnect_links
from app.clock import Clock
from app.models import Account, Administrator, AuditEvent, BrowserSession, Connection, ReconnectLink
from tests.support.played_pagero import PlayedPagero, Window
from tests.support.stored import Stored


def csrf(window: Window) -> str:
    field = BeautifulSoup(window.open("/account").text, "html5lib").select_one("input[name=csrf_token]")
    return str(field["value"]) if field else ""


def heading(answer: TestResponse) -> str:
    found = BeautifulSoup(answer.text, "html5lib").select_one("h1")
    return found.get_text(strip=True) if found else ""


def connection_of(rows: Stored, subject: str) -> Any:
    return rows.one(Connection, account_id=rows.one(Account, subject=subject).id)


@pytest.fixture
def admin(other_window: Window, rows: Stored) -> Window:
    """Eve, who is an administrator."""
    rows.insert(Administrator, subject="eve", added_at=datetime.now(UTC))
    other_window.sign_in("eve")
    return other_window


@pytest.fixture
def anna(window: Window, rows: Stored, admin: Window) -> Window:
    """Anna's browser: she was connected, Pagero ended it, and she is signed out."""
    window.sign_in("anna")
    rows.change(
        Connection, {"state": "reconnect_needed", "reason": "ended_at_pagero"}, id=connection_of(rows, "anna").id
    )
    window.post("/auth/logout", {"csrf_token": csrf(window)})
    return window


def made(admin: Window, rows: Stored, subject: str = "anna") -> str:
    """The link an administrator is shown, as a path."""
    address = f"/admin/connections/{connection_of(rows, subject).id}/reconnect-link"
    answer = admin.post(address, {"csrf_token": csrf(admin)})
    assert answer.status_code == 200
    field = BeautifulSoup(answer.text, "html5lib").select_one("main input[readonly]")
    assert field is not None
    assert str(field["value"]).startswith(f"{admin.site}/auth/reconnect?link=")
    return str(field["value"]).removeprefix(admin.site)


def token_of(link: str) -> str:
    return parse_qs(urlsplit(link).query)["link"][0]


def spend(window: Window, link: str, **fields: str) -> TestResponse:
    """Press the button of the page the link opens."""
    return window.post("/auth/reconnect", {"link": token_of(link), **fields})


def begun(window: Window, link: str) -> str:
    answer = spend(window, link)
    assert answer.status_code == 303, answer.text
    return answer.headers["Location"]


def test_the_person_reconnects_as_the_same_account_with_the_same_history(
    anna: Window, admin: Window, rows: Stored
) -> None:
    before, history = (
        connection_of(rows, "anna"),
        rows.count(AuditEvent, account_id=rows.one(Account, subject="anna").id),
    )
    location = begun(anna, made(admin, rows))
    assert parse_qs(urlsplit(location).query)["prompt"] == ["login"]
    assert anna.come_back(location, "anna").headers["Location"] == "/"
    after = connection_of(rows, "anna")
    assert (after.id, after.account_id, after.state, after.reason) == (before.id, before.account_id, "active", None)
    assert after.generation == before.generation + 1
    assert rows.count(AuditEvent, account_id=after.account_id) > history
    assert anna.open("/account").status_code == 200


@pytest.mark.parametrize("other", ["bjorn", "eve"])
def test_anybody_else_is_refused_and_nothing_changes(
    anna: Window, admin: Window, rows: Stored, pagero: PlayedPagero, other: str
) -> None:
    location = begun(anna, made(admin, rows))
    before = [rows.rows(table) for table in (Connection, Account, BrowserSession)]
    answer = anna.come_back(location, other)
    assert (answer.status_code, heading(answer)) == (409, "Somebody else signed in")
    assert [rows.rows(table) for table in (Connection, Account, BrowserSession)] == before
    assert anna.session is None
    assert len(pagero.revoked) == 1, "the tokens nobody wanted are given back"


def test_looking_at_the_link_spends_nothing(anna: Window, admin: Window, rows: Stored) -> None:
    link = made(admin, rows)
    for method in ("GET", "HEAD", "GET"):
        assert anna.open(link, method).status_code == 200
    assert rows.one(ReconnectLink).used_at is None
    page = anna.open(link)
    assert heading(page) == "Connect to Pagero again"
    assert "anna" not in BeautifulSoup(page.text, "html5lib").select_one("main").get_text()  # type: ignore[union-attr]
    assert begun(anna, link)


def test_the_form_may_be_redirected_to_pagero(anna: Window, admin: Window, rows: Stored) -> None:
    policy = anna.open(made(admin, rows)).headers["Content-Security-Policy"]
    (forms,) = re.findall(r"form-action ([^;]+)", policy)
    assert forms.split() == ["'self'", "https:", "http://127.0.0.1:9"]
    assert "nonce-" in policy


def test_it_works_once(anna: Window, admin: Window, rows: Stored) -> None:
    link = made(admin, rows)
    begun(anna, link)
    for answer in (spend(anna, link), anna.open(link)):
        assert (answer.status_code, heading(answer)) == (410, "This link can no longer be used")
    assert rows.count(AuditEvent, action="reconnect_link.used") == 1


def test_it_ends_after_a_day(anna: Window, admin: Window, rows: Stored, clock: Clock) -> None:
    link = made(admin, rows)
    clock.offset += timedelta(hours=23, minutes=59)
    assert anna.open(link).status_code == 200
    clock.offset += timedelta(minutes=2)
    assert anna.open(link).status_code == 410
    assert spend(anna, link).status_code == 410
    assert rows.one(ReconnectLink).used_at is None


def test_a_new_link_replaces_the_one_before(anna: Window, admin: Window, rows: Stored) -> None:
    first, second = made(admin, rows), made(admin, rows)
    assert anna.open(first).status_code == 410
    assert begun(anna, second)


@pytest.mark.parametrize(
    "query", ["", "?link=", "?link=unknown", "?link=a&link=b", "?link=" + "a" * 5000, "?link=%ff%00"]
)
def test_links_nobody_made_are_refused(window: Window, query: str) -> None:
    assert window.open(f"/auth/reconnect{query}").status_code == 410


def test_who_is_signed_in_as_somebody_else_does_not_spend_it(anna: Window, admin: Window, rows: Stored) -> None:
    link = made(admin, rows)
    answer = spend(admin, link, csrf_token=csrf(admin))
    assert (answer.status_code, heading(answer)) == (409, "This link is for somebody else")
    assert rows.one(ReconnectLink).used_at is None
    assert begun(anna, link)


def test_who_is_signed_in_as_that_person_may_use_it(anna: Window, admin: Window, rows: Stored) -> None:
    link = made(admin, rows)
    anna.sign_in("anna")
    answer = spend(anna, link, csrf_token=csrf(anna))
    assert anna.come_back(answer.headers["Location"], "anna").status_code == 303


def test_a_form_of_another_site_does_not_spend_it(anna: Window, admin: Window, rows: Stored) -> None:
    link = made(admin, rows)
    answer = anna.post("/auth/reconnect", {"link": token_of(link)}, Origin="https://evil.example")
    assert answer.status_code == 403
    assert rows.one(ReconnectLink).used_at is None


def test_only_administrators_make_links(anna: Window, admin: Window, rows: Stored) -> None:
    anna.sign_in("anna")
    address = f"/admin/connections/{connection_of(rows, 'anna').id}/reconnect-link"
    assert anna.post(address, {"csrf_token": csrf(anna)}).status_code == 404
    assert admin.post(address, {"csrf_token": "guessed"}).status_code == 403
    assert admin.open(address).status_code == 405
    unknown = "/admin/connections/00000000-0000-4000-8000-000000000000/reconnect-link"
    assert admin.post(unknown, {"csrf_token": csrf(admin)}).status_code == 404
    assert rows.count(ReconnectLink) == 0


def test_the_trail_says_who_made_and_used_it_and_no_token_is_kept_or_logged(
    anna: Window, admin: Window, rows: Stored, capsys: pytest.CaptureFixture[str]
) -> None:
    link = made(admin, rows)
    begun(anna, link)
    account, eve = rows.one(Account, subject="anna").id, rows.one(Account, subject="eve").id
    events = {event.action: event for event in rows.rows(AuditEvent) if event.action.startswith("reconnect_link")}
    assert (events["reconnect_link.made"].account_id, events["reconnect_link.made"].actor) == (account, eve)
    assert (events["reconnect_link.used"].account_id, events["reconnect_link.used"].actor) == (account, account)
    kept = rows.one(ReconnectLink)
    assert token_of(link) not in str(dict(kept))
    assert (kept.made_by, kept.account_id) == (eve, account)
    assert token_of(link) not in capsys.readouterr().out


def test_a_link_is_offered_only_where_somebody_must_reconnect(anna: Window, admin: Window, rows: Stored) -> None:
    text = "Make a reconnect link"
    assert text in admin.open(f"/admin/connections/{connection_of(rows, 'anna').id}").text
    assert text not in admin.open(f"/admin/connections/{connection_of(rows, 'eve').id}").text


def test_of_two_at_the_same_moment_one_is_refused(
    anna: Window, admin: Window, rows: Stored, monkeypatch: pytest.MonkeyPatch
) -> None:
    link, seen = made(admin, rows), reconnect_links.account_of

    def somebody_is_faster(*asked: Any) -> str:
        account_id = seen(*asked)
        rows.change(ReconnectLink, {"used_at": datetime.now(UTC)})
        return account_id

    monkeypatch.setattr(reconnect_links, "account_of", somebody_is_faster)
    assert spend(anna, link).status_code == 410
    assert rows.count(AuditEvent, action="reconnect_link.used") == 0
