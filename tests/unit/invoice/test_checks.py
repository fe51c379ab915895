"""Sums are compared in decimal arithmetic, in one currency, and only where comparing means something."""

from decimal import Decimal

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from app.invoice.records import Money, decimal_of
from tests.unit.invoice.ubl_samples import FULL, invoice_of, numbered_line, ubl

CURRENCY = "<cbc:DocumentCurrencyCode>SEK</cbc:DocumentCurrencyCode>"


def codes(body: str) -> list[str]:
    return [caution.code for caution in invoice_of(ubl(body)).cautions]


def lines_and_total(total: str, *amounts: str) -> str:
    sums = (
        f"<cac:LegalMonetaryTotal><cbc:LineExtensionAmount>{total}</cbc:LineExtensionAmount></cac:LegalMonetaryTotal>"
    )
    return CURRENCY + sums + "".join(numbered_line(number, amount) for number, amount in enumerate(amounts, 1))


@pytest.mark.parametrize(
    ("old", "new", "code"),
    [
        (">600.00<", ">600.01<", "lines_differ"),
        (">950.00</cbc:TaxExclusiveAmount>", ">950.01</cbc:TaxExclusiveAmount>", "without_vat_differs"),
        ('<cbc:TaxAmount currencyID="SEK">0.00<', '<cbc:TaxAmount currencyID="SEK">1.00<', "vat_differs"),
        (">1187.50<", ">1187.49<", "with_vat_differs"),
        (">-0.50<", ">0.50<", "payable_differs"),
    ],
)
def test_each_wrong_sum_is_named(old: str, new: str, code: str) -> None:
    assert old in FULL
    found = [caution.code for caution in invoice_of(FULL.replace(old, new).encode()).cautions]
    assert code in found


def test_stated_and_computed_are_shown_with_a_difference() -> None:
    (caution,) = invoice_of(ubl(lines_and_total("3.00", "1.00", "1.10"))).cautions
    assert (caution.stated, caution.computed) == (Money("3.00", "SEK"), Money("2.10", "SEK"))


def test_binary_fractions_play_no_part() -> None:
    assert codes(lines_and_total("0.30", "0.10", "0.10", "0.10")) == []
    assert codes(lines_and_total("1e1", "10")) == [], "a total that is not a plain number is not judged"


@pytest.mark.parametrize("total", ["2.34", "2.35"])
def test_either_usual_rounding_of_finer_lines_is_right(total: str) -> None:
    assert codes(lines_and_total(total, "1.1725", "1.1725")) == []


def test_lines_of_several_currencies_are_never_added() -> None:
    mixed = lines_and_total("2.00", "1.00") + numbered_line(2).replace("SEK", "EUR")
    assert codes(mixed) == ["mixed_currencies"]
    assert codes(lines_and_total("1.00", "1.00").replace('currencyID="SEK"', 'currencyID="EUR"')) == [
        "mixed_currencies"
    ]


def test_lines_that_are_not_numbers_are_said_not_to_be_added() -> None:
    assert codes(lines_and_total("1.00", "1.00", "one")) == ["amount_unreadable"]


def test_totals_of_other_currencies_or_without_numbers_are_not_judged() -> None:
    stated = (
        CURRENCY + '<cac:LegalMonetaryTotal><cbc:TaxExclusiveAmount currencyID="SEK">5</cbc:TaxExclusiveAmount>'
        '<cbc:TaxInclusiveAmount currencyID="EUR">9</cbc:TaxInclusiveAmount><cbc:PayableAmount>x</cbc:PayableAmount>'
        "</cac:LegalMonetaryTotal><cac:TaxTotal><cbc:TaxAmount>?</cbc:TaxAmount></cac:TaxTotal>"
    )
    assert codes(stated) == []
    prepaid = "<cbc:PrepaidAmount>?</cbc:PrepaidAmount><cbc:PayableAmount>1</cbc:PayableAmount>"
    total = "<cbc:TaxInclusiveAmount>5</cbc:TaxInclusiveAmount>"
    assert codes(f"{CURRENCY}<cac:LegalMonetaryTotal>{total}{prepaid}</cac:LegalMonetaryTotal>") == []


def test_single_allowances_count_where_their_total_is_missing() -> None:
    def charge(indicator: str, amount: str) -> str:
        return (
            f"<cac:AllowanceCharge><cbc:ChargeIndicator>{indicator}</cbc:ChargeIndicator>"
            f"<cbc:Amount>{amount}</cbc:Amount></cac:AllowanceCharge>"
        )

    sums = (
        "<cbc:LineExtensionAmount>10.00</cbc:LineExtensionAmount><cbc:TaxExclusiveAmount>9.00</cbc:TaxExclusiveAmount>"
    )
    body = CURRENCY + charge("false", "3.00") + charge("true", "2.00")
    body += f"<cac:LegalMonetaryTotal>{sums}</cac:LegalMonetaryTotal>"
    assert codes(body + numbered_line(1, "10.00")) == []


@pytest.mark.parametrize("name", ["RowType", "RestrictedInformation"])
def test_national_rules_for_lines_are_not_judged(name: str) -> None:
    extension = f'<p:{name} xmlns:p="urn:pagero:ExtensionComponent:1.0"/>'
    assert codes(lines_and_total("9.00", "1.00")) == ["lines_differ"]
    assert codes(lines_and_total("9.00", "1.00") + extension) == []


def test_tax_withheld_is_not_judged() -> None:
    sums = "<cbc:TaxInclusiveAmount>10.00</cbc:TaxInclusiveAmount><cbc:PayableAmount>8.00</cbc:PayableAmount>"
    body = f"{CURRENCY}<cac:LegalMonetaryTotal>{sums}</cac:LegalMonetaryTotal>"
    assert codes(body) == ["payable_differs"]
    assert codes(body + "<cac:WithholdingTaxTotal/>") == []


@given(st.lists(st.decimals(-(10**12), 10**12, places=2), max_size=12))
@settings(max_examples=100, deadline=None)
def test_right_sums_are_right_and_a_cent_more_is_not(amounts: list[Decimal]) -> None:
    total = sum(amounts, Decimal("0.00"))
    texts = [f"{amount:f}" for amount in amounts]
    assert codes(lines_and_total(f"{total:f}", *texts)) == []
    assert codes(lines_and_total(f"{total + Decimal('0.01'):f}", *texts)) == ["lines_differ"]


@given(st.text(max_size=50))
def test_numbers_are_plain_decimals_or_nothing(text: str) -> None:
    value = decimal_of(text)
    assert value is None or (value.is_finite() and text.isascii() and "e" not in text.lower())


@pytest.mark.parametrize("text", ["1", "-1", "+1.50", ".5", "5.", "0" * 30])
def test_all_spellings_of_xsd_decimal_are_numbers(text: str) -> None:
    assert decimal_of(text) is not None


@pytest.mark.parametrize("text", ["", "1e9", "NaN", "Infinity", "1,5", "1 000", "٣", "1_0", "9" * 31, "--1", "."])
def test_anything_else_is_not(text: str) -> None:
    assert decimal_of(text) is None
