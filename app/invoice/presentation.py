"""An invoice as templates/invoice/_invoice.html wants it: words for codes, and where the page of lines stands. Pure.

Refuses no code: one without a word here is shown as it came. Words are lazy, in the language of whoever reads them.
Sources: UNCL1001, UNCL4461, UNCL5305, UNCL4343 and PUF-016, UN/ECE Recommendation 20, the EAS and ICD lists of Peppol.
"""

from dataclasses import dataclass

from flask_babel import lazy_gettext as _l
from flask_babel.speaklater import LazyString

from app.invoice.records import Invoice, Response, decimal_of
from app.invoice.refusal import REASONS

Words = dict[str, LazyString]
WORDS: dict[str, Words] = {
    "kind": {
        "invoice": _l("Invoice"),
        "credit_note": _l("Credit note"),
        "reminder": _l("Payment reminder"),
        "response": _l("Response"),
    },
    "type": {
        "326": _l("Partial invoice"),
        "380": _l("Invoice"),
        "381": _l("Credit note"),
        "383": _l("Debit note"),
        "384": _l("Corrected invoice"),
        "386": _l("Prepayment invoice"),
        "389": _l("Self-billed invoice"),
        "261": _l("Self-billed credit note"),
    },
    "payment": {
        "10": _l("Cash"),
        "30": _l("Credit transfer"),
        "31": _l("Debit transfer"),
        "48": _l("Bank card"),
        "49": _l("Direct debit"),
        "54": _l("Credit card"),
        "55": _l("Debit card"),
        "57": _l("Standing agreement"),
        "58": _l("SEPA credit transfer"),
        "59": _l("SEPA direct debit"),
    },
    "account": {
        "iban": _l("IBAN"),
        "bankgiro": _l("Bankgiro"),
        "plusgiro": _l("Plusgiro"),
        "account": _l("Account"),
    },
    "vat": {
        "S": _l("Standard rate"),
        "Z": _l("Zero rate"),
        "E": _l("Exempt from VAT"),
        "AE": _l("Reverse charge"),
        "K": _l("Intra-community supply"),
        "G": _l("Export outside the EU"),
        "O": _l("Not subject to VAT"),
        "L": _l("IGIC (Canary Islands)"),
        "M": _l("IPSI (Ceuta and Melilla)"),
    },
    "unit": {
        "EA": _l("pcs"),
        "C62": _l("pcs"),
        "H87": _l("pcs"),
        "XPP": _l("pcs"),
        "HUR": _l("h"),
        "DAY": _l("days"),
        "MON": _l("months"),
        "ANN": _l("years"),
        "KGM": _l("kg"),
        "GRM": _l("g"),
        "TNE": _l("t"),
        "MTR": _l("m"),
        "KMT": _l("km"),
        "MTK": _l("m²"),
        "MTQ": _l("m³"),
        "LTR": _l("l"),
        "KWH": _l("kWh"),
        "SET": _l("sets"),
        "PR": _l("pairs"),
        "LS": _l("lump sum"),
    },
    "reference": {
        "order": _l("Order"),
        "sales_order": _l("Sales order"),
        "contract": _l("Contract"),
        "project": _l("Project"),
        "despatch": _l("Despatch advice"),
        "receipt": _l("Receipt advice"),
        "tender": _l("Tender or lot"),
        "invoice": _l("Earlier invoice"),
        "other": _l("Document"),
    },
    "scheme": {
        "0007": _l("Organisation number"),
        "0009": _l("SIRET"),
        "0060": _l("DUNS"),
        "0088": _l("GLN"),
        "0160": _l("GTIN"),
        "0184": _l("CVR number"),
        "0192": _l("Organisation number"),
        "9955": _l("VAT number"),
        "GLN": _l("GLN"),
        "GTIN": _l("GTIN"),
    },
    "response": {
        "AB": _l("Received"),
        "IP": _l("In process"),
        "UQ": _l("Under query"),
        "CA": _l("Conditionally accepted"),
        "AP": _l("Accepted"),
        "RE": _l("Rejected"),
        "PD": _l("Paid"),
        "VF": _l("Found invalid"),
        "PARTIALLY_ACCEPTED": _l("Partially accepted"),
        "ON_HOLD": _l("On hold"),
        "PAYMENT_RECEIVED": _l("Payment received"),
    },
    "caution": {
        "lines_differ": _l("The lines do not add up to the stated sum of lines."),
        "without_vat_differs": _l("The total without VAT is not the lines less allowances plus charges."),
        "vat_differs": _l("The rows of the VAT breakdown do not add up to the stated VAT."),
        "with_vat_differs": _l("The total with VAT is not the total without VAT plus the VAT."),
        "payable_differs": _l("The amount to pay is not the total with VAT less what is paid already."),
        "mixed_currencies": _l("The lines are in different currencies, so they were not added up."),
        "amount_unreadable": _l("An amount is not a number, so the lines were not added up."),
        "text_shortened": _l("Some very long texts are cut here. The original file has all of them."),
    },
    "unreadable": {
        "too_large": _l("The file is too large or too complex to be shown as a page."),
        "too_deep": _l("The file is nested too deeply to be shown as a page."),
        "has_dtd": _l(
            "The file contains a document type declaration, which an invoice never needs and which can do harm."
        ),
        "not_xml": _l("The file is not well-formed XML."),
        "encoding": _l("The file is not in the character encoding it declares, or in an unusual one."),
        "not_ubl": _l("The file is not a UBL invoice, credit note, reminder or response."),
    },
}
TONES = {"AP": "ok", "PD": "ok", "PAYMENT_RECEIVED": "ok", "RE": "danger", "VF": "danger", "UQ": "warn", "CA": "warn"}


def word(kind: str, code: str | None) -> LazyString | str | None:
    """The word for a code, the code itself when there is none, None when there is no code."""
    return None if code is None else WORDS[kind].get(code, code)


def trimmed(number: str | None) -> str | None:
    """A rate or quantity without zeros that say nothing: 25.00 becomes 25. Anything but a number stays as it is."""
    if number is None or decimal_of(number) is None or "." not in number:
        return number
    return number.rstrip("0").rstrip(".") or "0"


@dataclass(frozen=True, slots=True)
class InvoicePage:
    """What the macro `invoice` draws. Numbers of lines count from 1; `*_from` go back into read_invoice."""

    record: Invoice
    first: int
    last: int
    previous_from: int | None
    next_from: int | None

    word = staticmethod(word)
    trimmed = staticmethod(trimmed)

    @property
    def title(self) -> LazyString | str:
        """Invoice, Credit note, or what the type code says more precisely."""
        precise = WORDS["type"].get(self.record.type_code or "")
        return precise or WORDS["kind"].get(self.record.kind, self.record.kind)

    @property
    def is_one_page(self) -> bool:
        """Whether all lines are here."""
        return self.previous_from is None and self.next_from is None


@dataclass(frozen=True, slots=True)
class ResponsePage:
    """What the macro `response` draws. `tone` is ok, warn, danger or neutral."""

    record: Response
    tone: str

    word = staticmethod(word)


def presented(record: Invoice | Response, lines_count: int) -> InvoicePage | ResponsePage:
    """Make the page of a record that was read with this `lines_count`."""
    if isinstance(record, Response):
        return ResponsePage(record, TONES.get(record.code or "", "neutral"))
    seen = record.lines_from + len(record.lines)
    more = bool(record.lines) and seen < record.lines_total
    return InvoicePage(
        record=record,
        first=record.lines_from + 1 if record.lines else 0,
        last=seen if record.lines else 0,
        previous_from=max(0, record.lines_from - lines_count) if record.lines_from else None,
        next_from=seen if more else None,
    )


def why(reason: str) -> LazyString:
    """A sentence for InvoiceUnreadable.reason."""
    return WORDS["unreadable"][reason if reason in REASONS else "not_xml"]
