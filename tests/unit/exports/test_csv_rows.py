"""The CSV opens in a spreadsheet without running anything, reads back as it was, and never stands whole in memory."""

import csv
import io
import tracemalloc
import unicodedata
from collections.abc import Iterator

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from app.exports.cells import number_cell, text_cell
from app.exports.rows import COLUMNS, csv_rows
from app.pagero.records import Document

NAMES = (
    "id,created_at,direction,type,subtype,number,issue_date,due_date,sender,sender_ids,receiver,receiver_ids,currency,"
    "net,vat,total,send_mode,distribution,fetched,validation_errors,file_id"
)
FULL = {
    "id": "3b7e",
    "fileId": "77",
    "createTime": "2026-03-02T09:16:04.881Z",
    "distribution": "Electronic",
    "sendMode": "Test",
    "isFetched": False,
    "validationErrors": {"noOfErrors": 2},
    "documentInfo": {
        "direction": "Sent",
        "documentType": "Invoice",
        "documentSubType": "Debit",
        "documentIdentifier": "INV-4471",
        "issueDate": "2026-03-01",
        "dueDate": "2026-03-31",
        "amounts": {"currency": "SEK", "netAmount": "-1200.00", "vatAmount": "300.00", "totalAmount": "1500.00"},
        "senderParty": {"name": "Möbler, Norrsken"},
        "receiverParty": {"name": 'Fjord "Paper" AS', "ids": [{"idType": "GLN", "value": "73"}, {"value": "9"}]},
    },
}
HOSTILE = [
    "=1+1", "+1", "-1+2", "@SUM(A1)", "\t=1", "\r=1", "\n=1", "\x00=1", "＝1", "＋1", "－1", "＠x", "−1", "﹦1", "⁼1",
    "  =1", "\u00a0=1", "\u200b=1", "\ufeff=1", "\u202e=1", "\x07=1", "\u0301=1", '"=1', "'=1", "'\"=1",
    "x;=1", "x,=1", "x\t=1", "x\n=1", "x|=1", 'x;"=1', '=HYPERLINK("http://x","y")',
]  # fmt: skip


def document(**info: object) -> Document:
    return Document.from_json({**FULL, "documentInfo": {**FULL["documentInfo"], **info}})  # type: ignore[dict-item]


def text_of(*documents: Document, **options: object) -> str:
    return b"".join(csv_rows(documents, **options)).decode()  # type: ignore[arg-type]


def cells_of(text: str, separator: str = ",") -> list[list[str]]:
    return list(csv.reader(io.StringIO(text.removeprefix("\ufeff"), newline=""), delimiter=separator, strict=True))


def starts_formula(cell: str) -> bool:
    """As the most credulous spreadsheet sees it: whatever is invisible, blank or a quote is dropped first."""
    for each in cell:
        if each == "'" and cell.startswith("'"):
            return False
        if each not in "\"'`´‘’“”«»\ufffd" and unicodedata.category(each) not in {
            "Cc",
            "Cf",
            "Zs",
            "Zl",
            "Zp",
            "Mn",
            "Me",
        }:
            return unicodedata.normalize("NFKC", each)[0] in "=+-@−"
    return False


def test_columns_are_the_documented_ones() -> None:
    assert text_of(bom=False) == NAMES + "\r\n"
    assert ",".join(COLUMNS) == NAMES


def test_document_becomes_a_row() -> None:
    heading, row = cells_of(text_of(document()))
    found = dict(zip(heading, row, strict=True))
    assert found["created_at"] == "2026-03-02T09:16:04.881000+00:00"
    assert (found["sender"], found["receiver"]) == ("Möbler, Norrsken", 'Fjord "Paper" AS')
    assert found["receiver_ids"] == "GLN:73 ?:9"
    assert (found["net"], found["vat"], found["total"], found["currency"]) == ("-1200.00", "300.00", "1500.00", "SEK")
    assert (found["fetched"], found["validation_errors"], found["file_id"]) == ("no", "2", "77")
    assert (found["issue_date"], found["due_date"], found["number"]) == ("2026-03-01", "2026-03-31", "INV-4471")


def test_missing_parts_are_empty_cells() -> None:
    heading, row = cells_of(text_of(Document.from_json({"id": "1", "isFetched": True})))
    found = dict(zip(heading, row, strict=True))
    assert {name for name, value in found.items() if value} == {"id", "fetched"}
    assert found["fetched"] == "yes"


def test_numbers_stay_numbers_and_are_not_quoted() -> None:
    assert ',-1200.00,300.00,1500.00,"Test"' in text_of(document())
    assert number_cell("-5") == "-5"
    assert number_cell("-5+1") == '"\'-5+1"'
    assert number_cell("1e5") == '"1e5"'


def test_mark_of_utf_8_and_separator_are_options() -> None:
    assert text_of().startswith("\ufeffid,")
    assert text_of(document(), bom=False, separator=";").startswith("id;created_at;")
    assert cells_of(text_of(document(), separator=";"), ";")[1][0] == "3b7e"
    with pytest.raises(ValueError, match="-"):
        csv_rows((), separator="-")


@pytest.mark.parametrize("hostile", HOSTILE)
def test_formulas_are_disarmed_and_stay_readable(hostile: str) -> None:
    (row,) = cells_of(text_cell(hostile))
    assert row[0].startswith("'") or "'" in row[0]
    for separator in ",;|\t\n\r":
        assert not any(starts_formula(part) for part in row[0].split(separator))


@given(st.text(max_size=80))
@settings(max_examples=300)
def test_no_text_is_ever_a_formula(text: str) -> None:
    cell = text_cell(text)
    (row,) = cells_of(cell) if cell else ([""],)
    assert len(row) == 1
    assert not starts_formula(row[0])


@given(st.text(st.characters(categories=["L", "N", "Zs"], include_characters='.,;"&<>'), max_size=80))
def test_harmless_text_comes_back_unchanged(text: str) -> None:
    cell = text_cell(text)
    (row,) = cells_of(cell) if cell else ([""],)
    assert row[0] == text


@given(st.lists(st.text(max_size=40), min_size=1, max_size=5))
@settings(max_examples=100)
def test_every_row_has_every_column_whatever_the_names(names: list[str]) -> None:
    rows = cells_of(text_of(*(document(senderParty={"name": name}, documentIdentifier=name) for name in names)))
    assert {len(row) for row in rows} == {len(COLUMNS)}
    assert len(rows) == len(names) + 1


def test_hostile_long_name_is_kept_whole() -> None:
    name = "<script>" + "n" * 10_000
    assert text_cell(name) == f'"{name}"'


def test_first_bytes_come_before_the_first_document_is_asked_for() -> None:
    def never() -> Iterator[Document]:
        raise AssertionError
        yield document()

    assert next(csv_rows(never())) == ("\ufeff" + NAMES + "\r\n").encode()


def test_memory_stays_flat_over_many_rows() -> None:
    row = document()
    tracemalloc.start()
    size = sum(len(block) for block in csv_rows(row for _ in range(5_000)))
    most = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert size > 1_000_000
    assert most < 1_000_000


def test_list_is_cut_at_the_limit_and_can_say_so() -> None:
    three = [document()] * 3
    assert len(cells_of(text_of(*three, row_limit=2))) == 3
    assert len(cells_of(text_of(*three, row_limit=3))) == 4
    rows = cells_of(text_of(*three, row_limit=2, last_words=lambda error: f"cut: {error}"))
    assert rows[-1] == ["cut: None"]


def test_failing_source_raises_or_is_written_down() -> None:
    def broken() -> Iterator[Document]:
        yield document()
        raise TimeoutError

    with pytest.raises(TimeoutError):
        list(csv_rows(broken()))
    text = b"".join(csv_rows(broken(), last_words=lambda error: f"=stopped: {type(error).__name__}")).decode()
    assert cells_of(text)[-1] == ["'=stopped: TimeoutError"]
