"""What waits for a person, across files: who is asked about, what is said when something is missing."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest

from app.db import db
from app.errors import Disconnected, PageroFailed, PageroNotFound, PageroTimedOut
from app.files import attention as module
from app.files.attention import Attention, attention
from app.models import Upload
from app.pagero.file_records import FileParts
from tests.unit.files.conftest import NOW, PlayedDesk, a_file, a_page, some_documents, some_parts

NOTHING = FileParts((), 0)


@pytest.fixture
def add(account_id: str) -> Callable[..., Upload]:
    def add(number: int, **changes: Any) -> Upload:
        known = {
            "account_id": account_id, "form_key": str(number), "file_name": f"{number}.xml", "document_type": "Invoice",
            "company_id": "c-1", "reference": "", "send_mode": "Test", "size_bytes": 1, "sha256": "x", "made_at": NOW,
            "pagero_file_id": str(number), "outcome": "sent",
        }  # fmt: skip
        row = Upload(**(known | changes))
        db.session.add(row)
        db.session.commit()
        return row

    return add


@pytest.fixture
def look(account_id: str, desk: PlayedDesk) -> Callable[..., Attention]:
    desk.files, desk.documents_of = a_page(), some_documents()
    return lambda **more: attention(db.session, desk, account_id, NOW, **more)  # type: ignore[arg-type]


def test_stopped_parts_of_own_and_listed_files_newest_first(
    desk: PlayedDesk, look: Callable[..., Attention], add: Callable[..., Upload]
) -> None:
    own = add(1, made_at=NOW - timedelta(hours=2))
    desk.files = a_page(a_file("1"), a_file("2", created_at=NOW - timedelta(hours=1)), a_file("3"), a_file("a b"))
    desk.parts_of = {"1": some_parts("Error", "Processing"), "2": some_parts("AwaitingInteraction"), "3": NOTHING}
    seen = look()
    assert [concern.name for concern in seen.concerns] == ["2", own.id]
    assert [len(concern.parts) for concern in seen.concerns] == [1, 1]
    assert (seen.count, seen.looked_at, seen.unread, seen.beyond, seen.problem) == (2, 3, 0, False, None)
    assert seen.statuses == ["Error", "AwaitingInteraction"]


def test_lost_uploads_wait_too_and_old_ones_do_not(look: Callable[..., Attention], add: Callable[..., Upload]) -> None:
    add(1, outcome="unknown", pagero_file_id=None)
    add(2, outcome="sending", pagero_file_id=None, made_at=NOW - timedelta(minutes=6))
    add(3, outcome="sending", pagero_file_id=None)
    add(4, outcome="refused", pagero_file_id=None)
    add(5, outcome="unknown", pagero_file_id=None, made_at=NOW - timedelta(days=91))
    seen = look()
    assert {row.form_key for row in seen.unknown} == {"1", "2"}
    assert seen.count == 2


def test_without_a_list_files_are_learned_from_documents(desk: PlayedDesk, look: Callable[..., Attention]) -> None:
    desk.files = PageroNotFound("list files")
    desk.documents_of = some_documents({"id": "d", "fileId": "9"}, {"id": "e"})
    desk.parts_of = {"9": some_parts("Error")}
    seen = look()
    assert [concern.name for concern in seen.concerns] == ["9"]
    assert seen.concerns[0].made_at is None
    assert seen.beyond
    assert isinstance(seen.problem, PageroNotFound)


def test_a_list_that_is_whole_needs_no_documents(desk: PlayedDesk, look: Callable[..., Attention]) -> None:
    desk.files = a_page(a_file("1"))
    desk.documents_of = some_documents({"id": "d", "fileId": "9"})
    desk.parts_of = {"1": NOTHING}
    look()
    assert desk.asked == ["1"]


def test_a_file_pagero_no_longer_knows_waits_for_nobody(desk: PlayedDesk, look: Callable[..., Attention]) -> None:
    desk.files = a_page(a_file("1"))
    desk.parts_of = {"1": PageroNotFound("list fileparts")}
    assert (look().count, look().problem) == (0, None)


def test_a_fault_stops_its_lane_and_is_said(desk: PlayedDesk, look: Callable[..., Attention]) -> None:
    files = [a_file(str(number), created_at=NOW - timedelta(minutes=number)) for number in range(12)]
    desk.files = a_page(*files)
    desk.parts_of = dict.fromkeys(map(str, range(12)), NOTHING) | {"0": PageroFailed("list fileparts", 500)}
    seen = look()
    assert "6" not in desk.asked
    assert (seen.looked_at, seen.unread) == (10, 2)
    assert isinstance(seen.problem, PageroFailed)


def test_no_more_than_some_files_and_some_seconds(desk: PlayedDesk, look: Callable[..., Attention]) -> None:
    files = [a_file(str(number)) for number in range(100)]
    desk.files = a_page(*files, total=500)
    desk.parts_of = dict.fromkeys(map(str, range(100)), NOTHING)
    seen = look()
    assert (len(desk.asked), seen.beyond) == (module.MOST_FILES, True)
    moments = iter([0.0] + [module.SECONDS + 1.0] * 100)
    desk.asked.clear()
    late = look(clock=lambda: next(moments))
    assert (desk.asked, late.unread) == ([], module.MOST_FILES)


@pytest.mark.parametrize("fault", [Disconnected(), PageroTimedOut("x")])
def test_without_an_answer_nothing_is_said_to_be_well(
    desk: PlayedDesk, look: Callable[..., Attention], fault: Any
) -> None:
    desk.files = desk.documents_of = fault
    assert look().problem is fault
