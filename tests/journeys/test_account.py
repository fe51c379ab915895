"""A person's own account: who they are here, their connection, their sessions."""

from collections.abc import Callable

import pytest

from app.models import Account, AuditEvent, BrowserSession, Connection
from tests.support.browser import Browser, Page
from tests.support.sandbox import Sandbox
from tests.support.served import Served


@pytest.fixture
def anna(browser: Browser) -> Browser:
    browser.sign_in("anna")
    return browser


@pytest.fixture
def elsewhere(site: Served, new_browser: Callable[[Served], Browser], anna: Browser) -> Browser:
    """Anna's second browser."""
    second = new_browser(site)
    second.http.headers["User-Agent"] = "Mozilla/5.0 (Windows NT 10.0) Firefox/140.0"
    second.sign_in("anna")
    return second


def facts(page: Page) -> dict[str, str]:
    return {
        fact.select_one("dt").get_text(" ", strip=True): fact.select_one("dd").get_text(" ", strip=True)  # type: ignore[union-attr]
        for fact in page.soup.select(".fact")
    }


def ask_disconnect(browser: Browser) -> Page:
    return browser.click(browser.get("/account"), "Disconnect…")


def test_the_account_says_who_is_signed_in_and_how_the_connection_stands(anna: Browser, sandbox: Sandbox) -> None:
    page = anna.get("/account")
    shown = facts(page)
    assert shown["Subject"] == "anna"
    assert shown["Issuer"] == sandbox.issuer
    assert "Connected" in page.text
    assert {"Connected since", "Last renewed", "Access valid until", "Sign-in needed at the latest"} <= set(shown)


def test_the_account_page_needs_no_pagero(anna: Browser, sandbox: Sandbox) -> None:
    before = len(sandbox.calls())
    anna.get("/account")
    assert len(sandbox.calls()) == before


def test_other_browsers_are_listed_and_can_be_ended_one_by_one(anna: Browser, elsewhere: Browser, site: Served) -> None:
    page = anna.get("/account")
    assert "Firefox on Windows" in page.text
    assert page.text.count("This browser") == 1
    (form,) = (form for form in page.forms if form.action.endswith("/end"))
    page = anna.submit(form)
    assert "Firefox on Windows" not in page.text
    assert elsewhere.get("/").heading.startswith("Your documents")
    assert site.stored.count(BrowserSession) == 1
    assert anna.get("/").heading == "Overview"


def test_all_other_browsers_can_be_ended_at_once(anna: Browser, elsewhere: Browser, site: Served) -> None:
    anna.submit(anna.get("/account").form("/end-all"))
    assert elsewhere.get("/").heading.startswith("Your documents")
    assert anna.get("/account").status == 200
    assert site.stored.one(AuditEvent, action="session.ended")["reason"] == "all_others"
    assert not [form for form in anna.get("/account").forms if form.action.endswith("/end-all")]


def test_ending_all_others_when_there_are_none_changes_nothing(anna: Browser, site: Served) -> None:
    token = anna.get("/account").form("/auth/logout").fields["csrf_token"]
    assert anna.post("/account/sessions/end-all", {"csrf_token": token}).heading == "Account"
    assert site.stored.count(AuditEvent, action="session.ended") == 0


def test_nobody_ends_a_session_of_somebody_else(
    anna: Browser, site: Served, new_browser: Callable[[Served], Browser]
) -> None:
    bjorn = new_browser(site)
    bjorn.sign_in("bjorn")
    account = site.stored.one(Account, subject="bjorn")
    foreign = site.stored.one(BrowserSession, account_id=account["id"])["id"]
    token = anna.get("/account").form("/auth/logout").fields["csrf_token"]
    for session_id in (foreign, "00000000-0000-4000-8000-000000000000", "nonsense"):
        page = anna.post(f"/account/sessions/{session_id}/end", {"csrf_token": token}, status=404)
        assert page.heading == "There is no such page"
    assert bjorn.get("/").heading == "Overview"


def test_disconnecting_asks_first_and_then_says_what_pagero_said(
    anna: Browser, elsewhere: Browser, site: Served, sandbox: Sandbox
) -> None:
    question = ask_disconnect(anna)
    assert question.heading == "Disconnect from Pagero?"
    assert site.stored.one(Connection)["state"] == "active"
    page = anna.submit(question.form("/account/disconnect"))
    assert page.heading == "Account"
    assert "Pagero confirmed that the access kept here is withdrawn." in page.text
    assert len(sandbox.calls(endpoint="revoke")) >= 1
    assert site.stored.one(Connection)["sealed_refresh_token"] is None
    for browser in (anna, elsewhere):
        assert browser.get("/documents", status=409).heading == "You are disconnected from Pagero"


def test_disconnecting_says_what_becomes_of_earlier_sign_ins(anna: Browser, elsewhere: Browser, site: Served) -> None:
    """Each sign-in made a grant of its own; only the stored one can be revoked."""
    earlier = "Access from earlier sign-ins was replaced by the latest and is no longer kept here"
    question = ask_disconnect(anna)
    assert earlier in question.text
    assert earlier in anna.submit(question.form("/account/disconnect")).text


def test_a_person_who_disconnected_sees_it_on_the_overview_and_can_connect_again(anna: Browser, site: Served) -> None:
    anna.submit(ask_disconnect(anna).form("/account/disconnect"))
    page = anna.get("/")
    assert "You are disconnected from Pagero" in page.text
    anna.get(page.link("Connect again"))
    assert site.stored.one(Connection)["state"] == "active"
    assert anna.get("/documents").rows


def test_pagero_that_does_not_confirm_is_not_said_to_have(anna: Browser, site: Served, sandbox: Sandbox) -> None:
    sandbox.knobs(fail_next=[{"endpoint": "revoke", "status": 503, "count": 9}])
    page = anna.submit(ask_disconnect(anna).form("/account/disconnect"))
    assert "Pagero has not confirmed yet" in page.text
    assert "Pagero confirmed" not in page.text
    assert site.stored.one(Connection)["state"] == "disconnected"


def test_disconnecting_twice_is_disconnecting_once(anna: Browser, site: Served) -> None:
    form = ask_disconnect(anna).form("/account/disconnect")
    for _ in range(2):
        assert anna.submit(form).heading == "Account"
    assert site.stored.count(AuditEvent, action="connection.ended") == 1
    assert "There is no connection to end." in anna.get("/account/disconnect").text


def test_a_connection_pagero_ended_says_why(anna: Browser, sandbox: Sandbox) -> None:
    sandbox.ask("POST", "revoke", {"person": "anna"})
    anna.get("/documents", status=409)
    page = anna.get("/account")
    assert "Reconnect needed" in page.text
    assert "Pagero ended the connection." in page.text
    assert anna.log_in(anna.get(page.link("Reconnect"))).heading == "Account"
    assert "Connected" in anna.get("/account").text


@pytest.mark.parametrize("path", ["/account", "/account/disconnect"])
def test_the_account_is_for_its_person_only(browser: Browser, path: str) -> None:
    assert browser.raw("GET", path).status_code == 303
    assert browser.raw("POST", "/account/disconnect").status_code in (401, 403)


def test_an_account_without_any_connection_says_so_and_offers_one(anna: Browser, site: Served) -> None:
    token = anna.get("/account").form("/auth/logout").fields["csrf_token"]
    with site.stored.engine.begin() as connection:
        connection.execute(Connection.__table__.delete())
    page = anna.get("/account")
    assert "Not connected" in page.text
    assert anna.post("/account/disconnect", {"csrf_token": token}, status=404).status == 404
    assert "Connect to Pagero again" in anna.get("/").text
    anna.get(page.link("Reconnect"))
    assert anna.get("/documents").rows
