"""Ending the sessions of a person's other browsers. Each is one commit, with its line in the audit trail."""

from sqlalchemy.orm import Session

from app import audit
from app.errors import NotFound
from app.web import sessions


def end_own(sql_session: Session, session_id: str, account_id: str) -> None:
    """End one session. Raises NotFound for an unknown one and for somebody else's alike."""
    if not sessions.end(sql_session, session_id, account_id):
        sql_session.rollback()
        raise NotFound
    audit.record(sql_session, "session.ended", account_id=account_id, actor=account_id)
    sql_session.commit()


def end_others(sql_session: Session, account_id: str, current_id: str) -> None:
    """End every session of the account but the current one."""
    if sessions.end_all(sql_session, account_id, but=current_id):
        audit.record(sql_session, "session.ended", reason="all_others", account_id=account_id, actor=account_id)
    sql_session.commit()
