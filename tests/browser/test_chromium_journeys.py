"""What only a real browser shows: sign-in over two sites with the shipped policy, tabs, history, keyboard, themes."""

import re
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from playwright.sync_api import BrowserContext, Page, expect

from tests.support.browser import PASSWORD
from tests.support.sandbox import Sandbox
from tests.support.served import Served

OpenChromium = Callable[..., BrowserContext]
PHONE = {"width": 360, "height": 740}


@pytest.fixture
def complaints() -> list[str]:
    """What the console says: a broken script, a refused style, a missing file."""
    return []


@pytest.fixture
def context(site: Served, open_chromium: OpenChromium, complaints: list[str]) -> BrowserContext:
    return watched(open_chromium(site.base), complaints)


def watched(context: BrowserContext, complaints: list[str]) -> BrowserContext:
    def note(message: Any) -> None:
        if message.type in ("error", "warning") and "127.0.0.1" in (message.location or {}).get("url", ""):
            complaints.append(message.text)

    context.on("console", note)
    context.on("weberror", lambda error: complaints.append(str(error.error)))
    return context


@pytest.fixture
def page(context: BrowserContext) -> Page:
    return context.new_page()


@pytest.fixture(autouse=True)
def _no_complaints(site: Served, complaints: list[str], request: pytest.FixtureRequest) -> Iterator[None]:
    yield
    ours = [text for text in complaints if "favicon" not in text and "status of 4" not in text]
    assert ours == []


def log_in(page: Page, person: str = "anna") -> None:
    """Fill in Pagero's login page."""
    form = page.locator("form:has(input[type=password])")
    form.locator("input[type=text], input[type=email], input:not([type]), select").first.fill(person)
    form.locator("input[type=password]").fill(PASSWORD)
    form.locator("button").first.click()


def sign_in(page: Page, person: str = "anna") -> None:
    page.goto("/")
    page.get_by_role("link", name="Sign in with Pagero").click()
    log_in(page, person)
    expect(page.get_by_role("heading", level=1)).to_have_text("Overview")


def heading(page: Page) -> str:
    return page.get_by_role("heading", level=1).inner_text()


def test_a_person_signs_in_looks_around_and_signs_out(page: Page, site: Served) -> None:
    sign_in(page)
    assert page.url == f"{site.base}/"
    page.get_by_role("link", name="Documents", exact=True).click()
    page.get_by_role("link", name="Sent", exact=True).click()
    expect(page.get_by_role("heading", level=1)).to_have_text("Sent documents")
    page.locator(".main-link").first.click()
    expect(page.get_by_role("link", name="Download the document")).to_be_visible()
    page.get_by_role("button", name="Sign out").click()
    expect(page.get_by_role("link", name="Sign in with Pagero")).to_be_visible()


def test_back_after_signing_out_shows_nothing_of_before(page: Page, sandbox: Sandbox) -> None:
    sandbox.knobs(sso=False)  # with its single sign-on Pagero would let the person in again without a word
    sign_in(page)
    page.goto("/documents?direction=Sent")
    page.get_by_role("button", name="Sign out").click()
    page.get_by_role("link", name="Sign in with Pagero").wait_for()
    page.go_back()
    page.locator("input[type=password]").wait_for()


def test_back_after_signing_in_never_shows_a_spent_callback(page: Page, site: Served) -> None:
    sign_in(page)
    page.goto("/documents")
    page.go_back()
    expect(page.get_by_role("heading", level=1)).to_have_text("Overview")
    page.go_back()
    page.wait_for_load_state()
    assert "/auth/callback" not in page.url
    page.goto(f"{site.base}/")
    assert heading(page) == "Overview"


def test_two_tabs_both_finish_in_any_order(context: BrowserContext, sandbox: Sandbox) -> None:
    sandbox.knobs(sso=False)
    first, second = context.new_page(), context.new_page()
    first.goto("/documents?direction=Sent")
    second.goto("/account")
    log_in(second)
    expect(second.get_by_role("heading", level=1)).to_have_text("Account")
    log_in(first)
    expect(first.get_by_role("heading", level=1)).to_have_text("Sent documents")


def test_somebody_else_is_asked_for_the_password(page: Page) -> None:
    sign_in(page)
    page.get_by_role("button", name="Sign out").click()
    page.get_by_role("link", name="Sign in as someone else").click()
    log_in(page, "bjorn")
    page.goto("/account")
    expect(page.locator("dd code").first).to_have_text("bjorn")


def test_disconnecting_works_with_a_click_and_a_second_one(page: Page) -> None:
    sign_in(page)
    page.goto("/account")
    page.get_by_role("link", name="Disconnect…").click()
    page.get_by_role("button", name="Disconnect").click()
    expect(page.get_by_text("Pagero confirmed that the access kept here is withdrawn.")).to_be_visible()


def test_a_download_is_saved_as_a_file(page: Page) -> None:
    sign_in(page)
    page.goto("/documents?direction=Sent&documentType=Invoice")
    page.locator(".main-link").first.click()
    with page.expect_download() as saving:
        page.get_by_role("link", name="Download the document").click()
    assert re.fullmatch(r"[0-9a-f-]{36}\.xml", saving.value.suggested_filename)


def test_the_theme_follows_the_system_until_it_is_chosen_and_is_then_remembered(page: Page) -> None:
    def is_dark() -> bool:
        red = page.evaluate("getComputedStyle(document.body).backgroundColor.match(/\\d+/)[0]")
        return int(red) < 100

    page.emulate_media(color_scheme="dark")
    page.goto("/")
    assert is_dark()
    page.get_by_role("button", name="Switch to light colours").click()
    assert not is_dark()
    page.reload()
    assert not is_dark()
    page.get_by_role("button", name="Switch to dark colours").wait_for()


def test_the_page_can_be_walked_by_keyboard(page: Page) -> None:
    sign_in(page)
    page.keyboard.press("Tab")
    expect(page.locator("a.skip")).to_be_focused()
    expect(page.locator("a.skip")).to_be_in_viewport()
    page.keyboard.press("Enter")
    expect(page.locator("main")).to_be_focused()


def test_times_follow_the_zone_of_the_browser(site: Served, open_chromium: OpenChromium, complaints: list[str]) -> None:
    page = watched(open_chromium(site.base, timezone_id="America/New_York"), complaints).new_page()
    sign_in(page)
    expect(page.locator("footer")).to_contain_text("America/New_York")


@pytest.mark.parametrize("path", ["/", "/documents", "/documents?direction=Sent&limit=100", "/account"])
def test_nothing_is_wider_than_a_phone(page: Page, sandbox: Sandbox, path: str) -> None:
    page.set_viewport_size(PHONE)
    sign_in(page)
    sandbox.knobs(hostile_names=True)
    page.goto(path)
    assert page.evaluate("document.documentElement.scrollWidth") <= PHONE["width"]


def test_everything_works_without_scripts(site: Served, open_chromium: OpenChromium) -> None:
    page = open_chromium(site.base, java_script_enabled=False).new_page()
    sign_in(page)
    page.goto("/documents")
    page.get_by_role("link", name="Next").click()
    expect(page.locator(".pager-range")).to_contain_text("26–50")
    page.get_by_label("Payment reminder").check()
    page.get_by_role("button", name="Show").click()
    expect(page.locator(".rows .sub").first).to_contain_text("Payment reminder")
    page.get_by_role("button", name="Svenska").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("Dokument")
    page.get_by_role("button", name="Logga ut").click()
    expect(page.get_by_role("link", name="Logga in med Pagero")).to_be_visible()
