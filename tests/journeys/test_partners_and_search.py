"""Partners, the search box and the page of shortcuts, over real HTTP."""

import pytest

from tests.support.browser import Browser
from tests.support.sandbox import Sandbox


@pytest.fixture
def anna(browser: Browser) -> Browser:
    browser.sign_in("anna", next="/account")
    return browser


def test_partners_are_those_of_the_documents(anna: Browser, sandbox: Sandbox) -> None:
    page = anna.get("/partners")
    assert page.heading == "Partners"
    assert len(page.rows) > 5
    assert "GLN" in page.text
    calls = len(sandbox.calls(endpoint="documents"))
    anna.get("/")  # the same window, read a moment ago
    assert len(sandbox.calls(endpoint="documents")) == calls


def test_a_number_a_partner_and_an_amount_are_found(anna: Browser) -> None:
    item = next(
        item
        for item in anna.get("/api/documents?direction=Sent&documentType=Invoice&limit=50").json()["items"]
        if "amounts" in item["documentInfo"] and "receiverParty" in item["documentInfo"]
    )
    info = item["documentInfo"]
    for text in (info["documentIdentifier"], info["receiverParty"]["name"], info["amounts"]["totalAmount"]):
        page = anna.submit(anna.get("/documents").form("/search"), q=text)
        assert info["documentIdentifier"] in page.text
        assert page.soup.select_one("#search")["value"] == text  # type: ignore[index]


def test_what_refers_to_a_number_is_asked_of_pagero(anna: Browser) -> None:
    responses = anna.get("/api/documents?documentType=ApplicationResponse&limit=20").json()["items"]
    number = responses[0]["documentInfo"]["documentIdentifier"].removeprefix("AR-")
    assert "Documents that refer to this number" in anna.get(f"/search?q={number}").text


def test_nothing_typed_and_nothing_found_are_said(anna: Browser, sandbox: Sandbox) -> None:
    assert "Type a document's number" in anna.get("/search?q=+").text
    assert sandbox.calls(endpoint="documents") == []
    assert "0 documents found" in anna.get("/search?q=nothing-like-it").text
    assert anna.get("/search?q=a%00b", status=400)


def test_a_part_that_fails_is_said_and_the_rest_is_found(anna: Browser, sandbox: Sandbox) -> None:
    sandbox.fail_next(endpoint="documents", status=500, count=9)
    for path in ("/partners", "/search?q=inv"):
        page = anna.get(path)
        assert page.text.count("This part could not be loaded") == 1


def test_without_a_connection_both_say_so_once(anna: Browser) -> None:
    anna.submit(anna.get("/account/disconnect").form("/account/disconnect"))
    for path in ("/partners", "/search?q=inv"):
        assert anna.get(path).text.count("You are disconnected from Pagero") == 1


def test_hostile_names_are_text(anna: Browser, sandbox: Sandbox) -> None:
    sandbox.knobs(hostile_names=True)
    for path in ("/partners", "/search?q=1"):
        assert not anna.get(path).soup.select("main script, main img, main iframe, main style")


def test_shortcuts_are_listed_for_everybody(anna: Browser, browser: Browser) -> None:
    page = anna.click(anna.get("/documents"), "Keyboard shortcuts")
    assert len(page.soup.select("kbd")) > 8
