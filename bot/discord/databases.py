"""Where the bot's ledger is kept: a SQLite file of one machine, or a server that the bots of several machines share."""

import secrets
import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from retrieval.errors import StoreError, reason
from retrieval.storage.database import BUSY_SECONDS, mend_of, transaction
from retrieval.storage.sql import Connection

if TYPE_CHECKING:  # what it needs is installed where there is a server
    from retrieval.storage.postgres.database import Connection as PostgresConnection

LEDGER = "discord.sqlite"
APPLICATION = 0x44415445  # "DATE": tells our file from another program's
SCHEMA_VERSION = 1
SCHEMA = """
CREATE TABLE secret (key BLOB NOT NULL);
CREATE TABLE answers (
    id TEXT PRIMARY KEY, asked TEXT NOT NULL, question TEXT NOT NULL, kind TEXT NOT NULL, generation INTEGER NOT NULL,
    scope TEXT NOT NULL  -- the filter, as JSON
) WITHOUT ROWID;
CREATE INDEX answers_by_time ON answers(asked);
CREATE TABLE items (
    answer TEXT NOT NULL REFERENCES answers(id) ON DELETE CASCADE, position INTEGER NOT NULL,
    text TEXT NOT NULL, confidence REAL NOT NULL, PRIMARY KEY (answer, position)
) WITHOUT ROWID;
CREATE TABLE places (
    answer TEXT NOT NULL REFERENCES answers(id) ON DELETE CASCADE, position INTEGER NOT NULL,
    article TEXT NOT NULL, start INTEGER NOT NULL, "end" INTEGER NOT NULL, score REAL NOT NULL, digest BLOB NOT NULL,
    PRIMARY KEY (answer, position)
) WITHOUT ROWID;
CREATE TABLE cited (
    answer TEXT NOT NULL REFERENCES answers(id) ON DELETE CASCADE, article TEXT NOT NULL,
    start INTEGER NOT NULL, "end" INTEGER NOT NULL, PRIMARY KEY (answer, article, start, "end")
) WITHOUT ROWID;
CREATE TABLE votes (
    answer TEXT NOT NULL REFERENCES answers(id) ON DELETE CASCADE, person BLOB NOT NULL,
    good INTEGER NOT NULL, voted TEXT NOT NULL, PRIMARY KEY (answer, person)
) WITHOUT ROWID;
"""
# these came later: files that were made before get them too
LATER = (
    "CREATE TABLE IF NOT EXISTS unanswered (message INTEGER PRIMARY KEY, channel INTEGER NOT NULL)",
    # where an answer was given to all; there is none for a private one
    "CREATE TABLE IF NOT EXISTS servers (answer TEXT PRIMARY KEY REFERENCES answers(id) ON DELETE CASCADE, "
    "server INTEGER NOT NULL) WITHOUT ROWID",
    # messages of people, each of which one process answers
    "CREATE TABLE IF NOT EXISTS taken (message INTEGER PRIMARY KEY, at TEXT NOT NULL)",
    "CREATE TABLE IF NOT EXISTS additions (server INTEGER NOT NULL, tried TEXT NOT NULL)",
)


class LedgerFile:
    """The file at `path`, made if there is none."""

    shared = False

    def __init__(self, path: Path) -> None:
        self.path = path

    def prepare(self) -> bytes:
        """Gives it its tables if it has none; the key. Raises StoreError if it is damaged or no ledger."""
        try:
            self.path.parent.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise StoreError(f"The folder {self.path.parent} cannot be made: {reason(error)}.") from error
        with _connected(self.path) as connection:
            _prepare(connection, self.path)
            key: bytes = connection.execute("SELECT key FROM secret").fetchone()[0]
        return key

    @contextmanager
    def reading(self) -> Iterator[Connection]:
        """One state for all that is read; it waits for no writer."""
        with _connected(self.path) as connection:
            connection.execute("BEGIN")
            yield connection

    @contextmanager
    def writing(self) -> Iterator[Connection]:
        """All of the block's writes or, if it raises, none."""
        with _connected(self.path) as connection, transaction(connection):
            yield connection


class LedgerServer:
    """The schema `discord` of the PostgreSQL database at `url`."""

    shared = True

    def __init__(self, url: str) -> None:
        self._url = url

    def prepare(self) -> bytes:
        """Gives it its tables if it has none; the key. Raises StoreError."""
        with self._connected() as connection, connection.raw.transaction():
            connection.execute("SELECT pg_advisory_xact_lock(?)", (APPLICATION + 1,))
            if connection.execute("SELECT to_regnamespace('discord')").fetchone()[0] is None:
                connection.execute("CREATE SCHEMA discord")
            if connection.execute("SELECT to_regclass('discord.secret')").fetchone()[0] is None:
                for statement in SCHEMA.split(";\n")[:-1]:
                    connection.execute(_of_postgres(statement))
                connection.execute("INSERT INTO secret VALUES (?)", (secrets.token_bytes(32),))
            for statement in LATER:
                connection.execute(_of_postgres(statement))
            key: bytes = connection.execute("SELECT key FROM secret").fetchone()[0]
        return key

    @contextmanager
    def reading(self) -> Iterator[Connection]:
        """One state for all that is read; it waits for no writer."""
        with self._connected() as connection, connection.raw.transaction():
            connection.execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ READ ONLY")
            yield connection

    @contextmanager
    def writing(self) -> Iterator[Connection]:
        """All of the block's writes or, if it raises, none."""
        with self._connected() as connection, connection.raw.transaction():
            yield connection

    @contextmanager
    def _connected(self) -> "Iterator[PostgresConnection]":
        from retrieval.storage.postgres.database import Server

        server = Server(self._url)
        connection = server.connect(reading=False)
        with server.translated(), connection.raw:
            connection.execute("SET search_path TO discord")
            yield connection


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


@contextmanager
def _connected(path: Path) -> Iterator[sqlite3.Connection]:
    """A connection for one call; SQLite's errors as StoreError."""
    try:
        connection = sqlite3.connect(path, timeout=BUSY_SECONDS, isolation_level=None)
        try:
            connection.execute("PRAGMA foreign_keys = ON")
            yield connection
        finally:
            connection.close()
    except sqlite3.Error as error:
        mend = mend_of(error, "move it away for the bot to start a new one")
        raise StoreError(f"{path}, where the bot keeps its answers and ratings, failed ({error}); {mend}.") from error


def _prepare(connection: sqlite3.Connection, path: Path) -> None:
    """Gives an empty file its tables; two processes may do so at once. Raises StoreError if the file is no ledger."""
    if _format(connection) == (0, 0) and _empty(connection):
        connection.execute("PRAGMA journal_mode = WAL")
        with transaction(connection):
            if _empty(connection):
                for statement in SCHEMA.split(";\n"):
                    connection.execute(statement)
                connection.execute("INSERT INTO secret VALUES (?)", (secrets.token_bytes(32),))
                connection.execute(f"PRAGMA application_id = {APPLICATION}")
                connection.execute(f"PRAGMA user_version = {SCHEMA_VERSION}")
    application, version = _format(connection)
    if application != APPLICATION:
        raise StoreError(
            f"{path} is not the file where the bot keeps its answers and ratings, but another program's; move it away."
        )
    if version != SCHEMA_VERSION:
        raise StoreError(
            f"{path} has format {version}, expected {SCHEMA_VERSION}; move it away for the bot to start a new one."
        )
    for statement in LATER:
        connection.execute(statement)


def _format(connection: sqlite3.Connection) -> tuple[int, int]:
    (application,), (version,) = (
        connection.execute(f"PRAGMA {name}").fetchone() for name in ("application_id", "user_version")
    )
    return application, version


def _empty(connection: sqlite3.Connection) -> bool:
    return connection.execute("SELECT 1 FROM sqlite_master").fetchone() is None
