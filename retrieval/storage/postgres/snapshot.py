"""One generation in PostgreSQL: a REPEATABLE READ transaction, searched by pgvector's graph and a GIN index."""

from collections.abc import Iterator, Sequence
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray
from pgvector import HalfVector

from retrieval.fusion import rarity
from retrieval.progress import Progress
from retrieval.storage.postgres.database import Connection, Server
from retrieval.storage.postgres.words import best_covered, frequencies, lexemes
from retrieval.storage.reading import Condition, Snapshot
from retrieval.storage.row_checks import EMBED_AGAIN, is_made_of, row_findings
from retrieval.storage.staging import passage_text
from retrieval.storage.types import Finding
from retrieval.types import EVERYTHING, SearchFilter

# where no more pass the filter, comparing all of them is as fast as the graph, and exact
SCANNED = 10_000
# how widely the graph is searched: this many, or twice as many as are wanted
EFFORT = 600
# 1000 is the most that pgvector takes
MOST_EFFORT = 1000
TOLERANCE_OF_16_BITS = 2e-3
CHECKED_AT_ONCE = 1000


class PostgresSnapshot(Snapshot):
    """The `Snapshot` of a server."""

    connection: Connection

    def __init__(self, connection: Connection, server: Server) -> None:
        super().__init__(connection, server)
        self._frequencies: dict[str, int] = {}

    def frequencies(self, terms: Sequence[str]) -> dict[str, int]:
        """See `Snapshot`."""
        new = [term for term in terms if term not in self._frequencies]
        if new:
            self._frequencies |= frequencies(self.connection, new)
        return {term: self._frequencies[term] for term in terms}

    def nearest(self, vector: NDArray[np.float32], count: int, where: SearchFilter) -> list[int]:
        """See `Snapshot`: exact where few passages pass the filter, else by the graph."""
        connection, generation, condition = self.connection, self.generation, self._condition(where)
        distance = f"vector::halfvec({generation.dimension}) <=> ?"
        # all that is searched is of this encoder; the graph has it in its own condition
        some = f"FROM searched a WHERE fingerprint = ? {condition.sql}"
        values, asked = (generation.fingerprint, *condition.values), HalfVector(vector)
        if self._lets_through(where, condition) <= SCANNED:
            # materialized, so that the graph is not walked for it
            query = f"""WITH chosen AS MATERIALIZED (SELECT passage, vector {some})
                        SELECT passage FROM chosen ORDER BY {distance}, passage LIMIT ?"""
            rows = connection.execute(query, (*values, asked, count))
        else:
            effort = min(max(EFFORT, 2 * count), MOST_EFFORT)
            connection.execute("SELECT set_config('hnsw.ef_search', ?, true)", (str(effort),))
            # the graph gives the nearest in an order that may be a little wrong
            query = f"""WITH chosen AS MATERIALIZED (
                            SELECT passage, {distance} AS distance {some} ORDER BY distance LIMIT ?)
                        SELECT passage FROM chosen ORDER BY distance, passage"""
            rows = connection.execute(query, (asked, *values, count))
        return [row[0] for row in rows]

    def _lets_through(self, where: SearchFilter, condition: Condition) -> int:
        """How many passages, as far as it matters."""
        if where == EVERYTHING:
            return self.generation.passages
        query = f"SELECT count(*) FROM (SELECT 1 FROM searched a WHERE TRUE {condition.sql} LIMIT ?) AS chosen"
        found: int = self.connection.execute(query, (*condition.values, SCANNED + 1)).fetchone()[0]
        return found

    def matching_terms(self, terms: Sequence[str], count: int, where: SearchFilter) -> list[int]:
        """See `Snapshot`: those that cover the most of the terms, each weighted by its rarity."""
        known = self.frequencies(terms)
        weights = {term: rarity(known[term], self.generation.passages) for term in terms if known[term]}
        return best_covered(self.connection, weights, count, self._condition(where)) if count else []

    def _size(self) -> int:
        query = """SELECT sum(pg_total_relation_size(oid)) FROM pg_class
                   WHERE relkind = 'r' AND relnamespace =
                   (SELECT relnamespace FROM pg_class WHERE oid = 'dateline'::regclass)"""
        return int(self.connection.execute(query).fetchone()[0])

    def _condition(self, where: SearchFilter) -> Condition:
        """`where` for rows of `searched`, called `a`."""
        condition = self.condition(replace(where, article_id=None))
        if where.article_id is None:
            return condition
        one = " AND a.article = (SELECT number FROM live_articles WHERE id = ?)"
        return Condition(condition.sql + one, (*condition.values, where.article_id))

    def _findings(self, progress: Progress) -> Iterator[Finding]:
        yield from row_findings(self.connection, progress)
        # what is searched is what the rows say
        connection, generation = self.connection, self.generation
        (live,) = connection.execute("SELECT count(*) FROM live_passages").fetchone()
        (placed,) = connection.execute(
            "SELECT count(*) FROM live_passages p JOIN searched s ON s.passage = p.id"
        ).fetchone()
        (searched,) = connection.execute("SELECT count(*) FROM searched").fetchone()
        if not live == placed == searched == generation.passages:
            yield Finding(
                f"There are {live} passages, of which {placed} are indexed in {searched} rows, expected "
                f"{generation.passages} of each",
                EMBED_AGAIN,
            )
        (miscounted,) = connection.execute(
            """SELECT count(*) FROM frequencies f FULL JOIN (
                   SELECT term, count(*) AS passages FROM searched s, unnest(tsvector_to_array(s.terms)) AS term
                   GROUP BY term) AS counted USING (term) WHERE f.passages IS DISTINCT FROM counted.passages"""
        ).fetchone()
        if miscounted:
            yield Finding(f"The counts of {miscounted} terms are wrong", EMBED_AGAIN)
        bad = []
        with progress("Checking what is searched", live) as advance:
            for passage, fine in self._compared():
                if not fine:
                    bad.append(passage)
                advance(1)
        if bad:
            yield Finding(
                f"The vectors, words or day of {len(bad)} passages are missing, or are not what the articles say "
                f"(first: passage {bad[0]})",
                EMBED_AGAIN,
            )

    def _compared(self) -> Iterator[tuple[int, bool]]:
        """Each live passage that is searched, and whether what is searched is what its article says."""
        generation = self.generation
        with self.connection.raw.cursor(name="compared", binary=True) as cursor:
            cursor.itersize = CHECKED_AT_ONCE
            cursor.execute(
                """SELECT p.id, p.start, p."end", s.vector, tsvector_to_array(s.terms), e.vector, h.vector, a.text,
                          a.heading, s.fingerprint = %s AND s.article = a.number AND s.source IS NOT DISTINCT FROM
                          a.source AND s.published_utc IS NOT DISTINCT FROM a.published_utc
                   FROM passages p JOIN articles a ON a.number = p.article JOIN searched s ON s.passage = p.id
                   LEFT JOIN embeddings e ON e.text_hash = p.text_hash AND e.fingerprint = %s
                   LEFT JOIN embeddings h ON h.text_hash = a.heading_hash AND h.fingerprint = %s""",
                (generation.fingerprint,) * 3,
            )
            for passage, start, end, vector, words, stored, headed, text, heading, placed in cursor:
                yield (
                    passage,
                    placed
                    and sorted(words) == lexemes(heading, passage_text(text, start, end))
                    and is_made_of(vector.to_numpy(), (stored, headed), generation.dimension, TOLERANCE_OF_16_BITS),
                )
