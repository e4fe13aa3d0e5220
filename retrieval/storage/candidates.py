"""Everything that a passage is judged by, read from the database at once."""

import sqlite3
from collections.abc import Sequence
from datetime import date
from itertools import groupby
from operator import itemgetter

from retrieval.storage.types import Candidates, Row
from retrieval.storage.vectors import passage_vectors, unpacked
from retrieval.types import Passage


def read_candidates(connection: sqlite3.Connection, ids: Sequence[int], fingerprint: str, dimension: int) -> Candidates:
    """The live passages with these ids; in no particular order. An article is read once for all of its passages."""
    found = connection.execute(
        f"""SELECT p.article, p.id, p.start, p.end, e.vector FROM passages p
            JOIN embeddings e ON e.text_hash = p.text_hash AND e.fingerprint = ?
            WHERE p.id IN ({",".join("?" * len(ids))}) ORDER BY p.article""",
        (fingerprint, *ids),
    ).fetchall()
    rows: list[Row] = []
    text_vectors: list[bytes] = []
    heading_vectors: list[bytes] = []
    for number, passages in groupby(found, key=itemgetter(0)):
        article = connection.execute(
            """SELECT a.id, a.published_utc, a.text, a.heading, h.vector FROM live_articles a
               JOIN embeddings h ON h.text_hash = a.heading_hash AND h.fingerprint = ? WHERE a.number = ?""",
            (fingerprint, number),
        ).fetchone()
        if article is None:
            continue
        id, published, text, heading, heading_vector = article
        day = None if published is None else date.fromisoformat(published[:10])
        for _, passage, start, end, vector in passages:
            rows.append(Row(Passage(passage, id, start, end), text[start:end], heading, day))
            text_vectors.append(vector)
            heading_vectors.append(heading_vector)
    vectors = passage_vectors(unpacked(text_vectors, dimension), unpacked(heading_vectors, dimension))
    return Candidates(tuple(rows), vectors)
