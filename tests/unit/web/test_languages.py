"""In which language and zone a page is written."""

import pytest
from flask import Flask

from app.web import languages


def chosen(app: Flask, accept: str = "", cookie: str = "") -> str:
    headers = {"Accept-Language": accept, "Cookie": f"language={cookie}" if cookie else ""}
    with app.test_request_context(headers=headers):
        return languages.locale()


def zone(app: Flask, cookie: str) -> str:
    with app.test_request_context(headers={"Cookie": f"zone={cookie}"}):
        return str(languages.timezone())


@pytest.mark.parametrize(
    ("accept", "language"),
    [("sv-SE,sv;q=0.9,en;q=0.5", "sv"), ("de,en;q=0.5", "en"), ("fi", "en"), ("", "en"), ("sv-FI", "sv")],
)
def test_the_browser_decides_until_the_person_does(app: Flask, accept: str, language: str) -> None:
    assert chosen(app, accept) == language


def test_the_persons_choice_wins(app: Flask) -> None:
    assert chosen(app, "en", cookie="sv") == "sv"


def test_a_language_we_do_not_have_is_no_choice(app: Flask) -> None:
    assert chosen(app, "sv", cookie="tlh") == "sv"


def test_the_browsers_zone_is_used(app: Flask) -> None:
    assert zone(app, "America/New_York") == "America/New_York"


@pytest.mark.parametrize("cookie", ["", "Mars/Base", "../../etc/passwd", "/etc/localtime", "x" * 65, "Europe/Göteborg"])
def test_a_zone_nobody_knows_is_stockholm(app: Flask, cookie: str) -> None:
    assert zone(app, cookie) == "Europe/Stockholm"


def test_the_way_back_after_a_change_never_carries_a_code(app: Flask) -> None:
    for path in ("/auth/callback?code=c&state=s", "/nowhere?x=1"):
        with app.test_request_context(path):
            assert languages.names()["here"] == "/"
    with app.test_request_context("/documents?direction=Sent"):
        assert languages.names()["here"] == "/documents?direction=Sent"
    with app.test_request_context("/language", method="POST"):
        assert languages.names()["here"] == "/"
