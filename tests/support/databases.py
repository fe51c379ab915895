"""Fresh, migrated databases for tests: SQLite files copied from a template, PostgreSQL databases made from one.

TEST_POSTGRES_URL names the server; else 127.0.0.1:5432; else a private server is started from installed binaries; else
tests that need PostgreSQL are skipped with that reason, except on CI, where they fail.
"""

import contextlib
import os
import pwd
import shutil
import sqlite3
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path
from urllib.parse import urlsplit, urlunsplit

import psycopg
import pytest
from psycopg import sql

from tests.support.processes import clean_environment, free_port
from tests.support.run import ROOT, Run

LOCAL_SERVER = "postgresql://postgres@127.0.0.1:5432/postgres"
MIGRATE = (sys.executable, "-m", "flask", "--app", "wsgi", "db", "upgrade")


class Databases:
    """Makes, copies, dumps and drops the databases of one run."""

    def __init__(self, run: Run, settings_for: Callable[[str], dict[str, str]]) -> None:
        self.run = run
        self._settings_for = settings_for  # database address -> complete environment for the flask command
        self._sqlite_template: Path | None = None
        self._postgres_template: str | None = None
        self._server: str | None = None
        self._made: list[str] = []
        self._cleanup = contextlib.ExitStack()

    def fresh(self, kind: str) -> str:
        """The address of a migrated, empty database; `kind` is sqlite or postgresql."""
        return self._fresh_sqlite() if kind == "sqlite" else self._fresh_postgres()

    def dump(self, address: str) -> Path:
        """Append every row of every table, as text, to this database's dump file in the run directory."""
        target = self.run.databases / f"{urlsplit(address).path.rsplit('/', 1)[1]}.dump"
        with target.open("ab") as file:
            for chunk in _dump_sqlite(address) if address.startswith("sqlite") else _dump_postgres(address):
                file.write(chunk)
        return target

    def dump_all(self) -> None:
        """Dump every PostgreSQL database of the run that still exists. SQLite files are searched as they lie."""
        for name in self._made:
            self.dump(_with_database(self.server, name))

    @property
    def server(self) -> str:
        """The administrative address of the PostgreSQL server in use."""
        if self._server is None:
            self._server = self._find_server()
        return self._server

    def close(self) -> None:
        """Drop what was made, stop what was started."""
        for name in reversed(self._made):
            with contextlib.suppress(psycopg.Error):
                self._administer(sql.SQL("DROP DATABASE IF EXISTS {} WITH (FORCE)").format(sql.Identifier(name)))
        self._cleanup.close()

    def _fresh_sqlite(self) -> str:
        if self._sqlite_template is None:
            self._sqlite_template = self.run.databases / "template.sqlite3"
            self._migrate(f"sqlite:///{self._sqlite_template}")
        path = self.run.fresh(self.run.databases, "test.sqlite3")
        with sqlite3.connect(self._sqlite_template) as source, sqlite3.connect(path) as copy:
            source.backup(copy)
        return f"sqlite:///{path}"

    def _fresh_postgres(self) -> str:
        if self._postgres_template is None:
            self._postgres_template = f"pagero_test_{os.getpid()}_template"
            self._create(self._postgres_template, "template1")
            self._migrate(_with_database(self.server, self._postgres_template))
        name = f"pagero_test_{os.getpid()}_{len(self._made)}"
        self._create(name, self._postgres_template)
        return _with_database(self.server, name)

    def _create(self, name: str, template: str) -> None:
        self._administer(sql.SQL("DROP DATABASE IF EXISTS {} WITH (FORCE)").format(sql.Identifier(name)))
        self._administer(
            sql.SQL("CREATE DATABASE {} TEMPLATE {}").format(sql.Identifier(name), sql.Identifier(template))
        )
        self._made.append(name)

    def _administer(self, statement: sql.Composed) -> None:
        with psycopg.connect(self.server, autocommit=True, connect_timeout=5) as connection:
            connection.execute(statement)

    def _migrate(self, address: str) -> None:
        environment = clean_environment(**self._settings_for(address))
        done = subprocess.run(
            MIGRATE, env=environment, cwd=ROOT, capture_output=True, text=True, timeout=60, check=False
        )
        if done.returncode:
            raise AssertionError(f"flask db upgrade failed:\n{done.stdout[-3000:]}\n{done.stderr[-5000:]}")

    def _find_server(self) -> str:
        if named := os.environ.get("TEST_POSTGRES_URL"):
            return named  # given by name: not reaching it is a failure, not a skip
        with contextlib.suppress(psycopg.Error), psycopg.connect(LOCAL_SERVER, connect_timeout=3):
            return LOCAL_SERVER
        binaries = sorted(Path("/usr/lib/postgresql").glob("*/bin/initdb"))
        if binaries:
            return self._cleanup.enter_context(private_server(binaries[-1].parent))
        reason = "no PostgreSQL: TEST_POSTGRES_URL unset, nothing on 127.0.0.1:5432, no server binaries"
        if os.environ.get("CI") == "true":
            pytest.fail(reason)
        pytest.skip(reason)


@contextlib.contextmanager
def private_server(binaries: Path) -> Iterator[str]:
    """A PostgreSQL of our own in a temporary directory. initdb refuses root, so root becomes `postgres` for it."""
    port = free_port()
    home = Path(tempfile.mkdtemp(prefix="pagero-postgres-"))
    become = _become_postgres(home)
    data, options = (
        home / "data",
        f"-c listen_addresses=127.0.0.1 -c port={port} -c unix_socket_directories={home} -c fsync=off",
    )
    subprocess.run(
        [*become, binaries / "initdb", "-D", data, "-U", "postgres", "-A", "trust"], check=True, capture_output=True
    )
    subprocess.run(
        [*become, binaries / "pg_ctl", "-D", data, "-w", "-l", home / "log", "-o", options, "start"], check=True
    )
    try:
        yield f"postgresql://postgres@127.0.0.1:{port}/postgres"
    finally:
        subprocess.run([*become, binaries / "pg_ctl", "-D", data, "-m", "immediate", "stop"], check=False)
        shutil.rmtree(home, ignore_errors=True)


def _become_postgres(home: Path) -> list[str]:
    if os.geteuid() != 0:
        return []
    account = pwd.getpwnam("postgres")
    os.chown(home, account.pw_uid, account.pw_gid)
    return ["runuser", "-u", "postgres", "--"]


def _with_database(address: str, name: str) -> str:
    return urlunsplit(urlsplit(address)._replace(path=f"/{name}"))


def _dump_sqlite(address: str) -> Iterator[bytes]:
    with contextlib.closing(sqlite3.connect(address.removeprefix("sqlite:///"))) as connection:
        for line in connection.iterdump():
            yield line.encode() + b"\n"


def _dump_postgres(address: str) -> Iterator[bytes]:
    with psycopg.connect(address) as connection, connection.cursor() as cursor:
        tables = [
            row[0] for row in cursor.execute("SELECT tablename FROM pg_tables WHERE schemaname = 'public'").fetchall()
        ]
        for table in tables:
            with cursor.copy(sql.SQL("COPY {} TO STDOUT").format(sql.Identifier(table))) as copy:
                yield from map(bytes, copy)
