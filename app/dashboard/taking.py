"""Taking documents along: several as one ZIP, a whole list as CSV. Both grow while they are sent; memory stays flat.

Refuses more than MOST_CHOSEN documents in one ZIP. A list ends when a page brings nothing new, whatever its total says.
"""

import re
from collections.abc import Iterable, Iterator
from contextlib import closing
from dataclasses import replace

from app.dashboard.download import TYPES
from app.dashboard.reader import Reader
from app.errors import AppError, RequestRefused
from app.pagero.records import Document, DocumentQuery, is_id

MOST_CHOSEN = 100
PAGE = 100
CHOICE = re.compile(r"(\S+)(?: (.{1,200}))?", re.DOTALL)

Chosen = tuple[tuple[str, str], ...]
"""Ids and the numbers that files are to be called by."""


def chosen(values: Iterable[str]) -> Chosen:
    """What a form chose: "id number" or "id", each once. Raises RequestRefused when it is nothing, or too much."""
    found: dict[str, str] = {}
    for value in values:
        choice = CHOICE.fullmatch(value)
        if choice is None or not is_id(choice[1]):
            raise RequestRefused("document_malformed")
        found[choice[1]] = choice[2] or choice[1]
    if not 0 < len(found) <= MOST_CHOSEN:
        raise RequestRefused("nothing_chosen" if not found else "too_many_chosen")
    return tuple(found.items())


def files(reader: Reader, wanted: Chosen) -> Iterator[tuple[str, Iterable[bytes]]]:
    """Name and content of each document, opened when its turn comes. One that fails raises when it is read."""
    for document_id, number in wanted:
        try:
            streamed = reader.target_document(document_id)
        except AppError as fault:
            yield number, _failing(fault)
            continue
        with closing(streamed):
            media_type = streamed.headers.get("content-type", "").partition(";")[0].strip().lower()
            yield f"{number}.{TYPES.get(media_type, 'bin')}", streamed.chunks


def whole_list(reader: Reader, query: DocumentQuery) -> Iterator[Document]:
    """Every document the query finds, each once, in Pagero's order, asked for page by page."""
    seen: set[str] = set()
    offset = 0
    while True:
        page = reader.documents(replace(query, limit=PAGE, offset=offset))
        new = [item for item in page.items if item.id not in seen]
        if not new:
            return
        yield from new
        seen.update(item.id for item in new)
        offset += page.count


def _failing(fault: AppError) -> Iterator[bytes]:
    raise fault
    yield b""  # makes it a generator, so that it raises when it is read
