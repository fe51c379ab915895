"""What every answer says to the browser, and which host names are answered to."""

import re

import pytest
from flask import Flask

from app.settings import Settings
from app.web.headers import own_host, own_origin
from tests.support.played_pagero import PlayedPagero, Window

PATHS = ["/", "/documents", "/auth/login", "/auth/callback", "/nothing", "/api/documents", "/health/live", "/metrics"]


@pytest.mark.parametrize("path", PATHS)
def test_every_answer_carries_them(window: Window, path: str) -> None:
    headers = window.open(path).headers

    policy = headers["Content-Security-Policy"]
    for part in ("default-src 'none'", "frame-ancestors 'none'", "base-uri 'none'", "form-action 'self'"):
        assert part in policy
    assert "unsafe" not in policy
    assert headers["X-Content-Type-Options"] == "nosniff"
    assert headers["Referrer-Policy"] == "same-origin"
    assert headers["Cache-Control"] == "no-store"
    assert "Cookie" in headers["Vary"]
    assert "Access-Control-Allow-Origin" not in headers
    assert "Server" not in headers
    assert "Strict-Transport-Security" not in headers


def test_a_page_allows_only_its_own_inline_scripts(window: Window) -> None:
    one, two = window.open("/nothing"), window.open("/nothing")
    nonces = [re.search(r"'nonce-([^']+)'", a.headers["Content-Security-Policy"]) for a in (one, two)]

    assert nonces[0]
    assert nonces[1]
    assert nonces[0][1] != nonces[1][1]
    assert f'nonce="{nonces[0][1]}"' in one.text


def test_static_files_may_be_cached_but_not_their_refusals(window: Window) -> None:
    found, missing = window.open("/static/base.css"), window.open("/static/../wsgi.py")

    assert found.headers.get("Cache-Control") != "no-store"
    assert found.headers["X-Content-Type-Options"] == "nosniff"
    assert missing.status_code == 404
    assert missing.headers["Cache-Control"] == "no-store"


@pytest.mark.parametrize(
    "host",
    ["evil.test", "", "127.0.0.1", "127.0.0.1:8001", "127.0.0.1:8000.evil.test", "a@127.0.0.1:8000", "127.0.0.1:99999"],
)
def test_other_host_names_are_refused_everywhere_but_for_health(window: Window, host: str) -> None:
    for path, status in (("/auth/login", 400), ("/", 400), ("/static/base.css", 400), ("/health/live", 200)):
        answer = window.open(path, headers={"Host": host}, environ_overrides={"HTTP_HOST": host})
        assert answer.status_code == status
        assert "evil.test" not in answer.text
        assert "Location" not in answer.headers


def test_forwarded_host_names_have_no_effect(window: Window) -> None:
    headers = {"X-Forwarded-Host": "evil.test", "Forwarded": "host=evil.test", "X-Original-URL": "/admin"}

    answer = window.open("/auth/login", headers=headers)

    assert answer.status_code == 303
    assert "evil.test" not in answer.headers["Location"]


class TestOverHttps:
    @pytest.fixture
    def settings(self, settings: Settings) -> Settings:
        return settings.model_copy(update={"public_url": "https://dash.example.org"})

    @pytest.fixture
    def secure(self, application: Flask, pagero: PlayedPagero) -> Window:
        return Window(application, pagero, "https://dash.example.org")

    def test_browsers_are_told_to_stay_there(self, secure: Window) -> None:
        assert secure.open("/nothing").headers["Strict-Transport-Security"].startswith("max-age=31536000")

    def test_the_default_port_may_be_named(self, secure: Window) -> None:
        for host, status in (("dash.example.org:443", 404), ("DASH.example.org", 404), ("dash.example.org:80", 400)):
            assert secure.open("/nothing", environ_overrides={"HTTP_HOST": host}).status_code == status

    def test_cookies_are_secure_and_bound_to_the_host(self, secure: Window) -> None:
        (pending,) = secure.open("/auth/login").headers.getlist("Set-Cookie")
        answer = secure.come_back(secure.start())
        (session,) = [c for c in answer.headers.getlist("Set-Cookie") if "session" in c]

        assert pending.startswith("__Host-signin-")
        assert session.startswith("__Host-session=")
        for cookie in (pending, session):
            assert {"Secure", "HttpOnly", "Path=/", "SameSite=Lax"} <= set(cookie.split("; "))
            assert "Domain" not in cookie

    def test_its_host_and_origin_are_written_without_the_default_port(self, settings: Settings) -> None:
        changed = settings.model_copy(update={"public_url": "https://Dash.example.org:443"})

        assert (own_host(changed), own_origin(changed)) == ("dash.example.org", "https://dash.example.org")
