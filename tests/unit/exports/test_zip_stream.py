"""The archive opens everywhere, says what is missing, and is never whole in memory."""

import io
import subprocess
import sys
import tracemalloc
import zipfile
from collections.abc import Iterable, Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from app.errors import PageroTimedOut
from app.exports import archive
from app.exports.archive import PROBLEMS, zip_stream
from app.exports.names import LONGEST_BYTES, Names, safe_name


def opened(*entries: tuple[str, Iterable[bytes]], **options: object) -> zipfile.ZipFile:
    found = zipfile.ZipFile(io.BytesIO(b"".join(zip_stream(entries, **options))))  # type: ignore[arg-type]
    assert found.testzip() is None
    return found


def breaking(*pieces: bytes, error: Exception | None = None) -> Iterator[bytes]:
    yield from pieces
    raise error or PageroTimedOut("read target document")


def test_entries_come_back_as_they_were() -> None:
    found = opened(("a.xml", [b"<a", b"/>"]), ("åäö 発票.xml", iter([b"x" * 200_000])), ("empty", []))
    assert found.namelist() == ["a.xml", "åäö 発票.xml", "empty"]
    assert found.read("a.xml") == b"<a/>"
    assert found.read("åäö 発票.xml") == b"x" * 200_000
    assert found.read("empty") == b""


def test_archive_of_nothing_is_an_archive() -> None:
    assert opened().namelist() == []


def test_times_and_bytes_do_not_depend_on_when_it_is_made() -> None:
    entries = [("a", [b"1"])]
    assert b"".join(zip_stream(entries)) == b"".join(zip_stream(entries))
    found = opened(*entries, made_at=datetime(2026, 3, 1, 10, 20, 30, tzinfo=UTC))
    assert found.infolist()[0].date_time == (2026, 3, 1, 10, 20, 30)
    assert opened(*entries, made_at=datetime(1970, 1, 1, tzinfo=UTC)).infolist()[0].date_time == (1980, 1, 1, 0, 0, 0)


def test_other_programs_can_read_it(tmp_path: Path) -> None:
    whole = tmp_path / "whole.zip"
    whole.write_bytes(b"".join(zip_stream([("ö.xml", [b"<a/>"]), ("b", breaking(b"part"))])))
    listing = subprocess.run(
        [sys.executable, "-m", "zipfile", "-e", str(whole), str(tmp_path / "out")], capture_output=True, check=True
    )
    assert listing.returncode == 0
    assert (tmp_path / "out" / "ö.xml").read_bytes() == b"<a/>"
    assert not any(info.extra for info in zipfile.ZipFile(whole).infolist()), "no ZIP64 in any entry"


def test_source_that_fails_midway_is_closed_properly_and_reported() -> None:
    found = opened(("a.xml", [b"1"]), ("b.xml", breaking(b"half")), ("c.xml", [b"3"]))
    assert found.namelist() == ["a.xml", "b.xml", "c.xml", PROBLEMS]
    assert found.read("b.xml") == b"half"
    assert found.read(PROBLEMS).decode("utf-8-sig") == "b.xml: incomplete (pagero_timeout)\r\n"


def test_source_that_fails_at_once_leaves_only_the_report() -> None:
    found = opened(("b.xml", breaking()), ("c.xml", [b"3"]))
    assert found.namelist() == ["c.xml", PROBLEMS]
    assert b"b.xml: missing (pagero_timeout)" in found.read(PROBLEMS)


def test_report_never_repeats_what_a_foreign_exception_says() -> None:
    found = opened(("b.xml", breaking(b"x", error=RuntimeError("Bearer secret"))))
    assert b"b.xml: incomplete (internal)" in found.read(PROBLEMS)
    assert b"secret" not in found.read(PROBLEMS)


def test_list_that_fails_is_reported_and_what_was_there_is_kept() -> None:
    def entries() -> Iterator[tuple[str, Iterable[bytes]]]:
        yield "a.xml", [b"1"]
        raise PageroTimedOut("list documents")

    found = zipfile.ZipFile(io.BytesIO(b"".join(zip_stream(entries()))))
    assert found.namelist() == ["a.xml", PROBLEMS]
    assert b"list: missing (pagero_timeout)" in found.read(PROBLEMS)


def test_lines_of_the_report_can_be_in_the_persons_words() -> None:
    seen: list[Exception] = []

    def describe(name: str, error: Exception, begun: bool) -> str:
        seen.append(error)
        return f"{name}: {'ofullständig' if begun else 'saknas'}"

    found = opened(("b.xml", breaking(b"x")), describe=describe)
    assert found.read(PROBLEMS).decode("utf-8-sig") == "b.xml: ofullständig\r\n"
    assert isinstance(seen[0], PageroTimedOut)


def test_entries_and_their_sizes_are_limited(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(archive, "ENTRY_BYTES", 10)
    monkeypatch.setattr(archive, "ENTRY_LIMIT", 2)
    found = opened(("a", [b"1234567890"]), ("b", [b"12345", b"678901"]), ("c", [b"1"]))
    assert found.namelist() == ["a", "b", PROBLEMS]
    report = found.read(PROBLEMS)
    assert b"b: incomplete (entry_too_large)" in report
    assert b"list: missing (too_many_entries)" in report


def test_each_source_is_opened_in_turn_and_closed() -> None:
    events: list[str] = []

    def source(name: str) -> Iterator[bytes]:
        events.append(f"open {name}")
        try:
            yield b"x"
        finally:
            events.append(f"close {name}")

    opened(*((name, source(name)) for name in "ab"))
    assert events == ["open a", "close a", "open b", "close b"]


def test_a_person_who_leaves_closes_the_source_that_was_being_read() -> None:
    closed: list[bool] = []

    def endless() -> Iterator[bytes]:
        try:
            while True:
                yield bytes(range(256)) * 4096
        finally:
            closed.append(True)

    blocks = zip_stream([("a", endless())])
    assert next(blocks)
    blocks.close()  # type: ignore[attr-defined]
    assert closed == [True]


def test_memory_stays_flat_over_a_large_entry() -> None:
    piece = bytes(range(256)) * 256
    tracemalloc.start()
    size = sum(len(block) for block in zip_stream([("a", (piece for _ in range(800)))]))
    most = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert size > 0
    assert most < 1_500_000


@pytest.mark.parametrize(
    ("wanted", "given_name"),
    [
        ("../../etc/passwd", "_.._etc_passwd"),
        ("/abs/a.xml", "_abs_a.xml"),
        ("C:\\x\\a.xml", "C__x_a.xml"),
        ("..", "document"),
        ("", "document"),
        ("   ", "document"),
        (".hidden", "hidden"),
        ("a.xml. . ", "a.xml"),
        ("CON", "_CON"),
        ("com1.xml", "_com1.xml"),
        ("nul.tar.gz", "_nul.tar.gz"),
        ("console.xml", "console.xml"),
        ("a\x00b\n\u202ec.xml", "a b c.xml"),
        ("faktura №5 – é.xml", "faktura №5 – é.xml"),
        ('what? <b>|*".xml', "what_ _b____.xml"),
        ("x" * 500 + ".xml", "x" * (LONGEST_BYTES - 4) + ".xml"),
    ],
)
def test_names_that_cannot_stand_are_changed(wanted: str, given_name: str) -> None:
    assert safe_name(wanted) == given_name


def test_same_names_are_numbered_whatever_their_case() -> None:
    names = Names(PROBLEMS)
    found = [names.free(wanted) for wanted in ("a.xml", "A.xml", "a.xml", "a (2).xml", "_problems.txt", "ａ.xml")]
    assert found == ["a.xml", "A (2).xml", "a (3).xml", "a (2) (2).xml", "_problems (2).txt", "ａ (4).xml"]


def test_many_equal_names_cost_little() -> None:
    names = Names()
    assert len({names.free("faktura.xml") for _ in range(5000)}) == 5000


@given(st.lists(st.text(max_size=300), max_size=8))
@settings(max_examples=150, deadline=None)
def test_any_names_give_safe_and_different_ones(wanted: list[str]) -> None:
    names = Names()
    found = [names.free(each) for each in wanted]
    assert len({name.casefold() for name in found}) == len(found)
    for name in found:
        assert name
        assert len(name.encode()) <= LONGEST_BYTES + 12
        assert not set(name) & set('<>:"/\\|?*\x00\n\r\t\u202e')
        assert name not in {".", ".."}
        assert name[0] != "."
        assert name[-1] not in ". "


@given(
    st.lists(st.tuples(st.text(max_size=40), st.lists(st.binary(max_size=300), max_size=4), st.booleans()), max_size=5)
)
@settings(max_examples=80, deadline=None)
def test_any_entries_give_a_sound_archive(entries: list[tuple[str, list[bytes], bool]]) -> None:
    sources = [(name, breaking(*pieces) if fails else iter(pieces)) for name, pieces, fails in entries]
    found = opened(*sources)
    assert (PROBLEMS in found.namelist()) == any(fails for _, _, fails in entries)
    bodies = [b"".join(pieces) for _, pieces, fails in entries if not fails or pieces]
    assert [found.read(name) for name in found.namelist() if name != PROBLEMS] == bodies
