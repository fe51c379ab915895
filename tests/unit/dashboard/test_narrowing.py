"""Filters and order within the page."""

from typing import Any

import pytest

from app.dashboard.narrowing import Narrowing, narrowed, narrowing
from app.dashboard.pages import Row, row
from app.errors import RequestRefused
from app.pagero.records import Document


def made(number: str, **members: Any) -> Row:
    info = {"documentIdentifier": number, "direction": "Sent"} | members.pop("info", {})
    return row(Document.from_json({"id": number, "documentInfo": info} | members))


NINE = {"currency": "SEK", "totalAmount": "9.00"}
ROWS = [
    made("b", sendMode="Test", info={"receiverParty": {"name": "Fjord Paper"}, "amounts": NINE}),
    made("A", sendMode="Production", validationErrors={"noOfErrors": 2}, createTime="2026-06-01T08:00:00Z"),
    made("c", info={"amounts": {"currency": "SEK", "totalAmount": "10.00"}, "issueDate": "2026-01-01"}),
    made("d", info={"documentSubType": "RecipientReject", "amounts": {"currency": "EUR", "totalAmount": "11"}}),
]  # fmt: skip


def numbers(wanted: Narrowing, *, whole: bool = True) -> str:
    return "".join(str(each.document.identifier) for each in narrowed(ROWS, wanted, whole=whole))


@pytest.mark.parametrize(
    ("wanted", "expected"),
    [
        (Narrowing(), "bAcd"),
        (Narrowing(partner="FJORD"), "b"),
        (Narrowing(mode="Test"), "b"),
        (Narrowing(state="errors"), "A"),
        (Narrowing(state="rejections"), "d"),
        (Narrowing(state="fine"), "bc"),
        (Narrowing(sort="number"), "Abcd"),
        (Narrowing(sort="-number"), "dcbA"),
        (Narrowing(sort="amount"), "Adbc"),
        (Narrowing(sort="-issued"), "cbAd"),
        (Narrowing(sort="-created"), "Abcd"),
        (Narrowing(sort="-partner"), "bAcd"),
        (Narrowing(sort="due"), "bAcd"),
    ],
)
def test_rows_are_left_out_and_ordered_as_asked(wanted: Narrowing, expected: str) -> None:
    assert numbers(wanted) == expected


def test_a_part_of_a_list_keeps_pageros_order() -> None:
    assert numbers(Narrowing(sort="number"), whole=False) == "bAcd"


def test_an_amount_that_is_no_number_does_not_break_the_order() -> None:
    strange = made("x", info={"amounts": {"currency": "SEK", "totalAmount": "NaN", "netAmount": "1"}})
    assert narrowed([strange, ROWS[0]], Narrowing(sort="amount"), whole=True)


def test_an_address_keeps_what_was_asked() -> None:
    wanted = narrowing({"partner": " fjord ", "sort": "-amount", "other": "x"})
    assert wanted.values() == {"partner": "fjord", "sort": "-amount"}
    assert wanted.is_filter
    assert (wanted.turned("amount"), Narrowing(sort="amount").turned("amount")) == ("amount", "-amount")


@pytest.mark.parametrize(
    "asked", [{"mode": "x"}, {"state": "x"}, {"sort": "x"}, {"sort": "--due"}, {"partner": "x" * 101}]
)
def test_what_is_not_offered_is_refused(asked: dict[str, str]) -> None:
    with pytest.raises(RequestRefused):
        narrowing(asked)
