"""Taking documents along: what may be chosen, what a list brings, what fails alone."""

from collections.abc import Iterator
from typing import Any, cast

import pytest

from app.dashboard.reader import Reader
from app.dashboard.taking import MOST_CHOSEN, chosen, files, whole_list
from app.errors import PageroFailed, RequestRefused
from app.pagero.records import DocumentPage, DocumentQuery


class Stream:
    def __init__(self, kind: str = "application/xml; charset=utf-8") -> None:
        self.headers = {"content-type": kind}
        self.chunks: Iterator[bytes] = iter([b"<a/>"])
        self.closed = False

    def close(self) -> None:
        self.closed = True


class ListReader:
    """Lists of `pages`, then empty ones; documents of `streams`, or a fault."""

    def __init__(self, pages: list[list[str]] | None = None, **streams: Stream) -> None:
        self.pages, self.streams = pages or [], streams
        self.offsets: list[int] = []

    def documents(self, query: DocumentQuery) -> DocumentPage:
        self.offsets.append(query.offset)
        number = len(self.offsets) - 1
        items = self.pages[number] if number < len(self.pages) else []
        return DocumentPage.from_json({"items": [{"id": each} for each in items], "meta": {"total": 10**6}}, query)

    def target_document(self, document_id: str) -> Stream:
        if document_id not in self.streams:
            raise PageroFailed("download document", 500)
        return self.streams[document_id]


def as_reader(played: ListReader) -> Reader:
    return cast(Reader, cast(Any, played))


def test_what_is_chosen_is_named_by_its_number_and_taken_once() -> None:
    assert chosen(["a-1 INV 7", "b", "a-1 INV 7"]) == (("a-1", "INV 7"), ("b", "b"))


@pytest.mark.parametrize("values", [[], ["../x"], [""], ["a/b c"], [f"d{n}" for n in range(MOST_CHOSEN + 1)]])
def test_nothing_too_much_and_nonsense_are_refused(values: list[str]) -> None:
    with pytest.raises(RequestRefused):
        chosen(values)


def test_each_file_is_opened_in_turn_and_closed() -> None:
    streams = {"a": Stream(), "b": Stream("text/html")}
    found = files(as_reader(ListReader(**streams)), (("a", "INV-1"), ("b", "2")))
    name, content = next(found)
    assert (name, list(content)) == ("INV-1.xml", [b"<a/>"])
    assert next(found)[0] == "2.bin"
    assert streams["a"].closed
    found.close()  # type: ignore[attr-defined]
    assert streams["b"].closed


def test_one_that_fails_fails_when_it_is_read() -> None:
    found = files(as_reader(ListReader(b=Stream())), (("a", "INV-1"), ("b", "2")))
    name, content = next(found)
    with pytest.raises(PageroFailed):
        list(content)
    assert name == "INV-1"
    assert next(found)[0] == "2.xml"


def test_a_list_ends_when_a_page_brings_nothing_new_whatever_its_total_says() -> None:
    reader = ListReader([["a", "b"], ["b", "c"], ["a", "c"], ["never"]])
    assert [each.id for each in whole_list(as_reader(reader), DocumentQuery(limit=25, offset=50))] == ["a", "b", "c"]
    assert reader.offsets == [0, 2, 4]
