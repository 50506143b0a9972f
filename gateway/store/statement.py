"""A statement of SQLAlchemy Core, compiled once to text that the driver runs with named parameters."""

import sqlite3
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import msgspec
import sqlalchemy as sa
from sqlalchemy.dialects import sqlite
from sqlalchemy.sql import ClauseElement

from gateway.store.library import Connection

_DIALECT = sqlite.dialect(paramstyle="named")

BEFORE_ALL = -(2**63)
"""The least number of a column: every instant is later."""

Row = tuple[Any, ...]


class Statement:
    """One statement, ready to run. `columns` are the parameters of an INSERT that has no VALUES of its own."""

    __slots__ = ("_constants", "parameters", "sql")

    def __init__(self, clause: ClauseElement, columns: Iterable[str] | None = None) -> None:
        compiled = clause.compile(dialect=_DIALECT, column_keys=list(columns) if columns is not None else None)
        self.sql = str(compiled)
        binds: Mapping[str, sa.BindParameter[Any]] = getattr(compiled, "binds", {})
        self.parameters = tuple(compiled.params or ())
        self._constants = {name: binds[name].value for name in self.parameters if not binds[name].required}

    def run(self, connection: Connection, **values: Any) -> sqlite3.Cursor:
        """Execute it once."""
        return connection.execute(self.sql, {**self._constants, **values})

    def rows(self, connection: Connection, **values: Any) -> list[Row]:
        """Every row that it finds."""
        return self.run(connection, **values).fetchall()

    def one(self, connection: Connection, **values: Any) -> Row | None:
        """The first row that it finds."""
        row: Row | None = self.run(connection, **values).fetchone()
        return row

    def many(self, connection: Connection, rows: Iterable[Mapping[str, Any]]) -> int:
        """Execute it once for each of `rows`; returns how many rows of the table it changed."""
        if self._constants:
            rows = [{**self._constants, **row} for row in rows]
        return max(connection.executemany(self.sql, rows).rowcount, 0)


def value(name: str) -> sa.BindParameter[Any]:
    """A parameter that is given when the statement runs."""
    return sa.bindparam(name, required=True)


def each(name: str, width: int) -> tuple[sa.TableValuedAlias, tuple[sa.ColumnElement[Any], ...]]:
    """A table of rows of this width, given as one parameter when the statement runs (see `together`), and its columns.

    Many keys are so found by one statement: each one that is run costs more than what it finds.
    """
    rows = sa.func.json_each(value(name)).table_valued("value")
    return rows, tuple(rows.c.value.op("->>")(sa.literal_column(str(place))) for place in range(width))


def together(rows: Sequence[Sequence[str | int]]) -> str:
    """The rows as one parameter, for `each`."""
    return msgspec.json.encode(rows).decode()


def word(text: str) -> sa.ColumnElement[str]:
    """A fixed word, written into the statement itself so that a partial index can see it."""
    return sa.literal_column(f"'{text}'", sa.String)


def upsert(table: sa.Table, keys: Sequence[str], changed: Sequence[str]) -> Statement:
    """An INSERT of every column of the table; where a row has these `keys` already, its columns `changed` are set."""
    replaced: dict[str, Any] = {name: sa.literal_column(f"excluded.{name}") for name in changed}
    added = sqlite.insert(table).on_conflict_do_update(index_elements=keys, set_=replaced)
    return Statement(added, [column.name for column in table.c])
