"""A statement sent straight to the driver answers as SQLAlchemy would, and falls back to it."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import Engine, bindparam, create_engine, select
from sqlalchemy.exc import OperationalError

from app import prepared
from app.db import database_now, reader_of, reading
from app.models import Account
from app.prepared import Prepared
from tests.support.stored import Stored

ACCOUNTS = Account.__table__
WHEN = datetime(2026, 3, 1, 12, 30, 15, 123456, tzinfo=UTC)


@pytest.fixture
def engine(database: str) -> Iterator[Engine]:
    stored = Stored(database)
    stored.insert(
        Account, id="a", issuer="i", subject="anna", identity_source="id_token", created_at=WHEN, last_signed_in_at=WHEN
    )
    yield stored.engine
    reader_of(stored.engine).dispose()


@pytest.fixture
def by_subject() -> Prepared:
    return Prepared(statement())


def statement() -> Any:
    wanted = (ACCOUNTS.c.id.label("account_id"), ACCOUNTS.c.created_at, ACCOUNTS.c.display_name)
    now = database_now(timedelta(hours=1)).label("now")
    return select(*wanted, now).where(ACCOUNTS.c.subject == bindparam("subject"))


def test_a_row_comes_back_as_sqlalchemy_would_give_it(engine: Engine, by_subject: Prepared) -> None:
    row = by_subject.first(engine, subject="anna")
    with reading(engine) as connection:
        usual = connection.execute(statement(), {"subject": "anna"}).one()

    assert (row.account_id, row.created_at, row.display_name) == ("a", WHEN, None)
    assert row[:3] == tuple(usual)[:3]
    assert row._fields == tuple(usual._fields)
    assert timedelta(0) <= usual.now - row.now < timedelta(seconds=5)
    assert row.now - datetime.now(UTC) > timedelta(minutes=59)


def test_no_row_is_none_and_values_are_never_part_of_the_statement(engine: Engine, by_subject: Prepared) -> None:
    for subject in ("nobody", "' OR 1=1 --", "%s", ":subject", ""):
        assert by_subject.first(engine, subject=subject) is None


def test_connections_are_used_again(engine: Engine, by_subject: Prepared) -> None:
    for _ in range(50):
        by_subject.first(engine, subject="anna")

    assert reader_of(engine).pool.checkedin() == 1  # type: ignore[attr-defined]


def test_a_driver_that_complains_is_asked_again_in_the_usual_way(
    engine: Engine, by_subject: Prepared, monkeypatch: pytest.MonkeyPatch
) -> None:
    by_subject.first(engine, subject="anna")
    complained: list[str] = []

    def complain(*_: Any) -> None:
        complained.append("once")
        raise reader_of(engine).dialect.loaded_dbapi.OperationalError("server closed the connection")

    monkeypatch.setattr(prepared._Compiled, "_parameters", complain)

    assert by_subject.first(engine, subject="anna").account_id == "a"
    assert complained == ["once"]
    assert reader_of(engine).pool.checkedout() == 0  # type: ignore[attr-defined]


def test_a_database_that_stays_away_is_told_in_sqlalchemys_words(by_subject: Prepared) -> None:
    nowhere = create_engine("sqlite:////nonexistent/never/there.sqlite3")

    with pytest.raises(OperationalError):
        by_subject.first(nowhere, subject="anna")
