"""A list is passed on as it came when it has the documented shape, and refused otherwise."""

import json

import pytest

from app.pagero.listings import checked

LIST = b'{"items": [{"id": "1", "amount": 1.10}, {}], "meta": {"total": 2}}'


def test_a_list_of_the_documented_shape_passes_byte_for_byte():
    assert checked(LIST) is LIST


def test_members_beside_items_and_meta_are_dropped():
    assert json.loads(checked(b'{"items": [{"id": "1"}], "next": "x", "meta": {}}')) == {
        "items": [{"id": "1"}],
        "meta": {},
    }


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"[]",
        b"null",
        b"<html>",
        b'{"items": []}',
        b'{"meta": {}}',
        b'{"items": {}, "meta": {}}',
        b'{"items": [1], "meta": {}}',
        b'{"items": [null], "meta": {}}',
        b'{"items": [], "meta": []}',
        b'{"items": [{"a": NaN}], "meta": {}}',
        b'{"items": [{"a": 1,}], "meta": {}}',
        b'{"items": [], "meta": {}} {}',
        b'{"items": [{"a": "\xff"}], "meta": {}}',
        b'{"items": [' + b"[" * 100_000 + b"]" * 100_000 + b'], "meta": {}}',
        b'{"items": [' + b"[" * 100_000 + b"]" * 100_000 + b'], "meta": {}, "next": 1}',
        b'{"next": 1, "items": [' + b"[" * 100_000 + b"]" * 100_000 + b'], "meta": {}}',
    ],
)
def test_every_other_shape_is_refused(body: bytes):
    with pytest.raises(ValueError, match=r"."):
        checked(body)
