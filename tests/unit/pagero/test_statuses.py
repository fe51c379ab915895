"""Statuses of the API, and Retry-After in every shape."""

from datetime import UTC, datetime, timedelta
from email.utils import format_datetime

import pytest

from app.errors import (
    PageroBusy,
    PageroError,
    PageroFailed,
    PageroForbidden,
    PageroGarbled,
    PageroNotFound,
    PageroRefusedRequest,
    PageroUnauthorized,
)
from app.pagero.statuses import api_fault, retry_after_of


@pytest.mark.parametrize(
    ("text", "seconds"),
    [
        ("0", 0),
        ("5", 5),
        ("300", 300),
        ("301", 300),
        ("1000000000", 300),
        ("-1", None),
        ("1.5", None),
        ("soon", None),
        ("", None),
        ("٥", None),
        ("9" * 50, None),
        ("Wed, 01 Jan 2020 00:00:00 GMT", 0),
        ("Fri, 31 Dec 9999 23:59:59 GMT", 300),
        ("Wed, 99 Foo 2020 00:00:00 GMT", None),
        ("Wed, 01 Jan 2020 00:00:00 +9999", None),
    ],
)
def test_retry_after_is_seconds_or_a_date_and_capped(text: str, seconds: int | None) -> None:
    assert retry_after_of({"retry-after": text}) == seconds


def test_retry_after_as_a_date_counts_from_now() -> None:
    moment = datetime.now(UTC) + timedelta(seconds=60)
    assert 55 <= (retry_after_of({"retry-after": format_datetime(moment, usegmt=True)}) or 0) <= 60


def test_without_retry_after_there_is_none() -> None:
    assert retry_after_of({}) is None


@pytest.mark.parametrize(
    ("status", "expected"),
    [
        (401, PageroUnauthorized),
        (403, PageroForbidden),
        (404, PageroNotFound),
        (410, PageroNotFound),
        (400, PageroRefusedRequest),
        (405, PageroRefusedRequest),
        (406, PageroRefusedRequest),
        (415, PageroRefusedRequest),
        (429, PageroBusy),
        (500, PageroFailed),
        (502, PageroFailed),
        (503, PageroFailed),
        (504, PageroFailed),
        (300, PageroRefusedRequest),
        (302, PageroRefusedRequest),
        (304, PageroRefusedRequest),
        (201, PageroGarbled),
        (204, PageroGarbled),
        (206, PageroGarbled),
        (999, PageroGarbled),
    ],
)
def test_every_status_has_its_exception(status: int, expected: type[PageroError]) -> None:
    fault = api_fault("try", status, {})
    assert type(fault) is expected
    assert fault.status_seen == status


def test_503_with_a_hint_is_busy_and_says_for_how_long() -> None:
    fault = api_fault("try", 503, {"retry-after": "30"})
    assert isinstance(fault, PageroBusy)
    assert fault.retry_after == 30
