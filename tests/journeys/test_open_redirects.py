"""No value of `next` leads away: followed like a browser follows it, judged by a WHATWG URL parser (catalogue A4)."""

import ada_url
import pytest
import requests

from tests.journeys.test_sign_in import callback_of, changed
from tests.support.browser import Browser
from tests.support.redirect_shapes import RAW
from tests.support.served import Served

OVER_HTTP = RAW[::5]


def location_of(reply: requests.Response, base: str) -> str:
    """Where a browser would go, and that it is a place at all."""
    return str(ada_url.URL(reply.headers["Location"], base=base).origin)


def test_the_list_is_long_enough() -> None:
    assert len(OVER_HTTP) >= 300


def test_starting_with_any_of_them_goes_to_pagero_and_breaks_nothing(site: Served) -> None:
    door = requests.Session()
    for shape in OVER_HTTP:
        reply = door.get(
            f"{site.base}/auth/login",
            params={"next": shape.encode("utf-8", "replace")},
            allow_redirects=False,
            timeout=10,
        )
        assert reply.status_code in (303, 400, 414, 429), shape
        if reply.status_code == 303:
            assert reply.headers["Location"].startswith(site.environment["PAGERO_AUTHORIZE_URL"] + "?")
        door.cookies.clear()


@pytest.mark.parametrize(
    "shape", ["//evil.test", "/\\evil.test", "/\t/evil.test", "https:evil.test", "/documents//evil.test"]
)
def test_after_signing_in_refused_shapes_lead_to_the_front_page(browser: Browser, site: Served, shape: str) -> None:
    reply = browser.raw("GET", callback_of(browser, shape))

    assert reply.status_code == 303
    assert location_of(reply, site.base) == site.base
    assert reply.headers["Location"] == "/"


def test_every_way_of_sending_somebody_on_stays_here(browser: Browser, site: Served) -> None:
    """Guards, sign-out, the language form and the pages of failed sign-ins, each with a hostile target."""
    evil = "//evil.test"
    browser.sign_in("anna")
    token = browser.get("/account").form("/auth/logout").fields["csrf_token"]
    form = {"csrf_token": token, "language": "sv", "next": evil, "target": evil}
    replies = [
        browser.raw("POST", f"/language?next={evil}", data=form, headers={"Referer": "https://evil.test/"}),
        browser.raw("POST", f"/auth/logout?next={evil}", data=form, headers={"Referer": "https://evil.test/"}),
        browser.raw("GET", f"/documents?next={evil}"),
        browser.raw("GET", "/documents/", headers={"Referer": "https://evil.test/"}),
        browser.raw("GET", f"/auth/callback?state=x&next={evil}"),
        browser.raw("GET", changed(callback_of(browser, evil), code=None, error="access_denied")),
    ]

    for reply in replies:
        assert reply.status_code < 500 or reply.status_code == 502
        if "Location" in reply.headers:
            assert location_of(reply, site.base) == site.base
        else:
            assert "evil.test" not in reply.text
