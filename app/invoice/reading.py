"""read_invoice: the XML of a target document to a record, one page of its lines at a time.

Memory does not grow with the document: lines outside the asked page are counted and summed, embedded files measured,
extensions passed over. Refuses with InvoiceUnreadable; see refusal.py for reasons and limits.
"""

from collections.abc import Iterable
from dataclasses import replace

from app.invoice.amounts import allowance, payment_means, totals, vat_rows
from app.invoice.checks import LineSum, cautions
from app.invoice.feed import Feed, bites, blocks
from app.invoice.harvest import Harvest
from app.invoice.parties import contact, delivery, party, period
from app.invoice.parts import attachments, line, references, response
from app.invoice.records import Caution, Invoice, Line, Party, Response
from app.invoice.refusal import InvoiceUnreadable, Limits
from app.invoice.tree import Node
from app.invoice.vocabulary import OTHER_RULES

LINES_PER_PAGE = 200
STANDARD = Limits()


def read_invoice(
    source: Iterable[bytes] | bytes,
    *,
    lines_from: int = 0,
    lines_count: int = LINES_PER_PAGE,
    limits: Limits = STANDARD,
) -> Invoice | Response:
    """Read an invoice, credit note, payment reminder or response.

    `lines_from` counts from 0; a page outside the document is empty, not an error. The source is read to its end unless
    it is refused. Raises InvoiceUnreadable; what the source itself raises passes through.
    """
    sums, page = LineSum(), list[Node]()
    feed = Feed(limits)
    harvest = Harvest(feed.parser, limits, range(lines_from, lines_from + lines_count), page.append, sums.add)
    try:
        _read(source, feed, harvest, limits)
    finally:
        harvest.release()
        feed.release()
    if harvest.kind == "response":
        short = (Caution("text_shortened"),) if harvest.shortened else ()
        return replace(response(harvest.root), cautions=short)
    currency = harvest.root.text("DocumentCurrencyCode")
    lines = tuple(line(node, currency) for node in page)
    found = _invoice(harvest, lines, lines_from)
    unjudged = {OTHER_RULES[name] for name in feed.met(OTHER_RULES.keys())}
    if found.kind == "reminder":
        unjudged.add("lines_differ")  # its lines have debits and credits
    return replace(found, cautions=cautions(found, sums, shortened=harvest.shortened, unjudged=unjudged))


def _read(source: Iterable[bytes] | bytes, feed: Feed, harvest: Harvest, limits: Limits) -> None:
    for block in blocks(source):
        for piece in (block,) if harvest.elements else bites(block):
            feed.parse(piece)
            if not harvest.elements and feed.fed_bytes > limits.prolog_bytes:
                raise InvoiceUnreadable("too_large")
        if harvest.elements > limits.elements:
            raise InvoiceUnreadable("too_large")
    feed.end()
    if harvest.kind is None:
        raise InvoiceUnreadable("not_ubl")


def _invoice(harvest: Harvest, lines: tuple[Line, ...], lines_from: int) -> Invoice:
    root = harvest.root
    currency = root.text("DocumentCurrencyCode")
    return Invoice(
        kind=harvest.kind or "",
        number=root.text("ID"),
        type_code=root.text("InvoiceTypeCode") or root.text("CreditNoteTypeCode"),
        customization=root.text("CustomizationID"),
        issued=root.text("IssueDate"),
        due=root.text("DueDate") or root.text("PaymentMeans/PaymentDueDate"),
        tax_point=root.text("TaxPointDate"),
        period=period(root.first("InvoicePeriod")),
        currency=currency,
        tax_currency=root.text("TaxCurrencyCode"),
        buyer_reference=root.text("BuyerReference"),
        cost_centre=root.text("AccountingCost"),
        notes=root.texts("Note"),
        references=references(root),
        seller=_side(root.first("AccountingSupplierParty")),
        buyer=_side(root.first("AccountingCustomerParty")),
        payee=party(root.first("PayeeParty")),
        tax_representative=party(root.first("TaxRepresentativeParty")),
        deliveries=tuple(filter(None, map(delivery, root.all("Delivery")))),
        payment_means=tuple(map(payment_means, root.all("PaymentMeans"))),
        payment_terms=root.texts("PaymentTerms/Note"),
        allowances=tuple(allowance(each, currency) for each in root.all("AllowanceCharge")),
        vat=vat_rows(root, currency),
        totals=totals(root, currency),
        attachments=attachments(root),
        lines=lines,
        lines_from=lines_from,
        lines_total=harvest.lines_total,
        cautions=(),
    )


def _side(node: Node | None) -> Party | None:
    """Seller or buyer; PUF puts the contact beside the party."""
    if node is None:
        return None
    found = party(node.first("Party"))
    beside = contact(node.first("AccountingContact"))
    if found and beside and found.contact is None:
        return replace(found, contact=beside)
    return found
