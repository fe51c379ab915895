"""The readable view: everything of the record is on it, and nothing of it is markup."""

import re

import pytest
from bs4 import BeautifulSoup
from hypothesis import given, settings
from hypothesis import strategies as st

from app.invoice.presentation import (
    WORDS,
    InvoicePage,
    ResponsePage,
    presented,
    trimmed,
    why,
    word,
)
from app.invoice.reading import read_invoice
from app.invoice.records import Address
from app.invoice.refusal import REASONS
from tests.unit.invoice.drawing import APP, drawn, invoice_page
from tests.unit.invoice.ubl_samples import FULL, ubl, with_lines

NASTY = "&lt;script&gt;alert(1)&lt;/script&gt;&#x202E;gnp&quot;&gt;&lt;img src=x onerror=y&gt;{{ 7*7 }}"


def page_of(source: bytes, first: int = 0, count: int = 200) -> InvoicePage:
    page = presented(read_invoice(source, lines_from=first, lines_count=count), count)
    assert isinstance(page, InvoicePage)
    return page


def words_of(soup: BeautifulSoup) -> str:
    return re.sub(r"\s+", " ", soup.get_text(" "))


def row_heads(soup: BeautifulSoup) -> set[str]:
    return {head.get_text(" ", strip=True) for head in soup.select("th[scope=row]")}


def test_full_invoice_shows_all_it_has() -> None:
    text = words_of(invoice_page(page_of(FULL.encode())))
    for expected in (
        "F-1001", "1 Mar 2026", "31 Mar 2026", "Norrsken Möbler AB", "Storgatan 10", "90325", "Umeå", "SE556123456701",
        "Fjord Paper AS", "ap@example.no", "Factoring AB", "Skatteombud", "PO-9", "SO-4", "F-900", "ZZ-17", "4025:123",
        "Thank you & welcome back", "Chair", "Oak, oiled", "Handle with care", "160.00 SEK", "600.00 SEK", "Scratch",
        "Colour", "25 %", "Exempt from VAT", "Books", "Loyalty", "1,187.50 SEK", "21.00 EUR", "1,000.00 SEK", "IBAN",
        "SE45 5000 0000 0583 9825 7466", "ESSESESS", "Bankgiro", "123-4567", "•••• 1111", "30 days net", "Fjord Lager",
        "hours.pdf", "13 B", "https://files.example/a2", "GLN", "GTIN", "pcs", "Organisation number",
    ):  # fmt: skip
        assert expected in text, expected


def test_tables_have_captions_and_every_head_a_scope() -> None:
    soup = invoice_page(page_of(FULL.encode()))
    assert len(soup("table")) == 5
    assert all(table.find("caption") for table in soup("table"))
    assert all(head.get("scope") in {"row", "col"} for head in soup("th"))
    assert {"Sum of lines", "Total without VAT", "Total with VAT", "To pay"} <= row_heads(soup)
    ids = [tag["id"] for tag in soup(id=True)]
    assert len(ids) == len(set(ids))


def test_page_needs_no_style_no_script_and_no_link() -> None:
    soup = invoice_page(page_of(FULL.encode()))
    assert not soup("script")
    assert not soup("style")
    assert not soup(style=True)
    assert not soup("a"), "an address in an invoice is text"
    assert not any(name.startswith("on") for tag in soup(True) for name in tag.attrs)


def test_invoice_without_anything_is_still_a_page() -> None:
    for root in ("Invoice", "CreditNote", "Reminder"):
        text = words_of(invoice_page(page_of(ubl("", root))))
        assert "Not stated" in text
        assert "The document has no lines." in text
        assert "No VAT breakdown stated." in text


def test_hostile_text_is_text_everywhere() -> None:
    hostile = re.sub(
        r"(<cbc:(?!Amount|LineExt|Tax|Payable|Prepaid|Charge|Allowance|Base|Price)\w+[^>]*>)[^<]+<",
        lambda found: f"{found[1]}{NASTY}<",
        FULL,
    )
    soup = invoice_page(page_of(hostile.encode()))
    assert not soup("script")
    assert not soup("img")
    assert "<script>alert(1)</script>" in soup.get_text()
    assert "\u202e" not in str(soup)
    assert "{{ 7*7 }}" in soup.get_text()
    assert soup.select_one("bdi") is not None


def test_names_of_ten_thousand_characters_are_shortened_with_the_whole_at_hand() -> None:
    name = "N" * 10_000
    soup = invoice_page(page_of(FULL.replace("<cbc:Name>Chair<", f"<cbc:Name>{name}<").encode()))
    assert soup.select_one("details bdi.whole").get_text() == name  # type: ignore[union-attr]


def test_pages_of_lines_say_where_they_stand() -> None:
    document = with_lines(25, "25.00")
    first, middle, last = (page_of(document, start, 10) for start in (0, 10, 20))
    assert (first.first, first.last, first.previous_from, first.next_from) == (1, 10, None, 10)
    assert (middle.first, middle.last, middle.previous_from, middle.next_from) == (11, 20, 0, 20)
    assert (last.first, last.last, last.previous_from, last.next_from) == (21, 25, 10, None)
    beyond = page_of(document, 100, 10)
    assert (beyond.first, beyond.last, beyond.previous_from, beyond.next_from) == (0, 0, 90, None)
    assert "No lines on this page." in words_of(invoice_page(beyond))
    assert page_of(document).is_one_page
    soup = invoice_page(middle, previous_url="/d?lines=0", next_url="/d?lines=20")
    assert [link["href"] for link in soup("a")] == ["/d?lines=0", "/d?lines=20"]
    assert "11–20 of 25" in words_of(soup)


def test_cautions_show_both_amounts() -> None:
    text = words_of(invoice_page(page_of(with_lines(3, "4.00"))))
    assert "The lines do not add up to the stated sum of lines. Stated: 4.00 SEK" in text
    assert "3.00 SEK" in text
    long = f"<cbc:ID>1</cbc:ID><cbc:Note>{'n' * 13_000}</cbc:Note>"
    assert "The original file has all of them." in words_of(invoice_page(page_of(ubl(long))))


@pytest.mark.parametrize(
    ("code", "tone", "label"),
    [("AP", "ok", "Accepted"), ("RE", "danger", "Rejected"), ("XX", "neutral", "XX")],
)
def test_response_is_shown_with_its_reasons(code: str, tone: str, label: str) -> None:
    body = f"""<cbc:ID>R-1</cbc:ID><cbc:Note>Call us</cbc:Note>
    <cac:SenderParty><cac:PartyName><cbc:Name>Buyer</cbc:Name></cac:PartyName></cac:SenderParty>
    <cac:ReceiverParty><cac:PartyName><cbc:Name>Seller</cbc:Name></cac:PartyName></cac:ReceiverParty>
    <cac:DocumentResponse><cac:Response><cbc:ResponseCode>{code}</cbc:ResponseCode>
    <cac:Status><cbc:StatusReasonCode>REF</cbc:StatusReasonCode><cbc:StatusReason>{NASTY}</cbc:StatusReason></cac:Status>
    </cac:Response><cac:DocumentReference><cbc:ID>F-1</cbc:ID></cac:DocumentReference></cac:DocumentResponse>"""
    page = presented(read_invoice(ubl(body, "ApplicationResponse")), 200)
    assert isinstance(page, ResponsePage)
    assert page.tone == tone
    soup = invoice_page(page)
    for expected in ("R-1", label, "Buyer", "Seller", "F-1", "Call us", "REF", "<script>"):
        assert expected in soup.get_text(), expected
    assert not soup("script")


def test_response_without_code_is_unknown() -> None:
    page = presented(read_invoice(ubl("", "ApplicationResponse")), 200)
    assert "Unknown" in invoice_page(page).get_text()


def test_type_code_gives_the_title_or_else_the_kind() -> None:
    with APP.test_request_context():
        assert str(page_of(ubl("<cbc:InvoiceTypeCode>384</cbc:InvoiceTypeCode>")).title) == "Corrected invoice"
        assert str(page_of(ubl("<cbc:InvoiceTypeCode>999</cbc:InvoiceTypeCode>")).title) == "Invoice"
        assert str(page_of(ubl("", "CreditNote")).title) == "Credit note"


def test_unknown_codes_are_shown_as_they_came() -> None:
    with APP.test_request_context():
        assert word("unit", "ZZ") == "ZZ"
        assert word("unit", None) is None
        assert str(word("unit", "HUR")) == "h"


def test_every_reason_has_a_sentence() -> None:
    assert set(WORDS["unreadable"]) == set(REASONS)
    with APP.test_request_context():
        assert all(str(why(reason)).endswith(".") for reason in (*REASONS, "never heard of"))


@pytest.mark.parametrize(
    ("number", "shown"),
    [("25.00", "25"), ("2.50", "2.5"), ("100", "100"), ("0.00", "0"), (".00", "0"), ("x.0", "x.0"), (None, None)],
)
def test_zeros_that_say_nothing_are_left_out(number: str | None, shown: str | None) -> None:
    assert trimmed(number) == shown


@given(st.text(max_size=30))
@settings(max_examples=60, deadline=None)
def test_any_name_is_shown_as_text(name: str) -> None:
    address = Address((name,), name, name, name, name)
    soup = drawn('{% from "invoice/_invoice.html" import address with context %}{{ address(value) }}', value=address)
    assert {tag.name for tag in soup(True)} <= {"address", "bdi", "br", "span", "details", "summary"}
