"""What PostgreSQL refuses and SQLite takes: texts longer than their column, and NUL."""

import pytest
from flask import Flask

from app.models import Account, BrowserSession
from app.settings import Settings
from app.web import sessions
from tests.support.databases import Databases
from tests.support.environment import settings_for
from tests.support.played_pagero import SITE, PlayedPagero, Window
from tests.support.stored import Stored

STRANGE = ("%00", "a%00b", "x" * 65, "x" * 3000, "%C3%A5", "..%00", "%F0%9F%98%80", "a.b", "a_b", "%E2%80%AE")


@pytest.fixture
def settings(databases: Databases, encryption_keys: str) -> Settings:
    return Settings.from_environment(settings_for(SITE, databases.fresh("postgresql"), encryption_keys))


@pytest.mark.parametrize("length", [255, 256, 1024, 1025])
def test_a_long_issuer_is_refused_before_the_code_is_spent_or_fits(
    window: Window, rows: Stored, pagero: PlayedPagero, length: int
) -> None:
    answer = window.come_back(window.start(), iss="https://" + "i" * (length - 8))

    fits = length <= 255
    assert answer.status_code == (303 if fits else 400)
    assert pagero.calls == (1 if fits else 0)
    assert rows.count(Account) == (1 if fits else 0)


ADDRESSES = (
    ("POST", "/account/sessions/{}/end"),
    ("GET", "/admin/connections/{}"),
    ("GET", "/admin/connections/{}/disconnect"),
    ("POST", "/admin/connections/{}/disconnect"),
    ("POST", "/admin/connections/{}/reconnect-link"),
    ("GET", "/files/{}"),
    ("GET", "/api/files/{}"),
    ("POST", "/files/{}/found"),
    ("GET", "/files/{}/parts/{}/restart"),
    ("POST", "/files/{}/parts/{}/cancel"),
    ("GET", "/documents/{}"),
    ("GET", "/documents/{}/target"),
)


def test_an_id_nothing_can_have_is_an_unknown_page(signed_in_administrator: Window) -> None:
    answers = {
        (method, path, strange): signed_in_administrator.open(
            path.replace("{}", strange), method, headers={"Origin": SITE}
        ).status_code
        for method, path in ADDRESSES
        for strange in STRANGE
    }

    assert {asked: status for asked, status in answers.items() if status != 404} == {}


@pytest.mark.parametrize("link", ["\x00", "a\x00b", "\ud800", "x" * 5000])
def test_a_reconnect_link_nobody_made_is_over(window: Window, link: str) -> None:
    assert (
        window.open("/auth/reconnect", query_string={"link": link.encode("utf-8", "surrogatepass")}).status_code == 410
    )
    assert window.post("/auth/reconnect", {"link": "a\x00b"}).status_code == 410


def test_an_administrator_who_searches_for_nothing_sayable_is_told_so(signed_in_administrator: Window) -> None:
    for query in ("search=%00", "search=a%00b"):
        assert signed_in_administrator.open(f"/admin/connections?{query}").status_code == 400
    for query in ("account=%00", "action=%00", "outcome=%00", "offset=%00"):
        assert signed_in_administrator.open(f"/admin/audit?{query}").status_code == 400


@pytest.fixture
def signed_in_administrator(window: Window, rows: Stored) -> Window:
    window.sign_in()
    rows.insert("administrators", subject="anna", added_at=rows.one(BrowserSession)["created_at"])
    return window


def test_the_newest_sessions_stay(
    application: Flask, window: Window, rows: Stored, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sessions, "MOST", 2)
    for _ in range(4):
        Window(application, window.pagero).sign_in()

    assert rows.count(BrowserSession) == 2
