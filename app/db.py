"""The database: engine settings, the session, column types and the database's own clock.

SQLite runs in WAL with synchronous=FULL, and every write transaction is BEGIN IMMEDIATE, so that two writers queue
instead of failing half-way. Reads go through reading(), which opens no transaction at all.
"""

import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from threading import Lock
from typing import Any, cast
from weakref import WeakKeyDictionary

import psycopg
from flask import Flask, g
from flask_migrate import Migrate
from flask_sqlalchemy import SQLAlchemy
from sqlalchemy import Connection, DateTime, Dialect, Engine, Float, MetaData, bindparam, create_engine, event
from sqlalchemy.ext.compiler import compiles
from sqlalchemy.orm import DeclarativeBase, Session, registry
from sqlalchemy.sql.functions import FunctionElement
from sqlalchemy.types import TypeDecorator

BUSY_TIMEOUT_SECONDS = 5
# Two pools a process, one of them for reads: at most 20 connections to PostgreSQL, which allows 100 by default. Nobody
# holds one while waiting for Pagero, so a worker's 128 threads share them for milliseconds each.
POOL_SIZE = 5
POOL_OVERFLOW = 5
POOL_WAIT_SECONDS = 5
POOL_RECYCLE_SECONDS = 1800
# A server that went silent must not hold a request, or an answer of Pagero that waits to be stored.
POSTGRESQL_PATIENCE = {"connect_timeout": 5, "tcp_user_timeout": 4000, "keepalives_idle": 10}  # seconds, ms, seconds
POSTGRESQL_LIMITS = "SET statement_timeout = '5s'; SET lock_timeout = '3s'"  # migrations lift them


class UtcDateTime(TypeDecorator[datetime]):
    """An aware UTC time. Naive values are refused; SQLite gives aware ones back as well."""

    impl = DateTime(timezone=True)
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        if value is None:
            return None
        if value.tzinfo is None:
            raise ValueError("naive datetime refused: times are aware UTC")
        return value.astimezone(UTC) if dialect.name != "sqlite" else value.astimezone(UTC).replace(tzinfo=None)

    def process_result_value(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        if value is None:
            return None
        return value.replace(tzinfo=UTC) if value.tzinfo is None else value.astimezone(UTC)


class database_now(FunctionElement[datetime]):  # noqa: N801 - reads as the SQL function it is
    """The database's clock at this statement (not at the start of the transaction), plus `offset`.

    Leases compare times of several machines, so one clock must judge them. PostgreSQL's now() would be the start of
    the transaction, and SQLite before 3.42 answers NULL to unixepoch('subsec'): neither is used.
    """

    inherit_cache = True  # the offset is a bound parameter, so the compiled statement can be kept
    type = UtcDateTime()

    def __init__(self, offset: timedelta = timedelta(0)) -> None:
        super().__init__(bindparam(None, offset.total_seconds(), type_=Float(), unique=True))


@compiles(database_now, "postgresql")
def _postgresql_now(element: database_now, compiler: Any, **kw: Any) -> str:
    return f"(clock_timestamp() + make_interval(secs => {compiler.process(element.clauses, **kw)}))"


@compiles(database_now, "sqlite")
def _sqlite_now(element: database_now, compiler: Any, **kw: Any) -> str:
    # Three digits of fraction and three zeros: the text SQLAlchemy stores has six, and SQLite compares times as text.
    seconds = compiler.process(element.clauses, **kw)
    return f"(strftime('%Y-%m-%d %H:%M:%f', 'now', {seconds} || ' seconds') || '000')"


NAMING = {
    "ix": "ix_%(table_name)s_%(column_0_N_name)s",
    "uq": "uq_%(table_name)s_%(column_0_N_name)s",
    "ck": "ck_%(table_name)s_%(constraint_name)s",
    "fk": "fk_%(table_name)s_%(column_0_N_name)s",
    "pk": "pk_%(table_name)s",
}


class Base(DeclarativeBase):
    # Its own registry because Flask-SQLAlchemy 3.1 refuses a type_annotation_map on the class itself.
    registry = registry(type_annotation_map={datetime: UtcDateTime}, metadata=MetaData(naming_convention=NAMING))


db = SQLAlchemy(model_class=Base, session_options={"expire_on_commit": False})
migrate = Migrate(db=db, directory="migrations", render_as_batch=True)


def engine_options(database_url: str) -> dict[str, Any]:
    """What Flask-SQLAlchemy hands to create_engine for this address."""
    common = {
        "hide_parameters": True,  # sealed tokens and session hashes must not stand in an exception
        "pool_size": POOL_SIZE,
        "max_overflow": POOL_OVERFLOW,
        "pool_timeout": POOL_WAIT_SECONDS,
    }
    if database_url.startswith("sqlite"):
        return common | {"connect_args": {"timeout": BUSY_TIMEOUT_SECONDS, "check_same_thread": False}}
    return common | {
        "pool_recycle": POOL_RECYCLE_SECONDS,
        "connect_args": {"application_name": "pagero-dashboard", **POSTGRESQL_PATIENCE},
    }


def init_app(app: Flask, database_url: str) -> None:
    """Bind the extension and the migrations to the application."""
    app.config["SQLALCHEMY_DATABASE_URI"] = database_url
    app.config["SQLALCHEMY_ENGINE_OPTIONS"] = engine_options(database_url)
    db.init_app(app)
    app.teardown_appcontext(_close_reads)
    migrate.init_app(app, db)
    with app.app_context():
        _prepare(db.engine)


@contextmanager
def reading(engine: Engine) -> Iterator[Connection]:
    """A connection for reads only: no transaction, one round trip per statement."""
    with reader_of(engine).connect() as connection:
        yield connection


def reads() -> Session:
    """The ORM session of a view that only reads: no transaction, so that no writer waits while a page is drawn."""
    if "reads" not in g:
        g.reads = Session(reader_of(db.engine), expire_on_commit=False)
    return cast(Session, g.reads)


def _close_reads(_error: BaseException | None) -> None:
    if "reads" in g:
        g.pop("reads").close()


def reader_of(engine: Engine) -> Engine:
    """The engine's companion for reads, with a pool of its own.

    Its connections are autocommitting for life. Switching that at every checkout and back costs more than the SELECT
    of a signed-in view itself (354 against 155 microseconds, SQLite).
    """
    reader = _readers.get(engine)
    if reader is None:
        with _making_reader:
            reader = _readers.get(engine) or _make_reader(engine)
            _readers[engine] = reader
    return reader


_readers: WeakKeyDictionary[Engine, Engine] = WeakKeyDictionary()
_making_reader = Lock()


def _make_reader(engine: Engine) -> Engine:
    options = engine_options(engine.url.drivername)
    reader = create_engine(engine.url, isolation_level="AUTOCOMMIT", pool_reset_on_return=None, **options)
    event.listen(engine, "engine_disposed", lambda _engine: reader.dispose())
    first = "PRAGMA query_only=ON" if engine.dialect.name == "sqlite" else POSTGRESQL_LIMITS
    event.listen(reader, "connect", lambda connection, _record: connection.execute(first))
    return reader


def _prepare(engine: Engine) -> None:
    if engine.dialect.name == "sqlite":
        event.listen(engine, "connect", _set_pragmas)
        event.listen(engine, "begin", _begin_immediate)
    else:
        event.listen(engine, "connect", _limit_statements)


def _limit_statements(connection: psycopg.Connection, _record: object) -> None:
    connection.execute(POSTGRESQL_LIMITS)
    connection.commit()  # SET in a transaction that is rolled back would be undone


def _set_pragmas(connection: sqlite3.Connection, _record: object) -> None:
    connection.isolation_level = None  # the driver must not open transactions by itself
    for pragma in ("journal_mode=WAL", "synchronous=FULL", "foreign_keys=ON"):
        connection.execute(f"PRAGMA {pragma}")


def _begin_immediate(connection: Connection) -> None:
    if connection.get_execution_options().get("isolation_level") != "AUTOCOMMIT":
        connection.exec_driver_sql("BEGIN IMMEDIATE")
