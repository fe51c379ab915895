"""The invoice as a page, from the sandbox's XML over real HTTP; and files nobody should be shown."""

from typing import Any

import pytest

from tests.support.browser import Browser
from tests.support.sandbox import Sandbox

BOMB = '<!DOCTYPE x [<!ENTITY a "aaaaaaaaaa"><!ENTITY b "&a;&a;&a;">]><Invoice>&b;</Invoice>'


@pytest.fixture
def anna(browser: Browser) -> Browser:
    browser.sign_in("anna", next="/account")
    return browser


def listed(browser: Browser, query: str) -> list[dict[str, Any]]:
    found: dict[str, Any] = browser.get(f"/api/documents?limit=100&{query}").json()
    return list(found["items"])


def test_an_invoice_is_read_beside_its_download(anna: Browser) -> None:
    item = listed(anna, "direction=Sent&documentType=Invoice")[0]
    document = anna.get(f"/documents/{item['id']}")
    page = anna.click(document, "Read it here")
    assert page.heading == item["documentInfo"]["documentIdentifier"]
    for words in ("Seller", "Buyer", "Lines", "Totals", "To pay"):
        assert words in page.text
    assert page.link("Download the original").endswith("/target")
    assert anna.click(page, "About this document").heading == page.heading


def test_every_type_of_document_can_be_read_or_says_why_not(anna: Browser) -> None:
    kinds = {item["documentInfo"].get("documentType"): item for item in listed(anna, "")}
    for item in kinds.values():
        page = anna.get(f"/documents/{item['id']}/invoice", status=None)
        assert page.status == 200 or (page.status == 422 and "cannot be shown as a page" in page.text)


def test_a_rejection_says_why(anna: Browser) -> None:
    rejection = next(
        item
        for item in listed(anna, "documentType=ApplicationResponse")
        if item["documentInfo"].get("documentSubType") == "RecipientReject"
    )
    page = anna.get(f"/documents/{rejection['id']}/invoice")
    assert "Rejected" in page.text
    assert "Reason" in page.text or "Note" in page.text


def test_many_lines_come_a_page_at_a_time(anna: Browser, sandbox: Sandbox) -> None:
    item = listed(anna, "direction=Sent&documentType=Invoice")[0]
    sandbox.knobs(target_lines=1000)
    page = anna.get(f"/documents/{item['id']}/invoice")
    assert len(page.soup.select(".invoice .rows tbody tr")) == 200
    second = anna.click(page, "Next")
    assert second.path.endswith("?lines=200")
    assert anna.click(second, "Previous").path == page.path


def test_the_second_look_asks_pagero_nothing(anna: Browser, sandbox: Sandbox) -> None:
    item = listed(anna, "direction=Sent&documentType=Invoice")[0]
    for _ in range(2):
        anna.get(f"/documents/{item['id']}/invoice")
    assert len(sandbox.calls(endpoint="target")) == 1


@pytest.mark.parametrize("body", [BOMB, "no xml at all", "<html><body/></html>"])
def test_what_cannot_be_shown_is_said_and_can_be_downloaded(anna: Browser, sandbox: Sandbox, body: str) -> None:
    item = listed(anna, "")[0]
    sandbox.fail_next(endpoint="target", status=200, body=body, content_type="application/xml")
    page = anna.get(f"/documents/{item['id']}/invoice", status=422)
    assert "The original can be downloaded as it is." in page.text


def test_twenty_mebibytes_and_more_are_refused_and_the_worker_goes_on(anna: Browser, sandbox: Sandbox) -> None:
    item = listed(anna, "")[0]
    sandbox.knobs(target_bytes=22 * 1024 * 1024)
    page = anna.get(f"/documents/{item['id']}/invoice", status=422)
    assert "too large" in page.text
    assert anna.get("/documents").rows


@pytest.mark.parametrize("query", ["lines=-1", "lines=x", "lines=99999999"])
def test_lines_that_are_no_number_are_refused(anna: Browser, query: str) -> None:
    assert anna.get(f"/documents/00000000-0000-4000-8000-000000000000/invoice?{query}", status=400)


def test_somebody_elses_invoice_is_unknown(anna: Browser) -> None:
    assert anna.get("/documents/00000000-0000-4000-8000-000000000000/invoice", status=404)


def test_hostile_names_inside_the_file_are_text(anna: Browser, sandbox: Sandbox) -> None:
    sandbox.knobs(hostile_names=True)
    for item in listed(anna, "documentType=Invoice")[:6]:
        page = anna.get(f"/documents/{item['id']}/invoice")
        assert not page.soup.select("main script, main img, main iframe, main style")
