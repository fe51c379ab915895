"""A reconnect link in a real browser: the shipped policy lets its form go on to Pagero, and axe finds nothing."""

from collections.abc import Callable
from datetime import UTC, datetime

import pytest
from playwright.sync_api import BrowserContext, expect

from app.models import Administrator, Connection
from tests.browser.test_accessibility import findings
from tests.browser.test_chromium_journeys import log_in, sign_in
from tests.support.browser import Browser
from tests.support.served import Served

OpenChromium = Callable[..., BrowserContext]


@pytest.fixture
def link(browser: Browser, site: Served) -> str:
    """Anna is an administrator and makes the link for herself; then she is signed out."""
    site.stored.insert(Administrator, subject="anna", added_at=datetime.now(UTC))
    browser.sign_in("anna")
    site.stored.change(Connection, {"state": "reconnect_needed", "reason": "ended_at_pagero"})
    page = browser.get(f"/admin/connections/{site.stored.one(Connection)['id']}")
    shown = browser.submit(page.form("/reconnect-link"))
    field = shown.soup.select_one("main input[readonly]")
    assert field is not None
    browser.sign_out()
    return str(field["value"])


def test_the_person_goes_on_to_pagero_and_comes_back_connected(
    site: Served, open_chromium: OpenChromium, link: str
) -> None:
    page = open_chromium(site.base).new_page()
    page.goto(link)
    expect(page.get_by_role("heading", level=1)).to_have_text("Connect to Pagero again")
    page.locator("main").get_by_role("button", name="Sign in with Pagero").click()
    log_in(page, "anna")
    expect(page.get_by_role("heading", level=1)).to_have_text("Overview")
    assert site.stored.one(Connection)["state"] == "active"
    page.goto(link)
    expect(page.get_by_role("heading", level=1)).to_have_text("This link can no longer be used")


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_its_pages_and_those_while_frozen_are_accessible(
    site: Served, open_chromium: OpenChromium, link: str, theme: str
) -> None:
    page = open_chromium(site.base, color_scheme=theme, bypass_csp=True).new_page()
    page.goto(link)
    found = findings(page)
    page.goto("/auth/reconnect?link=unknown")
    found |= findings(page)
    sign_in(page)
    site.stored.change(Connection, {"state": "reconnect_needed", "reason": "ended_at_pagero"})
    page.goto(f"/admin/connections/{site.stored.one(Connection)['id']}")
    page.get_by_role("button", name="Make a reconnect link").click()
    found |= findings(page)
    site.command("connections", "freeze")
    for path in ("/admin/connections", "/"):
        page.goto(path)
        found |= findings(page)
    assert found == {}
