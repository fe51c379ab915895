"""How values look to a person, in both languages."""

from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest
from babel.dates import get_timezone
from hypothesis import given
from hypothesis import strategies as st

from app.web import formats
from app.web.foreign import plain

STOCKHOLM = get_timezone("Europe/Stockholm")
WINTER, SUMMER = datetime(2026, 3, 1, 9, 16, tzinfo=UTC), datetime(2026, 7, 1, 9, 16, tzinfo=UTC)


@pytest.mark.parametrize(
    ("amount", "currency", "english", "swedish"),
    [
        ("1500.00", "SEK", "1,500.00 SEK", "1\xa0500,00 SEK"),
        ("-0.5", "EUR", "-0.5 EUR", "-0,5 EUR"),
        ("3428.728", "KWD", "3,428.728 KWD", "3\xa0428,728 KWD"),
        ("7252", "JPY", "7,252 JPY", "7\xa0252 JPY"),
        ("0.10000000", None, "0.10000000", "0,10000000"),
        ("123456789012345678.12345678", "SEK", "123,456,789,012,345,678.12345678 SEK",
         "123\xa0456\xa0789\xa0012\xa0345\xa0678,12345678 SEK"),
    ],
)  # fmt: skip
def test_money_keeps_every_digit(amount: str, currency: str | None, english: str, swedish: str) -> None:
    assert formats.money(amount, currency, "en") == english
    assert formats.money(amount, currency, "sv") == swedish


@pytest.mark.parametrize("amount", ["1e5", "1,500", "NaN", "", "12.", "9" * 30 + ".5", "9" * 40])
def test_what_is_no_decimal_number_is_shown_as_it_came(amount: str) -> None:
    assert formats.money(amount, "SEK", "sv") == f"{amount} SEK".strip()


def test_no_amount_is_a_dash() -> None:
    assert formats.money(None, "SEK", "en") == "–"


def test_dates_name_the_month() -> None:
    assert formats.day(date(2026, 3, 1), "en") == "1 Mar 2026"
    assert formats.day("2026-03-01", "sv") == "1 mars 2026"


@pytest.mark.parametrize("text", ["2026-02-30", "soon", "2026-3-1"])
def test_what_is_no_date_is_shown_as_it_came(text: str) -> None:
    assert formats.day(text, "en") == text


def test_no_date_is_a_dash_and_the_first_year_is_a_date() -> None:
    assert formats.day(None, "en") == "–"
    assert formats.day(date(1, 1, 1), "en") == "0001-01-01"


def test_times_are_in_the_persons_zone_with_its_offset() -> None:
    assert formats.moment(WINTER, "en", STOCKHOLM) == "1 Mar 2026, 10:16 UTC+1"
    assert formats.moment(SUMMER, "sv", STOCKHOLM) == "1 juli 2026, 11:16 UTC+2"
    assert formats.moment(WINTER, "en", UTC) == "1 Mar 2026, 09:16 UTC"
    assert formats.short_moment(WINTER, "en", STOCKHOLM) == "1 Mar 2026 10:16"
    assert formats.moment(None, "en", UTC) == formats.short_moment(None, "en", UTC) == "–"


@pytest.mark.parametrize(
    ("zone", "offset"),
    [("Asia/Kolkata", "UTC+5:30"), ("America/St_Johns", "UTC−3:30"), ("Africa/Abidjan", "UTC")],
)
def test_offsets_know_half_hours(zone: str, offset: str) -> None:
    assert formats.offset(WINTER, get_timezone(zone)) == offset


def test_the_last_moment_that_exists_can_be_shown() -> None:
    assert formats.moment(datetime.max.replace(tzinfo=UTC), "en", STOCKHOLM).startswith("31 Dec 9999")


def test_how_long_ago_is_said_in_words() -> None:
    assert formats.ago(WINTER - timedelta(hours=2), WINTER, "en") == "2 hours ago"
    assert formats.ago(WINTER + timedelta(days=3), WINTER, "sv") == "om 3 dagar"
    assert formats.ago(None, WINTER, "en") == "–"


@pytest.mark.parametrize(
    ("size", "text"),
    [
        (0, "0 B"),
        (999, "999 B"),
        (1000, "1.0 kB"),
        (1_234_567, "1.2 MB"),
        (5 * 10**9, "5.0 GB"),
        (10**13, "10,000.0 GB"),
    ],
)
def test_sizes_are_decimal(size: int, text: str) -> None:
    assert formats.filesize(size, "en") == text


def test_missing_sizes_and_numbers_are_dashes() -> None:
    assert formats.filesize(None, "en") == formats.number(None, "en") == formats.country(None, "en") == "–"


def test_countries_have_names() -> None:
    assert formats.country("no", "sv") == "Norge"
    assert formats.country("QQ1", "en") == "QQ1"


@pytest.mark.parametrize(
    ("name", "label"), [("eventDetail", "Event detail"), ("file_name", "File name"), ("ID", "Id"), ("", "")]
)
def test_names_of_unknown_members_become_words(name: str, label: str) -> None:
    assert formats.label(name) == label


def test_times_within_unknown_shapes_are_shown_as_times() -> None:
    assert formats.reading("2026-03-01T09:16:04.881Z", "en", STOCKHOLM) == "1 Mar 2026, 10:16 UTC+1"
    assert formats.reading("2026-03-01", "en", STOCKHOLM) == "1 Mar 2026"
    assert formats.reading("2026-99-01T00:00:00Z", "en", STOCKHOLM) == "2026-99-01T00:00:00Z"
    assert formats.reading("Delivered", "en", STOCKHOLM) == "Delivered"


def test_foreign_text_stays_on_one_line_and_in_its_place() -> None:
    assert plain("a\r\nb\tc\u2028d") == "a b c d"
    assert plain("x\u202egnp.exe\x00\ud800") == "x\ufffdgnp.exe\ufffd\ufffd"
    assert plain(12) == "12"


@given(st.one_of(st.text(), st.decimals(allow_nan=True).map(str)), st.text())
def test_no_amount_breaks_a_page(amount: Any, currency: str) -> None:
    formats.money(amount, currency, "sv").encode()
