"""One refresh, from the lease to the stored pair. It sends a refresh token once, and never decides by guesswork.

A token is sent a second time only after a crash, after an answer that was lost, and in one case that no lock can rule
out: this process is stopped for longer than its lease between the check of its time (is_late) and the first byte.

Only Pagero's invalid_grant ends a connection, and only when the row has not moved meanwhile. Whatever else goes wrong
keeps the tokens, is written into the row as back-off or doubt, and is raised as PageroBusy with the seconds to wait.
"""

import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from sqlalchemy.exc import SQLAlchemyError
from structlog import get_logger

from app.errors import (
    AppError,
    ClientRefused,
    GrantRefused,
    PageroBusy,
    PageroError,
    PageroRefusedRequest,
    ReconnectNeeded,
    SealBroken,
    StorageUnavailable,
)
from app.models import SYSTEM, ReconnectReason
from app.pagero.records import TokenAnswer
from app.settings import COMMIT_SECONDS, Settings
from app.tokens.breaker import Breaker, RefusalWatch
from app.tokens.columns import Renewal, pair_of
from app.tokens.freshness import LONGEST_DELAY_SECONDS, back_off_seconds
from app.tokens.heartbeat import Seconds, beating, boot_seconds, is_late
from app.tokens.leases import MASS_REFUSAL, Fate, Lease
from app.tokens.recovery import Recovery
from app.tokens.vault import Vault

if TYPE_CHECKING:
    from app.pagero.oauth import TokenEndpoint

OPERATION = "refresh tokens"
COMMIT_PAUSE_SECONDS = 0.2
MASS_PATIENCE = 12
"""Refusals of one connection during a mass refusal, five minutes apart, before it is believed after all."""

Count = Callable[[str], None]
"""Told the outcome of every refresh that took a lease: renewed, kept, fenced, broken, late, mass_refusal, a
ReconnectReason, or the reason of the PageroError."""

log = get_logger(__name__)


def count_nothing(_outcome: str) -> None:
    """For whom nobody counts."""


@dataclass(frozen=True, slots=True)
class AccessToken:
    """An access token and the generation of its pair."""

    value: str = field(repr=False)
    generation: int


class Refresher:
    """Renews connections at the token endpoint. Thread-safe; one per process."""

    def __init__(
        self,
        vault: Vault,
        endpoint: "TokenEndpoint",
        settings: Settings,
        seconds: Seconds = boot_seconds,
        count: Count = count_nothing,
    ) -> None:
        self._vault = vault
        self._leases = vault.leases
        self._endpoint = endpoint
        self._settings = settings
        self._seconds = seconds
        self._count = count
        self._breaker = Breaker(seconds)
        self._refusals = RefusalWatch(seconds)
        self._recovery = Recovery(vault.journal, vault, endpoint)

    def refresh(self, connection_id: str, generation: int, *, forced: bool = False) -> AccessToken | None:
        """Renew the pair of this generation. None: it has changed or somebody else is at it; look again.

        Raises ReconnectNeeded, PageroBusy, ClientRefused or PageroRefusedRequest (for the operator), StorageUnavailable
        (nothing was spent, or the answer is kept); SQLAlchemy's errors from before the call pass through.
        """
        self._recovery.run()  # an answer kept on disk is newer than the row
        if wait := self._breaker.admit():
            raise PageroBusy(OPERATION, retry_after=wait)
        started = self._seconds()
        lease = self._leases.take(connection_id, generation, forced=forced)
        token = self._spend(lease, started) if lease else None
        if token is None:
            self._breaker.unused()
        return token

    def recover(self) -> None:
        """Store what an earlier process had to leave in the journal, now or as soon as the database takes it."""
        self._recovery.begin()

    def _spend(self, lease: Lease, started: float) -> AccessToken | None:
        spent_token = self._open(lease)
        needed = self._settings.pagero_token_seconds + COMMIT_SECONDS
        if is_late(started, self._settings.refresh_lease_seconds, needed, self._seconds):
            self._leases.release(lease)
            self._count("late")
            self._tell("late", lease, level="warning")
            return None
        return self._exchange(lease, spent_token)

    def _open(self, lease: Lease) -> str:
        try:
            token = self._leases.open(lease)
        except SealBroken:
            raise self._ended(lease, ReconnectReason.UNREADABLE) from None
        if token is None:
            raise self._ended(lease, ReconnectReason.NO_REFRESH_TOKEN)
        return token

    def _exchange(self, lease: Lease, spent_token: str) -> AccessToken | None:
        longest = self._settings.pagero_token_seconds + COMMIT_SECONDS + 1
        with beating(self._leases, lease, lease_seconds=self._settings.refresh_lease_seconds, longest_seconds=longest):
            answer = self._call(lease, spent_token)
            return self._keep(lease, _renewal(lease, answer, spent_token)) if answer else None

    def _call(self, lease: Lease, spent_token: str) -> TokenAnswer | None:
        self._tell("started", lease)
        started = self._seconds()
        try:
            answer = self._endpoint.refresh(spent_token)
        except GrantRefused:
            if ending := self._refused(lease):
                raise ending from None
            return None
        except PageroError as error:
            raise self._failed(lease, error, self._seconds() - started) from None
        except Exception:
            self._count("broken")
            self._give_back(lease, "broken", back_off_seconds(lease.failures + 1), doubtful=True)
            raise
        self._breaker.succeeded()
        self._refusals.note(refused=False)
        return answer

    def _keep(self, lease: Lease, renewal: Renewal) -> AccessToken | None:
        fate = self._saved(lease, renewal)
        self._count("kept" if fate is None else "renewed" if fate == Fate.SAVED else "fenced")
        if fate == Fate.SAVED:
            self._vault.remember(lease.connection_id, renewal.row.generation, renewal.pair.access_token)
            self._tell("saved", lease, rotated=renewal.rotated)
        elif fate is not None:
            self._tell("fenced", lease, level="warning", fate=fate.name.lower())
            if fate == Fate.ENDED:
                self._revoke_late(renewal)
            return None
        return AccessToken(renewal.pair.access_token, renewal.row.generation)

    def _saved(self, lease: Lease, renewal: Renewal) -> Fate | None:
        """What became of the pair; None: the database does not take it, and it is in the journal."""
        give_up_at = self._seconds() + COMMIT_SECONDS
        while True:
            try:
                return self._leases.save(lease, renewal)
            except SQLAlchemyError as error:
                self._tell("save_failed", lease, level="warning", error=type(error).__name__)
            if self._seconds() >= give_up_at:
                break
            time.sleep(COMMIT_PAUSE_SECONDS)
        if not self._recovery.keep(renewal):
            raise StorageUnavailable
        return None

    def _revoke_late(self, renewal: Renewal) -> None:
        """The connection was ended while its refresh ran: what arrived must not stay valid at Pagero."""
        leaving = self._vault.revocations.take_late(renewal)
        self._vault.revocations.carry_out(self._endpoint, leaving, SYSTEM)

    def _refused(self, lease: Lease) -> AppError | None:
        """Pagero says invalid_grant: ReconnectNeeded if that ends the connection; None if the row moved on."""
        self._breaker.succeeded()
        if self._refusals.note(refused=True) and lease.refused_before < MASS_PATIENCE:
            self._count(MASS_REFUSAL)
            self._tell(MASS_REFUSAL, lease, level="critical")
            delay = back_off_seconds(1, int(LONGEST_DELAY_SECONDS))
            self._give_back(lease, MASS_REFUSAL, delay, doubtful=False)
            return PageroBusy(OPERATION, retry_after=int(delay))
        reason = ReconnectReason.ROTATION_LOST if lease.in_doubt else ReconnectReason.ENDED_AT_PAGERO
        if self._leases.end(lease, reason):
            self._count(reason.value)
            self._tell("reconnect_needed", lease, reason=reason.value)
            return ReconnectNeeded(reason)
        self._count("fenced")
        self._tell("fenced", lease, level="warning", fate="refused")
        return None

    def _failed(self, lease: Lease, error: PageroError, took_seconds: float) -> PageroError:
        ours = isinstance(error, ClientRefused | PageroRefusedRequest)
        self._breaker.failed(at_once=isinstance(error, ClientRefused))
        self._count(error.reason)
        delay = back_off_seconds(lease.failures + 1, error.retry_after)
        self._give_back(lease, error.reason, delay, doubtful=error.maybe_processed)
        event = "in_doubt" if error.maybe_processed else "failed"
        facts = {"error": type(error).__name__, "status": error.status_seen, "seconds": round(took_seconds, 3)}
        self._tell(event, lease, level="critical" if ours else "warning", **facts)
        kind = type(error) if ours else PageroBusy
        return kind(OPERATION, error.status_seen, max(1, round(delay)))

    def _ended(self, lease: Lease, reason: ReconnectReason) -> ReconnectNeeded:
        self._leases.end(lease, reason)
        self._count(reason.value)
        level = "critical" if reason == ReconnectReason.UNREADABLE else "info"
        self._tell("reconnect_needed", lease, level=level, reason=reason.value)
        return ReconnectNeeded(reason)

    def _give_back(self, lease: Lease, outcome: str, delay_seconds: float, *, doubtful: bool) -> None:
        """If even this cannot be written, the lease runs out by itself and the next holder finds the doubt."""
        try:
            self._leases.fail(lease, outcome, delay_seconds, doubtful=doubtful)
        except SQLAlchemyError as error:
            self._tell("give_back_failed", lease, level="warning", error=type(error).__name__)

    def _tell(self, event: str, lease: Lease, level: str = "info", **facts: object) -> None:
        getattr(log, level)(
            f"refresh.{event}",
            connection_id=lease.connection_id,
            generation=lease.generation,
            fence=lease.fence,
            in_doubt=lease.in_doubt,
            **facts,
        )


def _renewal(lease: Lease, answer: TokenAnswer, spent_token: str) -> Renewal:
    return Renewal(
        spent=lease.row,
        pair=pair_of(answer, spent_token),
        issued_at=lease.claimed_at,
        scope=answer.scope,
        rotated=answer.refresh_token is not None,
    )
