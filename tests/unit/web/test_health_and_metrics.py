"""Whether it lives, whether it can serve, and its numbers."""

from pathlib import Path
from typing import Any

import pytest
from flask import Flask
from prometheus_client.parser import text_string_to_metric_families
from pydantic import SecretStr
from sqlalchemy.exc import OperationalError

from app.errors import PageroBusy
from app.services import EXTENSION, Services
from tests.support.in_process import listen
from tests.support.played_pagero import Window
from tests.support.stored import Stored

TOKEN = "metrics-token-0123456789"


def break_database(application: Flask) -> None:
    def refuse(_statement: str) -> None:
        raise OperationalError("SELECT 1", {}, Exception("away"))

    listen(application, refuse)


def test_without_a_database_it_lives_and_is_not_ready(window: Window, application: Flask) -> None:
    assert window.open("/health/ready").json == {"status": "ready"}
    break_database(application)

    assert window.open("/health/live").status_code == 200
    assert window.open("/health/ready").status_code == 503


def test_without_a_database_pages_say_so_and_static_files_come(window: Window, application: Flask) -> None:
    window.sign_in()
    break_database(application)

    answer = window.open("/account")

    assert answer.status_code == 503
    assert "could not be shown" not in answer.text
    assert "session=;" not in answer.headers.get("Set-Cookie", "")
    assert window.open("/static/base.css").status_code == 200


def test_it_is_ready_although_pagero_is_away(window: Window) -> None:
    assert window.open("/health/ready").status_code == 200  # the settings of this test name a port nobody listens on


@pytest.fixture
def measured(application: Flask, window: Window) -> Window:
    parts = application.extensions[EXTENSION]
    changed = parts.settings.model_copy(update={"metrics_token": SecretStr(TOKEN)})
    application.extensions[EXTENSION] = type(parts)(**{**vars(parts), "settings": changed})
    return window


def numbers(answer: Any) -> dict[tuple[str, ...], float]:
    return {
        (sample.name, *sorted(sample.labels.values())): sample.value
        for family in text_string_to_metric_families(answer.text)
        for sample in family.samples
    }


def test_without_a_token_in_the_settings_there_are_no_metrics(window: Window) -> None:
    assert window.open("/metrics", headers={"Authorization": "Bearer "}).status_code == 404


@pytest.mark.parametrize("given", ["", "Bearer", "Bearer ", f"Bearer {TOKEN}x", f"Basic {TOKEN}", TOKEN, "Bearer é"])
def test_metrics_are_for_who_knows_the_token(measured: Window, given: str) -> None:
    answer = measured.open("/metrics", headers={"Authorization": given})

    assert answer.status_code == 401
    assert "requests_total" not in answer.text


def refresh_in_vain(application: Flask) -> None:
    """Renew the one connection; the settings of this test name a port nobody listens on."""
    parts: Services = application.extensions[EXTENSION]
    row = Stored(parts.settings.database_address).one("connections")
    with pytest.raises(PageroBusy):
        parts.access.renew_idle(row["id"], row["generation"])


def test_metrics_count_answers_refreshes_and_sign_ins(measured: Window, application: Flask) -> None:
    right = {"Authorization": f"Bearer {TOKEN}"}
    before = numbers(measured.open("/metrics", headers=right))
    measured.open("/nothing?secret=1")
    measured.sign_in()
    measured.callback({"state": "s" * 43})
    refresh_in_vain(application)

    after = numbers(measured.open("/metrics", headers=right))

    for name in (
        ("requests_total", "404", "none"),
        ("sign_ins_total", "ok"),
        ("sign_ins_total", "state_unknown"),
        ("refreshes_total", "pagero_unreachable"),
    ):
        assert after[name] == before.get(name, 0) + 1


def test_the_numbers_of_all_workers_are_added_up(
    measured: Window, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("PROMETHEUS_MULTIPROC_DIR", str(tmp_path))

    answer = measured.open("/metrics", headers={"Authorization": f"Bearer {TOKEN}"})

    assert answer.status_code == 200
    assert "requests_total" not in answer.text  # nobody has written to that directory
