"""The Swedish catalogue is complete: every text of pages and code, nothing fuzzy, and compiled as it stands."""

from io import BytesIO
from pathlib import Path

import pytest
from babel.messages.catalog import Catalog
from babel.messages.extract import extract_from_dir
from babel.messages.mofile import write_mo
from babel.messages.pofile import read_po

ROOT = Path(__file__).resolve().parents[3]
SWEDISH = ROOT / "app" / "translations" / "sv" / "LC_MESSAGES"
PLACES = ("app", "templates")
METHODS = [("sandbox/**", "ignore"), ("**.py", "python"), ("**.html", "jinja2")]
KEYWORDS = {"_": None, "_l": None, "gettext": None, "lazy_gettext": None, "ngettext": (1, 2)}
Texts = dict[str | tuple[str, ...], str]


@pytest.fixture(scope="module")
def catalogue() -> Catalog:
    with (SWEDISH / "messages.po").open("rb") as file:
        return read_po(file, locale="sv")


@pytest.fixture(scope="module")
def used() -> Texts:
    """Every text in use, and a file that uses it."""
    return {
        message: f"{place}/{filename}:{line}"
        for place in PLACES
        for filename, line, message, *_ in extract_from_dir(ROOT / place, METHODS, keywords=KEYWORDS)
    }


def test_texts_were_found(used: Texts) -> None:
    assert len(used) > 300


def test_every_text_is_translated(used: Texts, catalogue: Catalog) -> None:
    known = {message.id for message in catalogue if message.id and complete(message.string)}
    assert {text: where for text, where in used.items() if text not in known} == {}


def test_nothing_is_fuzzy(catalogue: Catalog) -> None:
    assert [message.id for message in catalogue if message.id and message.fuzzy] == []


def test_nothing_is_translated_that_nobody_says(used: Texts, catalogue: Catalog) -> None:
    assert [message.id for message in catalogue if message.id and message.id not in used] == []


def test_placeholders_are_the_same_in_both_languages(catalogue: Catalog) -> None:
    assert [
        (message.id, [str(fault) for fault in message.check(catalogue)])
        for message in catalogue
        if faulty(message, catalogue)
    ] == []


def test_the_compiled_catalogue_is_the_one_that_is_read(catalogue: Catalog) -> None:
    compiled = BytesIO()
    write_mo(compiled, catalogue)
    assert (SWEDISH / "messages.mo").read_bytes() == compiled.getvalue()


def complete(string: str | tuple[str, ...]) -> bool:
    return all(string) if isinstance(string, tuple) else bool(string)


def faulty(message: object, catalogue: Catalog) -> bool:
    return bool(message.id and message.check(catalogue))  # type: ignore[attr-defined]
