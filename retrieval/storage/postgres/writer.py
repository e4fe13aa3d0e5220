"""The writer of a PostgreSQL store: one transaction makes a generation; any process may embed the pending texts."""

import hashlib
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, suppress

import numpy as np
from numpy.typing import NDArray
from psycopg.errors import LockNotAvailable

from retrieval.errors import StoreError
from retrieval.progress import Progress
from retrieval.storage.postgres.database import Connection
from retrieval.storage.postgres.schema import DROP_SEARCHED_INDEXES, SEARCHED_INDEXES
from retrieval.storage.postgres.words import add_frequencies, lexemes, quoted, remove
from retrieval.storage.staging import passage_text
from retrieval.storage.types import Batch, Generation, Pending, Target
from retrieval.storage.vectors import passage_vectors, unpacked
from retrieval.storage.writing import Writer, fill_pending, pending_texts

# how long the last texts, which others embed, are waited for before it is looked again
WAIT_SECONDS = 0.2
ARTICLES_AT_ONCE = 64
# so many new rows change what a good plan is
MANY = 100
# the most that an index which is of no more use is waited for; the next generation tries again
LOCK_MS = 200


class PostgresWriter(Writer):
    """The `Writer` of a server."""

    connection: Connection

    def transaction(self) -> AbstractContextManager[object]:
        """See `Writer`."""
        return self.connection.raw.transaction()

    def pending(
        self, fingerprint: str, leaving: Sequence[int], *, all_files: bool, reembed: bool, batch: int
    ) -> Pending:
        """See `Writer`. Other processes may embed some of the texts meanwhile (`embed_pending`)."""
        connection = self.connection
        with self.transaction():
            connection.execute("DELETE FROM pending")
            fill_pending(connection, fingerprint, leaving, all_files=all_files, reembed=reembed)
        query = "SELECT count(*), count(start), min(id), max(id) FROM pending"
        texts, passages, first, last = connection.execute(query).fetchone()
        if texts > MANY:
            connection.execute("ANALYZE files, articles, passages, pending")
        # every process takes them in the order of their ids
        batches = (
            Batch(taken, round(texts * (id - first + 1) / (last - first + 1)))
            for id, taken in self.claimed(fingerprint, batch)
        )
        return Pending(texts, passages, batches)

    def claimed(self, fingerprint: str, batch: int) -> Iterator[tuple[int, Mapping[bytes, str]]]:
        """Batches of pending texts, each with the id of its last one, until there are none.

        Each is locked until the next is asked for, and is another process's to take if this one dies before.
        """
        connection, left = self.connection, True
        claim = "WHERE fingerprint = ? ORDER BY id LIMIT ? FOR UPDATE SKIP LOCKED"
        while left:
            with self.transaction():
                texts, last = pending_texts(connection, claim, (fingerprint, batch))
                if texts:
                    yield last, texts
            if not texts:
                query = "SELECT EXISTS (SELECT 1 FROM pending WHERE fingerprint = ?)"
                (left,) = connection.execute(query, (fingerprint,)).fetchone()
                time.sleep(WAIT_SECONDS if left else 0)

    def save_vectors(self, fingerprint: str, vectors: Mapping[bytes, NDArray[np.float32]]) -> None:
        """See `Writer`."""
        with self.transaction():
            super().save_vectors(fingerprint, vectors)
            self.connection.execute(
                "DELETE FROM pending WHERE fingerprint = ? AND text_hash = ANY(?)", (fingerprint, list(vectors))
            )

    def is_intact(self) -> bool:
        """See `Writer`: the graph is there."""
        generation = self.generation
        return generation is None or self._exists(_graph(generation.fingerprint))

    def publish(self, target: Target, leaving: Sequence[int], progress: Progress) -> Generation:
        """See `Writer`."""
        connection = self.connection
        graph = _graph(target.fingerprint)
        with self.transaction():
            change = self._make_live(target, leaving, progress)
            added = change.fresh
            if target.rebuild:
                connection.execute("DELETE FROM searched")
                connection.execute("DELETE FROM frequencies")
                added = [row[0] for row in connection.execute("SELECT number FROM live_articles ORDER BY number")]
            else:
                remove(connection, change.gone)
            is_first = self.generation is None
            if is_first:
                connection.raw.execute(DROP_SEARCHED_INDEXES.encode())
            for first in range(0, len(added), ARTICLES_AT_ONCE):
                self._add(added[first : first + ARTICLES_AT_ONCE], target)
            if is_first:
                # like the graph; nobody reads what is searched yet, whom that would hold up
                connection.raw.execute(SEARCHED_INDEXES.encode())
            add_frequencies(connection, added)
            is_new = not self._exists(graph)
            if is_new:
                # after the passages: one at a time they would take ten times as long
                connection.execute(
                    f"""CREATE INDEX {graph} ON searched USING hnsw
                        ((vector::halfvec({target.dimension})) halfvec_cosine_ops)
                        WHERE fingerprint = '{_literal(target.fingerprint)}'"""
                )
            generation = self._begin_generation(target)
        if is_new or target.rebuild:
            connection.execute("ANALYZE searched, frequencies")
        self._drop_graphs(graph)
        return generation

    def _filled(self, articles: int) -> None:
        # plans for tables that were just filled would be those for small ones
        if articles > MANY:
            self.connection.execute("ANALYZE files, articles, bands, embeddings")

    def _add(self, articles: Sequence[int], target: Target) -> None:
        """Puts the passages of these articles into what is searched."""
        connection = self.connection
        rows = connection.execute(
            """SELECT p.id, p.article, p.start, p."end", a.published_utc, a.source, a.heading, a.text, e.vector,
                      h.vector
               FROM passages p JOIN articles a ON a.number = p.article
               LEFT JOIN embeddings e ON e.text_hash = p.text_hash AND e.fingerprint = ?
               LEFT JOIN embeddings h ON h.text_hash = a.heading_hash AND h.fingerprint = ?
               WHERE p.article = ANY(?) ORDER BY p.id""",
            (target.fingerprint, target.fingerprint, list(articles)),
        ).fetchall()
        lacking = sum(None in row[-2:] for row in rows)
        if lacking:
            raise StoreError(f"{lacking} passages have no vector; {{embed all articles again}}.")
        text, headed = (unpacked([row[column] for row in rows], target.dimension) for column in (8, 9))
        # five digits tell all numbers of 16 bits apart
        written = f"[{','.join(['%.5g'] * target.dimension)}]"
        connection.executemany(
            "INSERT INTO searched VALUES (?, ?, ?, ?, ?, ?, ?)",
            [
                (
                    passage,
                    article,
                    published,
                    source,
                    target.fingerprint,
                    " ".join(map(quoted, lexemes(heading, passage_text(body, start, end)))),
                    written % tuple(vector),
                )
                for (passage, article, start, end, published, source, heading, body, *_), vector in zip(
                    rows, passage_vectors(text, headed).astype(np.float16).tolist(), strict=True
                )
            ],
        )

    def _exists(self, index: str) -> bool:
        found: bool = self.connection.execute("SELECT to_regclass(?) IS NOT NULL", (index,)).fetchone()[0]
        return found

    def _drop_graphs(self, kept: str) -> None:
        """Drops the graphs of other encoders; not while somebody reads what is searched, which it would hold up."""
        query = "SELECT indexname FROM pg_indexes WHERE tablename = 'searched' AND indexname LIKE 'graph_%' ESCAPE '!'"
        others = [row[0] for row in self.connection.raw.execute(query.encode()) if row[0] != kept]
        for index in others:
            with suppress(LockNotAvailable), self.transaction():
                self.connection.execute(f"SET LOCAL lock_timeout = {LOCK_MS}")
                self.connection.execute(f"DROP INDEX IF EXISTS {index}")


def _graph(fingerprint: str) -> str:
    """The name of the HNSW index over the vectors of one encoder."""
    return f"graph_{hashlib.blake2b(fingerprint.encode(), digest_size=8).hexdigest()}"


def _literal(text: str) -> str:
    return text.replace("'", "''")
