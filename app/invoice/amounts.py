"""Nodes to money, VAT, allowances, totals and ways to pay."""

import re

from app.invoice.records import Allowance, Money, PaymentMeans, Totals, Vat, VatRow
from app.invoice.tree import Node

IBAN = re.compile(r"[A-Z]{2}[0-9]{2}[A-Z0-9]{11,30}")
GIROS = {"SE:BANKGIRO": "bankgiro", "BANKGIRO": "bankgiro", "SE:PLUSGIRO": "plusgiro", "PLUSGIRO": "plusgiro"}
CARD_DIGITS = 4


def money(node: Node | None, currency: str | None) -> Money | None:
    """An amount element, in its own currency or else the document's."""
    return Money(node.value, node.attributes.get("currencyID") or currency) if node and node.value else None


def vat(node: Node | None) -> Vat | None:
    """A tax category element; None when it says nothing."""
    if node is None:
        return None
    reason = node.text("TaxExemptionReason") or node.text("TaxExemptionReasonCode")
    found = Vat(node.text("ID"), node.text("Percent"), reason, node.text("TaxScheme/ID"))
    return found if found != Vat(None, None) else None


def vat_rows(root: Node, currency: str | None) -> tuple[VatRow, ...]:
    """The VAT breakdown in the document's currency."""
    rows = []
    for row in root.all("TaxTotal/TaxSubtotal"):
        amount = money(row.first("TaxAmount"), currency)
        taxable = money(row.first("TaxableAmount"), currency)
        rows.append(VatRow(vat(row.first("TaxCategory")) or Vat(None, None), taxable, amount))
    return tuple(rows)


def allowance(node: Node, currency: str | None) -> Allowance:
    """A discount or charge."""
    return Allowance(
        is_charge=node.text("ChargeIndicator") in {"true", "1"},
        amount=money(node.first("Amount"), currency),
        base=money(node.first("BaseAmount"), currency),
        percent=node.text("MultiplierFactorNumeric"),
        reason=node.text("AllowanceChargeReason") or node.text("AllowanceChargeReasonCode"),
        vat=vat(node.first("TaxCategory")),
    )


def totals(root: Node, currency: str | None) -> Totals:
    """What the sender says it comes to."""
    stated = root.first("LegalMonetaryTotal") or Node("")

    def total(name: str) -> Money | None:
        return money(stated.first(name), currency)

    return Totals(
        lines=total("LineExtensionAmount"),
        allowances=total("AllowanceTotalAmount"),
        charges=total("ChargeTotalAmount"),
        without_vat=total("TaxExclusiveAmount"),
        vat=tuple(filter(None, (money(node, currency) for node in root.all("TaxTotal/TaxAmount")))),
        with_vat=total("TaxInclusiveAmount"),
        prepaid=total("PrepaidAmount"),
        rounding=total("PayableRoundingAmount"),
        payable=total("PayableAmount"),
    )


def payment_means(node: Node) -> PaymentMeans:
    """One way to pay."""
    code = node.first("PaymentMeansCode") or Node("")
    account = node.first("PayeeFinancialAccount") or Node("")
    branch = account.text("FinancialInstitutionBranch/ID")
    bank = account.text("FinancialInstitutionBranch/FinancialInstitution/ID") or branch
    kind = _account_kind(account, bank)
    return PaymentMeans(
        code=code.value or None,
        name=code.attributes.get("name"),
        reference=node.text("PaymentID") or node.text("InstructionID"),
        account=account.text("ID"),
        account_kind=kind,
        account_name=account.text("Name"),
        bank=None if kind in GIROS.values() else bank,
        card=_masked(node.text("CardAccount/PrimaryAccountNumberID")),
        mandate=node.text("PaymentMandate/ID"),
        due=node.text("PaymentDueDate"),
    )


def _account_kind(account: Node, bank: str | None) -> str:
    number = account.first("ID") or Node("")
    for name in (bank, number.attributes.get("schemeID")):
        if name and name.upper() in GIROS:
            return GIROS[name.upper()]
    return "iban" if IBAN.fullmatch(number.value.replace(" ", "").upper()) else "account"


def _masked(number: str | None) -> str | None:
    """A card number as receipts print it (PCI DSS 3.4): the last four digits."""
    return f"•••• {number[-CARD_DIGITS:]}" if number and len(number) > CARD_DIGITS else number
