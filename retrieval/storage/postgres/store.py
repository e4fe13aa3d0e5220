"""A store on a PostgreSQL server with pgvector, for what has outgrown the folder of one machine.

A generation is one transaction, and a snapshot another, REPEATABLE READ: it sees one generation, whole, for as long as
it is open. One process publishes at a time, by an advisory lock of its session; many may embed (`embed_pending`).
"""

import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from threading import Lock
from weakref import finalize

import psycopg
from pgvector.psycopg import register_vector

from retrieval.encoder import Encoder
from retrieval.errors import BusyError, ConnectionLostError
from retrieval.storage.embedding import BATCH, embed
from retrieval.storage.postgres.database import Connection, Server
from retrieval.storage.postgres.schema import check, prepare
from retrieval.storage.postgres.snapshot import PostgresSnapshot
from retrieval.storage.postgres.writer import PostgresWriter

# of the one session that may publish; locks are each database's own
PUBLISHER = 0x44415445
# a session that has ended keeps the lock until the server notices
PATIENCE_SECONDS = 2.0
# so many connections wait for the next question
IDLE = 4


class PostgresStore:
    """The `retrieval.storage.store.Store` of a server."""

    def __init__(self, url: str) -> None:
        self._server = Server(url)
        self._idle: list[Connection] = []
        self._lock = Lock()
        finalize(self, _close, self._idle)

    def files(self) -> list[Path]:
        """See `Store`: none."""
        return []

    @contextmanager
    def snapshot(self, encoder: str | None = None) -> Iterator[PostgresSnapshot]:
        """See `Store`. Raises ConnectionLostError if the connection is lost before the block ends."""
        with self._server.translated():
            connection, snapshot = self._begin()
            try:
                if encoder is not None:
                    snapshot.check_encoder(encoder)
                yield snapshot
            except BaseException:
                connection.raw.close()
                raise
            connection.raw.rollback()
            self._give_back(connection)

    @contextmanager
    def writer(self) -> Iterator[PostgresWriter]:
        """See `Store`."""
        with self._server.translated(), self._server.connect(reading=False).raw as raw:
            connection = Connection(raw)
            patience = time.monotonic() + PATIENCE_SECONDS
            while not connection.execute("SELECT pg_try_advisory_lock(?)", (PUBLISHER,)).fetchone()[0]:
                if time.monotonic() > patience:
                    text = "Another process is indexing into the database %s; try again when it is done."
                    raise BusyError(text, self._server)
                time.sleep(0.05)
            prepare(connection, self._server)
            register_vector(raw)
            yield PostgresWriter(connection)
            # at once: the server takes its time to notice that a session has ended
            connection.execute("SELECT pg_advisory_unlock(?)", (PUBLISHER,))

    def embed_pending(self, encoder: Encoder) -> int:
        """See `Store`. A batch is another's to take if this process dies before it is done."""
        done = 0
        with self._server.translated(), self._server.connect(reading=False).raw as raw:
            check(Connection(raw), self._server)
            writer = PostgresWriter(Connection(raw))
            for _, texts in writer.claimed(encoder.fingerprint, BATCH):
                embed(writer, encoder, texts)
                done += len(texts)
        return done

    def _begin(self) -> tuple[Connection, PostgresSnapshot]:
        """A connection and the newest generation over it; one that was lost while it was idle is replaced."""
        while True:
            with self._lock:
                idle = self._idle.pop() if self._idle else None
            connection = self._server.connect(reading=True) if idle is None else idle
            try:
                with self._server.translated():
                    if idle is None:
                        check(connection, self._server)
                        register_vector(connection.raw)
                        connection.raw.rollback()
                    connection.execute(
                        """SELECT set_config('hnsw.iterative_scan', 'relaxed_order', true),
                                  set_config('hnsw.max_scan_tuples', '200000', true)"""
                    )
                    return connection, PostgresSnapshot(connection, self._server)
            except BaseException as error:
                connection.raw.close()
                if idle is None or not isinstance(error, ConnectionLostError):
                    raise

    def _give_back(self, connection: Connection) -> None:
        with self._lock:
            if len(self._idle) < IDLE and connection.raw.info.transaction_status == psycopg.pq.TransactionStatus.IDLE:
                self._idle.append(connection)
                return
        connection.raw.close()


def _close(connections: list[Connection]) -> None:
    for connection in connections:
        connection.raw.close()
