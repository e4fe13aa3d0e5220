"""Everything that a passage is judged by, read from the database at once."""

import sqlite3
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date

import numpy as np
from numpy.typing import NDArray

from retrieval.storage.segments import passage_vectors, unpacked
from retrieval.types import Passage


@dataclass(frozen=True, slots=True)
class Row:
    """A passage with the words that it is searched by; `day` is the UTC day of its article."""

    passage: Passage
    text: str
    heading: str
    day: date | None


@dataclass(frozen=True, slots=True)
class Candidates:
    """Passages, `rows`, and their exact `vectors`, (n, dimension) float32, unit norm."""

    rows: tuple[Row, ...]
    vectors: NDArray[np.float32]


def read_candidates(connection: sqlite3.Connection, ids: Sequence[int], fingerprint: str, dimension: int) -> Candidates:
    """The live passages with these ids; in no particular order."""
    marks = ",".join("?" * len(ids))
    found = connection.execute(
        f"""SELECT p.id, p.article_id, p.start, p.end, substr(a.text, p.start + 1, p.end - p.start), a.heading,
                   a.published_utc, e.vector, h.vector
            FROM live_passages p JOIN articles a ON a.number = p.article
            JOIN embeddings e ON e.text_hash = p.text_hash AND e.fingerprint = ?
            JOIN embeddings h ON h.text_hash = a.heading_hash AND h.fingerprint = ?
            WHERE p.id IN ({marks})""",
        (fingerprint, fingerprint, *ids),
    ).fetchall()
    rows = tuple(
        Row(Passage(*each[:4]), each[4], each[5], None if each[6] is None else date.fromisoformat(each[6][:10]))
        for each in found
    )
    text, heading = (unpacked([each[column] for each in found], dimension) for column in (7, 8))
    return Candidates(rows, passage_vectors(text, heading))
