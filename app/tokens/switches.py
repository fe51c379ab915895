"""Switches that count on all machines at once: each request and each lease reads them with what it reads anyway.

There is one: frozen. While it is on no access token is handed out and no lease is given; revoking stays possible.
"""

from datetime import datetime
from typing import Any, cast

from sqlalchemy import CursorResult, delete, exists, insert, select
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from app.models import Switch

FREEZE = "freeze"
FROZEN = exists(select(Switch.name).where(Switch.name == FREEZE))
"""The condition in SQL, for a WHERE or a column."""


def freeze(sql_session: Session, actor: str, now: datetime) -> bool:
    """Switch it on in the caller's transaction. False: it was on."""
    try:
        with sql_session.begin_nested():
            sql_session.execute(insert(Switch).values(name=FREEZE, at=now, actor=actor))
    except IntegrityError:
        return False
    return True


def thaw(sql_session: Session) -> bool:
    """Switch it off in the caller's transaction. False: it was off."""
    found = delete(Switch).where(Switch.name == FREEZE)
    return cast("CursorResult[Any]", sql_session.execute(found)).rowcount == 1


def frozen_since(sql_session: Session) -> Switch | None:
    """The switch while it is on, with when and by whom; else None."""
    return sql_session.get(Switch, FREEZE)
