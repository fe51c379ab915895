"""The table of catalogue D2 and the rows TK-05 to TK-34, for both grants."""

import json
from typing import Any, get_args

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from app.errors import (
    ClientRefused,
    GrantRefused,
    PageroBusy,
    PageroError,
    PageroFailed,
    PageroGarbled,
    PageroRefusedRequest,
)
from app.pagero.records import TokenAnswer
from app.pagero.token_answers import Grant, read_object, read_token_answer

GOOD: dict[str, Any] = {
    "token_type": "bearer",
    "access_token": "eyJhbGciOiJSUzI1NiJ9.eyJzdWIiOiJleGFtcGxlIn0.c2ln",
    "refresh_token": "_1XBPWQQ_0a1b2c3d-1111-4222-8333-444455556666",
    "scope": "",
    "claims": "publicid",
    "expires_in": 600,
}
GRANTS = get_args(Grant)
both_grants = pytest.mark.parametrize("grant", GRANTS)
OMIT = object()


def read(
    body: bytes | dict[str, Any], grant: Grant = "refresh_token", status: int = 200, **headers: str
) -> TokenAnswer:
    raw = body if isinstance(body, bytes) else json.dumps(body).encode()
    return read_token_answer(
        "try", grant, status, {name.replace("_", "-"): text for name, text in headers.items()}, raw
    )


def with_member(name: str, value: Any) -> dict[str, Any]:
    return {key: item for key, item in {**GOOD, name: value}.items() if item is not OMIT}


@both_grants
def test_the_documented_answer_is_read(grant: Grant) -> None:
    answer = read(GOOD, grant)
    assert answer.access_token == GOOD["access_token"]
    assert answer.refresh_token == GOOD["refresh_token"]
    assert (answer.expires_in_seconds, answer.scope, answer.id_token) == (600, None, None)


UNUSABLE = {
    "cut JSON (TK-05)": b'{"access_token":',
    "trailing garbage (TK-05)": json.dumps(GOOD).encode() + b"x",
    "single quotes (TK-05)": b"{'access_token': 'a'}",
    "UTF-16 (TK-05)": json.dumps(GOOD).encode("utf-16"),
    "byte order mark (TK-05)": b"\xef\xbb\xbf" + json.dumps(GOOD).encode(),
    "not UTF-8": b'{"access_token": "\xff"}',
    "empty": b"",
    "HTML (TK-06)": b"<html><body>Maintenance</body></html>",
    "array (TK-08)": b"[]",
    "text (TK-08)": b'"x"',
    "null (TK-08)": b"null",
    "number (TK-08)": b"123",
    "true (TK-08)": b"true",
    "repeated member": b'{"access_token":"a","access_token":"b","token_type":"bearer"}',
    "repeated member inside": json.dumps(GOOD)[:-1].encode() + b',"x":{"a":1,"a":2}}',
    "NaN": json.dumps(GOOD)[:-1].encode() + b',"x":NaN}',
    "Infinity": json.dumps(GOOD)[:-1].encode() + b',"expires":-Infinity}',
    "nested deeply": json.dumps(GOOD)[:-1].encode() + b',"x":' + b"[" * 20 + b"]" * 20 + b"}",
    "nested to the stack's end": b'{"x":' + b"[" * 60_000,
    "number of 5000 digits": json.dumps(GOOD)[:-1].encode() + b',"x":' + b"9" * 5000 + b"}",
}


@both_grants
@pytest.mark.parametrize("body", UNUSABLE.values(), ids=UNUSABLE.keys())
def test_an_unusable_answer_may_have_spent_what_was_sent(body: bytes, grant: Grant) -> None:
    with pytest.raises(PageroGarbled) as failure:
        read(body, grant)
    assert failure.value.maybe_processed
    assert failure.value.__suppress_context__


@both_grants
@pytest.mark.parametrize(
    ("name", "value"),
    [
        *[("access_token", value) for value in (OMIT, "", None, 7, ["a"], "a b", "a\r\nb", "å", "a=b", "x" * 8193)],
        *[("token_type", value) for value in (OMIT, None, "mac", "DPoP", "N_A", 7, "", "bearer ", "bearer\u0130")],
        *[("refresh_token", value) for value in (7, "", "a\r\nb", "å", ["a"], False, "x" * 8193, "x" * 65_536)],
    ],
)
def test_tokens_that_cannot_be_tokens_fail(name: str, value: Any, grant: Grant) -> None:
    with pytest.raises(PageroGarbled) as failure:
        read(with_member(name, value), grant)
    assert failure.value.maybe_processed


@both_grants
@pytest.mark.parametrize("token_type", ["bearer", "BEARER", "bEaReR"])
def test_the_token_type_is_read_without_regard_to_case(token_type: str, grant: Grant) -> None:
    assert read(with_member("token_type", token_type), grant).access_token


@both_grants
@pytest.mark.parametrize(
    ("value", "seconds"),
    [
        (600, 600),
        ("600", 600),
        (600.9, 600),
        (0, 0),
        (-1, 0),
        (0.5, 0),
        (10**12, 86_400),
        (10**30, 86_400),
        (86_401, 86_400),
        ("999999999999", 86_400),
        (OMIT, 300),
        (None, 300),
        (True, 300),
        ([600], 300),
        ({}, 300),
        ("", 300),
        ("-1", 300),
        ("600.0", 300),
        (" 600", 300),
        ("6_00", 300),
        ("٦٠٠", 300),
        ("9" * 5000, 300),
    ],
)
def test_the_life_is_a_number_of_seconds_from_none_to_a_day(value: Any, seconds: int, grant: Grant) -> None:
    assert read(with_member("expires_in", value), grant).expires_in_seconds == seconds


def test_a_life_beyond_all_floats_counts_as_missing() -> None:
    assert read(json.dumps(GOOD).replace("600", "1e999").encode()).expires_in_seconds == 300


@both_grants
@pytest.mark.parametrize(
    ("value", "scope"),
    [
        (OMIT, None),
        (None, None),
        ("", None),
        (" ", None),
        ("all", "all"),
        ("openid all", "openid all"),
        ("openid all more", "openid all more"),
        (["all"], None),
        (7, None),
        ("a\nb", None),
        ("å", None),
    ],
)
def test_an_empty_scope_means_as_requested(value: Any, scope: str | None, grant: Grant) -> None:
    assert read(with_member("scope", value), grant).scope == scope


@both_grants
@pytest.mark.parametrize("value", [OMIT, None])
def test_a_missing_refresh_token_is_none(value: Any, grant: Grant) -> None:
    assert read(with_member("refresh_token", value), grant).refresh_token is None


@both_grants
def test_long_tokens_are_taken(grant: Grant) -> None:
    answer = read({**GOOD, "access_token": "x" * 8000, "refresh_token": "y" * 8000}, grant)
    assert (len(answer.access_token), len(answer.refresh_token or "")) == (8000, 8000)


@both_grants
def test_unknown_members_are_dropped(grant: Grant) -> None:
    assert read({**GOOD, **{f"x{number}": {"y": [number]} for number in range(50)}}, grant) == read(GOOD, grant)


@both_grants
def test_an_id_token_is_handed_on_as_it_is(grant: Grant) -> None:
    assert read(with_member("id_token", "a.b.c"), grant).id_token == "a.b.c"
    assert read(with_member("id_token", ""), grant).id_token is None


def test_an_id_token_of_another_type_fails_the_sign_in_but_loses_no_rotation() -> None:
    with pytest.raises(PageroGarbled):
        read(with_member("id_token", 7), "authorization_code")
    assert read(with_member("id_token", 7), "refresh_token").id_token is None


def error(code: Any) -> bytes:
    return json.dumps({"error": code, "error_description": "<b>words</b>"}).encode()


HTML = b"<html>invalid_grant</html>"
TABLE: list[tuple[int, bytes, dict[str, str], type[PageroError], bool]] = [
    (400, error("invalid_grant"), {}, GrantRefused, False),
    (400, error("invalid_client"), {}, ClientRefused, False),
    (401, error("invalid_client"), {"www_authenticate": "Basic"}, ClientRefused, False),
    (400, error("unauthorized_client"), {}, ClientRefused, False),
    (401, error("unauthorized_client"), {}, ClientRefused, False),
    (401, b"", {}, ClientRefused, False),
    (401, HTML, {}, ClientRefused, False),
    (401, error("invalid_grant"), {}, PageroRefusedRequest, False),
    (400, error("invalid_request"), {}, PageroRefusedRequest, False),
    (400, error("unsupported_grant_type"), {}, PageroRefusedRequest, False),
    (400, error("invalid_scope"), {}, PageroRefusedRequest, False),
    (400, error("INVALID_GRANT"), {}, PageroRefusedRequest, False),
    (400, error("invalid_grant "), {}, PageroRefusedRequest, False),
    (400, error(["invalid_grant"]), {}, PageroRefusedRequest, False),
    (400, error({"invalid_grant": 1}), {}, PageroRefusedRequest, False),
    (400, b'{"error":"invalid_grant","error":"invalid_grant"}', {}, PageroRefusedRequest, False),
    (400, b'[{"error":"invalid_grant"}]', {}, PageroRefusedRequest, False),
    (400, b'{"x":{"error":"invalid_grant"}}', {}, PageroRefusedRequest, False),
    (400, b"error=invalid_grant", {}, PageroRefusedRequest, False),
    (400, HTML, {}, PageroRefusedRequest, False),
    (400, b"", {}, PageroRefusedRequest, False),
    (403, error("invalid_grant"), {}, PageroRefusedRequest, False),
    (404, error("invalid_grant"), {}, PageroRefusedRequest, False),
    (405, b"", {}, PageroRefusedRequest, False),
    (418, error("invalid_client"), {}, PageroRefusedRequest, False),
    (429, b"", {}, PageroBusy, False),
    (429, error("invalid_grant"), {"retry_after": "7"}, PageroBusy, False),
    (503, b"", {"retry_after": "5"}, PageroBusy, False),
    (503, b"", {"retry_after": "0"}, PageroBusy, False),
    (503, b"", {"retry_after": "soon"}, PageroFailed, True),
    (503, b"", {}, PageroFailed, True),
    (500, error("invalid_grant"), {}, PageroFailed, True),
    (500, HTML, {"retry_after": "5"}, PageroFailed, True),
    (502, b"", {}, PageroFailed, True),
    (504, b"", {}, PageroFailed, True),
    (599, b"", {}, PageroFailed, True),
    (301, b"", {"location": "https://evil.example/"}, PageroRefusedRequest, False),
    (302, error("invalid_grant"), {}, PageroRefusedRequest, False),
    (307, b"", {}, PageroRefusedRequest, False),
    (308, b"", {}, PageroRefusedRequest, False),
    (200, error("invalid_grant"), {}, PageroGarbled, True),
    (200, error("server_error"), {}, PageroGarbled, True),
    (200, error("invalid_client"), {}, ClientRefused, False),
    (200, json.dumps({**GOOD, "error": "invalid_grant"}).encode(), {}, PageroGarbled, True),
    (201, json.dumps(GOOD).encode(), {}, PageroGarbled, True),
    (204, b"", {}, PageroGarbled, True),
    (206, json.dumps(GOOD).encode(), {}, PageroGarbled, True),
    (600, error("invalid_grant"), {}, PageroGarbled, True),
    (999, b"", {}, PageroGarbled, True),
]


@both_grants
@pytest.mark.parametrize("row", TABLE, ids=lambda row: f"{row[0]} {row[1][:40]!r} {row[2]}")
def test_the_table_decides(row: tuple[int, bytes, dict[str, str], type[PageroError], bool], grant: Grant) -> None:
    status, body, headers, expected, maybe = row
    with pytest.raises(PageroError) as failure:
        read(body, grant, status, **headers)
    assert type(failure.value) is expected
    assert failure.value.maybe_processed is maybe
    assert failure.value.status_seen == status


@pytest.mark.parametrize("nothing", [None, ""])
def test_an_error_member_without_content_is_no_error(nothing: Any) -> None:
    assert read(with_member("error", nothing)).access_token


@settings(max_examples=60, deadline=None)
@given(st.binary(max_size=200), st.integers(100, 999), st.sampled_from(GRANTS))
def test_only_a_400_can_end_a_connection(body: bytes, status: int, grant: Grant) -> None:
    try:
        read(body, grant, status)
    except GrantRefused:
        assert status == 400
        assert json.loads(body)["error"] == "invalid_grant"
    except PageroError:
        pass


@settings(max_examples=60, deadline=None)
@given(
    st.dictionaries(st.sampled_from(list(GOOD)), st.none() | st.text() | st.integers() | st.floats() | st.booleans())
)
def test_whatever_the_members_are_reading_ends_in_an_answer_or_in_garbled(members: dict[str, Any]) -> None:
    try:
        answer = read({**GOOD, **members})
    except PageroGarbled:
        return
    assert 0 <= answer.expires_in_seconds <= 86_400


def test_an_object_of_ordinary_depth_is_read() -> None:
    assert read_object(b'{"a": [{"b": [1, {"c": null}]}]}') == {"a": [{"b": [1, {"c": None}]}]}
