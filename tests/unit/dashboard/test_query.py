"""What an address may ask for, and the address that asks for the same."""

from contextlib import suppress
from urllib.parse import parse_qs

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.dashboard.query import address, asked
from app.errors import RequestRefused
from app.pagero.records import DocumentQuery


def of(query: str) -> DocumentQuery:
    return asked(parse_qs(query, keep_blank_values=True))


def refusal(query: str) -> str:
    with pytest.raises(RequestRefused) as refused:
        of(query)
    return refused.value.reason


def test_nothing_asked_is_the_beginning_of_everything() -> None:
    assert of("") == DocumentQuery(limit=25, offset=0)


def test_every_filter_reaches_the_question() -> None:
    query = of(
        "direction=Sent&documentType=Invoice&documentType=PaymentReminder&companyId=6f0d-1&fileId=77"
        "&reference=INV%204471/2&fetched=true&limit=50&offset=100"
    )
    assert query == DocumentQuery("Sent", ("Invoice", "PaymentReminder"), "6f0d-1", "77", "INV 4471/2", True, 50, 100)


def test_empty_fields_of_a_form_count_as_absent() -> None:
    assert of("direction=&documentType=&companyId=&reference=%20&fetched=&limit=&offset=") == DocumentQuery(limit=25)


def test_types_nobody_knows_yet_are_passed_on_once() -> None:
    assert of("documentType=Waybill&documentType=Waybill").document_types == ("Waybill",)


def test_names_nobody_knows_are_ignored() -> None:
    assert of("utm_source=mail&page=3") == DocumentQuery(limit=25)


@pytest.mark.parametrize(
    ("query", "reason"),
    [
        ("direction=sent", "direction_unknown"),
        ("direction=Sent&direction=Received", "parameter_repeated"),
        ("fetched=yes", "fetched_unknown"),
        ("documentType=In voice", "document_type_malformed"),
        ("documentType=<b>", "document_type_malformed"),
        ("&".join(f"documentType=T{n}" for n in range(11)), "document_type_malformed"),
        ("companyId=a/b", "company_id_malformed"),
        ("companyId=" + "a" * 101, "company_id_malformed"),
        ("fileId=1%26x", "file_id_malformed"),
        ("reference=" + "9" * 101, "reference_malformed"),
        ("reference=a%00b", "reference_malformed"),
        ("reference=a%0d%0ab", "reference_malformed"),
        ("limit=0", "limit_out_of_range"),
        ("limit=101", "limit_out_of_range"),
        ("limit=ten", "limit_out_of_range"),
        ("limit=٣", "limit_out_of_range"),
        ("offset=-1", "offset_out_of_range"),
        ("offset=1000001", "offset_out_of_range"),
        ("offset=99999999999", "offset_out_of_range"),
        ("offset=1e3", "offset_out_of_range"),
    ],
)
def test_values_outside_the_rules_are_refused_with_a_code(query: str, reason: str) -> None:
    assert refusal(query) == reason


def test_an_address_asks_for_the_same_again() -> None:
    query = of("direction=Sent&documentType=Invoice&companyId=c&fileId=7&reference=r&fetched=false&limit=50&offset=50")
    values = {name: value if isinstance(value, list) else [str(value)] for name, value in address(query).items()}
    assert asked(values) == query


def test_an_address_leaves_out_what_is_usual() -> None:
    assert address(of("")) == {}


def test_changes_win_and_none_takes_a_value_out() -> None:
    query = of("direction=Sent&offset=50&reference=r")
    assert address(query, direction="Received", offset=None) == {"direction": "Received", "reference": "r"}


@given(st.dictionaries(st.sampled_from(["direction", "limit", "offset", "reference", "fetched"]), st.lists(st.text())))
def test_whatever_is_asked_is_answered_or_refused(arguments: dict[str, list[str]]) -> None:
    with suppress(RequestRefused):
        assert asked(arguments).limit in range(1, 101)
