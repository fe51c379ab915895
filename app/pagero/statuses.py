"""HTTP statuses of the API as exceptions, and how long Pagero asks to wait.

Refuses to guess: a status nobody documented is an answer that is not what it should be.
"""

import re
from collections.abc import Mapping
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from http import HTTPStatus

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

LONGEST_WAIT_SECONDS = 300
_SECONDS = re.compile(r"[0-9]{1,18}")
_REDIRECTIONS, _CLIENT_ERRORS, _SERVER_ERRORS, _UNKNOWN = 300, 400, 500, 600

_KNOWN: dict[int, type[PageroError]] = {
    HTTPStatus.UNAUTHORIZED: PageroUnauthorized,
    HTTPStatus.FORBIDDEN: PageroForbidden,
    HTTPStatus.NOT_FOUND: PageroNotFound,
    HTTPStatus.GONE: PageroNotFound,
}


def retry_after_of(headers: Mapping[str, str]) -> int | None:
    """Seconds to wait by Retry-After (RFC 9110, 10.2.3), 0 to 300; None when absent or unreadable."""
    text = headers.get("retry-after", "")
    if _SECONDS.fullmatch(text):
        return min(int(text), LONGEST_WAIT_SECONDS)
    try:
        moment = parsedate_to_datetime(text)
        seconds = (moment.replace(tzinfo=moment.tzinfo or UTC) - datetime.now(UTC)).total_seconds()
    except (ValueError, OverflowError, TypeError, IndexError):
        return None
    return int(max(0, min(seconds, LONGEST_WAIT_SECONDS)))


def server_fault(operation: str, status: int, headers: Mapping[str, str]) -> PageroError | None:
    """429 and 5xx: "not now" with a hint, "failed" without (catalogue D2). None for every other status."""
    wait = retry_after_of(headers)
    if status == HTTPStatus.TOO_MANY_REQUESTS or (status == HTTPStatus.SERVICE_UNAVAILABLE and wait is not None):
        return PageroBusy(operation, status, wait)
    if _SERVER_ERRORS <= status < _UNKNOWN:
        return PageroFailed(operation, status, wait)
    return None


def api_fault(operation: str, status: int, headers: Mapping[str, str]) -> PageroError:
    """The exception for an answer of the API that is not 200."""
    fault = server_fault(operation, status, headers)
    if fault is not None:
        return fault
    if status in _KNOWN:
        return _KNOWN[status](operation, status)
    if _REDIRECTIONS <= status < _SERVER_ERRORS:
        return PageroRefusedRequest(operation, status)
    return PageroGarbled(operation, status)
