"""axe at WCAG 2.2 AA finds nothing: every view and state, light and dark, on a desk and on a phone."""

from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import BrowserContext, Page

from app.models import Administrator, Connection
from tests.browser.test_chromium_journeys import sign_in
from tests.support.sandbox import Sandbox
from tests.support.served import Served

TAGS = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa"]
RULES = {"runOnly": {"type": "tag", "values": TAGS}, "resultTypes": ["violations"]}
SIZES = {"desk": {"width": 1280, "height": 900}, "phone": {"width": 360, "height": 740}}
FAULT = {"endpoint": "documents", "status": 500, "count": 40}

OpenChromium = Callable[..., BrowserContext]


@pytest.fixture(params=["light", "dark"])
def page(request: pytest.FixtureRequest, site: Served, open_chromium: OpenChromium) -> Page:
    return open_chromium(site.base, color_scheme=request.param, bypass_csp=True).new_page()


def findings(page: Page) -> dict[str, list[str]]:
    """What axe finds at both sizes, by rule, with the elements."""
    found: dict[str, list[str]] = {}
    for size, viewport in SIZES.items():
        page.set_viewport_size(viewport)  # type: ignore[arg-type]
        answer: Any = Axe().run(page, options=RULES).response
        for violation in answer["violations"]:
            nodes = [f"{node['html'][:160]} {node.get('failureSummary', '')[:200]}" for node in violation["nodes"][:3]]
            found[f"{page.url.split('?')[0]} {size} {violation['id']}"] = nodes
    return found


def look_at(page: Page, *paths: str) -> dict[str, list[str]]:
    found: dict[str, list[str]] = {}
    for path in paths:
        page.goto(path)
        found |= findings(page)
    return found


def test_the_pages_of_somebody_signed_out(page: Page) -> None:
    assert look_at(page, "/", "/nothing-here", "/auth/callback?state=unknown&code=c") == {}


def test_the_pages_of_a_person(page: Page) -> None:
    sign_in(page)
    page.goto("/documents?direction=Sent&documentType=Invoice")
    document = str(page.locator(".rows .main-link").first.get_attribute("href"))
    paths = (
        "/",
        "/documents",
        "/documents?direction=Sent&reference=NOTHING",
        document,
        f"{document}/invoice",
        "/?days=90",
        "/documents?documentType=PaymentReminder&limit=100&sort=-amount",
        "/documents?mode=Test",
        "/partners",
        "/companies",
        "/search?q=fjord",
        "/shortcuts",
        "/account",
        "/account/disconnect",
    )
    assert look_at(page, *paths) == {}


def test_the_pages_of_a_person_in_swedish(page: Page) -> None:
    sign_in(page)
    page.get_by_role("button", name="Svenska").click()
    assert (
        look_at(page, "/", "/partners", "/companies", "/documents?offset=5000", "/account", "/documents?limit=x") == {}
    )


def test_long_and_foreign_names(page: Page, sandbox: Sandbox) -> None:
    sign_in(page)
    sandbox.knobs(hostile_names=True)
    assert look_at(page, "/", "/documents?limit=50", "/partners") == {}


def test_the_pages_of_administrators(page: Page, site: Served) -> None:
    site.stored.insert(Administrator, subject="anna", added_at=datetime.now(UTC))
    sign_in(page)
    one = f"/admin/connections/{site.stored.one(Connection)['id']}"
    assert (
        look_at(page, "/admin/connections", "/admin/connections?search=x", one, f"{one}/disconnect", "/admin/audit")
        == {}
    )


def test_the_pages_while_pagero_fails(page: Page, sandbox: Sandbox) -> None:
    sign_in(page)
    sandbox.knobs(fail_next=[FAULT])
    assert look_at(page, "/", "/documents") == {}


def test_the_pages_of_a_person_who_is_disconnected(page: Page, sandbox: Sandbox) -> None:
    sign_in(page)
    page.goto("/account/disconnect")
    page.get_by_role("button", name="Disconnect").click()
    assert look_at(page, "/", "/documents", "/account") == {}
