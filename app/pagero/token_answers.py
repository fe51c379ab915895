"""Reading what the token endpoint answers: a strict parser, then one table. Nothing else decides (catalogue D2).

Refuses bodies that are not UTF-8 JSON objects, a byte order mark (RFC 8259, 8.1, lets a parser choose), repeated member
names, NaN and Infinity, deep nesting, and tokens of another alphabet. The Content-Type is not looked at: only the body
decides. Only status 400 with the member error equal to invalid_grant is GrantRefused.
"""

import json
import math
import re
from collections.abc import Mapping
from http import HTTPStatus
from typing import Any, Literal

from app.errors import ClientRefused, GrantRefused, PageroError, PageroGarbled, PageroRefusedRequest
from app.pagero.records import TokenAnswer
from app.pagero.statuses import server_fault

Grant = Literal["authorization_code", "refresh_token"]

SHORT_LIFE_SECONDS = 300
LONGEST_LIFE_SECONDS = 86_400
_DEPTH = 16
_ACCESS_TOKEN = re.compile(r"[A-Za-z0-9._~+/-]{1,8192}={0,64}")  # b64token, RFC 6750, 2.1: it goes into a header
_REFRESH_TOKEN = re.compile(r"[\x20-\x7e]{1,8192}")  # VSCHAR, RFC 6749, A.17: it goes into a form
_SCOPE = re.compile(r"[\x20-\x21\x23-\x5b\x5d-\x7e]{1,2000}")  # RFC 6749, A.4
_DIGITS = re.compile(r"[0-9]{1,12}")
_OUR_FAULTS = frozenset({"invalid_client", "unauthorized_client"})
_CLIENT_ERRORS, _SERVER_ERRORS, _REDIRECTIONS = 400, 500, 300


def read_object(body: bytes) -> dict[str, Any]:
    """The JSON object in `body`. Raises ValueError for everything else; the error quotes nothing of it."""
    try:
        value = json.loads(body.decode("utf-8"), object_pairs_hook=_without_repeats, parse_constant=_refuse_constant)
    except (ValueError, RecursionError):
        raise ValueError("not acceptable JSON") from None
    if not isinstance(value, dict) or _deeper_than(value, _DEPTH):
        raise ValueError("not a JSON object of ordinary depth")
    return value


def read_token_answer(
    operation: str, grant: Grant, status: int, headers: Mapping[str, str], body: bytes
) -> TokenAnswer:
    """The tokens, or the exception that the table of catalogue D2 gives."""
    if status != HTTPStatus.OK:
        raise token_fault(operation, status, headers, body)
    try:
        data = read_object(body)
        if _error_of(data) is None:
            return _token_answer(data, grant)
    except ValueError:
        raise PageroGarbled(operation, status) from None
    if _error_of(data) in _OUR_FAULTS:
        raise ClientRefused(operation, status)
    raise PageroGarbled(operation, status)  # 200 with another error: maybe spent, and never the end of a connection


def token_fault(operation: str, status: int, headers: Mapping[str, str], body: bytes) -> PageroError:
    """The exception for an answer of the sign-on host that is not a success. `body` is read only at 400 and 401."""
    fault = server_fault(operation, status, headers)
    if fault is not None:
        return fault
    error = error_code(body) if status in (HTTPStatus.BAD_REQUEST, HTTPStatus.UNAUTHORIZED) else None
    if error == "invalid_grant" and status == HTTPStatus.BAD_REQUEST:
        return GrantRefused(operation, status)
    if error in _OUR_FAULTS or (error is None and status == HTTPStatus.UNAUTHORIZED):
        return ClientRefused(operation, status)
    if _REDIRECTIONS <= status < _SERVER_ERRORS:
        return PageroRefusedRequest(operation, status)
    return PageroGarbled(operation, status)


def error_code(body: bytes) -> str | None:
    """The member `error` of a JSON object, if it is non-empty text."""
    try:
        return _error_of(read_object(body))
    except ValueError:
        return None


def _error_of(data: Mapping[str, Any]) -> str | None:
    error = data.get("error")
    if error is None or error == "":
        return None
    return error if isinstance(error, str) else "not text"


def _token_answer(data: Mapping[str, Any], grant: Grant) -> TokenAnswer:
    token_type = data.get("token_type")
    if not isinstance(token_type, str) or token_type.lower() != "bearer" or not token_type.isascii():
        raise ValueError("token_type")
    access_token = _matching(data.get("access_token"), _ACCESS_TOKEN)
    refresh_token = data.get("refresh_token")
    id_token = data.get("id_token")
    if grant == "authorization_code" and id_token is not None and not isinstance(id_token, str):
        raise ValueError("id_token")
    scope = data.get("scope")
    return TokenAnswer(
        access_token=access_token,
        refresh_token=None if refresh_token is None else _matching(refresh_token, _REFRESH_TOKEN),
        expires_in_seconds=life_seconds(data.get("expires_in")),
        scope=scope.strip() or None if isinstance(scope, str) and _SCOPE.fullmatch(scope) else None,
        id_token=id_token if isinstance(id_token, str) and id_token else None,
    )


def life_seconds(value: Any) -> int:
    """expires_in, 0 to 86,400. What is missing or no number counts as short (pagero-api.md, section 6, row 5)."""
    if isinstance(value, str) and _DIGITS.fullmatch(value):
        value = int(value)
    if isinstance(value, bool) or not isinstance(value, int | float) or not math.isfinite(value):
        return SHORT_LIFE_SECONDS
    return int(max(0, min(value, LONGEST_LIFE_SECONDS)))


def _matching(value: Any, pattern: re.Pattern[str]) -> str:
    if not isinstance(value, str) or not pattern.fullmatch(value):
        raise ValueError("token")
    return value


def _without_repeats(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    members = dict(pairs)
    if len(members) != len(pairs):
        raise ValueError("repeated member")
    return members


def _refuse_constant(_: str) -> None:
    raise ValueError("not a number")


def _deeper_than(value: Any, depth: int) -> bool:
    if isinstance(value, dict):
        value = list(value.values())
    if not isinstance(value, list):
        return False
    return depth == 0 or any(_deeper_than(item, depth - 1) for item in value)
