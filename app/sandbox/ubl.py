"""Target documents: Peppol BIS Billing 3 invoices and credit notes and UBL application responses, made from a document.

Amounts are those the API shows. Control characters that XML cannot hold are left out.
"""

import re
from decimal import Decimal
from xml.etree.ElementTree import Element, SubElement, register_namespace, tostring

from app.sandbox.amounts import Line, VatGroup
from app.sandbox.document import Document
from app.sandbox.partners import Party

OASIS = "urn:oasis:names:specification:ubl:schema:xsd:"
CAC, CBC = f"{OASIS}CommonAggregateComponents-2", f"{OASIS}CommonBasicComponents-2"
BIS = "urn:cen.eu:en16931:2017#compliant#urn:fdc:peppol.eu:2017:poacc:billing:3.0"
PROCESS = "urn:fdc:peppol.eu:2017:poacc:billing:01:1.0"
RESPONSE = "urn:pagero.com:puf:invoice_response:1.0"
REASONS = {"K": "Intra-community supply", "G": "Export outside the EU"}
NOT_XML = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")

FIRST_LINE = re.compile(rb"<cac:(Invoice|CreditNote)Line>.*?</cac:(Invoice|CreditNote)Line>", re.DOTALL)

register_namespace("cac", CAC)
register_namespace("cbc", CBC)


def rendered(document: Document, repeat_line: int = 0) -> bytes:
    """The document as UTF-8 XML; `repeat_line`: with its first line so many times, for tests of large documents."""
    root = {"ApplicationResponse": _response, "PaymentReminder": _reminder}.get(document.type, _invoice)(document)
    xml: bytes = tostring(root, encoding="utf-8", xml_declaration=True)
    if repeat_line and (line := FIRST_LINE.search(xml)):
        return xml[: line.start()] + line[0] * repeat_line + xml[line.end() :]
    return xml


def _text(parent: Element, tag: str, value: str, **attributes: str) -> None:
    SubElement(parent, f"{{{CBC}}}{tag}", attributes).text = NOT_XML.sub("", value)


def _group(parent: Element, *names: str) -> Element:
    for name in names:
        parent = SubElement(parent, f"{{{CAC}}}{name}")
    return parent


def _root(name: str, customization: str, profile: str) -> Element:
    root = Element(name, {"xmlns": f"{OASIS}{name}-2"})  # ElementTree would write a prefix for a namespaced tag
    _text(root, "CustomizationID", customization)
    _text(root, "ProfileID", profile)
    return root


def _invoice(document: Document) -> Element:
    info = document.members["documentInfo"]
    credit = document.subtype == "Credit"
    kind = "CreditNote" if credit else "Invoice"
    root = _root(kind, BIS, PROCESS)
    _text(root, "ID", document.number)
    _text(root, "IssueDate", info.get("issueDate", document.created_at.date().isoformat()))
    if "dueDate" in info:
        _text(root, "DueDate", info["dueDate"])
    _text(root, f"{kind}TypeCode", "381" if credit else "389" if document.members.get("isSelfBilled") else "380")
    _text(root, "DocumentCurrencyCode", document.currency)
    _text(root, "BuyerReference", f"REF-{document.number}")
    _orders(root, document)
    _party(_group(root, "AccountingSupplierParty", "Party"), document.seller)
    _party(_group(root, "AccountingCustomerParty", "Party"), document.buyer)
    _payment(root, document)
    _tax(root, document)
    _sums(root, document)
    for number, line in enumerate(document.lines, 1):
        _line(root, document, line, number)
    return root


def _orders(root: Element, document: Document) -> None:
    for reference in document.members.get("documentReferences", []):
        if reference["type"] == "Order":
            _text(_group(root, "OrderReference"), "ID", reference["documentIdentifier"])


def _party(party: Element, who: Party) -> None:
    _text(party, "EndpointID", who.gln, schemeID="0088")
    _text(_group(party, "PartyName"), "Name", who.name)
    address = _group(party, "PostalAddress")
    _text(address, "StreetName", who.street)
    _text(address, "CityName", who.town)
    _text(address, "PostalZone", who.post_code)
    _text(_group(address, "Country"), "IdentificationCode", who.country)
    tax = _group(party, "PartyTaxScheme")
    _text(tax, "CompanyID", who.vat)
    _text(_group(tax, "TaxScheme"), "ID", "VAT")
    legal = _group(party, "PartyLegalEntity")
    _text(legal, "RegistrationName", who.name)
    _text(legal, "CompanyID", who.orgnr)
    if who.contact or who.email:
        contact = _group(party, "Contact")
        for name, value in (("Name", who.contact), ("ElectronicMail", who.email)):
            if value:
                _text(contact, name, value)


def _payment(root: Element, document: Document) -> None:
    means = _group(root, "PaymentMeans")
    _text(means, "PaymentMeansCode", "30", name="Credit transfer")
    _text(means, "PaymentID", document.number)
    account = _group(means, "PayeeFinancialAccount")
    _text(account, "ID", "SE4550000000058398257466")  # the registry's own example IBAN
    _text(account, "Name", document.seller.name)
    _text(_group(root, "PaymentTerms"), "Note", "30 days net. Interest on late payment as by law.")


def _amount(parent: Element, name: str, amount: Decimal, currency: str) -> None:
    _text(parent, name, str(amount), currencyID=currency)


def _tax(root: Element, document: Document) -> None:
    tax = _group(root, "TaxTotal")
    _amount(tax, "TaxAmount", document.totals.vat, document.currency)
    for group in document.totals.groups:
        subtotal = _group(tax, "TaxSubtotal")
        _amount(subtotal, "TaxableAmount", group.taxable, document.currency)
        _amount(subtotal, "TaxAmount", group.vat, document.currency)
        _category(_group(subtotal, "TaxCategory"), group, reason=True)


def _category(category: Element, of: VatGroup | Line, *, reason: bool = False) -> None:
    _text(category, "ID", of.category)
    _text(category, "Percent", str(of.percent))
    if reason and of.category in REASONS:
        _text(category, "TaxExemptionReason", REASONS[of.category])
    _text(_group(category, "TaxScheme"), "ID", "VAT")


def _sums(root: Element, document: Document) -> None:
    totals, currency = document.totals, document.currency
    sums = _group(root, "LegalMonetaryTotal")
    _amount(sums, "LineExtensionAmount", totals.net, currency)
    _amount(sums, "TaxExclusiveAmount", totals.net, currency)
    _amount(sums, "TaxInclusiveAmount", totals.total, currency)
    _amount(sums, "PayableAmount", totals.total, currency)


def _line(root: Element, document: Document, line: Line, number: int) -> None:
    credit = document.subtype == "Credit"
    element = _group(root, "CreditNoteLine" if credit else "InvoiceLine")
    _text(element, "ID", str(number))
    _text(element, "CreditedQuantity" if credit else "InvoicedQuantity", str(line.quantity), unitCode=line.unit)
    _amount(element, "LineExtensionAmount", line.net(document.currency), document.currency)
    item = _group(element, "Item")
    _text(item, "Name", line.name)
    _category(_group(item, "ClassifiedTaxCategory"), line)
    _amount(_group(element, "Price"), "PriceAmount", line.price, document.currency)


def _reminder(document: Document) -> Element:
    root = _root("Reminder", "urn:pagero.com:puf:reminder:1.0", PROCESS)
    _text(root, "ID", document.number)
    _text(root, "IssueDate", document.members["documentInfo"]["issueDate"])
    _text(root, "DocumentCurrencyCode", document.currency)
    _party(_group(root, "AccountingSupplierParty", "Party"), document.seller)
    _party(_group(root, "AccountingCustomerParty", "Party"), document.buyer)
    _amount(_group(root, "LegalMonetaryTotal"), "PayableAmount", document.totals.total, document.currency)
    line = _group(root, "ReminderLine")
    _text(line, "ID", "1")
    _text(line, "Note", "This amount is overdue")
    _amount(line, "DebitLineAmount", document.totals.total, document.currency)
    return root


def _response(document: Document) -> Element:
    accepted = document.subtype == "RecipientAccept"
    root = _root("ApplicationResponse", RESPONSE, RESPONSE)
    _text(root, "ID", document.number)
    _text(root, "IssueDate", document.created_at.date().isoformat())
    if document.note:
        _text(root, "Note", document.note)
    _party(_group(root, "SenderParty"), document.seller)
    _party(_group(root, "ReceiverParty"), document.buyer)
    response = _group(root, "DocumentResponse")
    answer = _group(response, "Response")
    _text(answer, "ResponseCode", "AP" if accepted else "RE")
    if document.note:
        _text(answer, "Description", document.note)
    reference = _group(response, "DocumentReference")
    _text(reference, "ID", document.answers)
    _text(reference, "DocumentTypeCode", "380")
    return root
