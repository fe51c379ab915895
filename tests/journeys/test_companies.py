"""Companies: learned from documents, named, added by hand, one of them looked at; on both databases."""

from typing import Any

import pytest

from tests.support.browser import Browser, Page
from tests.support.sandbox import Sandbox
from tests.support.served import Served


@pytest.fixture
def anna(site_on_both: Served, new_browser: Any) -> Browser:
    browser: Browser = new_browser(site_on_both)
    browser.sign_in("anna", next="/account")
    return browser


def remember(browser: Browser, company_id: str, name: str, status: int = 200) -> Page:
    token = browser.get("/account").form("/auth/logout").fields["csrf_token"]
    return browser.post("/companies", {"csrf_token": token, "companyId": company_id, "name": name}, status)


def choose(browser: Browser, name: str, path: str = "/documents") -> Page:
    page = browser.get(path)
    values = {option.get_text(): str(option["value"]) for option in page.soup.select("#company option")}
    return browser.submit(page.form("/companies/choose"), company=values[name])


def learned_ids(page: Page) -> list[str]:
    return [code.get_text() for code in page.soup.select("section[aria-labelledby=learned] code")]


def test_ids_are_learned_from_documents_and_can_be_named(anna: Browser) -> None:
    page = anna.get("/companies")
    ids = learned_ids(page)
    assert ids
    named = remember(anna, ids[0], "  Our   mill ")
    assert "Our mill" in named.text
    assert learned_ids(named) == ids[1:]
    assert "The works" in remember(anna, ids[0], "The works").text
    assert "Our mill" not in anna.get("/companies").text


def test_the_choice_is_kept_and_is_asked_of_pagero(anna: Browser, sandbox: Sandbox) -> None:
    company = learned_ids(anna.get("/companies"))[0]
    remember(anna, company, "Mill")
    chosen = choose(anna, "Mill")
    assert chosen.path == "/documents"
    assert chosen.form("/companies/choose").fields["company"]
    anna.get("/partners")
    asked = [call for call in sandbox.calls(endpoint="documents") if f"companyId={company}" in str(call)]
    assert len(asked) >= 5
    before = len(sandbox.calls(endpoint="documents"))
    assert anna.get("/documents?companyId=").status == 200
    assert "companyId" not in str(sandbox.calls(endpoint="documents")[before:])
    choose(anna, "All companies")
    assert "looked at" not in anna.get("/companies").text


def test_a_company_of_somebody_else_is_said_and_can_be_left_again(anna: Browser) -> None:
    remember(anna, "not-mine", "Elsewhere")
    page = choose(anna, "Elsewhere", "/")
    assert "your account has no right to this company or document" in page.text
    assert anna.get("/documents", status=403)
    assert "has no right" not in choose(anna, "All companies", "/").text


def test_a_company_can_be_taken_off_the_list(anna: Browser) -> None:
    page = remember(anna, "by-hand-1", "By hand")
    assert "By hand" in page.text
    assert "By hand" not in anna.submit(page.form("/forget")).text


def test_nobody_touches_the_list_of_somebody_else(anna: Browser, site_on_both: Served, new_browser: Any) -> None:
    mine = remember(anna, "by-hand-1", "By hand")
    bjorn = new_browser(site_on_both)
    bjorn.sign_in("bjorn", next="/account")
    token = bjorn.get("/account").form("/auth/logout").fields["csrf_token"]
    row = mine.form("/forget").action.split("/")[-2]
    bjorn.post(f"/companies/{row}/forget", {"csrf_token": token})
    bjorn.post("/companies/choose", {"csrf_token": token, "company": row}, status=404)
    assert "By hand" in anna.get("/companies").text
    assert "By hand" not in bjorn.get("/companies").text


@pytest.mark.parametrize("company_id", ["", "a b", "x" * 101, "<b>"])
def test_what_is_no_id_is_refused(anna: Browser, company_id: str) -> None:
    assert remember(anna, company_id, "n", status=400).status == 400


def test_a_list_has_an_end(anna: Browser, site_on_both: Served) -> None:
    for number in range(50):
        remember(anna, f"c{number}", "")
    assert remember(anna, "c50", "", status=400).status == 400
    assert remember(anna, "c7", "Seven").status == 200
