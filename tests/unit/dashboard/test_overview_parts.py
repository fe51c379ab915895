"""What the overview asks Pagero and what it makes of it."""

from datetime import UTC, datetime
from typing import Any, cast

import pytest

from app.dashboard.overview import overview
from app.dashboard.reader import Reader
from app.errors import AppError, Disconnected, PageroFailed, ReconnectNeeded
from app.pagero.records import DocumentPage, DocumentQuery

NOW = datetime(2026, 6, 15, 12, tzinfo=UTC)


class Answers:
    """A reader that answers by direction, or raises."""

    def __init__(self, **answers: AppError | list[dict[str, Any]]) -> None:
        self.answers = answers

    def documents(self, query: DocumentQuery) -> DocumentPage:
        answer = self.answers[query.direction or ""]
        if isinstance(answer, AppError):
            raise answer
        return DocumentPage.from_json({"items": answer, "meta": {"total": len(answer)}}, query)


def made(**answers: AppError | list[dict[str, Any]]) -> Any:
    return overview(cast(Reader, Answers(**answers)), NOW)


def failed(day: int, number: str) -> dict[str, Any]:
    return {"id": number, "createTime": f"2026-06-{day:02}T08:00:00Z", "validationErrors": {"noOfErrors": 1}}


def test_concerns_of_both_directions_are_listed_newest_first() -> None:
    found = made(
        Received=[failed(3, "r3"), {"id": "timeless", "validationErrors": {"noOfErrors": 1}}], Sent=[failed(9, "s9")]
    )
    assert [row.document.id for row in found.concerns] == ["s9", "r3", "timeless"]
    assert found.concern_count == 3
    assert found.looked_back_to is None


def test_one_failing_direction_leaves_the_other() -> None:
    fault = PageroFailed("list documents", 500)
    found = made(Received=fault, Sent=[failed(9, "s9")])
    assert found.received.problem is fault
    assert found.sent.value.all.number == 1
    assert not found.is_complete
    assert found.lost is None


@pytest.mark.parametrize("fault", [Disconnected(), ReconnectNeeded("ended_at_pagero")])
def test_a_lost_connection_is_one_fault_and_not_two(fault: AppError) -> None:
    assert made(Received=fault, Sent=fault).lost is fault


def test_a_reader_without_connection_needs_a_new_one() -> None:
    reader = Reader(cast(Any, None), cast(Any, None), None)
    for ask in (
        lambda: reader.documents(DocumentQuery()),
        lambda: reader.document("d"),
        lambda: reader.target_document("d"),
    ):
        with pytest.raises(ReconnectNeeded):
            ask()
