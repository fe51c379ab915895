"""Finishing sign-ins takes a part of the threads only, and who finds no place loses nothing."""

from contextlib import ExitStack

import pytest
from flask import Flask

from app.auth import routes
from app.auth.exchanges import Exchanges, SignInsBusy
from app.models import BrowserSession, SpentTransaction
from tests.support.played_pagero import ISSUER, PlayedPagero, Window, state_of
from tests.support.stored import Stored


@pytest.mark.parametrize(("threads", "places"), [(1, 4), (16, 4), (32, 8), (128, 32), (1024, 256)])
def test_a_quarter_of_the_threads_may_ask_at_once(threads: int, places: int) -> None:
    exchanges = Exchanges(threads)
    with ExitStack() as held:
        for _ in range(places):
            held.enter_context(exchanges.place())
        with pytest.raises(SignInsBusy), exchanges.place():
            pass

    with exchanges.place():
        pass


def test_a_callback_without_a_place_spends_nothing_and_works_when_loaded_again(
    window: Window, application: Flask, pagero: PlayedPagero, rows: Stored
) -> None:
    login_url = window.start("/account")
    query = {"code": pagero.log_in(login_url), "state": state_of(login_url), "iss": ISSUER}
    full = application.extensions[routes.EXCHANGES] = Exchanges(1)

    with ExitStack() as held:
        for _ in range(4):
            held.enter_context(full.place())
        answer = window.callback(query)

    assert (answer.status_code, answer.headers["Retry-After"]) == (503, "5")
    assert (pagero.calls, rows.count(SpentTransaction), rows.count(BrowserSession)) == (0, 0, 0)
    assert query["code"] not in answer.text
    assert window.callback(query).headers["Location"] == "/account"


def test_the_refusal_is_told_in_swedish_too(window: Window, application: Flask, pagero: PlayedPagero) -> None:
    login_url = window.start("/account")
    full = application.extensions[routes.EXCHANGES] = Exchanges(1)

    with ExitStack() as held:
        for _ in range(4):
            held.enter_context(full.place())
        window.headers["Accept-Language"] = "sv"
        answer = window.come_back(login_url)

    assert "Många loggar in just nu" in answer.text


def test_what_is_wrong_anyway_is_said_without_a_place(window: Window, application: Flask) -> None:
    full = application.extensions[routes.EXCHANGES] = Exchanges(1)

    with ExitStack() as held:
        for _ in range(4):
            held.enter_context(full.place())
        assert window.callback({"code": "x", "state": "s" * 43}).status_code == 400
