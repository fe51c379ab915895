"""csv_rows: documents as a CSV file that grows while it is sent. Pure; holds one block of rows in memory.

Columns, in this order and with these names, are a promise to whoever reads the file by program; new ones go last:

    id, created_at (ISO 8601), direction, type, subtype, number, issue_date, due_date, sender, sender_ids, receiver,
    receiver_ids, currency, net, vat, total, send_mode, distribution, fetched (yes, no), validation_errors, file_id

Identifiers of a party are "type:value", separated by blanks. Amounts are decimals with a point, as Pagero sent them.
"""

from collections.abc import Callable, Iterable, Iterator

from app.exports.cells import number_cell, text_cell
from app.pagero.records import Document, Party

SEPARATORS = (",", ";", "\t")
ROW_LIMIT = 1_000_000
BLOCK = 32 * 1024  # characters
BOM = "\ufeff"
END = "\r\n"


def _text(value: str | None) -> str:
    return text_cell(value or "")


def _number(value: object) -> str:
    return "" if value is None else number_cell(str(value))


def _ids(party: Party | None) -> str:
    return _text(" ".join(f"{each.type or '?'}:{each.value}" for each in party.ids)) if party else ""


def _fetched(document: Document) -> str:
    return "" if document.is_fetched is None else _text("yes" if document.is_fetched else "no")


COLUMNS: dict[str, Callable[[Document], str]] = {
    "id": lambda document: _text(document.id),
    "created_at": lambda document: _text(document.created_at.isoformat() if document.created_at else None),
    "direction": lambda document: _text(document.direction),
    "type": lambda document: _text(document.document_type),
    "subtype": lambda document: _text(document.document_sub_type),
    "number": lambda document: _text(document.identifier),
    "issue_date": lambda document: _text(document.issue_date.isoformat() if document.issue_date else None),
    "due_date": lambda document: _text(document.due_date.isoformat() if document.due_date else None),
    "sender": lambda document: _text(document.sender.name if document.sender else None),
    "sender_ids": lambda document: _ids(document.sender),
    "receiver": lambda document: _text(document.receiver.name if document.receiver else None),
    "receiver_ids": lambda document: _ids(document.receiver),
    "currency": lambda document: _text(document.amounts.currency if document.amounts else None),
    "net": lambda document: _number(document.amounts.net if document.amounts else None),
    "vat": lambda document: _number(document.amounts.vat if document.amounts else None),
    "total": lambda document: _number(document.amounts.total if document.amounts else None),
    "send_mode": lambda document: _text(document.send_mode),
    "distribution": lambda document: _text(document.distribution),
    "fetched": _fetched,
    "validation_errors": lambda document: _number(document.validation_error_count),
    "file_id": lambda document: _text(document.file_id),
}


def csv_rows(
    documents: Iterable[Document],
    *,
    bom: bool = True,
    separator: str = ",",
    row_limit: int = ROW_LIMIT,
    last_words: Callable[[Exception | None], str] | None = None,
) -> Iterator[bytes]:
    """The file in blocks of UTF-8, heading first, sent before the first document is asked for.

    `bom` makes Excel read UTF-8. `last_words` writes one more row when the list is cut at `row_limit` (called with
    None) or when the source fails (called with the exception, which then ends there). Without it a failing source
    raises: the transfer breaks off and the browser says so. Raises ValueError for a separator not in SEPARATORS.
    """
    if separator not in SEPARATORS:
        raise ValueError(separator)
    heading = (BOM if bom else "") + separator.join(COLUMNS) + END
    return _blocks(heading, _lines(documents, separator, row_limit, last_words))


def _lines(
    documents: Iterable[Document],
    separator: str,
    row_limit: int,
    last_words: Callable[[Exception | None], str] | None,
) -> Iterator[str]:
    try:
        for count, document in enumerate(documents):
            if count >= row_limit:
                yield _text(last_words(None)) + END if last_words else ""
                return
            yield separator.join(column(document) for column in COLUMNS.values()) + END
    except Exception as error:
        if last_words is None:
            raise
        yield _text(last_words(error)) + END


def _blocks(heading: str, lines: Iterator[str]) -> Iterator[bytes]:
    yield heading.encode()
    pending: list[str] = []
    size = 0
    for line in lines:
        pending.append(line)
        size += len(line)
        if size >= BLOCK:
            yield "".join(pending).encode()
            pending, size = [], 0
    if pending:
        yield "".join(pending).encode()
