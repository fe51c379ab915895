"""Signing in for real: gunicorn, a sandbox that refuses what Pagero refuses, and a browser that keeps cookies."""

import random
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from threading import Thread
from time import monotonic, sleep
from typing import Any
from urllib.parse import parse_qs, parse_qsl, urlencode, urljoin, urlsplit

import pytest
import requests

from app.models import Account, AuditEvent, BrowserSession, Connection, SpentTransaction
from tests.support.browser import PASSWORD, Browser
from tests.support.sandbox import Sandbox
from tests.support.served import Served

NewBrowser = Callable[..., Browser]


def callback_of(browser: Browser, next: str = "/documents", person: str = "anna", **query: str) -> str:
    """Sign in at Pagero, and stop at the redirect back: the callback's path and query.

    Pagero's own session is forgotten first, so that it asks who it is.
    """
    for cookie in list(browser.http.cookies):
        if cookie.path == "/oauth/v2":
            browser.http.cookies.clear(cookie.domain, cookie.path, cookie.name)
    page = browser.begin_sign_in(next, **query)
    (form,) = [form for form in page.forms if form.element.select_one("input[type=password]")]
    fields = {name: value or (PASSWORD if "pass" in name else person) for name, value in form.fields.items()}
    reply = browser.http.post(form.action, data=fields, allow_redirects=False, timeout=30)
    parts = urlsplit(urljoin(form.action, reply.headers["Location"]))
    assert f"{parts.scheme}://{parts.netloc}" == browser.base
    return f"{parts.path}?{parts.query}"


def changed(callback: str, **changes: str | None) -> str:
    path, _, query = callback.partition("?")
    pairs = {**dict(parse_qsl(query)), **changes}
    return f"{path}?{urlencode({name: value for name, value in pairs.items() if value is not None})}"


def test_a_person_signs_in_and_sees_the_page_they_wanted(
    site_on_both: Served, new_browser: NewBrowser, sandbox: Sandbox
) -> None:
    browser = new_browser(site_on_both)

    page = browser.sign_in("anna", next="/documents?direction=Sent")

    assert page.path == "/documents?direction=Sent"
    assert page.rows
    assert len(sandbox.token_calls("authorization_code")) == 1
    stored = site_on_both.stored
    account = stored.one(Account)
    assert stored.one(Connection)["account_id"] == stored.one(BrowserSession)["account_id"] == account["id"]
    assert stored.count(SpentTransaction) == 1
    assert {event["action"] for event in stored.rows(AuditEvent)} >= {"session.started", "connection.made"}


def test_neither_code_nor_state_stays_in_an_address(browser: Browser) -> None:
    page = browser.sign_in("anna", next="/documents")

    assert "code=" not in page.url
    assert "state=" not in page.url


@pytest.mark.parametrize(
    "settings",
    [
        {"pagero_pkce": "false", "pagero_scope": "all"},
        {"pagero_token_auth_method": "client_secret_post"},
        {"pagero_issuer": ""},
        {"pagero_jwks_url": "", "pagero_scope": "all"},
    ],
    ids=["without proof key", "secret in the body", "issuer not pinned", "without id_token or keys"],
)
def test_every_documented_variant_signs_in(
    served: Callable[..., Served], new_browser: NewBrowser, settings: dict[str, str]
) -> None:
    deployment = served(workers=1, **settings)

    assert new_browser(deployment).sign_in("anna", next="/account").path == "/account"


def test_eight_tabs_finish_in_any_order_and_the_newest_seven_land(browser: Browser) -> None:
    tabs = {f"/documents?offset={number}": "" for number in range(8)}
    for target in tabs:
        tabs[target] = callback_of(browser, target)
    order = list(tabs)
    random.Random(7).shuffle(order)

    landed = {target: browser.get(tabs[target], status=None) for target in order}

    assert landed[next(iter(tabs))].status == 400
    for target in list(tabs)[1:]:
        assert landed[target].path == target


def test_back_reload_and_a_bookmark_of_the_callback_end_on_the_page_that_was_wanted(
    browser: Browser, sandbox: Sandbox, site: Served
) -> None:
    callback = callback_of(browser, "/account")
    for _ in range(3):
        assert browser.get(callback).path == "/account"

    assert len(sandbox.token_calls()) == 1
    assert site.stored.count(BrowserSession) == 1


def test_the_callback_in_another_browser_signs_nobody_in_and_spends_nothing(
    browser: Browser, site: Served, new_browser: NewBrowser, sandbox: Sandbox
) -> None:
    callback = callback_of(browser, "/account")
    stranger = new_browser(site)

    page = stranger.get(callback, status=400)

    assert page.heading
    assert sandbox.token_calls() == []
    assert "session" not in stranger.cookies
    assert browser.get(callback).path == "/account"


def test_a_stranger_cannot_put_their_account_into_a_signed_in_browser(
    browser: Browser, site: Served, new_browser: NewBrowser
) -> None:
    browser.sign_in("anna")
    before = site.stored.one(Connection)

    browser.get(callback_of(new_browser(site), person="bjorn"), status=400)

    assert site.stored.one(Connection) == before
    assert browser.get("/account").path == "/account"


@pytest.mark.parametrize("headers", [{"Sec-Purpose": "prefetch"}, {"Purpose": "preview"}])
def test_a_look_ahead_spends_nothing(browser: Browser, sandbox: Sandbox, headers: dict[str, str]) -> None:
    callback = callback_of(browser)

    assert browser.raw("GET", callback, headers=headers).status_code == 403
    assert browser.raw("HEAD", callback).status_code == 405
    assert sandbox.token_calls() == []
    assert browser.get(callback).path == "/documents"


def test_a_posted_callback_is_refused(browser: Browser, sandbox: Sandbox) -> None:
    path, _, query = callback_of(browser).partition("?")

    reply = browser.raw("POST", path, data=dict(parse_qsl(query)))

    assert (reply.status_code, reply.headers["Allow"]) == (405, "GET")
    assert sandbox.token_calls() == []


@pytest.mark.parametrize(
    "changes",
    [
        {"state": None},
        {"state": "x" * 43},
        {"iss": None},
        {"iss": "https://evil.test"},
        {"code": None},
        {"code": ""},
        {"error": "server_error"},
        {"error": "access_denied", "code": None, "iss": "https://evil.test"},
    ],
)
def test_a_changed_answer_is_refused_before_the_code_is_spent(
    browser: Browser, sandbox: Sandbox, site: Served, changes: dict[str, str | None]
) -> None:
    page = browser.get(changed(callback_of(browser), **changes), status=400)

    assert page.heading
    assert sandbox.token_calls() == []
    assert site.stored.count(BrowserSession) == site.stored.count(Account) == 0
    assert site.stored.count(AuditEvent, action="sign_in.failed") == 1


def test_a_code_of_another_attempt_is_refused_by_proof_key(
    browser: Browser, site: Served, new_browser: NewBrowser
) -> None:
    stolen = parse_qs(urlsplit(callback_of(new_browser(site), person="bjorn")).query)["code"][0]

    page = browser.get(changed(callback_of(browser), code=stolen), status=400)

    assert "sign" in page.text.lower()
    assert site.stored.count(BrowserSession) == 0


def test_declining_at_pagero_is_said_and_starting_again_keeps_the_target(browser: Browser, site: Served) -> None:
    callback = changed(
        callback_of(browser, "/account"), code=None, error="access_denied", error_description="<b>no</b>"
    )

    page = browser.get(callback, status=403)

    assert "<b>no</b>" not in page.reply.text
    assert "next=/account" in page.link("Sign in again")
    assert site.stored.count(BrowserSession) == 0


def test_sixteen_identical_callbacks_over_two_instances_spend_the_code_once(
    served: Callable[..., Served], new_browser: NewBrowser, sandbox: Sandbox
) -> None:
    deployment = served("postgresql", instances=2, workers=1)
    browser = new_browser(deployment)
    callback = callback_of(browser, "/account")
    headers = {"Host": deployment.host, "Cookie": "; ".join(f"{n}={v}" for n, v in browser.cookies.items())}

    def ask(number: int) -> int:
        address = deployment.bases[number % 2] + callback
        return requests.get(address, headers=headers, allow_redirects=False, timeout=30).status_code

    with ThreadPoolExecutor(16) as together:
        statuses = list(together.map(ask, range(16)))

    assert sorted(statuses) == [202] * 15 + [303]
    assert len(sandbox.token_calls()) == 1
    assert deployment.stored.count(BrowserSession) == 1


def test_reloading_while_pagero_is_slow_is_answered_within_a_second(browser: Browser, sandbox: Sandbox) -> None:
    callback = callback_of(browser, "/account")
    sandbox.knobs(token_delay_seconds=3)
    first = Thread(target=lambda: browser.raw("GET", callback))
    first.start()
    sleep(1)

    asked = monotonic()
    reply = browser.raw("GET", callback)

    assert (reply.status_code, monotonic() - asked < 1) == (202, True)
    assert reply.headers["Refresh"].endswith("url=/account")
    first.join()
    assert len(sandbox.token_calls()) == 1
    assert browser.get(callback).path == "/account"


def test_reconnecting_as_somebody_else_changes_nothing_and_signing_in_as_them_does(
    browser: Browser, site: Served
) -> None:
    browser.sign_in("anna")
    before = site.stored.one(Connection)

    refused = browser.get(callback_of(browser, "/account", "bjorn"), status=409)

    assert refused.heading
    assert site.stored.one(Connection) == before
    browser.get(callback_of(browser, "/account", "bjorn", prompt="login"))
    assert site.stored.count(Account) == 2


@pytest.mark.parametrize(
    ("fault", "status"),
    [
        ({"status": 500, "body": "broken"}, 502),
        ({"status": 503, "headers": {"Retry-After": "3"}}, 503),
        ({"status": 200, "body": "<html>"}, 502),
        ({"status": 401, "json": {"error": "invalid_client"}}, 502),
        ({"status": 302}, 502),
    ],
)
def test_a_bad_minute_at_the_token_endpoint_is_a_page_and_leaves_nothing(
    browser: Browser, sandbox: Sandbox, site: Served, fault: dict[str, Any], status: int
) -> None:
    callback = callback_of(browser, "/account")
    sandbox.ask("POST", "fail-next", {"endpoint": "token"} | fault)

    page = browser.get(callback, status=status)

    assert page.heading
    assert site.stored.count(BrowserSession) == site.stored.count(Connection) == 0
    assert browser.get(callback_of(browser, "/account")).path == "/account"
