"""Bringing journaled answers into the database as soon as it takes them again. It never refreshes."""

import time
from threading import Lock, Thread
from typing import TYPE_CHECKING

from sqlalchemy.exc import SQLAlchemyError
from structlog import get_logger

from app.models import SYSTEM
from app.tokens.columns import Renewal
from app.tokens.journal import Journal
from app.tokens.leases import Fate
from app.tokens.vault import Vault

if TYPE_CHECKING:
    from app.pagero.oauth import TokenEndpoint

PAUSE_SECONDS = 1.0

log = get_logger(__name__)


class Recovery:
    """The way out of the journal."""

    def __init__(self, journal: Journal, vault: Vault, endpoint: "TokenEndpoint") -> None:
        self._journal = journal
        self._vault = vault
        self._endpoint = endpoint
        self._lock = Lock()
        self._thread: Thread | None = None

    def keep(self, renewal: Renewal) -> bool:
        """Journal an answer the database does not take and go on trying. False: the disk failed as well."""
        try:
            self._journal.keep(renewal)
        except OSError as error:
            log.critical("journal.failed", connection_id=renewal.spent.connection_id, error=type(error).__name__)
            return False
        log.critical("journal.kept", connection_id=renewal.spent.connection_id, generation=renewal.spent.generation)
        self.go_on()
        return True

    def begin(self) -> None:
        """At the start of a process: try at once, and go on if something is left."""
        self.run()
        if not self._journal.is_empty():
            self.go_on()

    def run(self) -> None:
        """Store what is kept. What the database still does not take stays; its errors are logged, not raised."""
        if self._journal.is_empty():
            return
        for renewal in self._journal.entries():
            try:
                self._settle(renewal)
            except SQLAlchemyError as error:
                log.warning("journal.waits", error=type(error).__name__)
                return

    def go_on(self) -> None:
        """Try every second until nothing is kept, in one background thread."""
        with self._lock:
            if self._thread is None or not self._thread.is_alive():
                self._thread = Thread(target=self._persist, name="journal", daemon=True)
                self._thread.start()

    def _persist(self) -> None:
        while not self._journal.is_empty():
            time.sleep(PAUSE_SECONDS)
            self.run()

    def _settle(self, renewal: Renewal) -> None:
        fate = self._vault.leases.restore(renewal)
        facts = {"connection_id": renewal.spent.connection_id, "generation": renewal.spent.generation}
        log.warning("journal.settled", fate=fate.name.lower(), **facts)
        if fate == Fate.ENDED:
            leaving = self._vault.revocations.take_late(renewal)
            self._vault.revocations.carry_out(self._endpoint, leaving, SYSTEM)
        # Overtaken ones are dropped unrevoked (see Vault.store_grant): that could end the grant that overtook them.
        self._journal.drop(renewal)
