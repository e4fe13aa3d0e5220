"""Which passages lie in which index file, and when small files become one.

Worked example, sizes in passages: an index of 1,000 takes one article of 6 passages after another.

    1000 | 6          the first article is a segment of its own
    1000 | 12         the second: its neighbour is not larger, so the two become one
    1000 | 12 | 6     the third: 12 is larger than 6
    1000 | 24         the fourth: 6 + 6 = 12, and 12 is not larger

So each passage is written about log2(n) times over the life of the index, and there are about as many segments.
"""

import sqlite3
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from retrieval.errors import StoreError
from retrieval.storage.index import VectorBatch, VectorIndex
from retrieval.storage.integrity import FileRecord, check_record
from retrieval.storage.vectors import passage_vectors, unpacked

VECTOR_BATCH = 4096
DEAD_SHARE = 0.25
QUESTIONS = 200


@dataclass(frozen=True, slots=True)
class SegmentRecord:
    """What the database knows of a segment: the `passages` in its `file`, `dead` of them."""

    id: int
    passages: int
    dead: int
    file: FileRecord

    @property
    def live(self) -> int:
        """How many of the passages still exist."""
        return self.passages - self.dead


def segment_path(folder: Path, segment: int) -> Path:
    """Where the file of a segment lies."""
    return folder / f"passages-{segment}.faiss"


def segment_records(connection: sqlite3.Connection) -> list[SegmentRecord]:
    """All segments, the oldest first."""
    query = """SELECT id, passages, (SELECT count(*) FROM dead WHERE segment = id), bytes, modified, digest
               FROM segments ORDER BY id"""
    rows = connection.execute(query)
    return [SegmentRecord(id, passages, dead, FileRecord(*file)) for id, passages, dead, *file in rows]


def damaged(folder: Path, record: SegmentRecord, *, full: bool = False) -> bool:
    """Whether the file of a segment is lost or is not what was written (see `retrieval.storage.integrity`)."""
    return check_record(segment_path(folder, record.id), record.file, full=full) is None


def find_lost_segments(connection: sqlite3.Connection, folder: Path) -> tuple[SegmentRecord, ...]:
    """The damaged segments. Files that are whole and of another time are not read again for the next look."""
    lost = []
    for record in segment_records(connection):
        found = check_record(segment_path(folder, record.id), record.file)
        if found is None:
            lost.append(record)
        elif found != record.file:
            connection.execute("UPDATE segments SET modified = ? WHERE id = ?", (found.modified, record.id))
    return tuple(lost)


def to_rewrite(records: Sequence[SegmentRecord], fresh: int) -> list[SegmentRecord]:
    """Which of the segments, the oldest first, are better rewritten with the `fresh` new passages."""
    chosen = {record.id for record in records if record.dead > DEAD_SHARE * record.passages}
    size = fresh
    for record in reversed(records):
        if not 0 < record.live <= size:
            break
        size += record.live
        chosen.add(record.id)
    return [record for record in records if record.id in chosen]


def write_segment(
    connection: sqlite3.Connection, folder: Path, rewritten: Sequence[SegmentRecord], fingerprint: str, dimension: int
) -> None:
    """Puts the passages that have no segment yet, and those of the `rewritten` ones, into one new segment.

    Part of the caller's transaction; the file is on disk when this returns. Raises StoreError.
    """
    old = [(record.id,) for record in rewritten]
    connection.executemany("UPDATE passages SET segment = NULL WHERE segment = ?", old)
    connection.executemany("DELETE FROM segments WHERE id = ?", old)
    count: int = connection.execute("SELECT count(*) FROM passages WHERE segment IS NULL").fetchone()[0]
    if count == 0:
        return
    (segment,) = connection.execute(
        "INSERT INTO segments (passages, bytes, modified, digest, recall) VALUES (?, 0, 0, x'', 0) RETURNING id",
        (count,),
    ).fetchone()
    connection.execute("UPDATE passages SET segment = ? WHERE segment IS NULL", (segment,))
    index, recall = build_segment(connection, segment, fingerprint, dimension)
    saved = index.save(segment_path(folder, segment))
    connection.execute(
        "UPDATE segments SET bytes = ?, modified = ?, digest = ?, recall = ? WHERE id = ?",
        (saved.length, saved.modified, saved.digest, recall, segment),
    )


def build_segment(
    connection: sqlite3.Connection, segment: int, fingerprint: str, dimension: int
) -> tuple[VectorIndex, float]:
    """The index of a segment's passages, from the stored vectors; nothing is embedded. And the recall that a search of
    it has, 0 to 1 (see `VectorIndex.tune`). Raises StoreError."""

    def batches() -> Iterator[VectorBatch]:
        rows = connection.execute(
            """SELECT p.id, e.vector, h.vector FROM passages p JOIN articles a ON a.number = p.article
               JOIN embeddings e ON e.text_hash = p.text_hash AND e.fingerprint = ?
               JOIN embeddings h ON h.text_hash = a.heading_hash AND h.fingerprint = ?
               WHERE p.segment = ? ORDER BY p.id""",
            (fingerprint, fingerprint, segment),
        )
        while batch := rows.fetchmany(VECTOR_BATCH):
            ids = np.array([row[0] for row in batch], dtype=np.int64)
            text, heading = (unpacked([row[column] for row in batch], dimension) for column in (1, 2))
            yield VectorBatch(ids, passage_vectors(text, heading))

    count: int = connection.execute("SELECT count(*) FROM passages WHERE segment = ?", (segment,)).fetchone()[0]
    index = VectorIndex.build(dimension, count, batches)
    if len(index) != count:
        raise StoreError(f"{count - len(index)} passages have no vector; {{embed all articles again}}.")
    questions = None if index.exact else _headings(connection, segment, fingerprint, dimension)
    return index, 1.0 if questions is None else index.tune(questions, batches)


def _headings(connection: sqlite3.Connection, segment: int, fingerprint: str, dimension: int) -> NDArray[np.float32]:
    """(n, dimension) float32, the vectors of up to `QUESTIONS` headings of a segment: as short as questions are."""
    rows = connection.execute(
        """SELECT e.vector FROM embeddings e WHERE e.fingerprint = ? AND e.text_hash IN (
               SELECT DISTINCT a.heading_hash FROM passages p JOIN articles a ON a.number = p.article
               WHERE p.segment = ? ORDER BY a.heading_hash LIMIT ?)""",
        (fingerprint, segment, QUESTIONS),
    )
    return unpacked([row[0] for row in rows], dimension)
