"""The trail of what happened to accounts and connections. Rows are only added; nothing here reads, changes or commits.

The request's id and client address come from the log context, so that use cases need not carry them around.
"""

from typing import Any

from sqlalchemy.orm import Session, scoped_session
from structlog.contextvars import get_contextvars

from app.models import SYSTEM, audit_event
from app.services import services

SqlSession = Session | scoped_session[Any]


def record(
    sql_session: SqlSession,
    action: str,
    outcome: str = "ok",
    *,
    reason: str | None = None,
    account_id: str | None = None,
    actor: str | None = None,
    subject: str | None = None,
) -> None:
    """Add one event to the caller's transaction.

    `action` is dotted lower case, such as connection.made; `reason` a code of ours, never text from a request.
    `actor` is the acting account's id, `command` or `system`; the account itself when not given.
    `subject` names who has no account yet.
    """
    context = get_contextvars()
    sql_session.add(
        audit_event(
            services().clock.now(),
            action,
            outcome,
            reason=reason,
            actor=actor or account_id or SYSTEM,
            account_id=account_id,
            subject=subject,
            request_id=context.get("request_id"),
            remote_addr=context.get("remote_addr"),
        )
    )
