"""Foreign values made harmless: what arrives in JSON becomes short clean text, a number, a date, or None.

Refuses nothing and never raises: Pagero's fields are mostly undocumented, and a page with a gap is better than none.
"""

import math
import re
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any

TEXT_CHARACTERS = 300
_INTEGER_LIMIT = 10**12
# Controls, line and paragraph separators, marks that reorder or hide text, lone surrogates, non-characters.
_UNSEEN = re.compile(
    "[\x00-\x1f\x7f-\x9f\u00ad\u061c\u200b\u200e\u200f\u2028-\u202e\u2060-\u206f\ufeff\ufff9-\uffff\ud800-\udfff]+"
)
_DECIMAL = re.compile(r"-?[0-9]{1,18}(\.[0-9]{1,8})?")
_DATE = re.compile(r"([0-9]{4}-[0-9]{2}-[0-9]{2})(T.*)?")
_TIME = re.compile(r"[0-9]{4}(-[0-9]{2}){2}T[0-9]{2}(:[0-9]{2}){1,2}([.,][0-9]{1,9})?(Z|[+-][0-9]{2}:?[0-9]{2})?")


def text_of(value: Any, characters: int = TEXT_CHARACTERS) -> str | None:
    """Text without control characters, at most `characters` long; integers as digits; None for all else and blank."""
    if isinstance(value, int) and not isinstance(value, bool) and abs(value) < 10**18:
        return str(value)
    if not isinstance(value, str):
        return None
    return _UNSEEN.sub(" ", value[: characters * 4]).strip()[:characters] or None


def flag_of(value: Any) -> bool | None:
    """True or false if it is one."""
    return value if isinstance(value, bool) else None


def count_of(value: Any) -> int | None:
    """A whole number from 0 to 10**12."""
    if isinstance(value, int) and not isinstance(value, bool) and 0 <= value <= _INTEGER_LIMIT:
        return value
    return None


def amount_of(value: Any) -> str | None:
    """Decimal text as received. JSON numbers are tolerated and written without exponent."""
    if isinstance(value, bool):
        return None
    if isinstance(value, float):
        value = format(Decimal(repr(value)), "f") if math.isfinite(value) and abs(value) < 10**15 else None
    elif isinstance(value, int) and abs(value) < 10**18:
        value = str(value)
    return value if isinstance(value, str) and _DECIMAL.fullmatch(value) else None


def date_of(value: Any) -> date | None:
    """A date written YYYY-MM-DD; a time after it is dropped."""
    found = _DATE.fullmatch(value) if isinstance(value, str) else None
    try:
        return date.fromisoformat(found[1]) if found else None
    except ValueError:
        return None


def time_of(value: Any) -> datetime | None:
    """An ISO 8601 time as aware UTC; one without an offset is taken for UTC."""
    if not isinstance(value, str) or not _TIME.fullmatch(value):
        return None
    try:
        moment = datetime.fromisoformat(value)
        return moment.replace(tzinfo=UTC) if moment.tzinfo is None else moment.astimezone(UTC)
    except (ValueError, OverflowError):  # 31 February; year 1 or 9999 moved by its offset
        return None


def object_of(value: Any) -> dict[str, Any]:
    """The JSON object, or an empty one."""
    return value if isinstance(value, dict) else {}


def list_of(value: Any, most: int) -> list[Any]:
    """The JSON array, at most `most` of it, or an empty one."""
    return value[:most] if isinstance(value, list) else []
