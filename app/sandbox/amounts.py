"""Invoice lines and their arithmetic as in EN 16931: totals follow from the lines, VAT is rounded per category."""

from dataclasses import dataclass
from decimal import ROUND_HALF_UP, Decimal

DECIMALS = {"JPY": 0, "KWD": 3}


def rounded(amount: Decimal, currency: str) -> Decimal:
    """`amount` with as many decimals as `currency` has."""
    return amount.quantize(Decimal(1).scaleb(-DECIMALS.get(currency, 2)), ROUND_HALF_UP)


@dataclass(frozen=True)
class Line:
    """One line. `category` is UNCL 5305: S standard rate, K intra-community supply, G export."""

    name: str
    quantity: Decimal
    unit: str
    price: Decimal
    category: str
    percent: Decimal

    def net(self, currency: str) -> Decimal:
        """The line's amount without VAT."""
        return rounded(self.quantity * self.price, currency)


@dataclass(frozen=True)
class VatGroup:
    """What is owed for one VAT category and rate."""

    category: str
    percent: Decimal
    taxable: Decimal
    vat: Decimal


@dataclass(frozen=True)
class Totals:
    """The lines added up."""

    net: Decimal
    vat: Decimal
    groups: tuple[VatGroup, ...]

    @property
    def total(self) -> Decimal:
        """What is to be paid."""
        return self.net + self.vat


def totals(lines: tuple[Line, ...], currency: str) -> Totals:
    """Sums of `lines`, VAT by category and rate."""
    taxable: dict[tuple[str, Decimal], Decimal] = {}
    for line in lines:
        key = (line.category, line.percent)
        taxable[key] = taxable.get(key, Decimal(0)) + line.net(currency)
    groups = tuple(
        VatGroup(category, percent, amount, rounded(amount * percent / 100, currency))
        for (category, percent), amount in sorted(taxable.items())
    )
    net = sum((group.taxable for group in groups), Decimal(0))
    return Totals(rounded(net, currency), rounded(sum((g.vat for g in groups), Decimal(0)), currency), groups)
