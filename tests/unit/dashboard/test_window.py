"""The newest documents of both directions: what is asked, and what is made of the answers."""

from datetime import UTC, datetime, timedelta
from typing import Any, cast

import pytest

from app.dashboard.overview import overview
from app.dashboard.reads import Reads, Seen
from app.dashboard.window import Window, window
from app.errors import AppError, Disconnected, Frozen, PageroFailed, PageroTimedOut, ReconnectNeeded
from app.pagero.records import DocumentPage, DocumentQuery

NOW = datetime(2026, 6, 15, 12, tzinfo=UTC)
FAULT = PageroFailed("list documents", 500)
Answer = AppError | list[dict[str, Any]]


class Answers:
    """Reads that answer by direction and offset, or raise."""

    def __init__(self, total: int | None = None, limit: int | None = None, **answers: Answer) -> None:
        self.total, self.limit, self.answers = total, limit, answers
        self.asked: list[DocumentQuery] = []
        self.fault: AppError | None = None

    def documents(self, query: DocumentQuery) -> Seen[DocumentPage]:
        self.asked.append(query)
        answer = self.answers.get(f"{query.direction}{query.offset or ''}", [])
        if isinstance(answer, AppError):
            raise answer
        meta = {"total": len(answer) if self.total is None else self.total, "limit": self.limit}
        page = DocumentPage.from_json({"items": answer, "meta": meta}, query)
        return Seen(page, NOW - timedelta(minutes=5) if self.fault else NOW, self.fault)


def seen(answers: Answers) -> Window:
    return window(cast(Reads, answers))


def made(**answers: Answer) -> Any:
    return overview(seen(Answers(**answers)), NOW, UTC)


def item(number: str, day: int = 1, **members: Any) -> dict[str, Any]:
    return {"id": number, "createTime": f"2026-06-{day:02}T08:00:00Z"} | members


def failed(day: int, number: str) -> dict[str, Any]:
    return item(number, day, validationErrors={"noOfErrors": 1})


def many(count: int, start: int = 0) -> list[dict[str, Any]]:
    return [item(f"d{start + number}") for number in range(count)]


def test_both_directions_are_asked_for_their_newest_in_one_round() -> None:
    answers = Answers()
    seen(answers)
    asked = {(query.direction, query.offset, query.limit) for query in answers.asked}
    assert asked == {(name, offset, 100) for name in ("Received", "Sent") for offset in (0, 100)}


def test_a_company_is_asked_for_in_every_part() -> None:
    answers = Answers()
    window(cast(Reads, answers), "c1")
    assert {query.company_id for query in answers.asked} == {"c1"}


def test_two_pages_become_one_and_what_moved_between_them_counts_once() -> None:
    found = seen(Answers(total=200, Sent=many(100), Sent100=many(100, start=98))).sent.value
    assert found is not None
    assert len(found.page.items) == len({each.id for each in found.page.items}) == 198
    assert found.gap is None


def test_a_missing_older_page_is_a_gap_and_the_newer_one_still_shows() -> None:
    found = seen(Answers(total=150, Sent=many(100), Sent100=FAULT))
    assert found.sent.value is not None
    assert found.sent.value.gap is found.problem is FAULT
    assert not found.is_whole


def test_a_missing_older_page_of_a_list_that_is_whole_is_no_gap() -> None:
    found = seen(Answers(Sent=many(3), Sent100=FAULT))
    assert found.problem is None
    assert found.is_whole


def test_a_pagero_that_gives_fewer_at_a_time_leaves_no_hole() -> None:
    found = seen(Answers(total=90, limit=50, Sent=many(50), Sent100=many(20, start=100))).sent.value
    assert found is not None
    assert len(found.page.items) == 50


def test_the_window_is_as_old_as_its_oldest_part_and_says_why() -> None:
    answers = Answers(Sent=many(2))
    answers.fault = PageroTimedOut("list documents")
    found = seen(answers)
    assert found.fault is answers.fault
    assert found.read_at == NOW - timedelta(minutes=5)


def test_a_freeze_is_the_page_and_not_a_part() -> None:
    with pytest.raises(Frozen):
        seen(Answers(Received=Frozen()))


@pytest.mark.parametrize("fault", [Disconnected(), ReconnectNeeded("ended_at_pagero")])
def test_a_lost_connection_is_one_fault_and_not_two(fault: AppError) -> None:
    assert seen(Answers(Received=fault, Sent=fault)).lost is fault


def test_concerns_of_both_directions_are_listed_newest_first() -> None:
    found = made(
        Received=[failed(3, "r3"), {"id": "timeless", "validationErrors": {"noOfErrors": 1}}], Sent=[failed(9, "s9")]
    )
    assert [row.document.id for row in found.concerns] == ["s9", "r3", "timeless"]
    assert (found.all_errors.number, found.all_errors.exact) == (3, True)
    assert found.recent_errors.number == 2
    assert found.window.looked_back_to is None


def test_one_failing_direction_leaves_the_other() -> None:
    found = made(Received=FAULT, Sent=[failed(9, "s9")])
    assert found.received.problem is FAULT
    assert found.sent.value.all.number == 1
    assert not found.is_complete
    assert found.window.lost is None
    assert not found.chart_reaches


def test_errors_of_a_part_of_the_list_are_at_least_so_many() -> None:
    found = overview(seen(Answers(total=500, Sent=[failed(9, "s9"), *many(99)], Sent100=many(100, 99))), NOW, UTC)
    assert not found.all_errors.exact
    assert found.window.looked_back_to == datetime(2026, 6, 1, 8, tzinfo=UTC)


def test_the_picture_counts_days_of_the_persons_zone_and_credit_notes_apart() -> None:
    credit = item("c", 15, documentInfo={"documentType": "Invoice", "documentSubType": "Credit"})
    invoice = item("i", 15, documentInfo={"documentType": "Invoice", "documentSubType": "Debit"})
    found = made(
        Sent=[credit, invoice, {"id": "timeless"}], Received=[item("first", createTime="0001-01-01T00:00:00Z")]
    )
    assert [(series.type, series.total) for series in found.chart.series] == [("Invoice", 1), ("CreditNote", 1)]
    assert found.chart.last == NOW.date()
    assert found.chart_reaches
