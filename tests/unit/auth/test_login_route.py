"""Leaving for Pagero: what is asked for, what is remembered, and what starts nothing (catalogue A1)."""

from base64 import urlsafe_b64encode
from hashlib import sha256
from urllib.parse import parse_qsl, urlsplit

import ada_url
import pytest
from flask import Flask

from app.auth import routes
from app.auth.transaction import PendingCookies
from app.services import EXTENSION
from app.settings import Settings
from app.web.rates import RateLimit
from tests.support.played_pagero import PlayedPagero, Window, state_of
from tests.support.redirect_shapes import RAW


def query_of(login_url: str) -> dict[str, str]:
    pairs = parse_qsl(urlsplit(login_url).query, keep_blank_values=True)
    assert len(pairs) == len(dict(pairs)), "a parameter is there twice"
    return dict(pairs)


def pending_of(window: Window, login_url: str) -> object:
    parts = window.app.extensions[EXTENSION]
    return PendingCookies(parts.sealer, parts.settings, window.cookies).find(state_of(login_url))


def test_the_request_is_the_documented_one(window: Window, settings: Settings) -> None:
    login_url = window.start()
    query = query_of(login_url)
    attempt = pending_of(window, login_url)

    assert login_url.startswith(f"{settings.pagero_authorize_url}?")
    assert query == {
        "response_type": "code",
        "client_id": settings.pagero_client_id,
        "redirect_uri": "http://127.0.0.1:8000/auth/callback",
        "scope": "openid all",
        "state": attempt.state,
        "nonce": attempt.nonce,
        "code_challenge": urlsafe_b64encode(sha256(attempt.verifier.encode()).digest()).decode().rstrip("="),
        "code_challenge_method": "S256",
        "ui_locales": "en",
    }


def test_the_pages_language_is_asked_for_at_pagero(window: Window) -> None:
    window.headers["Accept-Language"] = "sv-SE,sv;q=0.9"

    assert query_of(window.start())["ui_locales"] == "sv"


def test_somebody_else_may_be_asked_to_log_in(window: Window) -> None:
    assert query_of(window.start(prompt="login"))["prompt"] == "login"


@pytest.mark.parametrize("prompt", ["none", "LOGIN", "login consent", ""])
def test_no_other_prompt_reaches_pagero(window: Window, prompt: str) -> None:
    assert "prompt" not in query_of(window.start(prompt=prompt))


def test_parameters_of_strangers_have_no_effect(window: Window) -> None:
    injected = {
        "scope": "admin",
        "client_id": "x",
        "redirect_uri": "https://evil.test",
        "code_challenge_method": "plain",
        "resource": "x",
        "state": "mine",
        "response_mode": "fragment",
    }

    plain, changed = query_of(window.start()), query_of(window.start(**injected))

    for name in ("state", "nonce", "code_challenge"):
        assert plain.pop(name) != changed.pop(name)
    assert plain == changed


def test_the_cookie_is_only_for_this_site_and_for_servers(window: Window) -> None:
    answer = window.open("/auth/login")
    (cookie,) = answer.headers.getlist("Set-Cookie")

    assert cookie.startswith("signin-")
    assert {"HttpOnly", "Path=/", "SameSite=Lax", "Max-Age=3600"} <= set(cookie.split("; "))
    assert "Domain" not in cookie
    assert answer.headers["Cache-Control"] == "no-store"
    assert "Cookie" in answer.headers["Vary"]


def test_the_answer_to_a_start_is_a_303_with_all_headers(window: Window) -> None:
    answer = window.open("/auth/login")

    assert answer.status_code == 303
    assert "frame-ancestors 'none'" in answer.headers["Content-Security-Policy"]


@pytest.mark.parametrize(
    "headers",
    [
        {"Sec-Purpose": "prefetch"},
        {"Sec-Purpose": "prefetch;prerender"},
        {"Purpose": "prefetch"},
        {"X-Moz": "prefetch"},
        {"X-Purpose": "preview"},
        {"Sec-Fetch-Mode": "no-cors", "Sec-Fetch-Dest": "image"},
        {"Sec-Fetch-Mode": "cors", "Sec-Fetch-Dest": "empty"},
        {"Sec-Fetch-Mode": "navigate", "Sec-Fetch-Dest": "iframe"},
    ],
)
@pytest.mark.parametrize("path", ["/auth/login", "/auth/callback?code=x&state=y"])
def test_looking_ahead_starts_nothing(window: Window, path: str, headers: dict[str, str]) -> None:
    answer = window.open(path, headers=headers)

    assert answer.status_code == 403
    assert "Set-Cookie" not in answer.headers


@pytest.mark.parametrize("method", ["HEAD", "OPTIONS", "POST", "PUT", "DELETE", "PATCH", "TRACE"])
@pytest.mark.parametrize("path", ["/auth/login", "/auth/callback"])
def test_only_get_is_answered(window: Window, path: str, method: str) -> None:
    answer = window.open(path, method, headers={"Origin": window.site})

    assert answer.status_code == 405
    assert answer.headers["Allow"] == "GET"
    assert "Set-Cookie" not in answer.headers


def test_a_flood_from_one_address_is_slowed_down(window: Window, application: Flask) -> None:
    application.extensions[routes.LIMITS]["starts"] = RateLimit(burst=2, per_second=0.1)

    answers = [window.open("/auth/login") for _ in range(3)]

    assert [answer.status_code for answer in answers] == [303, 303, 429]
    assert answers[2].headers["Retry-After"] == "10"


def test_two_hundred_starts_leave_seven_cookies_and_the_newest_finishes(window: Window) -> None:
    for number in range(199):
        window.start(f"/documents/{number}")
    newest = window.start("/account")

    assert sum(name.startswith("signin-") for name in window.cookies) == 7
    assert window.come_back(newest).headers["Location"] == "/account"


def test_a_repeated_next_counts_as_none(window: Window, pagero: PlayedPagero) -> None:
    answer = window.open("/auth/login?next=/documents&next=//evil.test")

    assert pending_of(window, answer.headers["Location"]).target == "/"


def test_no_next_of_the_list_leads_away_or_breaks_anything(window: Window, application: Flask) -> None:
    """Through the whole application: the 303 after signing in is judged by a WHATWG URL parser."""
    application.extensions[routes.LIMITS]["starts"] = RateLimit(burst=10_000, per_second=1)
    for shape in RAW[::4]:
        answer = window.open("/auth/login", query_string={"next": shape.encode("utf-8", "replace")})
        assert answer.status_code == 303
        target = pending_of(window, answer.headers["Location"]).target
        assert ada_url.URL(target, base="https://app.test").origin == "https://app.test"


def test_after_signing_in_nobody_is_led_away(window: Window) -> None:
    for shape in RAW[1::30]:
        answer = window.come_back(window.start(shape.encode("utf-8", "replace"), prompt="login"))

        assert answer.status_code == 303
        assert ada_url.URL(answer.headers["Location"], base="https://app.test").origin == "https://app.test"


@pytest.mark.parametrize(
    "query", ["next[]=/documents", "next", "next=%0d%0aSet-Cookie:x=1", "next=%ff%fe", "&&&==", "next=" + "x" * 4000]
)
def test_strange_queries_go_to_the_front_page(window: Window, query: str) -> None:
    answer = window.open(f"/auth/login?{query}")

    assert answer.status_code == 303
    assert pending_of(window, answer.headers["Location"]).target == "/"
