"""The invoice itself as a page: its XML from Pagero, read within bounds, a few at a time in one process.

Refuses with InvoiceUnreadable what is no invoice, and with ReadingBusy when too many are being read already: reading
costs processor time, which all requests of the process share.
"""

import pickle
from collections.abc import Iterator
from contextlib import contextmanager
from threading import BoundedSemaphore

from app.dashboard.reads import Reads, Seen
from app.errors import AppError
from app.invoice.presentation import InvoicePage, ResponsePage, presented
from app.invoice.reading import LINES_PER_PAGE, read_invoice
from app.pagero.tagged import Tagged

AT_ONCE = 2
WAIT_SECONDS = 4.0
COME_BACK_SECONDS = 5

Page = InvoicePage | ResponsePage

_places = BoundedSemaphore(AT_ONCE)


class ReadingBusy(AppError):
    """This process reads as many files as it may; a little later there is room."""

    status = 503
    reason = "reading_busy"
    retry_after = COME_BACK_SECONDS


def readable(reads: Reads, document_id: str, lines_from: int = 0) -> Seen[Page]:
    """A document with its lines from `lines_from` on. Raises what Reads raises, InvoiceUnreadable, ReadingBusy."""
    return reads.read(("readable", document_id, lines_from), lambda *_: _read(reads, document_id, lines_from))


def _read(reads: Reads, document_id: str, lines_from: int) -> Tagged[Page]:
    with _place(), reads.reader.target_document(document_id) as streamed:
        record = read_invoice(streamed.chunks, lines_from=lines_from)
    page = presented(record, LINES_PER_PAGE)
    return Tagged(page, None, len(pickle.dumps(page)))  # only its length is of use: about what it occupies


@contextmanager
def _place() -> Iterator[None]:
    if not _places.acquire(timeout=WAIT_SECONDS):
        raise ReadingBusy
    try:
        yield
    finally:
        _places.release()
