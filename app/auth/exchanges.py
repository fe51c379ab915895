"""How many codes may be at Pagero at once, in this process.

Anybody can send invented codes, and each holds a thread until Pagero answers. So they get a part of the threads only;
whoever comes when all places are taken is told before anything is spent, and may simply load the page again.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from threading import BoundedSemaphore

from app.errors import AppError

SHARE = 1 / 4  # of the threads
LEAST = 4


class SignInsBusy(AppError):
    """Too many sign-ins are being finished; this one was not touched."""

    status = 503
    page = "sign_ins_busy"
    reason = "sign_ins_busy"
    retry_after = 5


class Exchanges:
    """The places. Thread-safe."""

    def __init__(self, web_threads: int) -> None:
        self._places = BoundedSemaphore(max(LEAST, int(web_threads * SHARE)))

    @contextmanager
    def place(self) -> Iterator[None]:
        """Hold a place. Raises SignInsBusy at once when there is none: waiting would hold the thread as well."""
        if not self._places.acquire(blocking=False):
            raise SignInsBusy
        try:
            yield
        finally:
            self._places.release()
