"""The SQL that a store's databases have in common, and what is asked of a connection to one.

Statements are written once where SQLite and PostgreSQL understand the same: values as `?` or `:name`, `RETURNING`,
`ON CONFLICT`, `FILTER`, `IS DISTINCT FROM`, `NOT live` for a flag, and "end" in quotation marks.
"""

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from typing import Any, Protocol

Values = Sequence[Any] | Mapping[str, Any]
AT_ONCE = 1000


class Rows(Protocol):
    """What a statement found."""

    def fetchone(self) -> Any: ...

    def fetchall(self) -> list[Any]: ...

    def __iter__(self) -> Iterator[Any]: ...


class Connection(Protocol):
    """A connection to SQLite, or to another database that takes the same statements."""

    def execute(self, statement: str, values: Values = (), /) -> Rows: ...

    def executemany(self, statement: str, values: Iterable[Values], /) -> object: ...


def fill_temp_table(connection: Connection, table: str, ids: Iterable[int]) -> None:
    """Makes `table`, which only this connection sees, hold just these `ids`."""
    connection.execute(f"CREATE TEMP TABLE IF NOT EXISTS {table} (id INTEGER PRIMARY KEY)")
    connection.execute(f"DELETE FROM {table}")
    connection.executemany(f"INSERT INTO {table} VALUES (?)", [(each,) for each in ids])


def marks(values: Collection[object]) -> str:
    """What stands between the brackets of `IN ()` for so many values; nothing is among none."""
    return ",".join("?" * len(values)) or "NULL"


def select_among(connection: Connection, query: str, values: Sequence[object]) -> Iterator[Any]:
    """The rows of a query with `IN ({})` for all the values, in batches that a statement can take."""
    for first in range(0, len(values), AT_ONCE):
        some = values[first : first + AT_ONCE]
        yield from connection.execute(query.format(marks(some)), some).fetchall()
