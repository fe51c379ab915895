"""Use cases that send something to Pagero: files, and restarting or cancelling what stopped. Each sends once.

The row that remembers it is committed first; its unique key lets one of two equal forms through. Nothing here repeats a
POST: an answer that is lost leaves the outcome unknown, for the person to look at.
"""

import hashlib
import time
from collections.abc import Sequence
from dataclasses import dataclass
from typing import IO

from app.clock import Clock
from app.errors import AppError, NotFound, PageroError
from app.files.asked import Mistake, Order, clean_name
from app.files.desk import Desk
from app.files.ledger import SqlSession, begin, earlier, outcome_of, same_content, settle
from app.models import FileAction, Upload, UploadOutcome
from app.pagero.file_records import FilePart
from app.pagero.multipart import PIECE_BYTES, Payload

MOST_FILES = 20
SENDING_SECONDS = 40
"""After so long no further file of a form is begun: its page would never come."""
NO_TIME_LEFT = "no_time_left"
FOUND_AGAIN = "found_again"
GIVEN_UP = "given_up"


class SentBefore(Mistake):
    """The same content was sent before; `upload` tells when."""

    def __init__(self, upload: Upload) -> None:
        super().__init__("sent_before")
        self.upload = upload


@dataclass(frozen=True)
class Received:
    """A file as the browser sent it, read once to know what it is."""

    payload: Payload
    sha256: str


def received(name: str | None, stream: IO[bytes]) -> Received:
    """Measure a file. Raises Mistake when it is empty."""
    digest, size = hashlib.sha256(), 0
    while piece := stream.read(PIECE_BYTES):
        digest.update(piece)
        size += len(piece)
    if not size:
        raise Mistake("file_empty")
    return Received(Payload(clean_name(name), size, stream), digest.hexdigest())


@dataclass(frozen=True)
class Sender:
    """Sends for one account."""

    sql: SqlSession
    desk: Desk
    clock: Clock
    account_id: str

    def send(self, order: Order, files: Sequence[Received]) -> list[Upload]:
        """Send every file that this form has not sent yet. Raises Mistake, before anything is sent."""
        if not files:
            raise Mistake("file_missing")
        if len(files) > MOST_FILES:
            raise Mistake("files_many")
        if len({file.sha256 for file in files}) < len(files):
            raise Mistake("file_twice")
        rows = [self._row(order, number, file) for number, file in enumerate(files)]
        try:
            for row in rows:
                self._require_unspent(row, again=order.again)
        finally:
            self.sql.commit()  # no transaction stays open while Pagero is talked to
        ends_at = time.monotonic() + SENDING_SECONDS
        return [self._send_one(row, file, order, ends_at) for row, file in zip(rows, files, strict=True)]

    def act(self, file_id: str, part: FilePart, action: str, form_key: str) -> FileAction:
        """Restart or cancel a part that stood still a moment ago."""
        row = FileAction(
            account_id=self.account_id,
            form_key=form_key,
            pagero_file_id=file_id,
            part_id=part.id,
            action=action,
            made_at=self.clock.now(),
            outcome=UploadOutcome.SENDING,
        )
        if found := begin(self.sql, row):
            return found
        outcome, reason = UploadOutcome.SENT, None
        try:
            self.desk.act(part.id, action)
        except AppError as fault:
            outcome, reason = judged(fault)
        settle(self.sql, row, outcome, reason)
        return row

    def adopt(self, upload: Upload, file_id: str) -> None:
        """The person says that this file at Pagero is what the upload became."""
        self._require_unknown(upload)
        upload.pagero_file_id = file_id
        settle(self.sql, upload, UploadOutcome.SENT, FOUND_AGAIN)

    def give_up(self, upload: Upload) -> None:
        """The person says that it did not arrive: its content may then be sent again."""
        self._require_unknown(upload)
        settle(self.sql, upload, UploadOutcome.REFUSED, GIVEN_UP)

    def _require_unknown(self, upload: Upload) -> None:
        if outcome_of(upload, self.clock.now()) is not UploadOutcome.UNKNOWN:
            raise NotFound

    def _row(self, order: Order, number: int, file: Received) -> Upload:
        return Upload(
            account_id=self.account_id,
            form_key=order.form_key(number),
            file_name=file.payload.name,
            document_type=order.document_type,
            company_id=order.company_id,
            reference=order.reference,
            send_mode=order.send_mode,
            size_bytes=file.payload.size_bytes,
            sha256=file.sha256,
            made_at=self.clock.now(),
            outcome=UploadOutcome.SENDING,
        )

    def _require_unspent(self, row: Upload, *, again: bool) -> None:
        """Refuse a key that stands for something else, and content that was sent before unless that is meant."""
        found = earlier(self.sql, row)
        if found and found.sha256 != row.sha256:
            raise Mistake("form_spent")
        if not found and not again and (before := same_content(self.sql, row)):
            raise SentBefore(before)

    def _send_one(self, row: Upload, file: Received, order: Order, ends_at: float) -> Upload:
        if found := begin(self.sql, row):
            return found
        if time.monotonic() > ends_at:
            settle(self.sql, row, UploadOutcome.REFUSED, NO_TIME_LEFT)
            return row
        outcome, reason = UploadOutcome.SENT, None
        try:
            row.pagero_file_id = self.desk.upload(file.payload, order.fields).id
        except AppError as fault:
            outcome, reason = judged(fault)
        settle(self.sql, row, outcome, reason)
        return row


def judged(fault: AppError) -> tuple[UploadOutcome, str]:
    """What a fault while sending says about the outcome, and why."""
    in_doubt = isinstance(fault, PageroError) and fault.maybe_processed
    return (UploadOutcome.UNKNOWN if in_doubt else UploadOutcome.REFUSED), fault.reason
