"""Forms from elsewhere, with no token or another session's, change nothing (catalogue SE-13)."""

import pytest

from app.models import BrowserSession
from tests.support.played_pagero import Window
from tests.support.stored import Stored
from tests.unit.web.test_browser_sessions import token_of


@pytest.fixture
def signed_in(window: Window) -> Window:
    window.sign_in()
    return window


def test_a_form_of_ours_is_accepted(signed_in: Window) -> None:
    assert signed_in.post("/auth/logout", {"csrf_token": token_of(signed_in)}).status_code == 303


def test_a_script_of_ours_may_send_the_token_in_a_header(signed_in: Window) -> None:
    token = token_of(signed_in)

    assert signed_in.post("/auth/logout", **{"X-CSRF-Token": token}).status_code == 303


@pytest.mark.parametrize(
    "headers",
    [
        {"Origin": "https://evil.test"},
        {"Origin": "null"},
        {"Origin": ""},
        {"Origin": "http://127.0.0.1:8001"},
        {"Origin": "https://127.0.0.1:8000"},
        {"Origin": "http://127.0.0.1:8000.evil.test"},
        {"Sec-Fetch-Site": "cross-site"},
        {"Sec-Fetch-Site": "same-site"},
        {"Sec-Fetch-Site": "none"},
        {"Origin": "https://evil.test", "Sec-Fetch-Site": "same-origin"},
    ],
)
def test_a_form_from_elsewhere_is_refused_even_with_the_token(
    signed_in: Window, rows: Stored, headers: dict[str, str]
) -> None:
    answer = signed_in.post("/auth/logout", {"csrf_token": token_of(signed_in)}, **headers)

    assert answer.status_code == 403
    assert rows.count(BrowserSession) == 1


def test_a_form_that_says_nothing_about_its_origin_is_refused(signed_in: Window) -> None:
    token = token_of(signed_in)

    answer = signed_in.open("/auth/logout", "POST", data={"csrf_token": token})

    assert answer.status_code == 403


@pytest.mark.parametrize("token", ["", "x", "0" * 64, "é"])
def test_a_wrong_token_is_refused(signed_in: Window, rows: Stored, token: str) -> None:
    assert signed_in.post("/auth/logout", {"csrf_token": token}).status_code == 403
    assert rows.count(BrowserSession) == 1


def test_another_sessions_token_is_refused(signed_in: Window, other_window: Window) -> None:
    other_window.sign_in()

    assert signed_in.post("/auth/logout", {"csrf_token": token_of(other_window)}).status_code == 403


def test_the_token_of_the_session_before_is_refused(signed_in: Window) -> None:
    old = token_of(signed_in)
    signed_in.sign_in()

    assert signed_in.post("/auth/logout", {"csrf_token": old}).status_code == 403


@pytest.mark.parametrize("kind", ["application/json", "text/plain", "multipart/form-data"])
def test_other_bodies_carry_no_token(signed_in: Window, kind: str) -> None:
    body = b'{"csrf_token": "x"}'

    answer = signed_in.open("/auth/logout", "POST", data=body, content_type=kind, headers={"Origin": signed_in.site})

    assert answer.status_code == 403


@pytest.mark.parametrize("method", ["PUT", "DELETE", "PATCH"])
def test_methods_no_page_of_ours_uses_are_refused(signed_in: Window, method: str) -> None:
    assert signed_in.open("/auth/logout", method, headers={"Origin": signed_in.site}).status_code == 405


def test_a_body_that_is_too_large_is_refused(signed_in: Window) -> None:
    answer = signed_in.post("/auth/logout", {"csrf_token": "x" * 1_000_000})

    assert answer.status_code == 413
