"""That a sign-in is finished once is the database's knowledge: its state is written down before its code is spent.

A row lives on for REMEMBERED after the sign-in is over. One that is being finished is given a little more, so that its
end lies further ahead than any other's: that is how the two are told apart. All times are the database's.
"""

from dataclasses import dataclass
from datetime import timedelta

from sqlalchemy import Engine, Executable, delete, insert, select, update
from sqlalchemy.exc import DBAPIError, IntegrityError, SQLAlchemyError
from structlog import get_logger

from app.auth.transaction import REMEMBERED, Attempt
from app.db import database_now, reading
from app.models import SpentTransaction

PRUNED_AT_ONCE = 100

log = get_logger(__name__)


@dataclass(frozen=True)
class Claims:
    """The claims of all machines. `takes_at_most` is how long finishing a sign-in can take."""

    engine: Engine
    offset: timedelta
    """The clock's: zero but in tests."""
    takes_at_most: timedelta

    def claim(self, attempt: Attempt) -> bool:
        """Write down, in a transaction of its own, that this attempt is being finished. False: it was before.

        A connection that died in the pool is replaced once; should the first INSERT have arrived after all, the second
        finds it and the person signs in again, which is the safe side.
        """
        try:
            return self._insert(attempt)
        except DBAPIError as error:
            if not error.connection_invalidated:
                raise
            return self._insert(attempt)

    def is_running(self, attempt: Attempt) -> bool | None:
        """Whether somebody is finishing the attempt now. None: nobody ever claimed it."""
        running = SpentTransaction.expires_at > self._ahead(REMEMBERED)
        wanted = select(running).where(SpentTransaction.state_hash == attempt.state_hash)
        with reading(self.engine) as connection:
            found = connection.scalar(wanted)
        return None if found is None else bool(found)

    def end(self, attempt: Attempt) -> None:
        """Say that nobody is finishing it any more. Should that fail, it ends by itself."""
        over = update(SpentTransaction).where(SpentTransaction.state_hash == attempt.state_hash)
        self._try(over.values(expires_at=self._ahead(REMEMBERED)), "claim_not_ended")

    def prune(self) -> None:
        """Delete some claims that are over, so that the table stays small without anybody looking after it."""
        over = select(SpentTransaction.state_hash).where(SpentTransaction.expires_at <= self._ahead(timedelta(0)))
        some = over.limit(PRUNED_AT_ONCE).with_for_update(skip_locked=True)  # parallel ones do not wait for each other
        self._try(delete(SpentTransaction).where(SpentTransaction.state_hash.in_(some)), "claims_not_pruned")

    def _insert(self, attempt: Attempt) -> bool:
        row = {"state_hash": attempt.state_hash, "expires_at": self._ahead(self.takes_at_most + REMEMBERED)}
        try:
            with self.engine.begin() as connection:
                connection.execute(insert(SpentTransaction).values(**row))
        except IntegrityError:
            return False
        return True

    def _try(self, statement: Executable, event: str) -> None:
        """Something that nothing depends on, in a transaction of its own."""
        try:
            with self.engine.begin() as connection:
                connection.execute(statement)
        except SQLAlchemyError as error:
            log.warning(event, fault=type(error).__name__)

    def _ahead(self, time: timedelta) -> database_now:
        return database_now(self.offset + time)
