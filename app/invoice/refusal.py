"""Why an invoice is not shown as a page, and the limits that say so.

A refusal is a fact about the file, never its text: the original can still be downloaded.
"""

from dataclasses import dataclass

from app.errors import AppError

MIB = 2**20
REASONS = (
    "too_large",  # more bytes, elements, names or attributes than Limits allows
    "too_deep",
    "has_dtd",  # a document type declaration: entities live there, UBL has none
    "not_xml",
    "encoding",  # declared encoding unknown, or not the one used
    "not_ubl",  # XML, but no Invoice, CreditNote, Reminder or ApplicationResponse of UBL 2 or PUF
)


class InvoiceUnreadable(AppError):
    """The target document cannot be shown as an invoice. `reason` is one of REASONS."""

    status = 422

    def __init__(self, reason: str) -> None:
        if reason not in REASONS:
            raise ValueError(reason)
        super().__init__(reason)
        self.reason = reason


@dataclass(frozen=True, slots=True)
class Limits:
    """What one reading may cost. Measured: tests/unit/invoice/test_cost.py."""

    total_bytes: int = 20 * MIB
    depth: int = 48  # UBL needs about 12, an envelope and extensions some more
    elements: int = 1_500_000
    lines: int = 500_000
    names: int = 2_000  # distinct element and attribute names; expat keeps each of them
    attributes: int = 64  # of one element
    token_bytes: int = MIB // 4  # one tag, comment or instruction: expat < 2.6 scans an unfinished one again and again
    prolog_bytes: int = MIB // 16  # before the root element
    kept_nodes: int = 60_000  # elements held at one time or another for the record: header and asked lines
    text_characters: int = 12_000  # of one value; the rest is cut and the record says so
    kept_characters: int = 1_500_000  # of all values; beyond it each value is cut to SHORT characters


SHORT = 40
