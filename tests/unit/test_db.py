"""Times are aware, the database's clock is usable on both engines, and SQLite is set up to survive."""

import os
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

import pytest
from flask import Flask
from sqlalchemy import Engine, create_engine, event, insert, select, text
from sqlalchemy.exc import OperationalError, StatementError

from app.db import Base, database_now, engine_options, init_app, reading, reads
from app.db import db as extension
from app.models import SpentTransaction

POSTGRESQL = os.environ.get("TEST_POSTGRES_URL", "postgresql+psycopg://postgres@127.0.0.1:5432/test")


@pytest.fixture(params=["sqlite", "postgresql"])
def engine(request, tmp_path) -> Iterator[Engine]:
    made = create_engine(f"sqlite:///{tmp_path}/db.sqlite3" if request.param == "sqlite" else POSTGRESQL)
    yield made
    made.dispose()


@pytest.fixture
def sqlite(tmp_path) -> Iterator[Engine]:
    app = Flask("here")
    init_app(app, f"sqlite:///{tmp_path}/db.sqlite3")
    with app.app_context():
        Base.metadata.create_all(extension.engine)
        yield extension.engine
        extension.engine.dispose()


@pytest.mark.parametrize("offset", [timedelta(0), timedelta(hours=1), timedelta(seconds=-90.5)])
def test_the_databases_clock_is_shifted_by_the_offset(engine: Engine, offset: timedelta):
    with engine.connect() as connection:
        told = connection.scalar(select(database_now(offset)))
    assert abs(told - offset - datetime.now(UTC)) < timedelta(seconds=2)


def test_the_databases_clock_moves_inside_a_transaction(engine: Engine):
    with engine.begin() as connection:
        first = connection.scalar(select(database_now()))
        connection.execute(text("select pg_sleep(0.02)")) if engine.dialect.name == "postgresql" else None
        while (second := connection.scalar(select(database_now()))) == first:
            pass
    assert second > first


def test_stored_times_compare_with_the_databases_clock(sqlite: Engine):
    soon = datetime.now(UTC) + timedelta(seconds=30)
    with sqlite.begin() as connection:
        connection.execute(insert(SpentTransaction).values(state_hash="a", expires_at=soon))
        connection.execute(
            insert(SpentTransaction).values(state_hash="b", expires_at=database_now(timedelta(seconds=-1)))
        )
    with reading(sqlite) as connection:
        live = connection.scalars(
            select(SpentTransaction.state_hash).where(SpentTransaction.expires_at > database_now())
        )
        assert live.all() == ["a"]


def test_times_come_back_aware(sqlite: Engine):
    at = datetime(2026, 3, 1, 12, 0, 0, 5, tzinfo=UTC)
    with sqlite.begin() as connection:
        connection.execute(insert(SpentTransaction).values(state_hash="a", expires_at=at))
    with reading(sqlite) as connection:
        assert connection.scalar(select(SpentTransaction.expires_at)) == at


def test_naive_times_are_refused(sqlite: Engine):
    with pytest.raises(StatementError, match="naive"), sqlite.begin() as connection:
        connection.execute(insert(SpentTransaction).values(state_hash="a", expires_at=datetime(2026, 1, 1)))  # noqa: DTZ001


def test_sqlite_keeps_what_it_confirmed_and_checks_foreign_keys(sqlite: Engine):
    with sqlite.connect() as connection:
        told = {
            name: connection.exec_driver_sql(f"PRAGMA {name}").scalar()
            for name in ("journal_mode", "synchronous", "foreign_keys")
        }
    assert told == {"journal_mode": "wal", "synchronous": 2, "foreign_keys": 1}


def test_a_write_transaction_takes_the_lock_at_its_beginning(sqlite: Engine):
    impatient = create_engine(sqlite.url, connect_args={"timeout": 0.05}).connect()
    with sqlite.begin(), pytest.raises(OperationalError, match="locked"):
        impatient.exec_driver_sql("BEGIN IMMEDIATE")
    impatient.close()


def test_reading_waits_for_no_writer(sqlite: Engine):
    with sqlite.begin() as writer:
        writer.execute(insert(SpentTransaction).values(state_hash="a", expires_at=datetime.now(UTC)))
        with reading(sqlite) as connection:
            assert connection.scalars(select(SpentTransaction.state_hash)).all() == []


def test_a_statement_of_postgresql_cannot_run_for_ever():
    app = Flask("here")
    init_app(app, POSTGRESQL)
    with app.app_context():
        with extension.engine.connect() as writing, reading(extension.engine) as connection:
            limits = {
                (source.scalar(text("SHOW statement_timeout")), source.scalar(text("SHOW lock_timeout")))
                for source in (writing, connection)
            }
        extension.engine.dispose()
    assert limits == {("5s", "3s")}


def test_a_machine_takes_few_connections_of_postgresql():
    options = engine_options(POSTGRESQL)
    assert 2 * 2 * (options["pool_size"] + options["max_overflow"]) <= 40  # two pools in each of two workers


def test_what_reads_cannot_write(sqlite: Engine):
    with reading(sqlite) as connection, pytest.raises(OperationalError, match="readonly"):
        connection.execute(insert(SpentTransaction).values(state_hash="a", expires_at=datetime.now(UTC)))


def test_a_view_that_reads_waits_for_no_writer_and_cannot_write(sqlite: Engine):
    with sqlite.begin():
        assert reads().scalars(select(SpentTransaction.state_hash)).all() == []
    reads().add(SpentTransaction(state_hash="a", expires_at=datetime.now(UTC)))
    with pytest.raises(OperationalError, match="readonly"):
        reads().commit()
    reads().rollback()


def test_a_thousand_reads_use_one_connection(engine: Engine):
    opened = []
    with reading(engine) as connection:
        event.listen(connection.engine, "connect", lambda *_: opened.append(1))
    for _ in range(1000):
        with reading(engine) as connection:
            connection.execute(select(1))
    assert opened == []


def test_statement_parameters_never_reach_an_error():
    for url in ("sqlite:///x", "postgresql+psycopg://db/x"):
        assert engine_options(url)["hide_parameters"] is True
