"""Exceptions become pages or JSON, once logged, and nothing of the request is repeated."""

import json
from typing import Any

import pytest
from flask import Flask
from sqlalchemy.exc import DataError, InterfaceError, InternalError, OperationalError
from sqlalchemy.exc import TimeoutError as PoolTimedOut
from werkzeug.exceptions import BadRequest, Forbidden, ImATeapot, NotFound, ServiceUnavailable

from app import errors
from app.auth.guards import open_to_all
from app.errors import SIGN_IN_REASONS, AppError, PageroBusy, ReconnectNeeded, SignInFailed
from app.web import problems
from tests.support.played_pagero import Window

OTHERS = ("refused", "broken")


@pytest.fixture
def raising(application: Flask, window: Window) -> Any:
    """raising(exception) answers what a view that raises it answers."""
    thrown: list[Exception] = []

    @application.get("/boom")
    @application.get("/api/boom")
    @open_to_all
    def boom() -> str:
        raise thrown[-1]

    def raising(error: Exception, path: str = "/boom", **options: Any) -> Any:
        thrown.append(error)
        return window.open(path, **options)

    return raising


def made(kind: type[AppError]) -> AppError:
    if issubclass(kind, errors.PageroError):
        return kind("list documents", 500, 7)
    arguments = {
        errors.SettingsError: (["x"],),
        errors.TooManyRequests: (3,),
        errors.ReconnectNeeded: ("rotation_lost",),
        errors.SignInRunning: ("/documents",),
        errors.SignInFailed: ("state_missing",),
    }
    return kind(*arguments.get(kind, ()))


def every_kind(kind: type[AppError] = AppError) -> list[type[AppError]]:
    ours = [kind] if kind.__module__ == "app.errors" else []
    return ours + [found for below in kind.__subclasses__() for found in every_kind(below)]


@pytest.mark.parametrize("kind", every_kind(), ids=lambda kind: kind.__name__)
def test_every_fault_of_ours_has_a_page(raising: Any, kind: type[AppError]) -> None:
    answer = raising(made(kind), "/boom?secret-word=<script>")

    assert answer.status_code == made(kind).status
    assert answer.content_type.startswith("text/html")
    assert answer.headers["X-Request-ID"] in answer.text
    assert "secret-word" not in answer.text
    assert "could not be shown" not in answer.text
    assert answer.headers["Cache-Control"] == "no-store"


@pytest.mark.parametrize("reason", sorted(SIGN_IN_REASONS))
def test_every_failed_sign_in_has_a_page(raising: Any, reason: str) -> None:
    answer = raising(SignInFailed(reason, "detail for the log", "/documents"))

    assert answer.status_code == SIGN_IN_REASONS[reason][0]
    assert "detail for the log" not in answer.text
    assert "could not be shown" not in answer.text
    assert answer.text.count("<h1") == 1


@pytest.mark.parametrize("reason", sorted(SIGN_IN_REASONS))
def test_failed_sign_ins_are_told_in_swedish_too(raising: Any, reason: str) -> None:
    answer = raising(SignInFailed(reason), headers={"Accept-Language": "sv"})

    assert '<html lang="sv"' in answer.text


def test_scripts_get_json(raising: Any) -> None:
    answer = raising(ReconnectNeeded("rotation_lost"), "/api/boom")

    assert (answer.status_code, answer.json) == (
        409,
        {"error": "rotation_lost", "request_id": answer.headers["X-Request-ID"]},
    )


@pytest.mark.parametrize(
    ("accept", "is_json"),
    [
        ("application/json", True),
        ("text/html,application/xhtml+xml,*/*;q=0.8", False),
        ("*/*", False),
        ("", False),
        ("application/json, text/html;q=0.5", True),
        ("text/html, application/json;q=0.5", False),
    ],
)
def test_who_prefers_json_gets_it(raising: Any, accept: str, is_json: bool) -> None:
    assert raising(NotFound(), headers={"Accept": accept}).is_json is is_json


def test_an_answer_says_when_to_come_back(raising: Any) -> None:
    assert raising(PageroBusy("list documents", 503, 7)).headers["Retry-After"] == "7"


@pytest.mark.parametrize(
    "error",
    [
        OperationalError("SELECT secret_word", {}, Exception("secret_word")),
        InterfaceError("SELECT secret_word", {}, Exception("secret_word")),
        InternalError("SELECT secret_word", {}, Exception("secret_word")),
        PoolTimedOut("secret_word"),
    ],
)
def test_a_database_that_is_away_is_503_and_its_statement_is_not_logged(
    raising: Any, error: Exception, capsys: pytest.CaptureFixture[str]
) -> None:
    answer = raising(error)

    assert (answer.status_code, answer.headers["Retry-After"]) == (503, "5")
    assert "secret_word" not in capsys.readouterr().out


def test_an_unexpected_exception_is_logged_once_and_kept_from_the_person(
    raising: Any, capsys: pytest.CaptureFixture[str]
) -> None:
    answer = raising(ValueError("inside story"))

    assert answer.status_code == 500
    assert "inside story" not in answer.text
    lines = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    (line,) = [line for line in lines if line["event"] == "unexpected"]
    assert line["fault"] == "ValueError"
    assert "inside story" in line["exception"]
    assert line["request_id"] == answer.headers["X-Request-ID"]


@pytest.mark.parametrize("error", [BadRequest(), Forbidden(), NotFound(), ImATeapot(), ServiceUnavailable()])
def test_what_werkzeug_refuses_looks_the_same(raising: Any, error: Any) -> None:
    answer = raising(error)

    assert answer.status_code == error.code
    assert answer.headers["X-Request-ID"] in answer.text
    assert error.description not in answer.text


def test_an_unknown_address_is_a_page_in_our_design(window: Window) -> None:
    answer = window.open("/no/such/page?x=<script>alert(1)</script>")

    assert answer.status_code == 404
    assert answer.text.count("<h1") == 1
    assert "alert(1)" not in answer.text
    assert "Content-Security-Policy" in answer.headers


def test_a_template_that_breaks_is_replaced_by_a_plain_page(
    raising: Any, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def fail(*_: Any, **__: Any) -> str:
        raise RuntimeError("broken template")

    monkeypatch.setattr(problems, "render_template", fail)

    for error, status in ((ValueError("x"), 500), (NotFound(), 404)):
        answer = raising(error)
        assert answer.status_code == status
        assert answer.text.count("<h1") == 1
        assert answer.headers["X-Request-ID"] in answer.text
        assert "broken template" not in answer.text
    assert "page_failed" in capsys.readouterr().out


def test_a_redirect_of_routing_stays_a_redirect(window: Window, application: Flask) -> None:
    application.add_url_rule("/folder/", "folder", open_to_all(lambda: "inside"))

    answer = window.open("/folder")

    assert answer.status_code == 308
    assert answer.headers["Location"].endswith("/folder/")


def test_a_fault_in_teardown_does_not_change_the_answer(window: Window, application: Flask) -> None:
    application.teardown_request(lambda _: None)

    assert window.open("/health/live").status_code == 200


def test_a_value_the_database_cannot_hold_is_the_requests_fault_and_is_not_logged(
    raising: Any, capsys: pytest.CaptureFixture[str]
) -> None:
    answer = raising(DataError("INSERT secret_word", {}, Exception("secret_word")))

    assert answer.status_code == 400
    assert "secret_word" not in capsys.readouterr().out


@pytest.mark.parametrize(
    "path", ["/", "/account", "/documents", "/auth/login", "/auth/logout", "/api/documents", "/language"]
)
def test_nobody_learns_anything_by_asking_for_options(window: Window, path: str) -> None:
    answer = window.open(path, "OPTIONS", headers={"Origin": "https://evil.test"})

    assert answer.status_code == 405
    assert not [name for name in dict(answer.headers) if name.startswith("Access-Control")]
