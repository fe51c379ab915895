"""A SELECT that is asked on every request: compiled once, then sent past SQLAlchemy's execution straight to the driver.

SQLAlchemy's own way of executing costs several times what the database needs for a look-up by key. Only for reads whose
values need no conversion (text and numbers). When the driver complains, the statement is asked once more in
SQLAlchemy's way: on another connection and with its exceptions.
"""

from collections import namedtuple
from collections.abc import Callable
from typing import Any

from sqlalchemy import Engine, Select
from sqlalchemy.engine.interfaces import Dialect

from app.db import reader_of, reading

Convert = Callable[[Any], Any] | None


class Prepared:
    """One SELECT. Its bound values are those it was built with, and keywords of first()."""

    def __init__(self, statement: Select[Any]) -> None:
        self._statement = statement
        self._compiled: dict[str, _Compiled] = {}

    def first(self, engine: Engine, **values: Any) -> Any:
        """The first row, its columns as attributes, or None. Raises SQLAlchemy's exceptions."""
        source = reader_of(engine)
        compiled = self._compiled.get(source.dialect.name)
        if compiled is None:
            compiled = self._compiled[source.dialect.name] = _Compiled(self._statement, source.dialect)
        try:
            return compiled.first(source, values)
        except source.dialect.loaded_dbapi.Error:  # among them: the connection died in the pool
            with reading(engine) as connection:
                return connection.execute(self._statement, values).first()


class _Compiled:
    """The statement in the words of one driver, and how its values become Python's."""

    def __init__(self, statement: Select[Any], dialect: Dialect) -> None:
        self._compiled = statement.compile(dialect=dialect)
        self._sql = str(self._compiled)
        columns = list(statement.selected_columns)
        self._row = _row_type([str(column.key) for column in columns])
        converts = [column.type.dialect_impl(dialect).result_processor(dialect, None) for column in columns]
        self._converted = [(position, convert) for position, convert in enumerate(converts) if convert]

    def first(self, source: Engine, values: dict[str, Any]) -> Any:
        held = source.raw_connection()
        try:
            cursor = held.cursor()
            cursor.execute(self._sql, self._parameters(values))
            found = cursor.fetchone()
            cursor.close()
        except BaseException:
            held.invalidate()
            raise
        held.close()
        return self._row_from(found) if found is not None else None

    def _parameters(self, values: dict[str, Any]) -> Any:
        named = self._compiled.construct_params(values)
        if self._compiled.positiontup is None:
            return named
        return [named[name] for name in self._compiled.positiontup]

    def _row_from(self, found: Any) -> Any:
        row = list(found)
        for position, convert in self._converted:
            row[position] = convert(row[position])
        return self._row._make(row)


def _row_type(names: list[str]) -> Any:
    make: Any = namedtuple  # mypy wants names it can read
    return make("Row", names)
