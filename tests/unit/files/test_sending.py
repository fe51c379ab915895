"""What is sent is sent once, and whatever happens to it is known afterwards."""

import io
from datetime import timedelta
from uuid import uuid4

import pytest

from app.errors import (
    AppError,
    Disconnected,
    Frozen,
    NotFound,
    PageroBusy,
    PageroFailed,
    PageroForbidden,
    PageroGarbled,
    PageroTimedOut,
    PageroUnauthorized,
    PageroUnreachable,
    ReconnectNeeded,
)
from app.files import ledger, sending
from app.files.asked import Mistake, Order
from app.files.sending import Received, Sender, SentBefore, received
from app.models import FileAction, Upload, UploadOutcome
from app.pagero.file_records import FilePart
from app.services import services
from tests.support.stored import Stored
from tests.unit.files.conftest import PlayedDesk, a_file

PART = FilePart("88", "Error", ())
OPERATION = "upload file"


def an_order(**changes: object) -> Order:
    known = {"key": str(uuid4()), "place": 0, "document_type": "Invoice", "company_id": "c-1", "reference": "SO 1"}
    return Order(**(known | {"send_mode": "Test", "again": False} | changes))  # type: ignore[arg-type]


def a_file_of(content: bytes = b"<Invoice/>", name: str = "a.xml") -> Received:
    return received(name, io.BytesIO(content))


def test_a_file_is_measured_and_an_empty_one_is_a_mistake() -> None:
    made = a_file_of(b"x" * 100_000, "folder/b.xml")
    assert (made.payload.name, made.payload.size_bytes, len(made.sha256)) == ("b.xml", 100_000, 64)
    with pytest.raises(Mistake, match="file_empty"):
        a_file_of(b"")


def test_a_row_is_stored_before_the_file_leaves(sender: Sender, desk: PlayedDesk, rows: Stored) -> None:
    seen: list[str] = []
    desk.uploads = [a_file("7700")]
    desk.meanwhile = lambda: seen.append(rows.one(Upload)["outcome"])
    (sent,) = sender.send(an_order(), [a_file_of()])
    assert seen == ["sending"]
    row = rows.one(Upload)
    assert (row["id"], row["outcome"], row["pagero_file_id"], row["reason"]) == (sent.id, "sent", "7700", None)
    assert (row["file_name"], row["size_bytes"], row["reference"]) == ("a.xml", 10, "SO 1")
    assert rows.one("audit_events")["action"] == "file.uploaded"
    assert desk.sent[0][:2] == ("a.xml", b"<Invoice/>")


@pytest.mark.parametrize(
    ("fault", "outcome"),
    [
        (PageroTimedOut(OPERATION), "unknown"),
        (PageroFailed(OPERATION, 500), "unknown"),
        (PageroGarbled(OPERATION, 200), "unknown"),
        (PageroUnreachable(OPERATION), "refused"),
        (PageroBusy(OPERATION, 429, 60), "refused"),
        (PageroForbidden(OPERATION, 403), "refused"),
        (PageroUnauthorized(OPERATION, 401), "refused"),
        (ReconnectNeeded("ended_at_pagero"), "refused"),
        (Disconnected(), "refused"),
        (Frozen(), "refused"),
    ],
)
def test_a_fault_says_whether_the_file_may_have_arrived(
    sender: Sender, desk: PlayedDesk, rows: Stored, fault: AppError, outcome: str
) -> None:
    desk.uploads = [fault]
    sender.send(an_order(), [a_file_of()])
    assert (rows.one(Upload)["outcome"], rows.one(Upload)["reason"]) == (outcome, fault.reason)
    assert len(desk.sent) == 1


def test_a_crash_while_sending_leaves_the_outcome_unknown(
    sender: Sender, desk: PlayedDesk, rows: Stored, account_id: str
) -> None:
    def crash() -> None:
        raise KeyboardInterrupt

    desk.meanwhile = crash
    with pytest.raises(KeyboardInterrupt):
        sender.send(an_order(), [a_file_of()])
    assert rows.one(Upload)["outcome"] == "sending"
    (row,) = ledger.uploads(sender.sql, account_id, 10)
    assert ledger.outcome_of(row, row.made_at) is UploadOutcome.SENDING
    assert ledger.outcome_of(row, row.made_at + timedelta(minutes=6)) is UploadOutcome.UNKNOWN


def test_the_same_form_again_sends_nothing_and_answers_the_same(sender: Sender, desk: PlayedDesk) -> None:
    desk.uploads = [a_file("1"), a_file("2")]
    wanted, files = an_order(), [a_file_of(b"a"), a_file_of(b"b")]
    first = sender.send(wanted, files)
    again = sender.send(wanted, files)
    assert [row.id for row in again] == [row.id for row in first]
    assert len(desk.sent) == 2


def test_the_same_form_twice_at_once_sends_once(sender: Sender, desk: PlayedDesk) -> None:
    wanted = an_order()
    inner: list[Upload] = []

    def a_second_click() -> None:
        desk.meanwhile = lambda: None
        inner.extend(sender.send(wanted, [a_file_of()]))

    desk.uploads, desk.meanwhile = [a_file("1")], a_second_click
    outer = sender.send(wanted, [a_file_of()])
    assert [row.id for row in inner] == [row.id for row in outer]
    assert len(desk.sent) == 1


def test_two_rows_for_one_key_are_one_row(sender: Sender, rows: Stored, account_id: str) -> None:
    one, two = (sender._row(an_order(key="k"), 0, a_file_of()) for _ in range(2))
    earlier = ledger.earlier
    assert ledger.begin(sender.sql, one) is None
    ledger.earlier = lambda sql, row: None  # type: ignore[assignment]  # the second looked before the first had written
    try:
        ledger.begin(sender.sql, two)
    finally:
        ledger.earlier = earlier  # type: ignore[assignment]
    assert rows.count(Upload) == 1


def test_a_key_used_for_another_file_is_a_mistake(sender: Sender, desk: PlayedDesk) -> None:
    desk.uploads = [a_file("1")]
    wanted = an_order()
    sender.send(wanted, [a_file_of(b"a")])
    with pytest.raises(Mistake, match="form_spent"):
        sender.send(wanted, [a_file_of(b"b")])
    assert len(desk.sent) == 1


def test_content_that_was_sent_before_is_sent_again_only_when_meant(sender: Sender, desk: PlayedDesk) -> None:
    desk.uploads = [a_file("1"), a_file("2"), a_file("3"), a_file("4")]
    (first,) = sender.send(an_order(), [a_file_of()])
    with pytest.raises(SentBefore) as mistake:
        sender.send(an_order(), [a_file_of(name="other name.xml")])
    assert mistake.value.upload.id == first.id
    sender.send(an_order(send_mode="Production"), [a_file_of()])
    sender.send(an_order(company_id="c-2"), [a_file_of()])
    sender.send(an_order(again=True), [a_file_of()])
    assert len(desk.sent) == 4


def test_what_was_refused_may_be_sent_again(sender: Sender, desk: PlayedDesk) -> None:
    desk.uploads = [PageroUnreachable(OPERATION), a_file("1")]
    sender.send(an_order(), [a_file_of()])
    (sent,) = sender.send(an_order(), [a_file_of()])
    assert sent.outcome == "sent"


def test_somebody_elses_key_and_content_are_their_own(sender: Sender, desk: PlayedDesk, rows: Stored) -> None:
    rows.insert("accounts", **(dict(rows.one("accounts")) | {"id": "x" * 36, "subject": "bjorn"}))
    other = Sender(sender.sql, desk, sender.clock, "x" * 36)  # type: ignore[arg-type]
    desk.uploads = [a_file("1"), a_file("2")]
    wanted = an_order()
    (mine,), (theirs,) = sender.send(wanted, [a_file_of()]), other.send(wanted, [a_file_of()])
    assert mine.id != theirs.id
    assert ledger.upload(sender.sql, sender.account_id, theirs.id) is None
    assert ledger.upload_of_file(sender.sql, sender.account_id, "2") is None
    assert ledger.upload_of_file(sender.sql, sender.account_id, "1") is not None


@pytest.mark.parametrize(
    ("files", "code"),
    [
        ([], "file_missing"),
        ([a_file_of(b"a")] * 2, "file_twice"),
        ([a_file_of(b"%d" % n) for n in range(21)], "files_many"),
    ],
)
def test_mistakes_are_seen_before_anything_is_sent(
    sender: Sender, desk: PlayedDesk, rows: Stored, files: list[Received], code: str
) -> None:
    with pytest.raises(Mistake, match=code):
        sender.send(an_order(), files)
    assert (desk.sent, rows.count(Upload)) == ([], 0)


def test_files_for_which_no_time_is_left_are_not_sent(
    sender: Sender, desk: PlayedDesk, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sending, "SENDING_SECONDS", 0)
    desk.uploads = []
    (row,) = sender.send(an_order(), [a_file_of()])
    assert (row.outcome, row.reason, desk.sent) == ("refused", "no_time_left", [])


def test_a_part_is_acted_on_once(sender: Sender, desk: PlayedDesk, rows: Stored) -> None:
    desk.actions = [None]
    key = str(uuid4())
    first = sender.act("77", PART, "Cancel", key)
    assert sender.act("77", PART, "Cancel", key).id == first.id
    assert desk.acted == [("88", "Cancel")]
    row = rows.one(FileAction)
    assert (row["outcome"], row["pagero_file_id"], row["part_id"]) == ("sent", "77", "88")
    assert rows.one("audit_events")["action"] == "filepart.cancel"
    assert ledger.is_cancelled(ledger.actions(sender.sql, sender.account_id, "77"))


@pytest.mark.parametrize(("fault", "outcome"), [(PageroTimedOut("x"), "unknown"), (PageroForbidden("x"), "refused")])
def test_an_action_whose_answer_is_lost_is_not_repeated(
    sender: Sender, desk: PlayedDesk, fault: AppError, outcome: str
) -> None:
    desk.actions = [fault]
    row = sender.act("77", PART, "Cancel", str(uuid4()))
    assert (row.outcome, len(desk.acted)) == (outcome, 1)
    assert not ledger.is_cancelled([row])


def test_a_restart_after_a_cancellation_counts(sender: Sender, desk: PlayedDesk) -> None:
    desk.actions = [None, None]
    sender.act("77", PART, "Cancel", str(uuid4()))
    services().clock.offset += timedelta(seconds=1)
    sender.act("77", PART, "Restart", str(uuid4()))
    assert not ledger.is_cancelled(ledger.actions(sender.sql, sender.account_id, "77"))


def test_a_lost_upload_is_recognised_by_its_person_and_only_while_it_is_lost(
    sender: Sender, desk: PlayedDesk, rows: Stored
) -> None:
    desk.uploads = [PageroTimedOut(OPERATION)]
    (row,) = sender.send(an_order(), [a_file_of()])
    sender.adopt(row, "7700")
    stored = rows.one(Upload)
    assert (stored["outcome"], stored["pagero_file_id"], stored["reason"]) == ("sent", "7700", "found_again")
    for change in (lambda: sender.adopt(row, "7701"), lambda: sender.give_up(row)):
        with pytest.raises(NotFound):
            change()


def test_what_did_not_arrive_may_be_sent_again(sender: Sender, desk: PlayedDesk) -> None:
    desk.uploads = [PageroTimedOut(OPERATION), a_file("1")]
    (row,) = sender.send(an_order(), [a_file_of()])
    with pytest.raises(SentBefore):
        sender.send(an_order(), [a_file_of()])
    sender.give_up(row)
    (again,) = sender.send(an_order(), [a_file_of()])
    assert (row.outcome, row.reason, again.outcome) == ("refused", "given_up", "sent")
