"""Filters and order Pagero does not know, applied to what is on the page. Pure.

They say nothing about other pages. Order is offered only where the page is the whole list: anywhere else it would put
first what is first on one page by chance.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime
from decimal import Decimal, InvalidOperation
from typing import Any

from app.dashboard.pages import Row
from app.errors import RequestRefused
from app.pagero.records import Document

STATES: dict[str, Callable[[Row], bool]] = {
    "errors": lambda row: row.has_errors,
    "rejections": lambda row: row.is_rejection,
    "fine": lambda row: not row.needs_a_look,
}
MODES = ("Production", "Test", "Certification")
LONGEST = 100
EARLIEST = datetime.min.replace(tzinfo=UTC)


def _partner(row: Row) -> Any:
    return (row.partner.name or "" if row.partner else "").casefold()


def _amount(document: Document) -> tuple[str, Decimal]:
    """By currency first: amounts of different currencies have no order."""
    if document.amounts is None or document.amounts.total is None:
        return "", Decimal(0)
    try:
        return document.amounts.currency or "", Decimal(document.amounts.total)
    except InvalidOperation:
        return document.amounts.currency or "", Decimal(0)


ORDERS: dict[str, Callable[[Row], Any]] = {
    "number": lambda row: (row.document.identifier or "").casefold(),
    "partner": _partner,
    "issued": lambda row: row.document.issue_date or date.min,
    "due": lambda row: row.document.due_date or date.min,
    "amount": lambda row: _amount(row.document),
    "created": lambda row: row.document.created_at or EARLIEST,
}


@dataclass(frozen=True)
class Narrowing:
    """What was asked for within the page."""

    partner: str = ""
    mode: str = ""
    state: str = ""
    sort: str = ""
    """A name of ORDERS, with "-" in front for the other way round."""

    @property
    def is_filter(self) -> bool:
        """Whether rows may be left out."""
        return bool(self.partner or self.mode or self.state)

    def values(self) -> dict[str, str]:
        """For an address; what is usual is left out."""
        pairs = {"partner": self.partner, "mode": self.mode, "state": self.state, "sort": self.sort}
        return {name: value for name, value in pairs.items() if value}

    def turned(self, order: str) -> str:
        """The value of `sort` that a heading leads to: this order, or its reverse when it is in use."""
        return f"-{order}" if self.sort == order else order


def narrowing(arguments: Mapping[str, str]) -> Narrowing:
    """What an address asks for. Raises RequestRefused."""
    found = Narrowing(**{name: arguments.get(name, "").strip() for name in ("partner", "mode", "state", "sort")})
    good = (
        len(found.partner) <= LONGEST
        and found.mode in ("", *MODES)
        and found.state in ("", *STATES)
        and (not found.sort or found.sort.removeprefix("-") in ORDERS)
    )
    if not good:
        raise RequestRefused("filter_unknown")
    return found


def narrowed(rows: Sequence[Row], wanted: Narrowing, *, whole: bool) -> tuple[Row, ...]:
    """The rows that fit; in the order asked for where they are the `whole` list."""
    found = [row for row in rows if _fits(row, wanted)]
    if wanted.sort and whole:
        found.sort(key=ORDERS[wanted.sort.removeprefix("-")], reverse=wanted.sort.startswith("-"))
    return tuple(found)


def _fits(row: Row, wanted: Narrowing) -> bool:
    if wanted.partner and wanted.partner.casefold() not in _partner(row):
        return False
    if wanted.mode and row.document.send_mode != wanted.mode:
        return False
    return not wanted.state or STATES[wanted.state](row)
