"""How a pair of tokens becomes columns of a connection, and back. Only this package touches those columns."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any, cast

from sqlalchemy import Table

from app.models import Connection, ConnectionState
from app.pagero.records import TokenAnswer
from app.tokens.freshness import draw_due
from app.tokens.sealing import Place, Sealer

TABLE = cast(Table, Connection.__table__)
ACCESS, REFRESH = "sealed_access_token", "sealed_refresh_token"
WITHOUT_LEASE: Mapping[str, None] = {"lease_owner": None, "lease_until": None, "spent_generation": None}
WITHOUT_TOKENS: Mapping[str, None] = {ACCESS: None, REFRESH: None, "key_id": None}


@dataclass(frozen=True, slots=True)
class Row:
    """What envelopes of one connection are bound to."""

    connection_id: str
    account_id: str
    generation: int

    def place(self, column: str) -> Place:
        """Where a sealed value of this column belongs."""
        return Place(TABLE.name, column, self.connection_id, self.generation, self.account_id)


@dataclass(frozen=True, slots=True)
class Pair:
    """The tokens to store. The refresh token is the one that counts from now on, sent again by Pagero or not."""

    access_token: str = field(repr=False)
    refresh_token: str | None = field(repr=False)
    expires_in_seconds: int


@dataclass(frozen=True, slots=True)
class Renewal:
    """What a refresh brought, to be stored in place of the generation it spent."""

    spent: Row
    pair: Pair
    issued_at: datetime
    """The database's clock when the lease was taken: the new token's life is counted from here."""
    scope: str | None
    rotated: bool
    """Whether Pagero sent a new refresh token, so that its three years start again."""

    @property
    def row(self) -> Row:
        """What the new envelopes are bound to."""
        return Row(self.spent.connection_id, self.spent.account_id, self.spent.generation + 1)


def pair_of(answer: TokenAnswer, held_refresh_token: str | None = None) -> Pair:
    """The pair an answer makes: without a new refresh token the held one stays (RFC 6749, 6)."""
    return Pair(answer.access_token, answer.refresh_token or held_refresh_token, answer.expires_in_seconds)


def renewed_columns(sealer: Sealer, renewal: Renewal) -> dict[str, Any]:
    """Every column that changes when a refresh has succeeded, the lease given back included."""
    values: dict[str, Any] = {
        **sealed_columns(sealer, renewal.row, renewal.pair, renewal.issued_at),
        **WITHOUT_LEASE,
        "state": ConnectionState.ACTIVE.value,
        "reason": None,
        "last_refresh_outcome": "renewed",
    }
    if renewal.rotated:
        values["last_rotated_at"] = renewal.issued_at
    if renewal.scope:
        values["granted_scope"] = renewal.scope
    return values


def sealed_columns(sealer: Sealer, row: Row, pair: Pair, issued_at: datetime) -> dict[str, Any]:
    """Every column that changes when a pair is stored as this row's generation. `issued_at` is the database's time."""
    refresh = pair.refresh_token
    return {
        ACCESS: sealer.seal(pair.access_token, row.place(ACCESS)),
        REFRESH: sealer.seal(refresh, row.place(REFRESH)) if refresh else None,
        "key_id": sealer.key_id,
        "generation": row.generation,
        "access_expires_at": issued_at + timedelta(seconds=pair.expires_in_seconds),
        "refresh_due_at": draw_due(issued_at, pair.expires_in_seconds) if refresh else None,
        "retry_at": None,
        "failures": 0,
    }
