"""What lies in a database, read through a connection of its own: a view that forgot to commit is found out."""

from collections.abc import Mapping
from typing import Any

from sqlalchemy import Engine, MetaData, Table, create_engine, event, func, select
from sqlalchemy.engine import RowMapping
from sqlalchemy.pool import NullPool

from app.models import Base

KEPT = ("alembic_version", "key_canaries")


class Stored:
    """A second door to the database of a deployment. Tables go by class (Connection) or by name ("connections")."""

    def __init__(self, database_url: str) -> None:
        self.database_url = database_url
        self.engine: Engine = create_engine(
            database_url.replace("postgresql://", "postgresql+psycopg://", 1), poolclass=NullPool
        )
        if database_url.startswith("sqlite"):
            event.listen(self.engine, "connect", lambda connection, _: connection.execute("PRAGMA busy_timeout=10000"))

    def count(self, table: type[Base] | str, **equal: Any) -> int:
        """How many rows have these values."""
        with self.engine.connect() as connection:
            query = select(func.count()).select_from(_table(table)).where(*_conditions(table, equal))
            return connection.execute(query).scalar_one()

    def rows(self, table: type[Base] | str, **equal: Any) -> list[RowMapping]:
        """The rows with these values, in no promised order."""
        with self.engine.connect() as connection:
            return list(connection.execute(select(_table(table)).where(*_conditions(table, equal))).mappings())

    def one(self, table: type[Base] | str, **equal: Any) -> RowMapping:
        """The only row with these values."""
        found = self.rows(table, **equal)
        assert len(found) == 1, f"{len(found)} rows in {_table(table).name} where one was expected"
        return found[0]

    def change(self, table: type[Base] | str, values: Mapping[str, Any], **equal: Any) -> int:
        """Set columns by hand, as an attacker or an operator would. Answers the number of rows."""
        with self.engine.begin() as connection:
            return connection.execute(
                _table(table).update().where(*_conditions(table, equal)).values(**values)
            ).rowcount

    def insert(self, table: type[Base] | str, **values: Any) -> None:
        """Add a row by hand."""
        with self.engine.begin() as connection:
            connection.execute(_table(table).insert().values(**values))

    def clear(self) -> None:
        """Empty every table but the migrations' own and the key canaries."""
        with self.engine.begin() as connection:
            for table in reversed(metadata().sorted_tables):
                if table.name not in KEPT:
                    connection.execute(table.delete())


def metadata() -> MetaData:
    """All tables of app.models."""
    return Base.metadata


def _table(table: type[Base] | str) -> Table:
    name = table if isinstance(table, str) else table.__tablename__
    return metadata().tables[name]


def _conditions(table: type[Base] | str, equal: Mapping[str, Any]) -> list[Any]:
    columns = _table(table).c
    return [columns[name] == value for name, value in equal.items()]
