"""What is in the XML is in the record: nothing lost, nothing invented, money as it was written."""

from datetime import UTC, datetime
from decimal import Decimal

import pytest

from app.invoice.reading import read_invoice
from app.invoice.records import Address, Contact, Identifier, Money, Party, Property, Reason, Reference
from app.sandbox import ubl as sandbox_ubl
from app.sandbox.documents import Maker
from app.sandbox.people import COMPANIES
from tests.unit.invoice.ubl_samples import FULL, UBL, invoice_of, numbered_line, response_of, ubl, with_lines

INVOICE = invoice_of(FULL.encode())
PUF = (
    FULL.replace(f"{UBL}Invoice-2", "urn:pagero:PageroUniversalFormat:Invoice:1.0")
    .replace(f"{UBL}CommonAggregateComponents-2", "urn:pagero:CommonAggregateComponents:1.0")
    .replace(
        "  <cbc:ID>F-1001</cbc:ID>",
        """<ext:UBLExtensions xmlns:ext="urn:x" xmlns:puf="urn:pagero:ExtensionComponent:1.0"><ext:UBLExtension>
        <cbc:ID>not the number</cbc:ID><puf:PageroExtension><cbc:Note>not a note</cbc:Note></puf:PageroExtension>
        </ext:UBLExtension></ext:UBLExtensions><cbc:ID>F-1001</cbc:ID>""",
    )
)


def test_header_of_a_full_invoice_is_read() -> None:
    assert (INVOICE.kind, INVOICE.number, INVOICE.type_code) == ("invoice", "F-1001", "380")
    assert (INVOICE.issued, INVOICE.due, INVOICE.tax_point) == ("2026-03-01", "2026-03-31", "2026-02-28")
    assert (INVOICE.currency, INVOICE.tax_currency) == ("SEK", "EUR")
    assert (INVOICE.buyer_reference, INVOICE.cost_centre) == ("ZZ-17", "4025:123")
    assert INVOICE.notes == ("Thank you & welcome back",)
    assert INVOICE.period is not None
    assert (INVOICE.period.start, INVOICE.period.end) == ("2026-02-01", "2026-02-28")
    assert INVOICE.payment_terms == ("30 days net",)
    assert INVOICE.cautions == ()


def test_references_are_read_in_a_fixed_order() -> None:
    assert INVOICE.references == (
        Reference("order", "PO-9"),
        Reference("sales_order", "SO-4"),
        Reference("contract", "C-1"),
        Reference("invoice", "F-900", "2026-01-02"),
    )


def test_both_parties_are_read() -> None:
    seller, buyer = INVOICE.seller, INVOICE.buyer
    assert seller == Party(
        name="Norrsken Möbler",
        legal_name="Norrsken Möbler AB",
        legal_form="AB",
        endpoint=Identifier("7300010000001", "0088"),
        ids=(Identifier("5561234567", "0007"),),
        company_id=Identifier("5561234567", "0007"),
        vat_ids=("SE556123456701",),
        tax_ids=("Godkänd för F-skatt",),
        address=Address(("Storgatan 10", "Hus B"), "90325", "Umeå", "AC", "SE"),
        contact=Contact("Lo Berg", "+46 90 1", "lo@example.se"),
    )
    assert buyer is not None
    assert buyer.contact == Contact(None, None, "ap@example.no"), "beside the party, as in PUF"
    assert INVOICE.payee is not None
    assert INVOICE.payee.name == "Factoring AB"
    assert INVOICE.tax_representative is not None
    assert INVOICE.tax_representative.name == "Skatteombud"


def test_ways_to_pay_are_told_apart_and_card_numbers_hidden() -> None:
    iban, giro, card = INVOICE.payment_means
    assert (iban.account_kind, iban.account, iban.bank) == ("iban", "SE45 5000 0000 0583 9825 7466", "ESSESESS")
    assert (iban.code, iban.reference, iban.account_name) == ("30", "1001234", "Norrsken")
    assert (giro.account_kind, giro.account, giro.bank, giro.name) == ("bankgiro", "123-4567", None, "Bankgirot")
    assert card.card == "•••• 1111"


def test_giro_named_by_the_scheme_of_the_account_is_recognised() -> None:
    account = '<cbc:ID schemeID="SE:PLUSGIRO">55-5</cbc:ID>'
    means = f"<cac:PaymentMeans><cac:PayeeFinancialAccount>{account}</cac:PayeeFinancialAccount></cac:PaymentMeans>"
    found = invoice_of(ubl(means)).payment_means[0]
    assert (found.account_kind, found.code, found.card) == ("plusgiro", None, None)


def test_allowances_vat_and_totals_are_read_as_text() -> None:
    discount, charge = INVOICE.allowances
    assert (discount.is_charge, discount.reason, discount.percent) == (False, "Loyalty", "10.00")
    assert (discount.amount, discount.base) == (Money("100.00", "SEK"), Money("1000.00", "SEK"))
    assert (charge.is_charge, charge.reason, charge.vat) == (True, "FC", None)
    assert charge.amount == Money("50.00", "SEK"), "the document's currency where none is stated"
    standard, exempt = INVOICE.vat
    assert (standard.vat.category, standard.vat.percent, standard.taxable) == ("S", "25.00", Money("950.00", "SEK"))
    assert exempt.vat.reason == "Books"
    assert INVOICE.totals.vat == (Money("237.50", "SEK"), Money("21.00", "EUR"))
    assert INVOICE.totals.rounding == Money("-0.50", "SEK")
    assert INVOICE.totals.payable == Money("1000.00", "SEK")
    assert Money("1000.00", "SEK").value == Decimal("1000.00")


def test_lines_are_read() -> None:
    chair, table = INVOICE.lines
    assert INVOICE.lines_total == 2
    assert (chair.number, chair.name, chair.description, chair.notes) == (
        "1",
        "Chair",
        "Oak, oiled",
        ("Handle with care",),
    )
    assert (chair.quantity, chair.unit, chair.price, chair.price_for) == ("4.00", "EA", Money("160.00", "SEK"), "10")
    assert (chair.amount, chair.order_line, chair.cost_centre) == (Money("600.00", "SEK"), "3", "77")
    assert (chair.seller_item, chair.buyer_item) == ("S-1", "B-1")
    assert chair.standard_item == Identifier("07311234567890", "0160")
    assert chair.properties == (Property("Colour", "Black"), Property("", "5610"))
    assert chair.allowances[0].reason == "Scratch"
    assert chair.vat is not None
    assert chair.vat.percent == "25.00"
    assert (table.name, table.quantity, table.price, table.vat, table.period) == ("Table", None, None, None, None)


def test_attachments_are_measured_and_never_kept() -> None:
    inside, outside = INVOICE.attachments
    assert (inside.name, inside.media_type, inside.description) == ("hours.pdf", "application/pdf", "Hours")
    assert inside.size_bytes == len("Hello, world!")
    assert (outside.size_bytes, outside.address) == (None, "https://files.example/a2")
    assert "SGVsbG8" not in repr(INVOICE)


def test_delivery_that_says_nothing_is_left_out() -> None:
    (delivery,) = INVOICE.deliveries
    assert (delivery.day, delivery.receiver) == ("2026-02-27", "Fjord Lager")
    assert delivery.location_id == Identifier("7300010000018", "0088")
    assert delivery.address == Address(city="Bergen")


def test_puf_with_extensions_gives_the_same_record() -> None:
    assert invoice_of(PUF.encode()) == INVOICE


def test_invoice_in_an_envelope_is_found() -> None:
    space = "http://www.unece.org/cefact/namespaces/StandardBusinessDocumentHeader"
    document = FULL.split("?>", 1)[1]
    wrapped = f'<s:StandardBusinessDocument xmlns:s="{space}"><s:StandardBusinessDocumentHeader><s:Sender>x</s:Sender>'
    wrapped += f"</s:StandardBusinessDocumentHeader>{document}<s:After><s:More/></s:After></s:StandardBusinessDocument>"
    assert invoice_of(wrapped.encode()) == INVOICE


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "iso-8859-1", "windows-1252"])
def test_common_encodings_are_read(encoding: str) -> None:
    text = FULL.replace("UTF-8", encoding.removesuffix("-sig"))
    assert invoice_of(text.encode(encoding)) == INVOICE


@pytest.mark.parametrize("size", [1, 7, 63, 4096, 70_000])
def test_pieces_of_any_size_give_the_same_record(size: int) -> None:
    whole = FULL.encode()
    assert read_invoice(whole[at : at + size] for at in range(0, len(whole), size)) == INVOICE


def test_empty_documents_are_records_without_anything() -> None:
    for root, kind in (("Invoice", "invoice"), ("CreditNote", "credit_note"), ("Reminder", "reminder")):
        record = invoice_of(ubl("", root))
        assert record.kind == kind
        assert (record.number, record.seller, record.totals.payable, record.lines) == (None, None, None, ())
    assert response_of(ubl("", "ApplicationResponse")).code is None


def test_empty_parts_are_none() -> None:
    party = "<cac:Party><cac:PartyTaxScheme/><cac:PostalAddress/><cac:Contact/></cac:Party>"
    body = (
        f"<cac:AccountingSupplierParty>{party}</cac:AccountingSupplierParty><cac:InvoicePeriod/><cac:OrderReference/>"
    )
    record = invoice_of(ubl(body + "<cac:AccountingCustomerParty/>"))
    assert (record.seller, record.buyer, record.period, record.references) == (None, None, None, ())


def test_credit_note_lines_and_type_are_read() -> None:
    body = """<cbc:CreditNoteTypeCode>381</cbc:CreditNoteTypeCode><cac:CreditNoteLine><cbc:ID>1</cbc:ID>
    <cbc:CreditedQuantity unitCode="HUR">2</cbc:CreditedQuantity>
    <cac:Price><cbc:PriceAmount>1</cbc:PriceAmount><cbc:BaseQuantity>1</cbc:BaseQuantity></cac:Price></cac:CreditNoteLine>"""
    record = invoice_of(ubl(body, "CreditNote"))
    assert (record.kind, record.type_code, record.lines_total) == ("credit_note", "381", 1)
    assert (record.lines[0].quantity, record.lines[0].unit, record.lines[0].price_for) == ("2", "HUR", None)


def test_reminder_shows_its_debits_and_is_not_told_off_for_them() -> None:
    body = """<cac:LegalMonetaryTotal><cbc:LineExtensionAmount>5.00</cbc:LineExtensionAmount></cac:LegalMonetaryTotal>
    <cac:ReminderLine><cbc:DebitLineAmount currencyID="SEK">5.00</cbc:DebitLineAmount></cac:ReminderLine>"""
    record = invoice_of(ubl(body, "Reminder"))
    assert record.lines[0].amount == Money("5.00", "SEK")
    assert record.cautions == ()


def test_response_gives_code_reasons_and_what_it_is_about() -> None:
    body = """<cbc:ID>R-1</cbc:ID><cbc:IssueDate>2026-03-04</cbc:IssueDate><cbc:Note>See attached</cbc:Note>
    <cac:SenderParty><cac:PartyLegalEntity><cbc:RegistrationName>Buyer</cbc:RegistrationName></cac:PartyLegalEntity>
    </cac:SenderParty><cac:ReceiverParty/><cac:DocumentResponse><cac:Response><cbc:ResponseCode>RE</cbc:ResponseCode>
    <cbc:Description>In short</cbc:Description><cac:Status><cbc:StatusReasonCode>REF</cbc:StatusReasonCode>
    <cbc:StatusReason>No order number</cbc:StatusReason></cac:Status><cac:Status/></cac:Response>
    <cac:DocumentReference><cbc:ID>F-1</cbc:ID></cac:DocumentReference></cac:DocumentResponse>"""
    record = response_of(ubl(body, "ApplicationResponse"))
    assert (record.number, record.issued, record.code, record.notes) == ("R-1", "2026-03-04", "RE", ("See attached",))
    assert record.reasons == (Reason("REF", "No order number"), Reason(None, "In short"))
    assert record.references == (Reference("other", "F-1"),)
    assert record.sender is not None
    assert (record.sender.legal_name, record.receiver) == ("Buyer", None)


def test_pages_of_lines_are_what_was_asked_and_all_are_counted() -> None:
    document = with_lines(25, "25.00")
    for first, expected in ((0, range(1, 11)), (10, range(11, 21)), (20, range(21, 26)), (30, range(0))):
        page = invoice_of(document, lines_from=first, lines_count=10)
        assert [line.number for line in page.lines] == [str(number) for number in expected]
        assert (page.lines_total, page.lines_from, page.cautions) == (25, first, ())


def test_lines_outside_the_page_take_part_in_the_sum() -> None:
    (caution,) = invoice_of(with_lines(25, "26.00"), lines_from=10, lines_count=5).cautions
    assert caution.code == "lines_differ"
    assert (caution.stated, caution.computed) == (Money("26.00", "SEK"), Money("25.00", "SEK"))


def test_only_the_lines_own_amount_counts_not_one_nested_deeper() -> None:
    nested = "<cac:SubInvoiceLine><cbc:LineExtensionAmount>9.00</cbc:LineExtensionAmount></cac:SubInvoiceLine>"
    line = numbered_line(1).replace("<cac:Item>", nested + "<cac:Item>")
    empty = "<cac:InvoiceLine><cbc:LineExtensionAmount/><cbc:Note>7.00</cbc:Note></cac:InvoiceLine>"
    body = with_lines(0, "1.00").decode().replace("</Invoice>", line + "</Invoice>").encode()
    for first in (0, 5):
        assert invoice_of(body, lines_from=first).cautions == ()
    odd = invoice_of(body.replace(b"</Invoice>", empty.encode() + b"</Invoice>"), lines_from=5)
    assert [each.code for each in odd.cautions] == ["amount_unreadable"]


def test_what_the_sandbox_makes_is_read_and_adds_up() -> None:
    kinds = set()
    for company in COMPANIES:
        for document in Maker(company, datetime(2026, 3, 1, tzinfo=UTC)).all(20):
            record = read_invoice(sandbox_ubl.rendered(document))
            kinds.add(record.kind)
            assert record.cautions == ()
            assert record.number == (document.number.strip() or None)
    assert kinds >= {"invoice", "response"}
