"""The client's address is an IP address in one spelling, or unknown, wherever it is used."""

import pytest
from flask import Flask
from werkzeug.middleware.proxy_fix import ProxyFix

from app.models import AuditEvent, BrowserSession
from app.settings import Settings
from app.web.addresses import one_spelling
from tests.support.databases import Databases
from tests.support.environment import settings_for
from tests.support.played_pagero import SITE, Window
from tests.support.stored import Stored


@pytest.mark.parametrize(
    ("given", "taken"),
    [
        ("192.0.2.1", "192.0.2.1"),
        ("192.0.2.1:5678", "192.0.2.1"),
        ("2001:DB8:0::1", "2001:db8::1"),
        ("[2001:db8::1]", "2001:db8::1"),
        ("[2001:db8::1]:443", "2001:db8::1"),
        ("::ffff:192.0.2.1", "192.0.2.1"),
        ("[::ffff:192.0.2.1]:80", "192.0.2.1"),
        ("fe80::1%eth0", "unknown"),
        ("fe80::1%" + "x" * 50, "unknown"),
        ("[192.0.2.1]", "192.0.2.1"),
        ("192.0.2.1:", "unknown"),
        ("192.0.2.1:123456", "unknown"),
        ("192.0.2.01", "unknown"),
        ("192.0.2", "unknown"),
        ("127.1", "unknown"),
        ("_hidden", "unknown"),
        ("1;DROP", "unknown"),
        ("\u0661.1.1.1", "unknown"),
        ("", "unknown"),
    ],
)
def test_an_address_has_one_spelling(given: str, taken: str) -> None:
    assert one_spelling(given) == taken


class TestOnPostgresql:
    """Whose columns are as wide as they say."""

    @pytest.fixture
    def settings(self, databases: Databases, encryption_keys: str) -> Settings:
        address = databases.fresh("postgresql")
        return Settings.from_environment(settings_for(SITE, address, encryption_keys, trusted_hops="1"))

    @pytest.fixture
    def proxied(self, application: Flask, window: Window) -> Window:
        assert isinstance(application.wsgi_app, ProxyFix)
        return window

    @pytest.mark.parametrize(
        "header", ["x" * 5000, "fe80::1%" + "x" * 50, "1" * 46, "a\x00b", "\u00e9", "<script>", "unknown"]
    )
    def test_whatever_a_proxy_passes_on_is_unknown_and_works(self, proxied: Window, rows: Stored, header: str) -> None:
        proxied.headers["X-Forwarded-For"] = header.replace("\x00", "\x01")

        assert proxied.callback({"code": "x", "state": "s" * 43}).status_code == 400
        assert proxied.sign_in().status_code == 303
        assert {event["remote_addr"] for event in rows.rows(AuditEvent)} == {"unknown"}
        assert rows.one(BrowserSession)["remote_addr"] == "unknown"

    def test_the_address_is_stored_in_one_spelling(self, proxied: Window, rows: Stored) -> None:
        proxied.headers["X-Forwarded-For"] = "203.0.113.9, ::ffff:192.0.2.7"

        proxied.sign_in()

        assert rows.one(BrowserSession)["remote_addr"] == "192.0.2.7"
        assert {event["remote_addr"] for event in rows.rows(AuditEvent)} == {"192.0.2.7"}
