"""Counterparties, and finding documents by number, partner or amount."""

from decimal import Decimal
from typing import Any

import pytest

from app.dashboard.partners import partners
from app.dashboard.search import MOST_FOUND, amounts_of, found
from app.pagero.records import Document

FJORD = {"name": "Fjord Paper AS", "ids": [{"idType": "GLN", "value": "7300000000011"}]}
RENAMED = {"name": "Fjord AS", "ids": [*FJORD["ids"], {"idType": "UNDEFINED_VAT", "value": "NO1"}]}  # type: ignore[misc]


def document(number: str, direction: str = "Sent", partner: Any = None, **members: Any) -> Document:
    role = {"Sent": "receiverParty", "Received": "senderParty"}[direction]
    info = {"documentIdentifier": number, "direction": direction, role: partner} | members.pop("info", {})
    return Document.from_json({"id": f"id-{number}", "documentInfo": info} | members)


def test_a_partner_is_known_by_its_identifier_whatever_it_is_called() -> None:
    (fjord,) = partners(
        [document("new", "Received", RENAMED, validationErrors={"noOfErrors": 1}), document("old", "Sent", FJORD)]
    )
    assert fjord.party.name == "Fjord AS"
    assert [each.value for each in fjord.ids] == ["7300000000011", "NO1"]
    assert (fjord.sent, fjord.received, fjord.failures) == (1, 1, 1)
    assert fjord.last.document.identifier == "new"


def test_a_partner_without_identifiers_is_known_by_its_name() -> None:
    found_ones = partners([document("1", partner={"name": "Ös"}), document("2", partner={"name": "ÖS"})])
    assert [each.sent for each in found_ones] == [2]


def test_what_names_nobody_is_no_partner() -> None:
    assert partners([document("1"), document("2", partner={"type": "Business"})]) == []


MONEY = {"currency": "NOK", "totalAmount": "1500.50", "netAmount": "1200"}
DOCUMENTS = [
    document("INV-7", partner=FJORD, info={"amounts": MONEY}),
    document("X-1", partner={"name": "Ål & Co"}),
    document("Y-2"),
]  # fmt: skip


@pytest.mark.parametrize(
    ("text", "numbers"),
    [
        ("inv", ["INV-7"]),
        ("fjord", ["INV-7"]),
        ("ål", ["X-1"]),
        ("7300000000011", ["INV-7"]),
        ("730000", []),
        ("1 500,50", ["INV-7"]),
        ("1,500.50 NOK", ["INV-7"]),
        ("1500.5", ["INV-7"]),
        ("1200", ["INV-7"]),
        ("1500", []),
        ("nothing", []),
    ],
)
def test_documents_are_found(text: str, numbers: list[str]) -> None:
    assert [row.document.identifier for row in found(DOCUMENTS, text)] == numbers


def test_an_amount_may_be_written_in_two_ways() -> None:
    assert amounts_of("1.500") == {Decimal(1500), Decimal("1.500")}
    assert amounts_of("12a4") == amounts_of("") == amounts_of("-,.") == set()


def test_no_more_is_listed_than_a_page_bears() -> None:
    assert len(found([document(f"N{n}") for n in range(80)], "n")) == MOST_FOUND
