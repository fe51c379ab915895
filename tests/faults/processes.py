"""Real processes that ask for one connection's token, and die or stop at a chosen point of the refresh.

They are forked from a server that has imported everything, so that twenty rounds take seconds. Each has its own engine,
vault and HTTP pool, as a gunicorn worker has; the token endpoint is the sandbox, over real HTTP.
"""

import multiprocessing
import signal
import threading
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import timedelta
from multiprocessing.connection import Connection as Pipe
from typing import Any

from sqlalchemy import Engine, event

from app.clock import Clock
from app.errors import AppError
from app.pagero.api import PageroApi
from app.pagero.oauth import TokenEndpoint
from app.pagero.records import DocumentQuery
from app.settings import Settings
from app.tokens.access import Access
from app.tokens.sealing import Sealer
from app.tokens.vault import Vault
from tests.support.processes import plain_session
from tests.unit.tokens.workshop import engine_of

POINTS = ("before sending", "in flight", "after the answer", "before the commit", "after the commit")
CONTEXT = multiprocessing.get_context("forkserver")
CONTEXT.set_forkserver_preload([__name__])


@dataclass
class Parts:
    """What a worker of the application holds."""

    settings: Settings
    engine: Engine
    endpoint: TokenEndpoint
    vault: Vault
    access: Access
    api: PageroApi

    @classmethod
    def of(cls, settings: Settings, offset_seconds: float) -> "Parts":
        engine, clock = engine_of(settings.database_address), Clock(timedelta(seconds=offset_seconds))
        endpoint = TokenEndpoint(settings)
        vault = Vault(engine, Sealer(settings.keys), clock, settings)
        return cls(settings, engine, endpoint, vault, Access(vault, endpoint, settings), PageroApi(settings))


@dataclass(frozen=True)
class Order:
    """What a process is told."""

    environment: dict[str, str]
    connection_id: str
    offset_seconds: float
    point: str | None
    signal_number: int


@dataclass
class Asker:
    """A process that wants the connection's token once, and uses it."""

    process: Any
    answers: Pipe

    @property
    def pid(self) -> int:
        return int(self.process.pid)

    def result(self, seconds: float = 30) -> str:
        """`served`, the reason it was not, or `killed`."""
        try:
            said = self.answers.recv() if self.answers.poll(seconds) else "silent"
        except EOFError:
            said = "killed"
        self.process.join(5)
        return str(said)

    def wait_until_stopped(self, seconds: float = 10) -> None:
        deadline = time.monotonic() + seconds
        while open(f"/proc/{self.pid}/stat").read().split()[2] != "T":  # noqa: PTH123, SIM115
            assert time.monotonic() < deadline, "was not stopped"
            time.sleep(0.02)

    def end(self) -> None:
        if self.process.is_alive():
            self.process.kill()
        self.process.join(5)


def ask(
    environment: Mapping[str, str],
    connection_id: str,
    *,
    offset_seconds: float = 0,
    point: str | None = None,
    sent: signal.Signals = signal.SIGKILL,
) -> Asker:
    """Start a process; it sends itself the signal `sent` when it comes to `point`."""
    ours, theirs = CONTEXT.Pipe()
    order = Order(dict(environment), connection_id, offset_seconds, point, int(sent))
    process = CONTEXT.Process(target=_ask, args=(theirs, order), daemon=True)
    process.start()
    theirs.close()
    return Asker(process, ours)


def _ask(answers: Pipe, order: Order) -> None:
    parts = Parts.of(Settings.from_environment(order.environment), order.offset_seconds)
    if order.point:
        ARM[order.point](parts, _once(order.signal_number))
    answers.send(_outcome(parts, order.connection_id))
    parts.access.close()


def _once(signal_number: int) -> Callable[[], None]:
    """Send the signal to the calling thread, which so does not take another step; the first time only."""
    left = [signal_number]
    return lambda: signal.pthread_kill(threading.get_ident(), left.pop()) if left else None


def _outcome(parts: Parts, connection_id: str) -> str:
    held = parts.vault.look(connection_id)
    if held is None:
        return "gone"
    try:
        parts.access.call(held, lambda token: parts.api.documents_json(token, DocumentQuery()))
    except AppError as error:
        return error.reason
    return "served"


def _around_refresh(before: bool) -> Callable[[Parts, Callable[[], None]], None]:
    def arm(parts: Parts, happen: Callable[[], None]) -> None:
        real = parts.endpoint.refresh

        def refresh(token: str) -> Any:
            if before:
                happen()
            answer = real(token)
            happen()
            return answer

        parts.endpoint.refresh = refresh  # type: ignore[method-assign]

    return arm


def _in_flight(parts: Parts, happen: Callable[[], None]) -> None:
    """As soon as the sandbox, which is told to take its time to answer, has the call on record."""
    real = parts.endpoint.refresh

    def watch() -> None:
        with plain_session() as session:
            record = f"{parts.settings.pagero_api_url}/_sandbox/calls?grant_type=refresh_token"
            while session.get(record, timeout=5).json()["count"] == 0:
                time.sleep(0.02)
        happen()

    def refresh(token: str) -> Any:
        threading.Thread(target=watch, daemon=True).start()
        return real(token)

    parts.endpoint.refresh = refresh  # type: ignore[method-assign]


def _before_commit(parts: Parts, happen: Callable[[], None]) -> None:
    saving = threading.local()

    @event.listens_for(parts.engine, "before_cursor_execute")
    def note(_connection: Any, _cursor: Any, statement: str, *_: Any) -> None:
        saving.now = getattr(saving, "now", False) or "sealed_access_token=" in statement

    @event.listens_for(parts.engine, "commit")
    def commit(_connection: Any) -> None:
        if getattr(saving, "now", False):
            saving.now = False
            happen()


def _after_commit(parts: Parts, happen: Callable[[], None]) -> None:
    real = parts.vault.leases.save

    def save(*arguments: Any) -> Any:
        fate = real(*arguments)
        happen()
        return fate

    parts.vault.leases.save = save  # type: ignore[method-assign]


def _before_budget_check(parts: Parts, happen: Callable[[], None]) -> None:
    real = parts.vault.leases.open

    def opened(*arguments: Any) -> Any:
        happen()
        return real(*arguments)

    parts.vault.leases.open = opened  # type: ignore[method-assign]


ARM: dict[str, Callable[[Parts, Callable[[], None]], None]] = {
    "before sending": _around_refresh(before=True),
    "in flight": _in_flight,
    "after the answer": _around_refresh(before=False),
    "before the commit": _before_commit,
    "after the commit": _after_commit,
    "with the lease in hand": _before_budget_check,
}
