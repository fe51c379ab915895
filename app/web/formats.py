"""How values look to a person: money, dates, times and sizes in their language and time zone.

Refuses floats for money, and never fails on what Pagero sent: what cannot be read is shown as the text it is.
"""

import re
from collections.abc import Callable
from contextlib import suppress
from datetime import date, datetime, timedelta
from decimal import Decimal, InvalidOperation
from functools import lru_cache
from typing import Any

from babel import Locale, dates, numbers
from flask import Flask
from flask_babel import get_timezone

from app.web import languages
from app.web.agents import browser_name
from app.web.foreign import MISSING, plain

MONEY = re.compile(r"[+-]?\d{1,30}(\.\d{1,12})?")
TIME = re.compile(r"\d{4}-\d{2}-\d{2}T\d{2}:\d{2}(:\d{2}(\.\d{1,6})?)?(Z|[+-]\d{2}:\d{2})")
DATE = re.compile(r"\d{4}-\d{2}-\d{2}")
KILO = 1000
SMALL = range(KILO)


def money(amount: str | None, currency: str | None, locale: Any) -> str:
    """Decimal text with its currency code, grouped for the language, no digit added or lost.

    Anything that is not a decimal number comes back as plain text; nothing at all as a dash.
    """
    if amount is None:
        return MISSING
    code = plain(currency) if currency else ""
    if not MONEY.fullmatch(amount):
        return f"{plain(amount)} {code}".strip()
    return f"{_grouped(amount, locale)} {code}".strip()


@lru_cache(maxsize=2048)
def day(value: date | str | None, locale: Any) -> str:
    """A date without time, for example 1 Mar 2026. Day first in every language; the month is a word."""
    if value is None:
        return MISSING
    found = _date(value) if isinstance(value, str) else value
    if found is None:
        return plain(value)
    return dates.format_date(found, "d MMM y" if found.year >= KILO else "yyyy-MM-dd", locale=locale)


def moment(value: datetime | None, locale: Any, zone: Any) -> str:
    """A time in the person's zone, to the minute, with its offset: 1 Mar 2026, 10:16 UTC+1."""
    if value is None:
        return MISSING
    return f"{_local(value, locale, zone, 'd MMM y, HH:mm')} {offset(value, zone)}"


@lru_cache(maxsize=2048)
def short_moment(value: datetime | None, locale: Any, zone: Any) -> str:
    """A time in the person's zone for a table whose heading or footer names the zone."""
    return MISSING if value is None else _local(value, locale, zone, "d MMM y HH:mm")


def offset(value: datetime, zone: Any) -> str:
    """UTC+1, UTC−3:30 or UTC: how far the zone is from UTC at that time."""
    seconds = int((_in_zone(value, zone).utcoffset() or timedelta()).total_seconds())
    hours, minutes = divmod(abs(seconds) // 60, 60)
    if not hours and not minutes:
        return "UTC"
    return f"UTC{'+' if seconds > 0 else '−'}{hours}" + (f":{minutes:02}" if minutes else "")


def ago(value: datetime | None, now: datetime, locale: Any) -> str:
    """How long ago or ahead, in words."""
    if value is None:
        return MISSING
    return dates.format_timedelta(value - now, add_direction=True, locale=locale)


def reading(value: str, locale: Any, zone: Any) -> str:
    """Text of an unknown shape: a time or date in it is shown as one, anything else as it is."""
    if TIME.fullmatch(value):
        with suppress(ValueError, OverflowError):
            return moment(datetime.fromisoformat(value), locale, zone)
    return day(value, locale)


def filesize(size_bytes: int | None, locale: Any) -> str:
    """Bytes as B, kB, MB or GB, decimal."""
    if size_bytes is None:
        return MISSING
    amount, unit = Decimal(size_bytes), "B"
    for unit in ("B", "kB", "MB", "GB"):  # noqa: B007 - the unit it ends on is the answer
        if amount < KILO:
            break
        amount /= KILO
    else:
        amount *= KILO
    pattern = "#,##0" if unit == "B" else "#,##0.0"
    return f"{numbers.format_decimal(amount, format=pattern, locale=locale)} {unit}"


def number(value: int | None, locale: Any) -> str:
    """A whole number, grouped."""
    return MISSING if value is None else numbers.format_decimal(value, locale=locale)


def country(code: str | None, locale: Any) -> str:
    """A country's name for its two letters, else the code as it came."""
    if not code:
        return MISSING
    return str(Locale.parse(str(locale)).territories.get(code.upper(), plain(code)))


def label(name: str) -> str:
    """A JSON member's name as words: eventDetail becomes Event detail. For shapes nobody has documented."""
    words_in_it = re.sub(r"(?<=[a-z0-9])(?=[A-Z])|[_-]+", " ", plain(name)).strip().lower()
    return words_in_it[:1].upper() + words_in_it[1:]


def init_app(app: Flask) -> None:
    """Offer all of it to templates as filters, bound to the person's language and zone."""
    filters: dict[str, Callable[..., str]] = {
        "plain": plain,
        "browser_name": browser_name,
        "money": lambda amount, currency=None: money(amount, currency, languages.current()),
        "day": lambda value: day(value, languages.current()),
        "moment": lambda value: moment(value, languages.current(), get_timezone()),
        "short_moment": lambda value: short_moment(value, languages.current(), get_timezone()),
        "offset": lambda value: offset(value, get_timezone()),
        "ago": lambda value, now: ago(value, now, languages.current()),
        "filesize": lambda value: filesize(value, languages.current()),
        "country": lambda code: country(code, languages.current()),
        "label": label,
        "reading": lambda value: reading(value, languages.current(), get_timezone()),
        # Most are small: nothing to group, the same in every language offered, and asking for the language costs more.
        "number": lambda value: (
            str(value) if value is not None and 0 <= value < KILO else number(value, languages.current())
        ),
    }
    app.jinja_env.filters.update(filters)
    app.context_processor(languages.names)


def _grouped(amount: str, locale: Any) -> str:
    digits = len(amount.partition(".")[2])
    pattern = "#,##0" + ("." + "0" * digits if digits else "")
    try:
        return numbers.format_decimal(Decimal(amount), format=pattern, locale=locale, decimal_quantization=False)
    except InvalidOperation:  # more digits than the decimal context holds
        return amount


def _date(text: str) -> date | None:
    try:
        return date.fromisoformat(text) if DATE.fullmatch(text) else None
    except ValueError:
        return None


def _in_zone(value: datetime, zone: Any) -> datetime:
    try:
        return value.astimezone(zone)
    except OverflowError:  # the first and the last day that exist
        return value


def _local(value: datetime, locale: Any, zone: Any, pattern: str) -> str:
    return dates.format_datetime(_in_zone(value, zone).replace(tzinfo=None), pattern, locale=locale)
