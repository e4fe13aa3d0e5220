"""A connection to a PostgreSQL server: statements, transactions, and the translation of the server's errors.

The password stays out of all messages: it comes from the environment or a password file, never from a URL
(https://www.postgresql.org/docs/current/libpq-envars.html), and libpq names host, user and database only.
"""

import re
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from functools import lru_cache
from itertools import chain, islice
from typing import Any

import psycopg
from psycopg.conninfo import conninfo_to_dict

from retrieval.errors import BusyError, ConnectionLostError, StoreError
from retrieval.storage.sql import Rows, Values

CONNECT_SECONDS = 10
_INSERTION = re.compile(r"INSERT INTO (\w+(?: \([^)]*\))?) VALUES \(\?(?:, \?)*\)")
_VALUE = re.compile(r"\?|(?<![:\w]):([a-z_]+)\b")
# by SQLSTATE (https://www.postgresql.org/docs/current/errcodes-appendix.html)
_MENDS = {
    "42501": "grant the role what docs/operating.md lists",
    "25006": "it is a standby, or read-only: set {the server's address} to one that can be written",
    "53100": "free some disk space on the server",
    "53200": "give the server more memory, or less other work",
    "53300": "raise max_connections on the server, or close other clients",
    "XX001": "restore the database from its backup",
    "XX002": "{check the index}, and REINDEX what is damaged",
}


class Connection:
    """A `retrieval.storage.sql.Connection` to a PostgreSQL server."""

    def __init__(self, connection: "psycopg.Connection[Any]") -> None:
        self.raw = connection

    def execute(self, statement: str, values: Values = ()) -> Rows:
        """See `retrieval.storage.sql.Connection`."""
        return self.raw.execute(_translated(statement), values or None)

    def executemany(self, statement: str, values: Iterable[Values]) -> None:
        """See `retrieval.storage.sql.Connection`. A plain insertion is one COPY, which takes a fraction of the time."""
        plain = _INSERTION.fullmatch(statement)
        rest = iter(values)
        some = list(islice(rest, 1))
        with self.raw.cursor() as cursor:
            if plain is None or not some:
                cursor.executemany(_translated(statement), chain(some, rest))
                return
            with cursor.copy(f"COPY {plain[1]} FROM STDIN".encode()) as copy:
                for row in chain(some, rest):
                    copy.write_row(tuple(row))


@lru_cache(maxsize=256)
def _translated(statement: str) -> bytes:
    """`?` and `:name` become `%s` and `%(name)s`; `::type` stays."""
    named = _VALUE.sub(lambda found: f"%({found[1]})s" if found[1] else "%s", statement)
    return named.encode()


class Server:
    """Where a database is, as libpq takes it: a `retrieval.errors.Place`."""

    def __init__(self, url: str) -> None:
        self.url = url
        given = conninfo_to_dict(url)
        self.name = str(given.get("dbname", "postgres"))
        self._host = given.get("host", "this machine")

    def __str__(self) -> str:
        return f"{self.name} on {self._host}"

    def connect(self, *, reading: bool) -> Connection:
        """A new connection: for `reading`, each transaction is one state of the database, and nothing is written.

        Raises StoreError.
        """
        with self.translated():
            raw = psycopg.connect(
                self.url, connect_timeout=CONNECT_SECONDS, application_name="dateline", prepare_threshold=None
            )
            if reading:
                raw.isolation_level, raw.read_only = psycopg.IsolationLevel.REPEATABLE_READ, True
            else:
                raw.autocommit = True
            return Connection(raw)

    @contextmanager
    def translated(self) -> Iterator[None]:
        """psycopg's errors as StoreError and its kinds."""
        try:
            yield
        except psycopg.Error as error:
            raise self._error(error) from error

    def _error(self, error: psycopg.Error) -> StoreError:
        state = error.sqlstate or ""
        if state == "55P03":
            return BusyError("Another process has a table of %s locked; try again when it is done.", self)
        if state.startswith(("57P", "08")) or (not state and isinstance(error, psycopg.OperationalError)):
            mend = "check that the server runs, {the server's address}, and PGPASSWORD or the password file"
            return ConnectionLostError(f"The database %s cannot be reached (%s); {mend}, and try again.", self)
        mend = _MENDS.get(state, "look into the server's log")
        return StoreError(f"The database %s failed (%s); {mend}.", self)
