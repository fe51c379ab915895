"""Does the document add up? Decimal arithmetic in one currency; what cannot be compared is not judged.

The sums are those of EN 16931 (BR-CO-10, 13, 14, 15, 16). A stated total is right when the computed one, rounded to the
stated number of decimals, half up or half even, equals it. National rules that add up otherwise are not judged.
"""

from collections.abc import Set
from decimal import ROUND_HALF_EVEN, ROUND_HALF_UP, Context, Decimal
from functools import reduce

from app.invoice.records import Caution, Invoice, Money, decimal_of

CODES = (
    "lines_differ",
    "without_vat_differs",
    "vat_differs",
    "with_vat_differs",
    "payable_differs",
    "mixed_currencies",
    "amount_unreadable",
    "text_shortened",
)
WIDE = Context(prec=80)  # 42 digits of an amount and 2,000,000 of them never round
ZERO = Decimal(0)

Parts = list[tuple[int, Money | None]]


class LineSum:
    """The running sum of all lines, those of other pages too."""

    def __init__(self) -> None:
        self.total = ZERO
        self.currency: str | None = None
        self.mixed = False
        self.unreadable = False

    def add(self, text: str, currency: str | None) -> None:
        """One line's amount as it stands in the document."""
        value = decimal_of(text)
        if value is None:
            self.unreadable = True
            return
        if currency is not None and self.currency is None:
            self.currency = currency
        self.mixed = self.mixed or (currency is not None and currency != self.currency)
        self.total = WIDE.add(self.total, value)


def cautions(invoice: Invoice, lines: LineSum, *, shortened: bool, unjudged: Set[str]) -> tuple[Caution, ...]:
    """Everything about the document that its reader should look at twice, but for the codes `unjudged`."""
    found: list[Caution | None] = []
    if lines.mixed or (lines.currency and invoice.currency and lines.currency != invoice.currency):
        found.append(Caution("mixed_currencies"))
    elif lines.unreadable:
        found.append(Caution("amount_unreadable"))
    else:
        found.append(_compared("lines_differ", invoice.totals.lines, lines.total, invoice.currency))
    found += [_summed(code, stated, parts, invoice.currency) for code, stated, parts in _sums(invoice)]
    if shortened:
        found.append(Caution("text_shortened"))
    return tuple(each for each in found if each and each.code not in unjudged)


def _sums(invoice: Invoice) -> list[tuple[str, Money | None, Parts]]:
    """Code, stated total, and what it should be made of: sign and part."""
    totals, vat = invoice.totals, _vat_total(invoice)
    rows: Parts = [(1, row.amount) for row in invoice.vat if row.amount and row.amount.currency == invoice.currency]
    return [
        ("without_vat_differs", totals.without_vat, [(1, totals.lines), *_adjustments(invoice)]),
        ("vat_differs", vat, rows),
        ("with_vat_differs", totals.with_vat, [(1, totals.without_vat), (1, vat)]),
        ("payable_differs", totals.payable, [(1, totals.with_vat), (-1, totals.prepaid), (1, totals.rounding)]),
    ]


def _summed(code: str, stated: Money | None, parts: Parts, currency: str | None) -> Caution | None:
    """None when it is right, or cannot be judged: a first part is missing, or one is in another currency."""
    if not parts or parts[0][1] is None:
        return None
    total = ZERO
    for sign, part in parts:
        value = part.value if part and part.currency == currency else None
        if value is not None:
            total = WIDE.add(total, sign * value)
        elif part is not None:
            return None
    return _compared(code, stated, total, currency)


def _compared(code: str, stated: Money | None, computed: Decimal, currency: str | None) -> Caution | None:
    value = stated.value if stated and stated.currency == currency else None
    if value is None:
        return None
    step = Decimal(1).scaleb(min(int(value.as_tuple().exponent), 0))
    rounded = {computed.quantize(step, rule, WIDE) for rule in (ROUND_HALF_UP, ROUND_HALF_EVEN)}
    return None if value in rounded else Caution(code, stated, Money(f"{computed:f}", currency))


def _adjustments(invoice: Invoice) -> Parts:
    """Allowances and charges of the document, from its totals or, where those are missing, one by one."""
    totals = invoice.totals
    parts: Parts = []
    for sign, stated in ((-1, totals.allowances), (1, totals.charges)):
        single = [(sign, each.amount) for each in invoice.allowances if each.is_charge == (sign > 0)]
        parts += [(sign, stated)] if stated else single
    return parts


def _vat_total(invoice: Invoice) -> Money | None:
    """All tax totals of the document's currency; the one in the tax currency says the same again."""
    own = [amount for amount in invoice.totals.vat if amount.currency == invoice.currency]
    values = [amount.value for amount in own]
    if not values or None in values:
        return None
    return Money(f"{reduce(WIDE.add, filter(None, values), ZERO):f}", invoice.currency)
