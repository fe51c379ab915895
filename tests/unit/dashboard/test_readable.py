"""Reading the invoice itself: kept like other readings, and a few at a time."""

from typing import Any, cast

import pytest

from app.dashboard import readable as module
from app.dashboard.cache import ReadsCache
from app.dashboard.readable import ReadingBusy, readable
from app.dashboard.reader import Reader
from app.dashboard.reads import Reads
from app.invoice.refusal import InvoiceUnreadable
from tests.unit.dashboard.readings import NOW, PlayedReader
from tests.unit.invoice.ubl_samples import with_lines


class Streaming:
    def __init__(self, body: bytes) -> None:
        self.chunks = iter([body])
        self.closed = False

    def __enter__(self) -> "Streaming":
        return self

    def __exit__(self, *_: object) -> None:
        self.closed = True


class FileReader(PlayedReader):
    def __init__(self, body: bytes) -> None:
        super().__init__()
        self.streams: list[Streaming] = []
        self.body = body

    def target_document(self, document_id: str) -> Any:
        self.streams.append(Streaming(self.body))
        return self.streams[-1]


def reads(reader: FileReader, cache: ReadsCache) -> Reads:
    return Reads(cast(Reader, reader), cache, NOW, 12)


def test_a_page_is_read_once_and_kept_with_its_size() -> None:
    reader, cache = FileReader(with_lines(3, "3.00")), ReadsCache(20)
    first = readable(reads(reader, cache), "d1")
    assert readable(reads(reader, cache), "d1").value is first.value
    assert len(reader.streams) == 1
    assert reader.streams[0].closed
    assert cache.size_bytes > 500


def test_what_is_no_invoice_is_refused_and_the_stream_closed() -> None:
    reader = FileReader(b"<a/>")
    with pytest.raises(InvoiceUnreadable):
        readable(reads(reader, ReadsCache(20)), "d1")
    assert reader.streams[0].closed


def test_only_so_many_are_read_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "WAIT_SECONDS", 0.01)
    reader = FileReader(with_lines(3, "3.00"))
    with module._place(), module._place(), pytest.raises(ReadingBusy):
        readable(reads(reader, ReadsCache(20)), "d1")
    assert reader.streams == []
    assert readable(reads(reader, ReadsCache(20)), "d1").value
