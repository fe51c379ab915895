"""Nodes to lines, references, attachments and responses."""

from collections.abc import Iterator

from app.invoice.amounts import allowance, money, vat
from app.invoice.parties import identifier, party, period
from app.invoice.records import Attachment, Caution, Identifier, Line, Property, Reason, Reference, Response
from app.invoice.tree import Node

AMOUNTS = ("LineExtensionAmount", "DebitLineAmount", "CreditLineAmount")  # the latter two in reminders
REFERENCES = {
    "OrderReference": "order",
    "ContractDocumentReference": "contract",
    "ProjectReference": "project",
    "DespatchDocumentReference": "despatch",
    "ReceiptDocumentReference": "receipt",
    "OriginatorDocumentReference": "tender",
    "BillingReference/InvoiceDocumentReference": "invoice",
    "BillingReference/CreditNoteDocumentReference": "invoice",
    "DocumentResponse/DocumentReference": "other",
}


def line(node: Node, currency: str | None) -> Line:
    """One line of an invoice, credit note or reminder."""
    item = node.first("Item") or Node("")
    quantity = node.first("InvoicedQuantity") or node.first("CreditedQuantity") or Node("")
    return Line(
        number=node.text("ID"),
        name=item.text("Name"),
        description=item.text("Description"),
        notes=node.texts("Note"),
        seller_item=item.text("SellersItemIdentification/ID"),
        buyer_item=item.text("BuyersItemIdentification/ID"),
        standard_item=identifier(item.first("StandardItemIdentification/ID")),
        quantity=quantity.value or None,
        unit=quantity.attributes.get("unitCode"),
        price=money(node.first("Price/PriceAmount"), currency),
        price_for=_price_for(node),
        vat=vat(item.first("ClassifiedTaxCategory") or node.first("TaxTotal/TaxSubtotal/TaxCategory")),
        amount=money(next(filter(None, map(node.first, AMOUNTS)), None), currency),
        period=period(node.first("InvoicePeriod")),
        order_line=node.text("OrderLineReference/LineID"),
        cost_centre=node.text("AccountingCost"),
        allowances=tuple(allowance(each, currency) for each in node.all("AllowanceCharge")),
        properties=tuple(_properties(item)),
    )


def references(root: Node) -> tuple[Reference, ...]:
    """Every other document the header names, attachments apart."""
    return tuple(_references(root))


def attachments(root: Node) -> tuple[Attachment, ...]:
    """What came along with the document, and further documents it names."""
    return tuple(_attachment(node) for node in root.all("AdditionalDocumentReference"))


def response(root: Node) -> Response:
    """An ApplicationResponse."""
    answer = root.first("DocumentResponse/Response") or Node("")
    return Response(
        kind="response",
        number=root.text("ID"),
        issued=root.text("IssueDate"),
        sender=party(root.first("SenderParty")),
        receiver=party(root.first("ReceiverParty")),
        code=answer.text("ResponseCode"),
        reasons=tuple(_reasons(answer)),
        notes=root.texts("Note"),
        references=references(root),
        cautions=tuple[Caution, ...](),
    )


def _references(root: Node) -> Iterator[Reference]:
    for path, kind in REFERENCES.items():
        for node in root.all(path):
            number = node.text("ID")
            if number:
                yield Reference(kind, number, node.text("IssueDate"), node.text("DocumentDescription"))
            if node.text("SalesOrderID"):
                yield Reference("sales_order", node.text("SalesOrderID") or "")


def _attachment(node: Node) -> Attachment:
    embedded = node.first("Attachment/EmbeddedDocumentBinaryObject")
    facts = embedded.attributes if embedded else {}
    return Attachment(
        number=node.text("ID"),
        name=facts.get("filename"),
        description=node.text("DocumentDescription"),
        media_type=facts.get("mimeCode"),
        size_bytes=embedded.size_bytes if embedded else None,
        address=node.text("Attachment/ExternalReference/URI"),
    )


def _properties(item: Node) -> Iterator[Property]:
    for node in item.all("AdditionalItemProperty"):
        name, value = node.text("Name"), node.text("Value")
        if name and value:
            yield Property(name, value)
    codes: Iterator[Identifier | None] = map(identifier, item.all("CommodityClassification/ItemClassificationCode"))
    yield from (Property(code.scheme or "", code.value) for code in codes if code)


def _reasons(answer: Node) -> Iterator[Reason]:
    for status in answer.all("Status"):
        found = Reason(status.text("StatusReasonCode"), status.text("StatusReason"))
        if found != Reason(None, None):
            yield found
    for text in answer.texts("Description"):
        yield Reason(None, text)


def _price_for(node: Node) -> str | None:
    quantity = node.text("Price/BaseQuantity")
    return quantity if quantity not in {"1", "1.0", "1.00"} else None
