"""The database: its tables, and the errors of SQLite in our words.

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
from retrieval.storage.upgrading import empty_if_old

DATABASE = "dateline.sqlite3"
# how long another program that has a database locked is waited for
BUSY_SECONDS = 10.0
# raise it also when what is derived changes its meaning: HEADING_WEIGHT, the heading, the signature of reprints, terms
SCHEMA_VERSION = 4
SINCE_4 = """
CREATE TABLE refused (  -- files that were read and hold no article, and what the file system said of them then
    path TEXT PRIMARY KEY, stat TEXT NOT NULL, reason TEXT NOT NULL
) WITHOUT ROWID;
CREATE TABLE word_files (
    words INTEGER NOT NULL REFERENCES words(id) ON DELETE CASCADE, name TEXT NOT NULL,
    bytes INTEGER NOT NULL, modified INTEGER NOT NULL, digest BLOB NOT NULL, PRIMARY KEY (words, name)
) WITHOUT ROWID;
"""
SCHEMA = f"""{SINCE_4}
CREATE TABLE files (
    id INTEGER PRIMARY KEY AUTOINCREMENT, path TEXT NOT NULL, content_hash BLOB NOT NULL,
    stat TEXT,  -- what the file system said of it when it was read; NULL if it may have changed in the same instant
    live INTEGER NOT NULL, UNIQUE (path, live)
);
CREATE TABLE skipped (
    file INTEGER NOT NULL REFERENCES files(id) ON DELETE CASCADE, path TEXT NOT NULL, reason TEXT NOT NULL
);
CREATE INDEX skipped_by_file ON skipped(file);
CREATE TABLE articles (
    number INTEGER PRIMARY KEY AUTOINCREMENT, file INTEGER NOT NULL REFERENCES files(id) ON DELETE CASCADE,
    id TEXT NOT NULL, title TEXT NOT NULL, source TEXT, url TEXT, published TEXT, published_utc TEXT, language TEXT,
    path TEXT NOT NULL, text TEXT NOT NULL,
    digest BLOB NOT NULL,  -- of all the columns above but number and file
    heading TEXT NOT NULL, heading_hash BLOB NOT NULL,
    signature BLOB NOT NULL, source_group TEXT NOT NULL,
    -- its passages have the ids from the one to the other, so that a filter need not look at each; NULL if it has none
    first_passage INTEGER, last_passage INTEGER
);
CREATE INDEX articles_by_id ON articles(id);
CREATE INDEX articles_by_file ON articles(file);
CREATE INDEX articles_by_heading ON articles(heading_hash);
CREATE INDEX articles_by_signature ON articles(signature);
CREATE INDEX articles_by_group ON articles(source_group);
CREATE INDEX articles_by_day ON articles(published_utc, file, first_passage, last_passage);
CREATE INDEX articles_by_source ON articles(source, file, published_utc, first_passage, last_passage);
CREATE TABLE dropped (
    article INTEGER NOT NULL REFERENCES articles(number) ON DELETE CASCADE,
    line INTEGER NOT NULL, text TEXT NOT NULL, reason TEXT NOT NULL
);
CREATE INDEX dropped_by_article ON dropped(article);
CREATE TABLE bands (
    band INTEGER NOT NULL, article INTEGER NOT NULL REFERENCES articles(number) ON DELETE CASCADE,
    PRIMARY KEY (band, article)
) WITHOUT ROWID;
CREATE INDEX bands_by_article ON bands(article);
CREATE TABLE segments (
    id INTEGER PRIMARY KEY AUTOINCREMENT, passages INTEGER NOT NULL, bytes INTEGER NOT NULL, digest BLOB NOT NULL,
    recall REAL NOT NULL,  -- measured when the file was made: 1 for an exact one
    modified INTEGER NOT NULL DEFAULT 0
);
CREATE TABLE words (id INTEGER PRIMARY KEY AUTOINCREMENT);  -- one row: the word index
CREATE TABLE passages (
    -- AUTOINCREMENT: an id is never used again, so a vector can never meet another passage's text
    id INTEGER PRIMARY KEY AUTOINCREMENT, article INTEGER NOT NULL REFERENCES articles(number) ON DELETE CASCADE,
    start INTEGER NOT NULL, end INTEGER NOT NULL, text_hash BLOB NOT NULL,
    segment INTEGER REFERENCES segments(id)  -- NULL until it is published
);
CREATE INDEX passages_by_article ON passages(article);
CREATE INDEX passages_by_text ON passages(text_hash);
CREATE INDEX passages_by_segment ON passages(segment);
CREATE TABLE dead (  -- vectors that a segment's file holds and that no passage has any more
    segment INTEGER NOT NULL REFERENCES segments(id) ON DELETE CASCADE, passage INTEGER NOT NULL,
    PRIMARY KEY (segment, passage)
) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS embeddings (  -- kept when all else is made anew
    text_hash BLOB NOT NULL, fingerprint TEXT NOT NULL, vector BLOB NOT NULL, UNIQUE (text_hash, fingerprint)
);
CREATE TABLE generations (
    id INTEGER PRIMARY KEY AUTOINCREMENT, created TEXT NOT NULL, model TEXT NOT NULL, fingerprint TEXT NOT NULL,
    dimension INTEGER NOT NULL, passages INTEGER NOT NULL
);
CREATE VIEW live_articles AS SELECT a.* FROM articles a JOIN files f ON f.id = a.file WHERE f.live;
CREATE VIEW live_passages AS
    SELECT p.*, a.id AS article_id FROM passages p JOIN articles a ON a.number = p.article
    JOIN files f ON f.id = a.file WHERE f.live;
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
        mend = mend_of(error, "delete the folder and {bring the index up to date} to build it anew")
        raise kind(f"The database in %s failed (%s); {mend}.", folder) from error


def is_locked(error: sqlite3.Error) -> bool:
    """Whether another program keeps the database to itself."""
    return _kind(error) in (sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED)


def mend_of(error: sqlite3.Error, anew: str) -> str:
    """What to do about an error of SQLite; `anew` is what to do about a file that is damaged or no database."""
    if is_locked(error):
        return "another program has it locked: close that, or wait until it is done, and try again"
    if _kind(error) in (sqlite3.SQLITE_FULL, sqlite3.SQLITE_IOERR):
        return "free some disk space, and check the disk if there is enough"
    if _kind(error) in (sqlite3.SQLITE_READONLY, sqlite3.SQLITE_CANTOPEN, sqlite3.SQLITE_PERM):
        return "check that the folder is there and can be written"
    return anew


def _kind(error: sqlite3.Error) -> int:
    """SQLite's primary result code (https://sqlite.org/rescode.html), 0 where it is Python's own error."""
    return int(getattr(error, "sqlite_errorcode", 0)) & 0xFF


@contextmanager
def transaction(connection: sqlite3.Connection) -> Iterator[None]:
    """All of the block's writes or, if it raises, none."""
    connection.execute("BEGIN IMMEDIATE")
    try:
        yield
        connection.execute("COMMIT")
    finally:
        if connection.in_transaction:
            connection.execute("ROLLBACK")


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
