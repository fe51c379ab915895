"""Sealing stored tokens again with the first key, beside everything else that goes on.

A row is replaced only if nobody has touched it since it was read: same generation, same fence, same key. A refresh, a
sign-in or a disconnect that comes between wins, and what it stores is sealed by the first key anyway. So the work may
be stopped anywhere, done twice, and done by several machines. It refuses nothing silently: what cannot be opened is
left as it is and counted.
"""

import time
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, cast

from sqlalchemy import ColumnElement, CursorResult, Engine, bindparam, func, select, update

from app.db import reading
from app.errors import SealBroken
from app.models import Connection
from app.tokens.columns import ACCESS, REFRESH, TABLE, Row
from app.tokens.sealing import Sealer

READ = tuple(TABLE.c[name] for name in ("id", "account_id", "generation", "fence", "key_id", ACCESS, REFRESH))
REPLACE = (
    update(TABLE)
    .where(
        TABLE.c.id == bindparam("old_id"),
        TABLE.c.generation == bindparam("old_generation"),
        TABLE.c.fence == bindparam("old_fence"),
        TABLE.c.key_id == bindparam("old_key_id"),
    )
    .values({name: bindparam(f"new_{name}") for name in (ACCESS, REFRESH, "key_id")})
)


# SQLite has one writer at a time, and who waits for it looks every 100 ms at most: refreshes must find it free.
LEAST_BREATH_SECONDS, BREATH_SHARE = 0.01, 0.5


@dataclass(frozen=True, slots=True)
class Batch:
    """What became of some rows. What was neither resealed nor unreadable was changed by somebody else meanwhile."""

    looked_at: int
    resealed: int
    unreadable: tuple[str, ...]
    """Ids of connections whose tokens cannot be opened; their people have to reconnect."""


class Resealing:
    """The rows of one database that are sealed with another key than the first."""

    def __init__(self, engine: Engine, sealer: Sealer) -> None:
        self._engine = engine
        self._sealer = sealer

    def left(self) -> int:
        """How many rows are still sealed with another key."""
        with reading(self._engine) as connection:
            return connection.scalar(select(func.count()).select_from(Connection).where(self._is_old())) or 0

    def sweep(self, batch_size: int) -> Iterator[Batch]:
        """Go once through all of them in the order of their ids, a transaction for each batch, a breath after it."""
        last = ""
        while rows := self._read(last, batch_size):
            last = rows[-1].id
            began = time.monotonic()
            yield self._reseal(rows)
            time.sleep(max(LEAST_BREATH_SECONDS, BREATH_SHARE * (time.monotonic() - began)))

    def _read(self, after: str, limit: int) -> list[Any]:
        wanted = select(*READ).where(self._is_old(), TABLE.c.id > after).order_by(TABLE.c.id).limit(limit)
        with reading(self._engine) as connection:
            return list(connection.execute(wanted))

    def _reseal(self, rows: list[Any]) -> Batch:
        unreadable, changes = [], []
        for row in rows:
            try:
                changes.append(self._change(row))
            except SealBroken:
                unreadable.append(row.id)
        return Batch(len(rows), self._write(changes) if changes else 0, tuple(unreadable))

    def _change(self, row: Any) -> dict[str, Any]:
        bound_to = Row(row.id, row.account_id, row.generation)
        return {
            **{f"old_{name}": getattr(row, name) for name in ("id", "generation", "fence", "key_id")},
            **{f"new_{name}": self._again(getattr(row, name), bound_to, name) for name in (ACCESS, REFRESH)},
            "new_key_id": self._sealer.key_id,
        }

    def _again(self, sealed: bytes | None, bound_to: Row, column: str) -> bytes | None:
        if sealed is None:
            return None
        place = bound_to.place(column)
        return self._sealer.seal(self._sealer.open(sealed, place), place)

    def _write(self, changes: list[dict[str, Any]]) -> int:
        with self._engine.begin() as connection:
            return cast("CursorResult[Any]", connection.execute(REPLACE, changes)).rowcount

    def _is_old(self) -> ColumnElement[bool]:
        return TABLE.c.key_id.is_not(None) & (TABLE.c.key_id != self._sealer.key_id)
