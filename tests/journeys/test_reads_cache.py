"""What was read a moment ago is shown again, to the same person only; and the last answer while Pagero gives none."""

from collections.abc import Callable
from threading import Thread
from time import monotonic, sleep
from typing import Any

import pytest
import requests

from tests.support.browser import Browser
from tests.support.sandbox import Sandbox
from tests.support.served import Served

STALE = "Pagero gives no answer: this is the last one"
VIEWS = ("/", "/documents?direction=Sent")
MakeServed = Callable[..., Served]
NewBrowser = Callable[..., Browser]


@pytest.fixture
def anna(browser: Browser) -> Browser:
    browser.sign_in("anna", next="/account")
    return browser


@pytest.fixture
def forgetful(served: MakeServed) -> Served:
    """A deployment that asks Pagero every time, and gives up on it quickly."""
    return served(workers=1, reads_cache_seconds=0, pagero_api_seconds=2, pagero_connect_seconds=1)


def asked(sandbox: Sandbox) -> int:
    return len([call for call in sandbox.calls() if call["endpoint"] in ("documents", "document")])


def a_document(browser: Browser) -> str:
    found: dict[str, Any] = browser.get("/api/documents?direction=Sent&documentType=Invoice&limit=1").json()
    return f"/documents/{found['items'][0]['id']}"


@pytest.mark.parametrize("path", [*VIEWS, "a document"])
def test_the_second_load_asks_pagero_nothing(anna: Browser, sandbox: Sandbox, path: str) -> None:
    path = a_document(anna) if path == "a document" else path
    first, before = anna.get(path), asked(sandbox)
    second = anna.get(path)
    assert asked(sandbox) == before
    assert second.heading == first.heading
    assert "Read from Pagero" in second.text


def test_the_overview_takes_one_round_of_four_calls(anna: Browser, sandbox: Sandbox) -> None:
    sandbox.knobs(api_delay_seconds=0.5)
    began = monotonic()
    anna.get("/")
    assert monotonic() - began < 1.5
    assert asked(sandbox) == 4


def test_scripts_always_get_what_pagero_says_now(anna: Browser, sandbox: Sandbox) -> None:
    for _ in range(2):
        anna.raw("GET", "/api/documents")
    assert len(sandbox.calls(endpoint="documents")) == 2


def test_two_people_never_see_what_was_read_for_the_other(
    anna: Browser, site: Served, sandbox: Sandbox, new_browser: NewBrowser
) -> None:
    carla = new_browser(site)
    carla.sign_in("carla", next="/account")
    path = a_document(anna)
    anna.get(path)
    assert carla.get(path, status=404).rows == []
    for view in VIEWS:
        mine, before = anna.get(view), asked(sandbox)
        theirs = carla.get(view)
        assert asked(sandbox) > before
        links = [{str(link["href"]) for link in page.soup.select("a.main-link")} for page in (mine, theirs)]
        assert links[0] != links[1]


def test_signing_out_and_in_begins_with_nothing(anna: Browser, sandbox: Sandbox) -> None:
    anna.get("/documents")
    sandbox.knobs(sso=False)
    anna.submit(anna.get("/account").form("/auth/logout"))
    anna.sign_in("anna", next="/account")
    before = asked(sandbox)
    anna.get("/documents")
    assert asked(sandbox) == before + 1


def test_after_disconnecting_nothing_is_shown_although_it_was_read_a_moment_ago(anna: Browser) -> None:
    anna.get("/documents")
    anna.submit(anna.get("/account/disconnect").form("/account/disconnect"))
    assert anna.get("/documents", status=409).rows == []


def test_when_pagero_is_down_the_last_answer_is_shown_with_its_age(
    forgetful: Served, sandbox: Sandbox, new_browser: NewBrowser
) -> None:
    anna = new_browser(forgetful)
    anna.sign_in("anna", next="/account")
    views = [*VIEWS, a_document(anna)]
    fresh = {view: anna.get(view).heading for view in views}
    sleep(1.1)
    for fault in ({"status": 503}, {"status": 500}, {"kind": "close"}):
        sandbox.fail_next(endpoint="api", count=40, **fault)
        for view in views:
            page = anna.get(view)
            assert page.heading == fresh[view]
            assert page.text.count(STALE) == 1
            assert "The trouble is at Pagero, not with your account." in page.text
        sandbox.knobs(fail_next=[])
    sandbox.reset()


@pytest.mark.parametrize("status", [403, 401])
def test_after_a_no_the_last_answer_is_not_shown(
    forgetful: Served, sandbox: Sandbox, new_browser: NewBrowser, status: int
) -> None:
    anna = new_browser(forgetful)
    anna.sign_in("anna", next="/account")
    anna.get("/documents")
    sandbox.fail_next(endpoint="documents", status=status, count=4)
    page = anna.get("/documents", status=None)
    assert page.status in (403, 409, 502)
    assert STALE not in page.text
    assert page.rows == []


def test_an_answer_that_still_holds_is_not_sent_again(
    forgetful: Served, sandbox: Sandbox, new_browser: NewBrowser
) -> None:
    anna = new_browser(forgetful)
    anna.sign_in("anna", next="/account")
    sandbox.knobs(etags=True)
    first = anna.get("/documents")
    assert anna.get("/documents").rows == first.rows
    assert [call["status"] for call in sandbox.calls(endpoint="documents")] == [200, 304]


def test_a_slow_pagero_gives_one_clear_message_and_holds_nobody_else_up(
    forgetful: Served, sandbox: Sandbox, new_browser: NewBrowser
) -> None:
    """The default deadlines are seven times as long: a page then waits 12 seconds."""
    people = [new_browser(forgetful) for _ in range(12)]
    for person in people:
        person.sign_in("anna", next="/account")
    sandbox.knobs(api_delay_seconds=20)
    waits: list[float] = []
    pages: list[Any] = []

    def look(person: Browser, path: str) -> None:
        began = monotonic()
        pages.append(person.get(path, status=None))
        waits.append(monotonic() - began)

    threads = [Thread(target=look, args=(person, VIEWS[number % 2])) for number, person in enumerate(people)]
    for thread in threads:
        thread.start()
    lives = []
    for _ in range(10):
        began = monotonic()
        assert requests.get(f"{forgetful.base}/health/live", timeout=5).status_code == 200
        lives.append(monotonic() - began)
        sleep(0.1)
    for thread in threads:
        thread.join()
    sandbox.reset()
    assert max(waits) < 6
    assert sorted(lives)[len(lives) // 2] < 0.2
    for page in pages:
        assert page.status in (200, 503, 504)
        assert any(words in page.text for words in ("Pagero did not answer in time.", "Pagero asks for a pause"))
