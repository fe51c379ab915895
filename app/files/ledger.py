"""What was sent through the application, per account. Each change is one commit.

Refuses other people's rows as unknown ones. A row is written before anything is sent, so that whatever happens then, it
is known that something may have been sent.
"""

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any, TypeVar

from sqlalchemy import func, select
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session, scoped_session

from app import audit
from app.models import FileAction, Upload, UploadOutcome
from app.pagero.file_records import CANCEL

SENDING_FOR_CERTAIN = timedelta(minutes=5)
"""Longer than any upload may take: a row still `sending` after that was left behind."""
KEPT_AT_PAGERO = timedelta(days=90)

SqlSession = Session | scoped_session[Any]
Row = TypeVar("Row", Upload, FileAction)


def outcome_of(row: Upload | FileAction, now: datetime) -> UploadOutcome:
    """What is known at `now`: what a dead worker left behind is unknown."""
    outcome = UploadOutcome(row.outcome)
    left_behind = outcome is UploadOutcome.SENDING and now - row.made_at > SENDING_FOR_CERTAIN
    return UploadOutcome.UNKNOWN if left_behind else outcome


def uploads(sql: SqlSession, account_id: str, limit: int, offset: int = 0) -> Sequence[Upload]:
    """The account's uploads, newest first."""
    wanted = select(Upload).where(Upload.account_id == account_id).order_by(Upload.made_at.desc(), Upload.id)
    return sql.scalars(wanted.limit(limit).offset(offset)).all()


def upload_count(sql: SqlSession, account_id: str) -> int:
    """How many there are."""
    return sql.scalar(select(func.count()).select_from(Upload).where(Upload.account_id == account_id)) or 0


def upload(sql: SqlSession, account_id: str, upload_id: str) -> Upload | None:
    """One of them; None for an unknown one and for somebody else's alike."""
    return sql.scalar(select(Upload).where(Upload.id == upload_id, Upload.account_id == account_id))


def upload_of_file(sql: SqlSession, account_id: str, file_id: str) -> Upload | None:
    """The upload that became this file at Pagero."""
    return sql.scalar(select(Upload).where(Upload.account_id == account_id, Upload.pagero_file_id == file_id).limit(1))


def names(sql: SqlSession, account_id: str, file_ids: Sequence[str]) -> dict[str, str]:
    """What files are called that were sent from here, by Pagero's id."""
    wanted = select(Upload.pagero_file_id, Upload.file_name).where(
        Upload.account_id == account_id, Upload.pagero_file_id.in_(file_ids)
    )
    return {file_id: name for file_id, name in sql.execute(wanted) if file_id} if file_ids else {}


def claimed_files(sql: SqlSession, account_id: str, since: datetime) -> frozenset[str]:
    """Pagero's ids of files that belong to uploads made since."""
    wanted = select(Upload.pagero_file_id).where(
        Upload.account_id == account_id, Upload.made_at >= since, Upload.pagero_file_id.is_not(None)
    )
    return frozenset(found for found in sql.scalars(wanted) if found)


def same_content(sql: SqlSession, like: Upload) -> Upload | None:
    """The last upload of the same bytes for the same company in the same mode that was or may have been sent."""
    wanted = select(Upload).where(
        Upload.account_id == like.account_id,
        Upload.sha256 == like.sha256,
        Upload.company_id == like.company_id,
        Upload.send_mode == like.send_mode,
        Upload.outcome != UploadOutcome.REFUSED,
        Upload.made_at >= like.made_at - KEPT_AT_PAGERO,
    )
    return sql.scalar(wanted.order_by(Upload.made_at.desc()).limit(1))


def actions(sql: SqlSession, account_id: str, file_id: str) -> Sequence[FileAction]:
    """What was asked for about the parts of a file, newest first."""
    wanted = select(FileAction).where(FileAction.account_id == account_id, FileAction.pagero_file_id == file_id)
    return sql.scalars(wanted.order_by(FileAction.made_at.desc())).all()


def is_cancelled(done: Sequence[FileAction]) -> bool:
    """Whether the last of these actions that Pagero took in was a cancellation."""
    taken = [row.action for row in done if row.outcome == UploadOutcome.SENT]
    return bool(taken) and taken[0] == CANCEL


def earlier(sql: SqlSession, row: Row) -> Row | None:
    """The row that has used this account's form key already."""
    table = type(row)
    return sql.scalar(select(table).where(table.account_id == row.account_id, table.form_key == row.form_key))


def begin(sql: SqlSession, row: Row) -> Row | None:
    """Write the row, and commit. None when it is new and may be sent; else the row that used its key before."""
    found = earlier(sql, row)
    if found is None:
        sql.add(row)
        try:
            sql.flush()
        except IntegrityError:  # the same form, twice at once: the other one sends
            sql.rollback()
            found = earlier(sql, row)
    sql.commit()
    return found


def settle(sql: SqlSession, row: Upload | FileAction, outcome: UploadOutcome, reason: str | None = None) -> None:
    """Write what is known now, with its line in the audit trail, and commit."""
    row.outcome, row.reason = outcome, reason
    action = "file.uploaded" if isinstance(row, Upload) else f"filepart.{row.action.lower()}"
    said = {UploadOutcome.SENT: "ok", UploadOutcome.REFUSED: "refused"}.get(outcome, "unknown")
    audit.record(sql, action, said, reason=reason, account_id=row.account_id)
    sql.commit()
