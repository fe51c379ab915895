"""The query of /documents and /api/documents: from an address to a question for Pagero and back.

Refuses values outside what is listed here with RequestRefused and a code; names it does not know are ignored, because
links carry all kinds of them.
"""

import re
from collections.abc import Mapping, Sequence

from app.errors import RequestRefused
from app.pagero.records import DocumentQuery

DIRECTIONS = ("Received", "Sent")
FETCHED = {"true": True, "false": False}
SINGLE = ("direction", "companyId", "fileId", "reference", "fetched", "limit", "offset")
TYPE = re.compile(r"[A-Za-z][A-Za-z0-9_-]{0,49}")
IDENTIFIER = re.compile(r"[A-Za-z0-9._:-]{1,100}")
UNPRINTABLE = re.compile("[\x00-\x1f\x7f-\x9f\u2028\u2029\ud800-\udfff]")
LONGEST_REFERENCE = 100
MOST_TYPES = 10
LARGEST_LIMIT = 100
LARGEST_OFFSET = 1_000_000
USUAL_LIMIT = 25

Arguments = Mapping[str, Sequence[str]]


def asked(arguments: Arguments) -> DocumentQuery:
    """What an address asks for. Empty values count as absent, as a form sends them. Raises RequestRefused."""
    given = {name: _single(arguments, name) for name in SINGLE}
    return DocumentQuery(
        direction=_one_of(given["direction"], DIRECTIONS, "direction"),
        document_types=_types(arguments.get("documentType", ())),
        company_id=_identifier(given["companyId"], "company_id"),
        file_id=_identifier(given["fileId"], "file_id"),
        reference=_reference(given["reference"]),
        show_fetched_only=FETCHED[fetched] if (fetched := _one_of(given["fetched"], FETCHED, "fetched")) else None,
        limit=_whole(given["limit"], 1, LARGEST_LIMIT, USUAL_LIMIT, "limit"),
        offset=_whole(given["offset"], 0, LARGEST_OFFSET, 0, "offset"),
    )


def address(query: DocumentQuery, **changes: object) -> dict[str, object]:
    """The values for url_for that ask for the same again, except for `changes`; what is usual is left out."""
    values: dict[str, object] = {
        "direction": query.direction,
        "documentType": list(query.document_types) or None,
        "companyId": query.company_id,
        "fileId": query.file_id,
        "reference": query.reference,
        "fetched": None if query.show_fetched_only is None else str(query.show_fetched_only).lower(),
        "limit": query.limit if query.limit != USUAL_LIMIT else None,
        "offset": query.offset or None,
    }
    return {name: value for name, value in (values | changes).items() if value not in (None, 0)}


def lines_from_of(text: str) -> int:
    """From which line on a document is shown, counted from 0; empty means from the first. Raises RequestRefused."""
    return _whole(text, 0, LARGEST_OFFSET, 0, "lines")


def search_text(text: str) -> str:
    """What was typed into the search box. Raises RequestRefused."""
    return _reference(text.strip()) or ""


def _single(arguments: Arguments, name: str) -> str:
    values = [value.strip() for value in arguments.get(name, ()) if value.strip()]
    if len(values) > 1:
        raise RequestRefused("parameter_repeated")
    return values[0] if values else ""


def _one_of(value: str, known: Sequence[str] | Mapping[str, object], name: str) -> str | None:
    if value and value not in known:
        raise RequestRefused(f"{name}_unknown")
    return value or None


def _types(values: Sequence[str]) -> tuple[str, ...]:
    found = tuple(dict.fromkeys(value.strip() for value in values if value.strip()))
    if len(found) > MOST_TYPES or not all(TYPE.fullmatch(value) for value in found):
        raise RequestRefused("document_type_malformed")
    return found


def _identifier(value: str, name: str) -> str | None:
    if value and not IDENTIFIER.fullmatch(value):
        raise RequestRefused(f"{name}_malformed")
    return value or None


def _reference(value: str) -> str | None:
    if len(value) > LONGEST_REFERENCE or UNPRINTABLE.search(value):
        raise RequestRefused("reference_malformed")
    return value or None


def _whole(value: str, least: int, most: int, usual: int, name: str) -> int:
    if not value:
        return usual
    if not re.fullmatch(r"[0-9]{1,7}", value) or not least <= int(value) <= most:
        raise RequestRefused(f"{name}_out_of_range")
    return int(value)
