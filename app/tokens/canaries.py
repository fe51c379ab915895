"""The start-up self-check of the encryption keys. It refuses a key that is not the one this database was sealed with.

A wrong key must stop the start: found out later, it would look like thousands of broken connections.
"""

from sqlalchemy import Engine, func, insert, select
from sqlalchemy.exc import IntegrityError
from structlog import get_logger

from app.db import database_now, reading
from app.errors import SealBroken, SettingsError
from app.models import Connection, KeyCanary
from app.tokens.sealing import Place, Sealer

KNOWN = "this key is the one"
PURPOSE = "canary"

log = get_logger(__name__)


def check_canaries(engine: Engine, sealer: Sealer) -> dict[str, int]:
    """Open a known value under every configured key, and seal one where there is none yet.

    Answers how many connections are sealed under keys that are not configured, by key id: those people would have to
    reconnect. Raises SettingsError, naming every key that cannot open its canary; SQLAlchemy's errors pass through.
    """
    stored = _stored(engine)
    problems = [
        f"ENCRYPTION_KEYS: key {key_id} is not the key of that name that this database was sealed with"
        for key_id in sealer.key_ids
        if key_id in stored and not _opens(sealer, key_id, stored[key_id])
    ]
    if problems:
        raise SettingsError(problems)
    for key_id in sealer.key_ids:
        if key_id not in stored:
            _store(engine, sealer.only(key_id))
    left = rows_under_missing_keys(engine, sealer)
    if left:
        log.error("keys.missing", connections=left)
    return left


def rows_under_missing_keys(engine: Engine, sealer: Sealer) -> dict[str, int]:
    """How many connections each key seals that is not configured. Empty when no key was removed too early."""
    counted = (
        select(Connection.key_id, func.count())
        .where(Connection.key_id.is_not(None), Connection.key_id.not_in(sealer.key_ids))
        .group_by(Connection.key_id)
    )
    with reading(engine) as connection:
        return {str(key_id): count for key_id, count in connection.execute(counted)}


def _stored(engine: Engine) -> dict[str, bytes]:
    with reading(engine) as connection:
        return {
            canary.key_id: canary.sealed for canary in connection.execute(select(KeyCanary.key_id, KeyCanary.sealed))
        }


def _place(key_id: str) -> Place:
    return Place("key_canaries", "sealed", key_id)


def _opens(sealer: Sealer, key_id: str, sealed: bytes) -> bool:
    try:
        return sealer.open_with(PURPOSE, sealed, _place(key_id)) == KNOWN
    except SealBroken:
        return False


def _store(engine: Engine, sealer: Sealer) -> None:
    key_id = sealer.key_id
    values = {
        "key_id": key_id,
        "sealed": sealer.seal_with(PURPOSE, KNOWN, _place(key_id)),
        "created_at": database_now(),
    }
    try:
        with engine.begin() as connection:
            connection.execute(insert(KeyCanary).values(**values))
    except IntegrityError:  # another worker starting at the same time was first; it may have another key of this name
        if not _opens(sealer, key_id, _stored(engine)[key_id]):
            raise SettingsError([f"ENCRYPTION_KEYS: two machines start with different keys named {key_id}"]) from None
