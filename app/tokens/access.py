"""A usable access token for every request, at the price of one refresh, however many requests and machines ask.

Look, lease, look again under the lease, and replace only what was looked at. A request that finds another worker at it
waits a while without holding a transaction or a connection. It refuses to wait for ever, and to force a refresh twice.
"""

from collections.abc import Callable
from concurrent.futures import Future
from concurrent.futures import TimeoutError as StillRunning
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, TypeVar

from structlog import get_logger

from app.errors import AppError, Disconnected, PageroBusy, PageroUnauthorized, ReconnectNeeded, SealBroken
from app.models import ReconnectReason
from app.settings import Settings
from app.tokens.flights import Flights, Lookout
from app.tokens.freshness import ConnectionSnapshot, Step, is_alive, next_step, seconds_until_retry
from app.tokens.gate import Gate
from app.tokens.heartbeat import Seconds, boot_seconds
from app.tokens.refresh import OPERATION, AccessToken, Count, Refresher, count_nothing
from app.tokens.vault import Vault

if TYPE_CHECKING:
    from app.pagero.oauth import TokenEndpoint

__all__ = ["Access", "AccessToken"]

COME_BACK_SECONDS = 2  # for whom lost patience
WAITING_SHARE = 0.75
"""Of a process's threads, how many may wait for the API at once: the rest answers what needs no Pagero."""

T = TypeVar("T")
log = get_logger(__name__)


@dataclass
class Wish:
    """What one request wants: a token that is newer than `seen`, or still good and not the one refused."""

    connection_id: str
    seen: int
    give_up_at: float
    refused: int | None = None
    unreadable: bool = False
    """Whether `refused` was refused by us, because it cannot be opened."""


class Access:
    """Hands out access tokens. Thread-safe; one per process."""

    def __init__(
        self,
        vault: Vault,
        endpoint: "TokenEndpoint",
        settings: Settings,
        seconds: Seconds = boot_seconds,
        count: Count = count_nothing,
    ) -> None:
        self._vault = vault
        self._patience_seconds = settings.refresh_wait_seconds
        self._seconds = seconds
        self._refresher = Refresher(vault, endpoint, settings, seconds, count)
        self._flights: Flights[AccessToken | None] = Flights()
        self._lookout = Lookout(self._look)
        self._gate = Gate(int(settings.web_threads * WAITING_SHARE), seconds)

    def call(self, held: ConnectionSnapshot, use: Callable[[str], T]) -> T:
        """What `use` answers for a usable token; after a 401 renew the refused token and repeat once.

        A 401 says that nothing was done, so the repetition is safe for every method. Raises what token() raises,
        PageroUnauthorized when the renewed token is refused as well, and PageroBusy where too many wait already.
        """
        token = self.token(held)
        try:
            return self._gate.through(lambda: use(token.value))
        except PageroUnauthorized:
            log.info("api.unauthorized", connection_id=held.id, generation=token.generation)
        renewed = self.token(held, token.generation)
        return self._gate.through(lambda: use(renewed.value))

    def token(self, held: ConnectionSnapshot, rejected_generation: int | None = None) -> AccessToken:
        """An access token to send, renewed when it must be. `held` is as fresh as the request.

        `rejected_generation` names the token Pagero answered 401 to: if the stored one differs it is used, else it is
        renewed, at most once a minute. Raises Frozen, Disconnected, ReconnectNeeded, PageroBusy with `retry_after`,
        PageroUnauthorized (renewed within the last minute and refused), ClientRefused, PageroRefusedRequest,
        StorageUnavailable. Call it without an open transaction: on SQLite that would lock the refresh out.
        """
        give_up_at = self._seconds() + self._patience_seconds
        if rejected_generation is not None:
            held = self._look(held.id)
        wish = Wish(held.id, held.generation, give_up_at, rejected_generation)
        while (token := self._attempt(held, wish)) is None:
            left = give_up_at - self._seconds()
            if left <= 0:
                raise PageroBusy(OPERATION, retry_after=COME_BACK_SECONDS)
            held = self._lookout.after_pause(held.id, left)
        return token

    def renew_idle(self, connection_id: str, generation: int) -> bool:
        """Renew exactly this generation now. False: it has changed, is not free, or everything is frozen.

        However many machines ask for the same generation, one of them renews it. Raises what a refresh raises.
        """
        refresh = partial(self._refresher.refresh, connection_id, generation)
        return self._flights.join(connection_id, refresh).result() is not None

    def recover(self) -> None:
        """At the start: store answers that an earlier process had to leave in the journal, now or as soon as may be."""
        self._refresher.recover()

    def close(self) -> None:
        """At the stop of a process: wait for refreshes under way, whose tokens exist nowhere else yet."""
        self._flights.close()

    def _attempt(self, held: ConnectionSnapshot, wish: Wish) -> AccessToken | None:
        """A token, or None: look again after a pause."""
        step = next_step(held, wish.refused)
        if step in (Step.USE, Step.USE_AND_RENEW) or held.generation > wish.seen:
            if step == Step.USE_AND_RENEW and not self._flights.is_full():
                self._fly(held, forced=False).add_done_callback(_note_failure)
            return self._opened(held, wish)
        if step == Step.COOL_DOWN:
            raise PageroBusy(OPERATION, retry_after=seconds_until_retry(held))
        if step == Step.GIVE_UP:
            raise ReconnectNeeded(ReconnectReason.UNREADABLE) if wish.unreadable else PageroUnauthorized(OPERATION)
        return None if step == Step.WAIT else self._renewed(held, wish, forced=step == Step.FORCE)

    def _look(self, connection_id: str) -> ConnectionSnapshot:
        held = self._vault.look(connection_id)
        if held is None:
            raise Disconnected
        return held

    def _opened(self, held: ConnectionSnapshot, wish: Wish) -> AccessToken | None:
        try:
            value = self._vault.open_access(held)
        except SealBroken:  # the refresh token may be intact; if it is not either, renewing ends in ReconnectNeeded
            log.critical("access_token.unreadable", connection_id=held.id, generation=held.generation)
            wish.refused, wish.unreadable = held.generation, True
            wish.seen = max(wish.seen, held.generation)
            return None
        return AccessToken(value, held.generation) if value is not None else None

    def _renewed(self, held: ConnectionSnapshot, wish: Wish, *, forced: bool) -> AccessToken | None:
        try:
            token = self._fly(held, forced=forced).result(timeout=max(0.0, wish.give_up_at - self._seconds()))
        except StillRunning:
            return None
        except PageroBusy:
            again = self._look(held.id)
            next_step(again, wish.refused)  # raises when it was ended or frozen meanwhile
            if again.generation != wish.refused and is_alive(again):
                return self._opened(again, wish)  # its last seconds are better than none
            raise
        return token if token is not None and token.generation > wish.seen else None

    def _fly(self, held: ConnectionSnapshot, *, forced: bool) -> Future[AccessToken | None]:
        return self._flights.join(held.id, lambda: self._refresher.refresh(held.id, held.generation, forced=forced))


def _note_failure(flight: Future[AccessToken | None]) -> None:
    """Nobody waits for a refresh beside a request. Failures at Pagero are logged and stored where they happen."""
    error = flight.exception()
    if error is not None and not isinstance(error, AppError):
        log.error("refresh.broken", error=type(error).__name__)
