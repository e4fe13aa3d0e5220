"""The database: its tables, and the translation of SQLite's errors.

The truth about files, articles, passages, vectors and generations is here; the FAISS files beside it can be made again
from it without embedding anything.

A *generation* is one published state of the whole collection. Its row is the last that a refresh commits, so a reader
that opens a read transaction sees one generation, whole, until it closes it, whatever is written meanwhile (SQLite's
WAL mode gives the snapshot).

A version of a file is *staged* first (`live = 0`): its articles and passages are written and embedded in many small
transactions, seen by nobody, and a run that was interrupted finds them there. Publishing makes all staged files live in
one transaction. `live_articles` and `live_passages` are what readers see.

Text is stored as UTF-8; lone surrogates and NULs cannot come in, because files are decoded strictly and a name that is
not UTF-8 is skipped.
"""

import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from retrieval.errors import BusyError, StoreError
from retrieval.storage.tables import REFUSED, TABLES
from retrieval.storage.upgrading import empty_if_old

DATABASE = "dateline.sqlite3"
# how long another program that has a database locked is waited for
BUSY_SECONDS = 10.0
# raise it also when what is derived changes its meaning: HEADING_WEIGHT, the heading, the signature of reprints, terms
SCHEMA_VERSION = 4
_WORDS = {
    "serial": "INTEGER PRIMARY KEY AUTOINCREMENT",
    "number": "INTEGER",
    "text": "TEXT",
    "bytes": "BLOB",
    "flag": "INTEGER",
    "compact": "WITHOUT ROWID",
}
SINCE_4 = f"""{REFUSED.format(**_WORDS)}
CREATE TABLE word_files (
    words INTEGER NOT NULL REFERENCES words(id) ON DELETE CASCADE, name TEXT NOT NULL,
    bytes INTEGER NOT NULL, modified INTEGER NOT NULL, digest BLOB NOT NULL, PRIMARY KEY (words, name)
) WITHOUT ROWID;
"""
SCHEMA = f"""{SINCE_4}
CREATE TABLE segments (
    id INTEGER PRIMARY KEY AUTOINCREMENT, passages INTEGER NOT NULL, bytes INTEGER NOT NULL, digest BLOB NOT NULL,
    recall REAL NOT NULL,  -- measured when the file was made: 1 for an exact one
    modified INTEGER NOT NULL DEFAULT 0
);
CREATE TABLE words (id INTEGER PRIMARY KEY AUTOINCREMENT);  -- one row: the word index
CREATE TABLE dead (  -- vectors that a segment's file holds and that no passage has any more
    segment INTEGER NOT NULL REFERENCES segments(id) ON DELETE CASCADE, passage INTEGER NOT NULL,
    PRIMARY KEY (segment, passage)
) WITHOUT ROWID;
{TABLES.format(**_WORDS)}
ALTER TABLE passages ADD COLUMN segment INTEGER REFERENCES segments(id);  -- NULL until it is published
CREATE INDEX passages_by_segment ON passages(segment);
CREATE INDEX articles_by_day ON articles(published_utc, file, first_passage, last_passage);
CREATE INDEX articles_by_source ON articles(source, file, published_utc, first_passage, last_passage);
"""
# what makes the tables of an earlier format those of SCHEMA; the word index is then made again
UPGRADES = {
    3: f"""{SINCE_4}
    ALTER TABLE segments ADD COLUMN modified INTEGER NOT NULL DEFAULT 0;
    ALTER TABLE words DROP COLUMN digest;
    """
}


@contextmanager
def translated(folder: Path) -> Iterator[None]:
    """SQLite's errors as BusyError, where another program has the database locked, and StoreError."""
    try:
        yield
    except sqlite3.Error as error:
        kind = BusyError if is_locked(error) else StoreError
        mend = mend_of(error, "delete the folder and {bring the index up to date} to rebuild it")
        raise kind(f"The database in %s failed (%s); {mend}.", folder) from error


def is_locked(error: sqlite3.Error) -> bool:
    """Whether another program keeps the database to itself."""
    return _kind(error) in (sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED)


def mend_of(error: sqlite3.Error, rebuild: str) -> str:
    """What to do about an error of SQLite; `rebuild` is what to do about a file that is damaged or not a database."""
    if is_locked(error):
        return "another program has it locked: close that, or wait until it is done, and try again"
    if _kind(error) in (sqlite3.SQLITE_FULL, sqlite3.SQLITE_IOERR):
        return "free some disk space, and check the disk if there is enough"
    if _kind(error) in (sqlite3.SQLITE_READONLY, sqlite3.SQLITE_CANTOPEN, sqlite3.SQLITE_PERM):
        return "check that the folder is there and can be written"
    return rebuild


def _kind(error: sqlite3.Error) -> int:
    """SQLite's primary result code (https://sqlite.org/rescode.html), 0 where it is Python's own error."""
    return int(getattr(error, "sqlite_errorcode", 0)) & 0xFF


@contextmanager
def transaction(connection: sqlite3.Connection) -> Iterator[None]:
    """All of the block's writes or, if it raises, none."""
    with connection:
        connection.execute("BEGIN IMMEDIATE")
        yield


def prepare(connection: sqlite3.Connection, folder: Path) -> None:
    """Makes a connection ready to write; an empty database gets its tables, an earlier one those that it lacks."""
    connection.execute("PRAGMA journal_mode = WAL")
    connection.execute("PRAGMA synchronous = FULL")
    empty_if_old(connection, folder)
    connection.execute("PRAGMA foreign_keys = ON")
    tables = UPGRADES.get(_version(connection))
    if tables is None and schema_version(connection, folder) == 0:
        tables = SCHEMA
    if tables is not None:
        connection.executescript(f"BEGIN; {tables} PRAGMA user_version = {SCHEMA_VERSION}; COMMIT;")


def schema_version(connection: sqlite3.Connection, folder: Path) -> int:
    """The format of the database, 0 for one that is still empty. Raises StoreError if it is another program's."""
    version = _version(connection)
    if 0 < version < SCHEMA_VERSION:
        text = (
            "The index in %s was made by an earlier version of Dateline; {bring the index up to date}, which keeps it."
        )
        raise StoreError(text, folder)
    if version not in (0, SCHEMA_VERSION):
        mend = "delete the folder and {bring the index up to date}"
        raise StoreError(f"The database in %s has format {version}, expected {SCHEMA_VERSION}; {mend}.", folder)
    return version


def _version(connection: sqlite3.Connection) -> int:
    return int(connection.execute("PRAGMA user_version").fetchone()[0])
