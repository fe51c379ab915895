"""Sending and following files in a real browser, with and without scripts; and what axe says about those pages."""

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import BrowserContext, Page, Route, expect

from app.models import Upload
from tests.browser.test_accessibility import findings, look_at
from tests.browser.test_chromium_journeys import PHONE, sign_in, watched
from tests.support.sandbox import Sandbox
from tests.support.served import Served

OpenChromium = Callable[..., BrowserContext]


@pytest.fixture
def complaints() -> list[str]:
    return []


@pytest.fixture
def page(site: Served, open_chromium: OpenChromium, sandbox: Sandbox, complaints: list[str]) -> Iterator[Page]:
    sandbox.knobs(file_processing_seconds=1)
    yield watched(open_chromium(site.base), complaints).new_page()
    assert [text for text in complaints if "status of 4" not in text and "ERR_" not in text] == []


def file(content: str, name: str = "invoice.xml") -> Any:
    return {"name": name, "mimeType": "text/xml", "buffer": content.encode()}


def choose(page: Page, *files: Any) -> None:
    page.goto("/files/new")
    page.set_input_files("#payload", list(files))


def press_send(page: Page) -> None:
    page.get_by_role("button", name="Send to Pagero").click()


def row(page: Page, name: str) -> Any:
    return page.locator("li.upload", has_text=name)


def test_a_file_is_sent_and_followed_until_it_is_done_without_reloading(
    page: Page, sandbox: Sandbox, site: Served
) -> None:
    sign_in(page)
    page.get_by_role("link", name="Files", exact=True).click()
    page.get_by_role("link", name="Send files").click()
    page.set_input_files("#payload", file("<Invoice/>"))
    page.get_by_label("Your reference").fill("SO 1")
    press_send(page)
    expect(row(page, "invoice.xml").locator(".tag")).to_have_text("Done")
    expect(row(page, "invoice.xml")).to_contain_text("Pagero made a document")
    assert page.url == f"{site.base}/files/new"
    assert len(sandbox.calls(endpoint="upload")) == 1
    asked = len(sandbox.calls(endpoint="fileparts"))
    page.wait_for_timeout(3000)
    assert len(sandbox.calls(endpoint="fileparts")) == asked
    row(page, "invoice.xml").get_by_role("link").first.click()
    expect(page.get_by_role("heading", level=1)).to_have_text("invoice.xml")


def test_several_files_are_followed_each(page: Page) -> None:
    sign_in(page)
    choose(page, file("<a/>", "good.xml"), file("<error/>", "bad.xml"), file("<await/>", "waits.xml"))
    press_send(page)
    expect(row(page, "good.xml").locator(".tag")).to_have_text("Done")
    expect(row(page, "bad.xml").locator(".tag")).to_have_text("Stopped in error")
    expect(row(page, "waits.xml").locator(".tag")).to_have_text("Waiting for you")


def test_the_page_of_a_file_follows_it_and_stops_in_a_hidden_tab(page: Page, sandbox: Sandbox) -> None:
    sandbox.knobs(file_processing_seconds=60)
    sign_in(page)
    choose(page, file("<error/>"))
    press_send(page)
    row(page, "invoice.xml").get_by_role("link").first.click()
    expect(page.locator("#progress .tag").first).to_have_text("Processing")
    page.evaluate("Object.defineProperty(document, 'hidden', {value: true, configurable: true})")
    page.wait_for_timeout(2500)
    asked = len(sandbox.calls(endpoint="fileparts"))
    page.wait_for_timeout(3000)
    assert len(sandbox.calls(endpoint="fileparts")) == asked
    sandbox.knobs(clock_offset_seconds=120)
    page.evaluate("delete document.hidden; document.dispatchEvent(new Event('visibilitychange'))")
    expect(page.locator("#progress .tag").first).to_have_text("Stopped in error")
    expect(page.get_by_role("link", name="Restart…")).to_be_visible()
    expect(page.locator("[data-follow]")).to_have_count(0)


def test_an_answer_of_pagero_that_is_lost_is_said_and_sent_once(page: Page, sandbox: Sandbox) -> None:
    sign_in(page)
    sandbox.fail_next(endpoint="upload", kind="lost")
    choose(page, file("<Invoice/>"))
    press_send(page)
    expect(row(page, "invoice.xml").locator(".tag")).to_have_text("Outcome unknown")
    assert len(sandbox.calls(endpoint="upload")) == 1


def test_a_broken_connection_to_us_may_be_tried_again_without_sending_twice(
    page: Page, sandbox: Sandbox, site: Served
) -> None:
    sign_in(page)
    choose(page, file("<Invoice/>"))
    broken: list[str] = []

    def lose(route: Route) -> None:
        if route.request.method != "POST" or broken:
            route.continue_()
            return
        broken.append("once")
        route.fetch()  # it arrives, and its answer never does
        route.abort()

    page.route("**/files", lose)
    press_send(page)
    expect(row(page, "invoice.xml")).to_contain_text("The connection to this application broke")
    row(page, "invoice.xml").get_by_role("button", name="Try again").click()
    expect(row(page, "invoice.xml").locator(".tag")).to_have_text("Done")
    assert len(sandbox.calls(endpoint="upload")) == 1
    assert site.stored.count(Upload) == 1


def test_content_that_was_sent_before_asks_in_its_row(page: Page, sandbox: Sandbox) -> None:
    sign_in(page)
    for state in ("Done", "Not sent"):
        choose(page, file("<Invoice/>"))
        press_send(page)
        expect(row(page, "invoice.xml").locator(".tag")).to_have_text(state)
    row(page, "invoice.xml").get_by_role("button", name="Send it once more").click()
    expect(row(page, "invoice.xml").locator(".tag")).to_have_text("Done")
    assert len(sandbox.calls(endpoint="upload")) == 2


def test_too_large_a_file_is_not_even_sent(page: Page, sandbox: Sandbox, tmp_path: Path) -> None:
    large = tmp_path / "large.xml"
    large.write_bytes(b"x" * 20_100_000)
    sign_in(page)
    page.goto("/files/new")
    page.set_input_files("#payload", large)
    press_send(page)
    expect(row(page, "large.xml")).to_contain_text("Too large: at most 20 MB.")
    assert sandbox.calls(endpoint="upload") == []


def test_production_must_be_confirmed(page: Page, sandbox: Sandbox) -> None:
    sign_in(page)
    choose(page, file("<Invoice/>"))
    expect(page.get_by_label("Production: yes")).to_be_hidden()
    page.get_by_role("radio", name="Production").check()
    press_send(page)
    assert page.locator("form.send").is_visible()
    assert sandbox.calls(endpoint="upload") == []
    page.get_by_label("Production: yes").check()
    press_send(page)
    expect(row(page, "invoice.xml").locator(".tag")).to_have_text("Done")


def test_sending_and_following_work_without_scripts(
    site: Served, open_chromium: OpenChromium, sandbox: Sandbox
) -> None:
    sandbox.knobs(file_processing_seconds=1)
    page = open_chromium(site.base, java_script_enabled=False).new_page()
    sign_in(page)
    choose(page, file("<Invoice/>"))
    press_send(page)
    expect(page.get_by_role("heading", level=1)).to_have_text("invoice.xml")
    page.wait_for_timeout(1200)
    page.get_by_role("link", name="Look again now").click()
    expect(page.locator("#progress .tag")).to_have_text("Done")


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("language", ["en-GB", "sv-SE"])
def test_axe_finds_nothing_on_the_pages_of_files(
    site: Served, open_chromium: OpenChromium, sandbox: Sandbox, scheme: str, language: str
) -> None:
    sandbox.knobs(file_processing_seconds=0)
    context = open_chromium(site.base, color_scheme=scheme, locale=language, bypass_csp=True, java_script_enabled=True)
    page = context.new_page()
    page.goto("/auth/login?next=/files/new")
    page.fill("input[type=text], input:not([type])", "anna")
    page.fill("input[type=password]", "sandbox")
    page.keyboard.press("Enter")
    page.wait_for_selector("form.send")
    found = look_at(page, "/files")
    sandbox.knobs(fail_next=[{"endpoint": "upload", "kind": "lost"}])
    for content, name in (("<lost/>", "lost.xml"), ("<error/>", "bad.xml"), ("<await/>", "w.xml"), ("<a/>", "a.xml")):
        choose(page, file(content, name))
        page.locator("form.send button").click()
        page.locator("[data-finished]").wait_for()
    rows = {each["file_name"]: f"/files/{each['id']}" for each in site.stored.rows(Upload)}
    found |= look_at(page, "/files", "/files/new", *rows.values(), "/attention", f"{rows['bad.xml']}?note=moved")
    page.goto(rows["bad.xml"])
    ask = str(page.locator("a[href$=cancel]").get_attribute("href"))
    sandbox.knobs(fail_next=[{"endpoint": "fileparts", "status": 500, "count": 2}])
    found |= look_at(page, ask, rows["a.xml"])
    page.goto("/files/new")
    page.check("[value=Production]")
    page.set_input_files("#payload", [file("<one/>", "one.xml"), file("", "two.xml")])
    page.check("[name=production]")
    page.locator("form.send button").click()
    page.locator("[data-finished]").wait_for()
    page.wait_for_timeout(1000)
    assert found | findings(page) == {}


@pytest.mark.parametrize("path", ["/files", "/files/new", "/attention", "/files/77000001"])
def test_nothing_about_files_is_wider_than_a_phone(page: Page, sandbox: Sandbox, path: str) -> None:
    page.set_viewport_size(PHONE)  # type: ignore[arg-type]
    sign_in(page)
    evil = "W" * 400
    item = {"id": "1", "senderReference": evil, "sendingCompany": {"id": evil, "name": evil}, "documentType": evil}
    part = {"id": evil, "status": "Error", "error": {"description": [evil]}}
    sandbox.knobs(
        fail_next=[
            {"endpoint": "files", "status": 200, "json": {"items": [item], "meta": {}}, "count": 2},
            {"endpoint": "fileparts", "status": 200, "json": {"items": [part], "meta": {}}, "count": 2},
        ]
    )
    page.goto(path)
    assert page.evaluate("document.documentElement.scrollWidth") <= PHONE["width"]
