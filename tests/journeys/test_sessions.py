"""Sessions over real HTTP and several workers: ending one ends it everywhere at once."""

from collections.abc import Callable
from datetime import timedelta

import pytest
import requests

from app.models import BrowserSession, Connection
from tests.support.browser import Browser
from tests.support.served import Served

NewBrowser = Callable[..., Browser]


def test_a_copied_cookie_is_worthless_after_signing_out(site_on_both: Served, new_browser: NewBrowser) -> None:
    browser, thief = new_browser(site_on_both), new_browser(site_on_both)
    browser.sign_in("anna", next="/account")
    thief.http.cookies.update(browser.http.cookies)
    assert thief.get("/account").path == "/account"

    browser.sign_out()

    for _ in range(4):  # whichever worker answers
        assert thief.raw("GET", "/account").status_code == 303
    assert thief.raw("GET", "/api/documents").status_code == 401
    assert site_on_both.stored.count(BrowserSession) == 0
    assert site_on_both.stored.count(Connection, state="active") == 1


def test_signing_out_on_one_machine_counts_on_the_other(served: Callable[..., Served], new_browser: NewBrowser) -> None:
    deployment = served("postgresql", instances=2, workers=1)
    here, there = new_browser(deployment), new_browser(deployment, instance=1)
    here.sign_in("anna", next="/account")
    there.http.cookies.update(here.http.cookies)
    assert there.get("/account").path == "/account"

    here.sign_out()

    assert there.raw("GET", "/account").status_code == 303


def test_ending_another_browser_from_the_account_page_is_felt_there_at_once(
    browser: Browser, site: Served, new_browser: NewBrowser
) -> None:
    other = new_browser(site)
    browser.sign_in("anna", next="/account")
    other.sign_in("anna", next="/account")

    browser.post(
        "/account/sessions/end-all", {"csrf_token": browser.get("/account").form("/auth/logout").fields["csrf_token"]}
    )

    assert other.raw("GET", "/account").status_code == 303
    assert browser.get("/account").path == "/account"


@pytest.mark.parametrize("column", ["last_seen_at", "expires_at"])
def test_an_idle_or_old_session_is_over(browser: Browser, site: Served, column: str) -> None:
    browser.sign_in("anna", next="/account")
    row = site.stored.one(BrowserSession)
    site.stored.change(BrowserSession, {column: row["created_at"] - timedelta(hours=9)}, id=row["id"])

    reply = browser.raw("GET", "/account")

    assert reply.status_code == 303
    assert "session=;" in reply.headers["Set-Cookie"]


def test_an_id_of_somebody_elses_choosing_is_never_taken_over(browser: Browser, site: Served) -> None:
    browser.http.cookies.set("session", "F" * 43, domain="127.0.0.1", path="/")

    browser.sign_in("anna", next="/account")

    assert "F" * 43 not in browser.cookies.values()
    reply = requests.get(
        f"{site.base}/account", headers={"Cookie": f"session={'F' * 43}"}, allow_redirects=False, timeout=10
    )
    assert reply.status_code == 303


def test_two_people_never_see_each_others_page(browser: Browser, site: Served, new_browser: NewBrowser) -> None:
    other = new_browser(site)
    browser.sign_in("anna", next="/account")
    other.sign_in("bjorn", next="/account")

    for one, two in ((browser, other), (other, browser)):
        page, theirs = one.get("/account"), two.get("/account")
        assert page.text != theirs.text
        assert page.headers["Cache-Control"] == "no-store"
        assert "Cookie" in page.headers["Vary"]
