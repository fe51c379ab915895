"""How far a file is (pagero-api.md, section 6, row 24), and which file a lost upload may have become."""

from datetime import timedelta
from typing import Any

import pytest

from app.dashboard.parts import Part
from app.errors import PageroTimedOut
from app.files.companies import Company, known_companies
from app.files.progress import Progress, State, Wanted, candidates, progress
from app.pagero.file_records import FilePart, FileParts
from app.pagero.records import Document
from tests.unit.files.conftest import NOW, a_file, some_documents, some_parts

NONE = Part(FileParts((), 0))
NO_DOCUMENTS = Part(some_documents())
ONE_DOCUMENT = Part(some_documents({"id": "d"}))
LOST: Part[Any] = Part(None, PageroTimedOut("list"))
WANTED = Wanted("Invoice", "c-1", "SO 1", "Test", NOW)


def told(parts: Part[FileParts], documents: Part[Any], *, cancelled: bool = False, age: Any = None) -> Progress:
    return progress(parts, documents, cancelled=cancelled, age=age)


@pytest.mark.parametrize(
    ("parts", "documents", "cancelled", "state", "over"),
    [
        (NONE, ONE_DOCUMENT, False, State.DONE, True),
        (NONE, NO_DOCUMENTS, False, State.PROCESSING, False),
        (NONE, NO_DOCUMENTS, True, State.CANCELLED, True),
        (NONE, ONE_DOCUMENT, True, State.DONE, True),
        (NONE, LOST, False, State.UNREAD, False),
        (NONE, LOST, True, State.CANCELLED, True),
        (LOST, ONE_DOCUMENT, False, State.UNREAD, False),
        (Part(some_parts("Processing")), ONE_DOCUMENT, False, State.PROCESSING, False),
        (Part(some_parts("Processing")), LOST, False, State.PROCESSING, False),
        (Part(some_parts("Queued", "")), NO_DOCUMENTS, False, State.PROCESSING, False),
        (Part(some_parts("Error")), NO_DOCUMENTS, False, State.ERROR, True),
        (Part(some_parts("AwaitingInteraction", "Error")), NO_DOCUMENTS, False, State.ERROR, True),
        (Part(some_parts("AwaitingInteraction")), ONE_DOCUMENT, False, State.AWAITING, True),
        (Part(some_parts("Error", "Processing")), NO_DOCUMENTS, False, State.ERROR, False),
    ],
)
def test_silence_is_not_success(
    parts: Part[FileParts], documents: Part[Any], cancelled: bool, state: State, over: bool
) -> None:
    seen = told(parts, documents, cancelled=cancelled)
    assert (seen.state, seen.is_over) == (state, over)


def test_nobody_waits_for_a_file_that_was_silent_for_a_day() -> None:
    seen = told(NONE, NO_DOCUMENTS, age=timedelta(hours=25))
    assert (seen.state, seen.is_silent, seen.is_over) == (State.PROCESSING, True, True)
    assert not told(NONE, NO_DOCUMENTS, age=timedelta(hours=23)).is_over


def test_a_state_on_its_way_to_pagero_is_followed_until_it_is_known() -> None:
    assert not Progress(State.SENDING).is_over
    assert Progress(State.UNKNOWN).is_over
    assert [Progress(state).kind for state in (State.DONE, State.ERROR, State.PROCESSING)] == [
        "ok",
        "danger",
        "neutral",
    ]


def test_parts_that_are_not_listed_are_counted_and_those_that_stopped_are_known() -> None:
    parts = FileParts((FilePart("1", "Error", ()), FilePart("2", "Processing", ())), 5)
    seen = told(Part(parts), NO_DOCUMENTS)
    assert (seen.unlisted, [part.id for part in seen.stopped]) == (3, ["1"])


def test_a_lost_upload_is_looked_for_by_all_it_said() -> None:
    assert [file.id for file in candidates(WANTED, (a_file("1"), a_file("2")), frozenset())] == ["1", "2"]


@pytest.mark.parametrize(
    "changes",
    [
        {"document_type": "PaymentReminder"}, {"company_id": "c-2"}, {"reference": "SO 2"}, {"reference": None},
        {"send_mode": "Production"}, {"created_at": None}, {"created_at": NOW - timedelta(minutes=6)},
        {"created_at": NOW + timedelta(minutes=31)},
    ],
)  # fmt: skip
def test_a_file_that_differs_is_not_taken_for_it(changes: dict[str, Any]) -> None:
    assert candidates(WANTED, (a_file(**changes),), frozenset()) == ()


def test_a_file_of_another_upload_or_without_a_page_is_not_offered() -> None:
    assert candidates(WANTED, (a_file("1"), a_file("a b")), frozenset({"1"})) == ()


def test_companies_are_learned_from_what_was_sent() -> None:
    documents = [
        Document.from_json(item)
        for item in (
            {"sendingCompanyId": "c-1", "documentInfo": {"direction": "Sent", "senderParty": {"name": "Zett"}}},
            {"sendingCompanyId": "c-9", "documentInfo": {"direction": "Received", "senderParty": {"name": "Foreign"}}},
            {"sendingCompanyId": "not an id", "documentInfo": {"direction": "Sent"}},
            {"documentInfo": {"direction": "Sent"}},
            {"sendingCompanyId": "c-3", "documentInfo": {"direction": "Sent"}},
        )
    ]
    files = [a_file(company_id="c-1", company_name=None), a_file(company_id="c-2"), a_file(company_id=None)]
    assert known_companies(documents, files, ["c-4"]) == (
        Company("c-2", "Nordlicht"),
        Company("c-1", "Zett"),
        Company("c-3", None),
        Company("c-4", None),
    )
    assert known_companies([], files, ["c-4"], {"c-2": "Ours"})[0] == Company("c-2", "Ours")
