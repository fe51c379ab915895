"""`./dev bench reseal`: `keys reseal` over many connections while they go on being refreshed, and nothing is lost.

The command runs in a process of its own, as an operator runs it. This process refreshes through the real vault and
leases, against a token endpoint that knows which refresh token is each connection's newest and counts every other one
that is presented. RESEAL_CONNECTIONS (100000) and RESEAL_REFRESHES (50 a second) set the size.
"""

import logging
import os
import random
import secrets
import subprocess
import sys
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from threading import Lock
from typing import Any

import structlog
from sqlalchemy import Engine, insert, select
from sqlalchemy.exc import OperationalError

from app.clock import Clock
from app.errors import AppError, GrantRefused
from app.models import Account, Connection
from app.pace import Pace
from app.pagero.records import TokenAnswer
from app.settings import Settings
from app.tokens import columns
from app.tokens.access import Access
from app.tokens.sealing import Sealer
from app.tokens.vault import Vault
from tests.support import processes, run
from tests.support.canaries import Canaries
from tests.support.databases import Databases
from tests.support.environment import encryption_key, settings_for
from tests.unit.tokens.workshop import engine_of

CONNECTIONS = int(os.environ.get("RESEAL_CONNECTIONS", "100000"))
REFRESHES_A_SECOND = float(os.environ.get("RESEAL_REFRESHES", "50"))
ACCESS_LETTERS = 900  # a JWT of Pagero's has about so many
AT_ONCE = 2_000
WORKERS = 8
COMMAND = (sys.executable, "-m", "flask", "--app", "wsgi", "keys", "reseal")


@dataclass
class Endpoint:
    """A token endpoint that rotates. `newest` is the refresh token that counts for each connection."""

    newest: dict[str, str] = field(default_factory=dict)
    calls: int = 0
    reuses: int = 0
    _owner: dict[str, str] = field(default_factory=dict)
    _lock: Lock = field(default_factory=Lock)

    def issue(self, connection_id: str) -> TokenAnswer:
        """A new pair for this connection."""
        access = secrets.token_urlsafe(ACCESS_LETTERS * 3 // 4)
        refresh = secrets.token_urlsafe(32)
        self.newest[connection_id] = refresh
        self._owner[refresh] = connection_id
        return TokenAnswer(access, refresh, 600, None, None)

    def refresh(self, refresh_token: str) -> TokenAnswer:
        """As app.pagero.oauth.TokenEndpoint.refresh."""
        with self._lock:
            self.calls += 1
            connection_id = self._owner.get(refresh_token)
            if connection_id is None or self.newest[connection_id] != refresh_token:
                self.reuses += 1
                raise GrantRefused("refresh tokens", 400)
            return self.issue(connection_id)


@dataclass
class Stage:
    """A database full of connections sealed with the old key, and the machine that refreshes them."""

    engine: Engine
    environment: dict[str, str]
    endpoint: Endpoint
    access: Access
    new_only: Sealer
    ids: list[str]
    generations: dict[str, int]
    put_off: int = 0
    """Refreshes that found their row taken or the database slow, and spent nothing."""
    failures: int = 0

    def start(self, *options: str) -> subprocess.Popen[bytes]:
        """Begin resealing."""
        return subprocess.Popen((*COMMAND, *options), env=self.environment, stdout=sys.stdout, stderr=sys.stderr)

    def refresh_while(self, command: subprocess.Popen[bytes]) -> int:
        """Refresh connections drawn by chance until the command ends; answers its status."""
        pace = Pace(REFRESHES_A_SECOND)
        with ThreadPoolExecutor(WORKERS) as threads:
            list(threads.map(lambda share: self._refresh_some(share, command, pace), range(WORKERS)))
        return command.wait()

    def lost(self) -> int:
        """Rows that do not open with the new key alone, or hold anything but the newest pair of tokens."""
        self.access.recover()  # what SQLite would not take in time waits in the journal
        table, wrong, seen = columns.TABLE, 0, 0
        names = ("id", "account_id", "generation", columns.ACCESS, columns.REFRESH)
        with self.engine.connect().execution_options(yield_per=AT_ONCE) as connection:
            for row in connection.execute(select(*(table.c[name] for name in names))):
                wrong += not self._is_newest(row)
                seen += 1
        return wrong + len(self.ids) - seen

    def _refresh_some(self, share: int, command: subprocess.Popen[bytes], pace: Pace) -> None:
        """Each worker has connections of its own, so that it knows their generations."""
        mine = self.ids[share::WORKERS]
        while command.poll() is None and pace.goes_on():
            connection_id = random.choice(mine)
            try:
                renewed = self.access.renew_idle(connection_id, self.generations[connection_id])
            except OperationalError as error:  # SQLite was busy for five seconds: nothing was spent
                print(f"  a refresh was put off: {type(error).__name__}")
                renewed = False
            except AppError as error:
                print(f"  a refresh failed: {type(error).__name__}")
                self.failures += 1
                continue
            self.generations[connection_id] += renewed
            self.put_off += not renewed

    def _is_newest(self, row: Any) -> bool:
        bound_to = columns.Row(row.id, row.account_id, row.generation)
        self.new_only.open(getattr(row, columns.ACCESS), bound_to.place(columns.ACCESS))
        refresh_token = self.new_only.open(getattr(row, columns.REFRESH), bound_to.place(columns.REFRESH))
        return refresh_token == self.endpoint.newest[row.id] and row.generation == self.generations[row.id]


def reseal(database: str) -> bool:
    """Measure; true when nothing was lost."""
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(logging.WARNING))
    with _stage(database) as on:
        print(f"  {CONNECTIONS} connections in {database}, {REFRESHES_A_SECOND:.0f} refreshes/s meanwhile")
        began = time.perf_counter()
        status = on.refresh_while(on.start())
        seconds = time.perf_counter() - began
        lost = on.lost()
    calls = on.endpoint.calls
    print(
        f"reseal: {database}, {CONNECTIONS} connections in {seconds:.1f} s, {CONNECTIONS / seconds:.0f}/s, "
        f"start of the command included; {calls} refreshes meanwhile ({calls / seconds:.0f}/s), {on.put_off} put off, "
        f"{on.failures} failed, {on.endpoint.reuses} reuses, {lost} lost updates (bar 0)"
    )
    return status == 0 and not (lost or on.failures or on.endpoint.reuses)


@contextmanager
def _stage(database: str) -> Iterator[Stage]:
    this_run, canaries = run.begin(), Canaries()
    keys = encryption_key(canaries, "old"), encryption_key(canaries, "new")
    public_url = "http://127.0.0.1:8000"
    databases = Databases(this_run, lambda address: settings_for(public_url, address, ",".join(keys)))
    try:
        journal = str(this_run.path / "token-journal")
        with filled(databases.fresh(database), keys, CONNECTIONS, token_journal_dir=journal) as on:
            yield on
    finally:
        databases.close()


@contextmanager
def filled(address: str, keys: tuple[str, str], count: int, **changes: str) -> Iterator[Stage]:
    """That many connections in a migrated database, sealed with the first key; the machine's first key is the second.

    `changes` are settings.
    """
    old, new = keys
    environment = settings_for("http://127.0.0.1:8000", address, f"{new},{old}", log_level="WARNING", **changes)
    settings = Settings.from_environment(environment)
    engine, endpoint = engine_of(address), Endpoint()
    ids = [secrets.token_hex(18) for _ in range(count)]
    _fill(engine, endpoint, Sealer(settings.keys[1:]), ids)
    access = Access(Vault(engine, Sealer(settings.keys), Clock(), settings), endpoint, settings)  # type: ignore[arg-type]
    new_only = Sealer(settings.keys[:1])
    try:
        yield Stage(
            engine, processes.clean_environment(**environment), endpoint, access, new_only, ids, dict.fromkeys(ids, 1)
        )
    finally:
        access.close()
        engine.dispose()


def _fill(engine: Engine, endpoint: Endpoint, sealer: Sealer, ids: list[str]) -> None:
    for start in range(0, len(ids), AT_ONCE):
        rows = [_row(endpoint, sealer, connection_id) for connection_id in ids[start : start + AT_ONCE]]
        with engine.begin() as connection:
            connection.execute(insert(Account), [account for account, _ in rows])
            connection.execute(insert(Connection), [values for _, values in rows])


def _row(endpoint: Endpoint, sealer: Sealer, connection_id: str) -> tuple[dict[str, Any], dict[str, Any]]:
    now = datetime.now(UTC)
    account = {"id": connection_id[::-1], "issuer": "https://issuer", "subject": connection_id, "created_at": now}
    pair = columns.pair_of(endpoint.issue(connection_id))
    sealed = columns.sealed_columns(sealer, columns.Row(connection_id, str(account["id"]), 1), pair, now)
    times = {"connected_at": now, "last_rotated_at": now}
    values = {"id": connection_id, "account_id": account["id"], "state": "active", **sealed, **times}
    return account | {"identity_source": "id_token", "last_signed_in_at": now}, values
