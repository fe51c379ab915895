"""Who may enter: pages send to sign in, scripts get 401, administration does not exist for others."""

from urllib.parse import parse_qs, urlsplit

import pytest
from flask import Flask

from app.auth import guards
from app.auth.guards import ACCESS
from tests.support.played_pagero import Window


def test_every_mark_can_be_read(application: Flask) -> None:
    marks = {getattr(view, ACCESS, None) for name, view in application.view_functions.items() if "static" not in name}

    assert marks == {guards.OPEN, guards.SIGNED_IN, guards.SIGNED_IN_API, guards.ADMINS}


@pytest.mark.parametrize("path", ["/documents", "/documents?direction=Sent&reference=%C3%A5%20b", "/documents/a-1"])
def test_a_page_sends_to_sign_in_and_back(window: Window, path: str) -> None:
    answer = window.open(path)

    assert answer.status_code == 303
    parts = urlsplit(answer.headers["Location"])
    assert (parts.netloc, parts.path) == ("", "/auth/login")
    assert parse_qs(parts.query)["next"] == [path]
    assert window.sign_in(next=path).headers["Location"] == path


def test_a_script_is_not_sent_anywhere(window: Window) -> None:
    answer = window.open("/api/documents", headers={"Accept": "text/html"})

    assert (answer.status_code, answer.json["error"]) == (401, "signed_out")
    assert "Location" not in answer.headers
    assert "Set-Cookie" not in answer.headers


def test_a_background_request_for_a_page_is_not_sent_to_pagero(window: Window) -> None:
    assert window.open("/documents", headers={"Sec-Fetch-Mode": "cors"}).status_code == 401


def test_a_form_of_somebody_signed_out_is_401(window: Window) -> None:
    answer = window.post("/account/disconnect")

    assert answer.status_code == 401
    assert "/auth/login" in answer.text


def test_administration_does_not_exist_for_others(window: Window) -> None:
    unknown = window.open("/admin/nothing")
    assert window.open("/admin/connections").status_code == unknown.status_code == 404

    window.sign_in()

    assert window.open("/admin/connections").status_code == 404
    assert window.open("/admin/connections/1").status_code == 404


@pytest.mark.parametrize("claim", [{"X-User-Role": "admin"}, {"X-Remote-User": "admin"}, {"Cookie": "is_admin=1"}])
def test_nobody_becomes_administrator_by_saying_so(window: Window, claim: dict[str, str]) -> None:
    window.sign_in()

    assert window.open("/admin/connections?is_admin=true", headers=claim).status_code == 404
