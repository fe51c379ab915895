"""An operator freezes everything: at once, on all machines, with one clear page; and thaws it again."""

from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

import requests

from app.models import Administrator
from tests.support.browser import Browser
from tests.support.sandbox import Sandbox
from tests.support.served import Served

NewBrowser = Callable[..., Browser]
HEADING = "Paused by the operator"


def test_every_page_that_needs_pagero_says_so_and_pagero_is_not_asked(
    site_on_both: Served, new_browser: NewBrowser, sandbox: Sandbox
) -> None:
    browser = new_browser(site_on_both)
    browser.sign_in("anna")
    document = browser.get("/documents").soup.select_one(".main-link")
    assert document is not None
    site_on_both.command("connections", "freeze")
    calls = len(sandbox.calls())
    for path in ("/", "/documents", str(document["href"])):
        page = browser.get(path, status=503)
        assert page.heading == HEADING, path
        assert "Please wait" not in page.text
    answer = browser.raw("GET", "/api/documents")
    assert (answer.status_code, answer.json()["error"], answer.headers["Retry-After"]) == (503, "frozen", "60")
    assert browser.get("/account").status == 200
    assert requests.get(f"{site_on_both.base}/health/ready", timeout=10).status_code == 200
    assert len(sandbox.calls()) == calls
    site_on_both.command("connections", "thaw")
    assert browser.get("/documents").rows


def test_a_freeze_counts_on_every_machine_and_for_tokens_that_must_be_renewed(
    served: Any, new_browser: NewBrowser, sandbox: Sandbox
) -> None:
    site = served("postgresql", instances=2, workers=1)
    here, there = new_browser(site), new_browser(site, instance=1)
    here.sign_in("anna")
    there.http.cookies.update(here.http.cookies)
    assert there.get("/documents").rows
    past = datetime(2020, 1, 1, tzinfo=UTC)
    site.stored.change("connections", {"access_expires_at": past, "refresh_due_at": past})
    site.command("connections", "freeze")
    for browser in (here, there):
        assert browser.get("/documents", status=503).heading == HEADING
    assert sandbox.token_calls("refresh_token") == []
    site.command("connections", "thaw")
    assert there.get("/documents?direction=Sent").rows
    assert len(sandbox.token_calls("refresh_token")) == 1


def test_administrators_see_it_and_can_go_on_with_their_work(browser: Browser, site: Served) -> None:
    site.stored.insert(Administrator, subject="anna", added_at=datetime.now(UTC))
    browser.sign_in("anna")
    assert "Everything is frozen" not in browser.get("/admin/connections").text
    site.command("connections", "freeze")
    connection = site.stored.one("connections")["id"]
    for path in ("/admin/connections", "/admin/audit", f"/admin/connections/{connection}"):
        assert "Everything is frozen" in browser.get(path).text
    browser.submit(browser.get(f"/admin/connections/{connection}/disconnect").form("/disconnect"))
    assert site.stored.one("connections")["revoke_outcome"] == "confirmed"


def test_who_signs_in_meanwhile_is_told_as_well(browser: Browser, site: Served) -> None:
    site.command("connections", "freeze")
    assert browser.sign_in("anna", status=503).heading == HEADING
    assert browser.get("/account").status == 200
