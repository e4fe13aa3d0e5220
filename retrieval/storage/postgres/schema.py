"""The tables in a PostgreSQL database, their version, and how an earlier one becomes this one.

Beside those of `retrieval.storage.tables` is what is searched:

    searched     a row for each passage of the newest generation: its vector, in 16 bits, for the HNSW graph, and its
                 terms, for the GIN index; with what filters ask for, so that neither needs another table
    frequencies  in how many passages each term stands
    pending      texts that wait for a vector; a worker locks those that it takes
    feeds        what was taken from RSS and Atom feeds, as JSON (`retrieval.feeds`)

Texts are compared byte by byte (COLLATE "C"), as SQLite does.
"""

from psycopg import errors

from retrieval.errors import NoIndexError, StoreError
from retrieval.storage.postgres.database import Connection, Server
from retrieval.storage.tables import REFUSED, TABLES

SCHEMA_VERSION = 1
PREPARING = 0x44415446
VECTOR_VERSION = (0, 8)  # iterative scans; docs/operating.md says why 0.8.6 is better
_WORDS = {
    "serial": "BIGINT GENERATED ALWAYS AS IDENTITY PRIMARY KEY",
    "number": "BIGINT",
    "text": 'TEXT COLLATE "C"',
    "bytes": "BYTEA",
    "flag": "BOOLEAN",
    "compact": "",
}
SEARCHED_INDEXES = """
CREATE INDEX searched_by_article ON searched(article);
CREATE INDEX searched_by_day ON searched(published_utc);
CREATE INDEX searched_by_source ON searched(source, published_utc);
CREATE INDEX searched_by_terms ON searched USING gin (terms) WITH (fastupdate = off);
"""
DROP_SEARCHED_INDEXES = """
DROP INDEX IF EXISTS searched_by_article, searched_by_day, searched_by_source, searched_by_terms
"""
SCHEMA = f"""
CREATE TABLE dateline (version INTEGER NOT NULL);
{(REFUSED + TABLES).format(**_WORDS)}
CREATE INDEX files_staged ON files(id) WHERE NOT live;
CREATE INDEX articles_by_source ON articles(source);
CREATE TABLE pending (
    id BIGINT GENERATED ALWAYS AS IDENTITY PRIMARY KEY, text_hash BYTEA NOT NULL UNIQUE, fingerprint TEXT NOT NULL,
    article BIGINT NOT NULL, start INTEGER, "end" INTEGER
);
CREATE TABLE searched (
    passage BIGINT PRIMARY KEY, article BIGINT NOT NULL, published_utc TEXT COLLATE "C", source TEXT COLLATE "C",
    fingerprint TEXT NOT NULL, terms TSVECTOR NOT NULL, vector HALFVEC NOT NULL
) WITH (toast_tuple_target = 8160);  -- in the row itself: an exact search goes through many
{SEARCHED_INDEXES}
CREATE TABLE frequencies (term TEXT COLLATE "C" PRIMARY KEY, passages BIGINT NOT NULL);
CREATE INDEX frequencies_gone ON frequencies(term) WHERE passages <= 0;
"""
# this came without another version: tables that were made before get it too
LATER = "CREATE TABLE IF NOT EXISTS feeds (url TEXT PRIMARY KEY, memory TEXT NOT NULL)"
# version -> the statements that make its tables those of the next
MIGRATIONS: dict[int, str] = {}


def prepare(connection: Connection, server: Server) -> None:
    """Makes the tables where there are none, and those of an earlier version the present ones. Raises StoreError."""
    with connection.raw.transaction():
        # two processes may be the first
        connection.execute("SELECT pg_advisory_xact_lock(?)", (PREPARING,))
        _require_vector(connection, server)
        version = _version(connection)
        if version is None:
            connection.raw.execute(SCHEMA.encode())
            version = SCHEMA_VERSION
            connection.execute("INSERT INTO dateline VALUES (?)", (version,))
        while version in MIGRATIONS:
            connection.raw.execute(MIGRATIONS[version].encode())
            version += 1
            connection.execute("UPDATE dateline SET version = ?", (version,))
        _require(version, server)
        connection.execute(LATER)


def check(connection: Connection, server: Server) -> None:
    """Raises NoIndexError where there are no tables, StoreError where they are of another version."""
    version = _version(connection)
    if version is None:
        raise NoIndexError(server)
    if version in MIGRATIONS:
        text = "The index in %s was made by an earlier version; {bring the index up to date}, which keeps it."
        raise StoreError(text, server)
    _require(version, server)


def _require(version: int, server: Server) -> None:
    if version != SCHEMA_VERSION:
        mend = "use the Dateline that made them, or name another database in {the server's address}"
        raise StoreError(f"The tables in %s have version {version}, expected {SCHEMA_VERSION}; {mend}.", server)


def _version(connection: Connection) -> int | None:
    if connection.execute("SELECT to_regclass('dateline')").fetchone()[0] is None:
        return None
    row = connection.execute("SELECT version FROM dateline").fetchone()
    return None if row is None else int(row[0])


def _require_vector(connection: Connection, server: Server) -> None:
    query = "SELECT extversion FROM pg_extension WHERE extname = 'vector'"
    found = connection.execute(query).fetchone()
    if found is None:
        try:
            with connection.raw.transaction():
                connection.execute("CREATE EXTENSION vector")
        except (errors.InsufficientPrivilege, errors.FeatureNotSupported, errors.UndefinedFile) as error:
            mend = "install it on the server, and have a superuser run `CREATE EXTENSION vector` there"
            raise StoreError(f"The extension pgvector cannot be set up in %s (%s); {mend}.", server) from error
        found = connection.execute(query).fetchone()
    if tuple(int(part) for part in found[0].split(".")[:2]) < VECTOR_VERSION:
        mend = "update it on the server, and run `ALTER EXTENSION vector UPDATE` there"
        raise StoreError(f"pgvector in the database %s is {found[0]}, expected 0.8 or later; {mend}.", server)
