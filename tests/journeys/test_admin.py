"""Administrators see and end connections; everybody else sees that there is no such page."""

from collections.abc import Callable
from datetime import UTC, datetime

import pytest

from app.models import Account, Administrator, AuditEvent, BrowserSession, Connection
from tests.support.browser import Browser, Page
from tests.support.sandbox import Sandbox
from tests.support.served import Served

MakeBrowser = Callable[[Served], Browser]


@pytest.fixture
def admin(browser: Browser, site: Served) -> Browser:
    """Anna, who is an administrator."""
    site.stored.insert(Administrator, subject="anna", added_at=datetime.now(UTC))
    browser.sign_in("anna")
    return browser


@pytest.fixture
def bjorn(site: Served, new_browser: MakeBrowser) -> Browser:
    browser = new_browser(site)
    browser.sign_in("bjorn")
    return browser


def connection_of(site: Served, subject: str) -> str:
    account = site.stored.one(Account, subject=subject)
    return str(site.stored.one(Connection, account_id=account["id"])["id"])


def people(page: Page) -> list[str]:
    return [row[0] for row in page.rows]


def test_administrators_see_who_is_connected(admin: Browser, bjorn: Browser) -> None:
    page = admin.click(admin.get("/"), "Admin")
    assert {person.split()[-1] for person in people(page)} == {"anna", "bjorn"}


def test_a_search_and_a_state_narrow_the_list(admin: Browser, bjorn: Browser) -> None:
    found = admin.get("/admin/connections?search=BJO")
    assert len(found.rows) == 1
    assert "bjorn" in found.rows[0][0]
    assert "No connection matches" in admin.get("/admin/connections?state=disconnected").text
    assert len(admin.get("/admin/connections?state=active").rows) == 2


def test_the_configuration_is_shown_as_it_must_be_registered(admin: Browser, site: Served, sandbox: Sandbox) -> None:
    page = admin.get("/admin/connections")
    for text in (f"{site.base}/auth/callback", "sandbox-client", sandbox.issuer, "on, S256", "present"):
        assert text in page.text
    assert sandbox.client_secret not in page.text


def test_one_connection_shows_its_state_and_what_happened(admin: Browser, bjorn: Browser, site: Served) -> None:
    page = admin.get(f"/admin/connections/{connection_of(site, 'bjorn')}")
    assert "connection.made" in page.text
    assert "1 browser" in page.text
    assert "Token generation" in page.text


def test_disconnecting_somebody_asks_first_and_then_ends_everything(
    admin: Browser, bjorn: Browser, site: Served, sandbox: Sandbox
) -> None:
    page = admin.get(f"/admin/connections/{connection_of(site, 'bjorn')}")
    question = admin.click(page, "Disconnect…")
    assert question.heading == "Disconnect this person?"
    assert bjorn.get("/documents").status == 200
    done = admin.submit(question.form("/disconnect"))
    assert "confirmed by Pagero" in done.text
    assert "connection.ended" in done.text
    assert bjorn.get("/").heading.startswith("Your documents")
    account = site.stored.one(Account, subject="bjorn")
    assert site.stored.count(BrowserSession, account_id=account["id"]) == 0
    assert admin.get("/documents").status == 200, "nobody else is touched"


def test_disconnecting_again_changes_nothing(admin: Browser, bjorn: Browser, site: Served) -> None:
    form = admin.get(f"/admin/connections/{connection_of(site, 'bjorn')}/disconnect").form("/disconnect")
    for _ in range(2):
        admin.submit(form)
    assert site.stored.count(AuditEvent, action="connection.ended") == 1
    assert "There is no connection to end." in admin.get(form.action).text


def test_a_pagero_that_does_not_answer_is_shown_as_pending(
    admin: Browser, bjorn: Browser, site: Served, sandbox: Sandbox
) -> None:
    sandbox.knobs(fail_next=[{"endpoint": "revoke", "status": 503, "count": 9}])
    form = admin.get(f"/admin/connections/{connection_of(site, 'bjorn')}/disconnect").form("/disconnect")
    assert "not confirmed by Pagero yet" in admin.submit(form).text
    assert "not confirmed by Pagero yet" in admin.get("/admin/connections?state=disconnected").text


def test_the_trail_can_be_read_and_filtered(admin: Browser, bjorn: Browser, site: Served) -> None:
    everything = admin.get("/admin/audit")
    assert len(everything.rows) == site.stored.count(AuditEvent)
    account = site.stored.one(Account, subject="bjorn")["id"]
    his = admin.get(f"/admin/audit?account={account}&action=session.started&outcome=ok")
    assert len(his.rows) == 1
    assert "bjorn" in his.rows[0][2]
    assert "No event matches" in admin.get("/admin/audit?action=never.happened").text


def test_long_lists_have_pages(admin: Browser, site: Served) -> None:
    for number in range(60):
        site.stored.insert(AuditEvent, at=datetime.now(UTC), action=f"filler.n{number}", outcome="ok", actor="system")
    first = admin.get("/admin/audit")
    second = admin.click(first, "Next")
    assert len(first.rows) == 50
    assert not {row[1] for row in first.rows} & {row[1] for row in second.rows}
    assert len(admin.click(second, "Previous").rows) == 50


@pytest.mark.parametrize(
    "path",
    ["/admin/connections", "/admin/audit", "/admin/connections/{id}", "/admin/connections/{id}/disconnect"],
)
@pytest.mark.parametrize("who", ["nobody", "somebody"])
def test_for_everybody_else_there_is_no_such_page(
    site: Served, new_browser: MakeBrowser, bjorn: Browser, who: str, path: str
) -> None:
    visitor = bjorn if who == "somebody" else new_browser(site)
    token = bjorn.get("/").form("/auth/logout").fields["csrf_token"]
    address = path.format(id=connection_of(site, "bjorn"))
    unknown = visitor.get("/admin/nothing-here", status=404)
    page = visitor.get(address, status=404)
    assert page.heading == unknown.heading
    if path.endswith("disconnect"):
        assert visitor.raw("POST", address, data={"csrf_token": token}).status_code == 404
        assert site.stored.one(Connection)["state"] == "active"
    assert "Admin" not in [link.get_text(strip=True) for link in visitor.get("/").soup.select("nav a")]


def test_who_is_no_administrator_any_more_is_out_at_once(admin: Browser, site: Served) -> None:
    site.stored.change(Administrator, {"subject": "somebody else"}, subject="anna")
    assert admin.get("/admin/connections", status=404).heading == "There is no such page"


@pytest.mark.parametrize(
    "path",
    [
        "/admin/connections/nonsense",
        "/admin/connections/00000000-0000-4000-8000-000000000000",
        "/admin/connections/-1/disconnect",
    ],
)
def test_an_unknown_connection_is_not_found(admin: Browser, path: str) -> None:
    assert admin.get(path, status=404).heading == "There is no such page"


@pytest.mark.parametrize(
    "query",
    [
        "connections?state=alive", "connections?offset=-1", "connections?search=" + "a" * 101, "connections?search=%00",
        "audit?action=%3Cb%3E", "audit?account=1", "audit?offset=123456789", "audit?outcome=A%20B",
    ],
)  # fmt: skip
def test_queries_nobody_should_send_are_refused(admin: Browser, query: str) -> None:
    assert admin.get(f"/admin/{query}", status=400).heading == "This address or form cannot be used"


def test_hostile_names_do_no_harm_to_administrators(admin: Browser, bjorn: Browser, site: Served) -> None:
    hostile = "<script>alert(1)</script>\u202egnp.exe" + "x" * 150
    site.stored.change(Account, {"display_name": hostile}, subject="bjorn")
    for path in ("/admin/connections", f"/admin/connections/{connection_of(site, 'bjorn')}", "/admin/audit"):
        page = admin.get(path)
        assert not page.soup.select("main script")
        assert "\u202e" not in page.text
