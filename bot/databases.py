"""Small databases beside the index: a SQLite file of one machine, or a schema on a server that several machines share.

Each call opens its own connection, so any thread may call, and another process too.
"""

import sqlite3
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING

from retrieval.errors import StoreError
from retrieval.storage.database import BUSY_SECONDS, mend_of, transaction
from retrieval.storage.sql import Connection

if TYPE_CHECKING:  # what it needs is installed where there is a server
    from retrieval.storage.postgres.database import Connection as PostgresConnection

APPLICATION = 0x44415445  # "DATE": tells our files from another program's


@dataclass(frozen=True, slots=True)
class Tables:
    """What a database holds: the statements that make its `first` tables, which `fill` then gives their first rows, and
    those that came `later`, which a database that was made before gets too.

    `name` is the schema on a server, `number` the lock that is held there while tables are made; `holds` is for
    messages: "the bot keeps its answers".
    """

    name: str
    number: int
    holds: str
    version: int
    first: str
    fill: Callable[[Connection], None]
    later: tuple[str, ...] = ()


class FileDatabase:
    """A SQLite file, not `shared` by several machines. Every method raises StoreError where the database fails."""

    shared = False

    def __init__(self, tables: Tables, path: Path) -> None:
        self._tables = tables
        self.path = path

    def exists(self) -> bool:
        """Whether there are tables."""
        return self.path.exists()

    def prepare(self) -> None:
        """Makes the tables that are not there. Raises StoreError also if the file is another program's."""
        try:
            self.path.parent.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise StoreError("The folder %s cannot be created: %s.", self.path.parent) from error
        with self._connected() as connection:
            _prepare(connection, self.path, self._tables)

    @contextmanager
    def reading(self) -> Iterator[Connection]:
        """One state for all that is read; it waits for no writer."""
        with self._connected() as connection:
            connection.execute("BEGIN")
            yield connection

    @contextmanager
    def writing(self) -> Iterator[Connection]:
        """All of the block's writes or, if it raises, none."""
        with self._connected() as connection, transaction(connection):
            yield connection

    @contextmanager
    def _connected(self) -> Iterator[sqlite3.Connection]:
        """A connection for one call; SQLite's errors as StoreError."""
        try:
            connection = sqlite3.connect(self.path, timeout=BUSY_SECONDS, isolation_level=None)
            try:
                connection.execute("PRAGMA foreign_keys = ON")
                yield connection
            finally:
                connection.close()
        except sqlite3.Error as error:
            mend = mend_of(error, "move it away to start a new one")
            raise StoreError(f"%s, where {self._tables.holds}, failed (%s); {mend}.", self.path) from error


class ServerDatabase:
    """A schema of the PostgreSQL database at `url`; its methods are those of `FileDatabase`."""

    shared = True

    def __init__(self, tables: Tables, url: str) -> None:
        self._tables = tables
        self._url = url

    def exists(self) -> bool:
        with self._connected() as connection:
            return self._is_made(connection)

    def prepare(self) -> None:
        """All tables belong to the owner of the schema."""
        name = self._tables.name
        with self._connected() as connection, connection.raw.transaction():
            connection.execute("SELECT pg_advisory_xact_lock(?)", (APPLICATION + self._tables.number,))
            if connection.execute("SELECT to_regnamespace(?)", (name,)).fetchone()[0] is None:
                connection.execute(f"CREATE SCHEMA {name}")
            query = "SELECT quote_ident(pg_get_userbyid(nspowner)) FROM pg_namespace WHERE nspname = ?"
            (owner,) = connection.execute(query, (name,)).fetchone()
            connection.execute(f"SET LOCAL ROLE {owner}")
            if not self._is_made(connection):
                for statement in _statements(self._tables.first):
                    connection.execute(_of_postgres(statement))
                self._tables.fill(connection)
            for statement in self._tables.later:
                connection.execute(_of_postgres(statement))

    @contextmanager
    def reading(self) -> Iterator[Connection]:
        with self._connected() as connection, connection.raw.transaction():
            connection.execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ READ ONLY")
            yield connection

    @contextmanager
    def writing(self) -> Iterator[Connection]:
        with self._connected() as connection, connection.raw.transaction():
            yield connection

    def _is_made(self, connection: Connection) -> bool:
        query = "SELECT EXISTS (SELECT 1 FROM pg_tables WHERE schemaname = ?)"
        return bool(connection.execute(query, (self._tables.name,)).fetchone()[0])

    @contextmanager
    def _connected(self) -> "Iterator[PostgresConnection]":
        from retrieval.storage.postgres.database import Server

        server = Server(self._url)
        connection = server.connect(reading=False)
        with server.translated(), connection.raw:
            connection.execute(f"SET search_path TO {self._tables.name}")
            yield connection


Database = FileDatabase | ServerDatabase


def database_of(tables: Tables, file: Path, url: str | None) -> Database:
    """The database on the server at `url`, or in `file`; `prepare` makes its tables."""
    return FileDatabase(tables, file) if url is None else ServerDatabase(tables, url)


def utc_text(ago: timedelta = timedelta(0)) -> str:
    """The time so long ago in UTC, always of equal length, so that two can be compared as text."""
    return (datetime.now(UTC) - ago).isoformat(timespec="microseconds")


def _statements(several: str) -> list[str]:
    return [statement for statement in several.split(";\n") if statement.strip()]


def _of_postgres(statement: str) -> str:
    """A statement that makes a table, as PostgreSQL has its types."""
    for ours, theirs in (
        ("INTEGER", "BIGINT"),
        ("BLOB", "BYTEA"),
        ("TEXT", 'TEXT COLLATE "C"'),
        (" WITHOUT ROWID", ""),
    ):
        statement = statement.replace(ours, theirs)
    return statement


def _prepare(connection: sqlite3.Connection, path: Path, tables: Tables) -> None:
    """Gives an empty file its tables; two processes may do so at once."""
    if _format(connection) == (0, 0) and _empty(connection):
        connection.execute("PRAGMA journal_mode = WAL")
        with transaction(connection):
            if _empty(connection):
                for statement in _statements(tables.first):
                    connection.execute(statement)
                tables.fill(connection)
                connection.execute(f"PRAGMA application_id = {APPLICATION}")
                connection.execute(f"PRAGMA user_version = {tables.version}")
    application, version = _format(connection)
    if application != APPLICATION:
        raise StoreError(f"%s belongs to another program, expected the file where {tables.holds}; move it away.", path)
    if version != tables.version:
        raise StoreError(f"%s has format {version}, expected {tables.version}; move it away to start a new one.", path)
    for statement in tables.later:
        connection.execute(statement)


def _format(connection: sqlite3.Connection) -> tuple[int, int]:
    (application,), (version,) = (
        connection.execute(f"PRAGMA {name}").fetchone() for name in ("application_id", "user_version")
    )
    return application, version


def _empty(connection: sqlite3.Connection) -> bool:
    return connection.execute("SELECT 1 FROM sqlite_master").fetchone() is None
