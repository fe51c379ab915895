"""Keeping a lease while a call runs, and knowing how much of it is left. Never holds on past the call's deadline."""

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from threading import Event, Thread

from sqlalchemy.exc import SQLAlchemyError
from structlog import get_logger

from app.tokens.leases import Lease, Leases

BEATS_PER_LEASE = 3

Seconds = Callable[[], float]
log = get_logger(__name__)


def boot_seconds() -> float:
    """A clock that never jumps and goes on while the machine is suspended, unlike CLOCK_MONOTONIC."""
    return time.clock_gettime(getattr(time, "CLOCK_BOOTTIME", time.CLOCK_MONOTONIC))


def is_late(
    started_seconds: float, lease_seconds: float, needed_seconds: float, seconds: Seconds = boot_seconds
) -> bool:
    """Whether a lease that was asked for at `started_seconds` could end before a call begun now is over and stored.

    Even if no heartbeat reaches the database. A process that was stopped or suspended since then is late.
    """
    return seconds() - started_seconds > lease_seconds - needed_seconds


@contextmanager
def beating(leases: Leases, lease: Lease, *, lease_seconds: float, longest_seconds: float) -> Iterator[None]:
    """Renew the lease in the background for as long as the body runs, at most `longest_seconds`."""
    done = Event()
    heart = Thread(
        target=_beat,
        args=(leases, lease, done, lease_seconds / BEATS_PER_LEASE, longest_seconds),
        name=f"lease {lease.connection_id}",
        daemon=True,
    )
    heart.start()
    try:
        yield
    finally:
        done.set()


def _beat(leases: Leases, lease: Lease, done: Event, every_seconds: float, longest_seconds: float) -> None:
    stop_at = boot_seconds() + longest_seconds
    while not done.wait(every_seconds) and boot_seconds() < stop_at:
        try:
            if not leases.renew(lease):
                return  # fenced, or given back just now
        except SQLAlchemyError as error:
            log.warning("lease.not_renewed", connection_id=lease.connection_id, error=type(error).__name__)
