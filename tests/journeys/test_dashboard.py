"""Documents as a person looks them up, through real HTTP and the sandbox."""

import re
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest

from tests.support.browser import Browser, Page
from tests.support.sandbox import Sandbox
from tests.support.served import Served


@pytest.fixture
def anna(browser: Browser) -> Browser:
    browser.sign_in("anna", next="/account")  # nothing was read from Pagero yet
    return browser


def numbers(page: Page) -> list[str]:
    """The document numbers of a list, top to bottom."""
    return [" ".join(link.get_text().split()) for link in page.soup.select(".rows .main-link")]


def api(browser: Browser, query: str = "") -> dict[str, Any]:
    found: dict[str, Any] = browser.get(f"/api/documents{query}").json()
    return found


def primary(page: Page) -> list[str]:
    return [str(link["href"]) for link in page.soup.select("main a.btn-primary")]


def test_the_front_page_offers_one_way_in_and_one_for_somebody_else(browser: Browser) -> None:
    page = browser.get("/")
    assert primary(page) == ["/auth/login"]
    assert page.link("Sign in as someone else").endswith("/auth/login?prompt=login")


def test_the_overview_counts_both_directions_and_shows_the_latest(anna: Browser) -> None:
    page = anna.get("/")
    assert page.heading == "Overview"
    shown = [int(figure.get_text()) for figure in page.soup.select(".figure dd")]
    assert shown[1] == api(anna, "?direction=Received")["meta"]["total"]
    assert shown[3] == api(anna, "?direction=Sent")["meta"]["total"]
    latest = api(anna, "?direction=Sent&limit=1")["items"][0]["documentInfo"]["documentIdentifier"]
    assert latest in page.text


def test_one_part_of_the_overview_may_fail_alone(anna: Browser, sandbox: Sandbox) -> None:
    sandbox.knobs(documents_count=150, fail_next=[{"endpoint": "documents", "status": 500}])
    page = anna.get("/")
    assert page.text.count("This part could not be loaded") == 1
    assert "Pagero reported a fault of its own." in page.text
    assert len(page.soup.select(".entry")) > 3


def test_the_overview_without_pagero_says_so_and_stays_useful(anna: Browser, sandbox: Sandbox) -> None:
    sandbox.knobs(fail_next=[{"endpoint": "documents", "status": 503, "count": 9, "headers": {"Retry-After": "60"}}])
    page = anna.get("/")
    assert page.text.count("This part could not be loaded") == 2
    assert page.text.count("Not available at the moment") == 3
    assert "Your account is not affected." in page.text


def test_a_connection_that_pagero_ended_is_said_once(anna: Browser, sandbox: Sandbox) -> None:
    sandbox.ask("POST", "revoke", {"person": "anna"})
    page = anna.get("/")
    assert page.text.count("Connect to Pagero again") == 1
    assert len(primary(page)) == 1
    assert anna.get("/documents", status=409).heading == "Connect to Pagero again"


def test_tabs_and_filters_are_in_the_address_and_reach_pagero(anna: Browser, sandbox: Sandbox) -> None:
    page = anna.get("/documents?direction=Sent&documentType=Invoice&documentType=PaymentReminder&limit=10")
    assert page.heading == "Sent documents"
    types = {
        item["documentInfo"]["documentType"]
        for item in api(anna, "?direction=Sent&documentType=PaymentReminder")["items"]
    }
    assert types == {"PaymentReminder"}
    assert len(page.rows) == 10
    received = anna.click(page, "Received")
    assert received.heading == "Received documents"
    assert parse_qs(urlsplit(received.url).query)["documentType"] == ["Invoice", "PaymentReminder"]


def test_the_filter_form_keeps_what_was_chosen(anna: Browser) -> None:
    company = api(anna, "?direction=Sent&limit=1")["items"][0]["sendingCompanyId"]
    query = f"direction=Sent&companyId={company}&fetched=true&documentType=Waybill&reference=INV%201"
    form = anna.get(f"/documents?{query}").form("/documents")
    assert (form.fields["direction"], form.fields["companyId"], form.fields["fetched"]) == ("Sent", company, "true")
    assert (form.fields["documentType"], form.fields["reference"]) == ("Waybill", "INV 1")


def test_pages_follow_each_other_to_the_end_without_repeating(anna: Browser) -> None:
    page, seen = anna.get("/documents?direction=Sent&limit=40"), []
    for _ in range(20):
        seen += [str(link["href"]) for link in page.soup.select(".rows a.main-link")]
        if not page.soup.select("a[rel=next]"):
            break
        page = anna.click(page, "Next")
    assert len(seen) == len(set(seen)) == api(anna, "?direction=Sent")["meta"]["total"]
    assert anna.click(page, "Previous").status == 200


@pytest.mark.parametrize("meta", [{"total": 100_000}, {"total": 3}, {"total": -1}, {"total": "many"}, {"offset": 0}])
def test_wrong_totals_end_the_list_all_the_same(anna: Browser, sandbox: Sandbox, meta: dict[str, Any]) -> None:
    sandbox.knobs(documents_meta=meta)
    page = anna.get("/documents?direction=Sent&limit=50")
    for _ in range(6):
        if not page.soup.select("a[rel=next]"):
            break
        page = anna.click(page, "Next")
    assert not page.soup.select("a[rel=next]")


def test_a_page_beyond_the_end_leads_back(anna: Browser) -> None:
    page = anna.get("/documents?direction=Sent&offset=5000")
    assert "The list ends before this page" in page.text
    assert anna.click(page, "Back to the beginning").rows


def test_nothing_found_is_said_in_two_ways(anna: Browser) -> None:
    assert "No document matches" in anna.get("/documents?reference=NOTHING-LIKE-IT").text


def test_every_document_that_is_not_production_says_so(anna: Browser) -> None:
    items = api(anna, "?limit=100")["items"]
    page = anna.get("/documents?limit=100")
    marked = {
        str(row.select_one("a")["href"]).rsplit("/", 1)[1]: row.select_one("td").get_text(" ", strip=True)  # type: ignore[index,union-attr]
        for row in page.soup.select(".rows tbody tr")
    }
    others = {
        item["id"]: item.get("sendMode", "Send mode unknown") for item in items if item.get("sendMode") != "Production"
    }
    assert len(set(others.values())) > 1
    assert {number: mode for number, mode in others.items() if mode not in marked[number]} == {}
    assert not any("Production" in text for text in marked.values())


def test_amounts_are_written_for_the_language_and_lose_no_digit(anna: Browser) -> None:
    item = next(item for item in api(anna, "?limit=100")["items"] if "amounts" in item["documentInfo"])
    amounts = item["documentInfo"]["amounts"]
    for language in ("en", "sv"):
        anna.http.headers["Accept-Language"] = language
        shown = anna.get(f"/documents/{item['id']}").soup.select_one(".sum bdi")
        assert shown is not None
        assert (
            re.sub(r"[\s,.]", "", shown.get_text()) == re.sub(r"[.]", "", amounts["totalAmount"]) + amounts["currency"]
        )


@pytest.mark.parametrize(
    "query", ["direction=Both", "limit=500", "offset=x", "limit=5&limit=6", "reference=a%00b", "companyId=%3Cb%3E"]
)
def test_a_query_nobody_should_send_is_refused_and_not_repeated(anna: Browser, sandbox: Sandbox, query: str) -> None:
    before = len(sandbox.calls(endpoint="documents"))
    page = anna.get(f"/documents?{query}", status=400)
    assert "Go to the start page" in page.text
    assert anna.raw("GET", f"/api/documents?{query}").json()["error"]
    assert len(sandbox.calls(endpoint="documents")) == before


def test_every_kind_of_document_has_a_page(anna: Browser) -> None:
    chosen = {}
    for item in api(anna, "?limit=100")["items"] + api(anna, "?limit=100&offset=100")["items"]:
        info = item["documentInfo"]
        chosen[info.get("direction"), info.get("documentType"), info.get("documentSubType"), item.get("sendMode")] = (
            item
        )
    for item in chosen.values():
        page = anna.get(f"/documents/{item['id']}")
        assert page.heading == item["documentInfo"].get("documentIdentifier", "No number")[:120]


def test_a_document_shows_the_responses_that_answer_it(anna: Browser, sandbox: Sandbox) -> None:
    responses = api(anna, "?documentType=ApplicationResponse&limit=100")["items"]
    named = {item["documentInfo"]["documentIdentifier"] for item in responses}
    page = anna.get("/documents?direction=Sent&documentType=Invoice&limit=100")
    number, another = [each for each in numbers(page) if f"AR-{each}" in named][:2]
    assert f"AR-{number}" in anna.click(page, number).text
    sandbox.knobs(fail_next=[{"endpoint": "documents", "status": 500}])
    partial = anna.click(page, another)
    assert partial.heading == another
    assert "This part could not be loaded" in partial.text


@pytest.mark.parametrize("document_id", ["%2e%2e", "a;b", "a%20b", "1%3Fadmin=true", "x" * 65, "%252e%252e%252f", "å"])
def test_an_id_that_is_none_asks_pagero_nothing(anna: Browser, sandbox: Sandbox, document_id: str) -> None:
    before = len(sandbox.calls())
    for path in (f"/documents/{document_id}", f"/documents/{document_id}/target"):
        assert anna.raw("GET", path).status_code == 404
    assert len(sandbox.calls()) == before


def test_somebody_elses_document_is_as_unknown_as_no_document(anna: Browser, site: Served, new_browser: Any) -> None:
    other = new_browser(site)
    other.sign_in("bjorn")
    foreign = {item["id"] for item in api(other)["items"]} - {item["id"] for item in api(anna, "?limit=100")["items"]}
    page = anna.get(f"/documents/{sorted(foreign)[0]}", status=404)
    unknown = anna.get("/documents/00000000-0000-4000-8000-000000000000", status=404)
    assert page.heading == unknown.heading == "There is no such page"


def test_a_document_is_saved_and_never_opened(anna: Browser) -> None:
    item = api(anna, "?direction=Sent&documentType=Invoice&limit=1")["items"][0]
    answer = anna.raw("GET", f"/documents/{item['id']}/target")
    assert answer.status_code == 200
    assert answer.headers["Content-Type"] == "application/xml"
    assert answer.headers["Content-Disposition"] == f'attachment; filename="{item["id"]}.xml"'
    assert answer.headers["X-Content-Type-Options"] == "nosniff"
    assert answer.headers["Content-Security-Policy"].startswith("sandbox")
    assert b"<" in answer.content


@pytest.mark.parametrize("content_type", ["text/html", "image/svg+xml", "text/plain"])
def test_what_a_browser_could_run_is_only_bytes(anna: Browser, sandbox: Sandbox, content_type: str) -> None:
    item = api(anna, "?limit=1")["items"][0]
    sandbox.knobs(
        fail_next=[{"endpoint": "target", "status": 200, "body": "<script>1</script>", "content_type": content_type}]
    )
    answer = anna.raw("GET", f"/documents/{item['id']}/target")
    assert answer.headers["Content-Type"] == "application/octet-stream"
    assert answer.headers["Content-Disposition"].startswith("attachment")


def test_a_download_that_fails_is_a_page(anna: Browser, sandbox: Sandbox) -> None:
    item = api(anna, "?limit=1")["items"][0]
    sandbox.knobs(fail_next=[{"endpoint": "target", "status": 500, "count": 3}])
    assert anna.get(f"/documents/{item['id']}/target", status=502).heading == "Pagero does not answer as it should"


def test_hostile_names_are_shown_as_text(anna: Browser, sandbox: Sandbox) -> None:
    sandbox.knobs(hostile_names=True)
    for path in ("/", "/documents?limit=100"):
        page = anna.get(path)
        assert not page.soup.select("main script, main img, main iframe, main style")
        assert not [link for link in page.soup.select("a[href]") if str(link["href"]).lower().startswith("javascript")]
        assert not re.search("[\u202a-\u202e\u2066-\u2069\u0000-\u0008]", page.text)
    for link in anna.get("/documents?limit=100").soup.select("a.main-link")[:15]:
        page = anna.get(str(link["href"]))
        assert not page.soup.select("main script, main img, main iframe")


def test_scripts_get_the_items_as_pagero_sent_them(anna: Browser) -> None:
    answer = anna.raw("GET", "/api/documents?limit=2&direction=Sent")
    assert answer.headers["Content-Type"] == "application/json"
    assert set(answer.json()) == {"items", "meta"}
    assert len(answer.json()["items"]) == 2
    assert answer.json()["items"][0]["documentInfo"]["direction"] == "Sent"


def test_scripts_that_are_signed_out_get_no_page_and_no_redirect(browser: Browser) -> None:
    answer = browser.raw("GET", "/api/documents", headers={"Accept": "*/*"})
    assert answer.status_code == 401
    assert answer.json()["error"] == "signed_out"


def test_reading_is_all_these_addresses_do(anna: Browser, sandbox: Sandbox) -> None:
    for path in ("/", "/documents", "/api/documents"):
        answer = anna.raw("POST", path, data={"csrf_token": anna.get("/").form("/auth/logout").fields["csrf_token"]})
        assert answer.status_code == 405
    assert {call["method"] for call in sandbox.calls() if call["endpoint"] in ("documents", "document", "target")} == {
        "GET"
    }
    assert sandbox.calls(endpoint="fetch") == []


def test_pages_for_people_who_are_signed_out_lead_to_signing_in_and_back(browser: Browser) -> None:
    page = browser.log_in(browser.get("/documents?direction=Sent"), "anna")
    assert page.path == "/documents?direction=Sent"


def test_the_language_is_chosen_and_kept(anna: Browser, site: Served) -> None:
    page = anna.get("/documents?direction=Sent")
    swedish = anna.submit(page.form("/language"), language="sv")
    assert swedish.path == "/documents?direction=Sent"
    assert swedish.heading == "Skickade dokument"
    assert swedish.soup.html is not None
    assert swedish.soup.html["lang"] == "sv"
    assert anna.get("/account").heading == "Konto"
    assert site.stored.one("accounts")["language"] == "sv"
    assert anna.submit(anna.get("/").form("/language"), language="tlh", status=400).status == 400


def test_a_language_is_remembered_for_the_next_browser(anna: Browser, site: Served, new_browser: Any) -> None:
    anna.submit(anna.get("/").form("/language"), language="sv")
    elsewhere = new_browser(site)
    assert elsewhere.sign_in("anna").heading == "Översikt"


def test_somebody_signed_out_may_choose_a_language_too(browser: Browser) -> None:
    assert browser.submit(browser.get("/").form("/language"), language="sv").heading.startswith("Dina dokument")
