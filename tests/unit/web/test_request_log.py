"""Log lines: one per request, JSON, without queries or secrets, also at DEBUG and from libraries."""

import json
import logging
import warnings
from typing import Any

import pytest
import structlog
from flask import Flask

from app.services import EXTENSION
from app.settings import Settings
from app.web import request_log
from tests.support.played_pagero import Window


@pytest.fixture
def lines(capsys: pytest.CaptureFixture[str]) -> Any:
    def lines(event: str | None = None) -> list[dict[str, Any]]:
        found = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
        return [line for line in found if event in (None, line["event"])]

    return lines


def test_a_request_has_one_line_without_its_query(window: Window, lines: Any) -> None:
    answer = window.open("/nothing?code=abc&state=def")
    (line,) = lines("request")

    assert line["path"] == "/nothing"
    assert (line["method"], line["status"], line["endpoint"]) == ("GET", 404, None)
    assert line["request_id"] == answer.headers["X-Request-ID"]
    assert line["remote_addr"] == "127.0.0.1"
    assert line["milliseconds"] >= 0


def test_a_signed_in_persons_line_names_the_account(window: Window, lines: Any) -> None:
    window.sign_in()
    lines()
    window.open("/account")
    (line,) = lines("request")
    assert len(line["account_id"]) == 36

    Window(window.app, window.pagero).open("/account")

    assert lines("request")[0]["account_id"] is None


def test_a_whole_sign_in_logs_no_secret(window: Window, capsys: pytest.CaptureFixture[str]) -> None:
    login_url = window.start()
    code = window.pagero.log_in(login_url)
    state = login_url.partition("state=")[2].partition("&")[0]
    window.callback({"code": code, "state": state, "iss": "https://login.test/oauth/v2/oauth-anonymous"})
    window.callback({"code": code, "state": "s" * 43, "iss": "x", "error_description": f"token={code}"})
    written = capsys.readouterr()

    for secret in (code, state, window.session or "", *window.cookies.values()):
        assert secret not in written.out + written.err


@pytest.mark.parametrize("given", ["a\nb", "\x1b[2J", "x" * 5000, "\u202e"])
def test_strange_paths_stay_on_one_line(window: Window, lines: Any, given: str) -> None:
    window.open("/" + given)

    (line,) = lines("request")
    assert len(line["path"]) <= 300


def test_ids_from_outside_count_only_behind_a_trusted_proxy(window: Window, application: Flask) -> None:
    given = {"X-Request-ID": "from-the-proxy-1"}
    assert window.open("/nothing", headers=given).headers["X-Request-ID"] != "from-the-proxy-1"

    parts = application.extensions[EXTENSION]
    trusting = parts.settings.model_copy(update={"trusted_hops": 1})
    application.extensions[EXTENSION] = type(parts)(**{**vars(parts), "settings": trusting})

    assert window.open("/nothing", headers=given).headers["X-Request-ID"] == "from-the-proxy-1"
    assert window.open("/nothing", headers={"X-Request-ID": "a b"}).headers["X-Request-ID"] != "a b"


def test_libraries_are_written_the_same_way(application: Flask, lines: Any) -> None:
    logging.getLogger("some.library").warning("GET /token?code=%s", "abc")

    (line,) = lines()
    assert (line["logger"], line["level"]) == ("some.library", "warning")
    assert "abc" not in line["event"]


def test_exceptions_of_libraries_keep_their_trace(application: Flask, lines: Any) -> None:
    try:
        int("refresh_token=abc")
    except ValueError:
        logging.getLogger("some.library").exception("failed")

    (line,) = lines()
    assert "ValueError" in line["exception"]
    assert "abc" not in line["exception"]


@pytest.mark.parametrize("name", ["urllib3.connectionpool", "authlib.integrations", "sqlalchemy.engine", "werkzeug"])
def test_talkative_libraries_are_quiet_at_debug(application: Flask, lines: Any, name: str) -> None:
    logging.getLogger(name).debug("GET /oauth-token?code=abc")

    assert lines() == []


def test_gunicorns_own_lines_go_the_same_way(application: Flask, settings: Settings, lines: Any) -> None:
    logger = logging.getLogger("gunicorn.error")
    logger.addHandler(logging.NullHandler())
    request_log.configure_logging(settings)

    logger.warning("worker state=abc")

    assert lines()[0]["logger"] == "gunicorn.error"
    assert logger.handlers == []


def test_warnings_are_log_lines(settings: Settings, lines: Any) -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("always")
        logging.captureWarnings(capture=False)  # pytest has put its own in place since
        request_log.configure_logging(settings)
        warnings.warn("old", stacklevel=1)
        logging.captureWarnings(capture=False)

    assert "old" in lines()[0]["event"]


def test_the_level_is_the_operators(settings: Settings, lines: Any) -> None:
    request_log.configure_logging(settings.model_copy(update={"log_level": "ERROR"}))

    structlog.get_logger("x").info("quiet")
    logging.getLogger("some.library").info("quiet")
    structlog.get_logger("x").error("loud", token="abc", odd=object)

    (line,) = lines()
    assert line["event"] == "loud"
    assert line["token"] == "[hidden]"
