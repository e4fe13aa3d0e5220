"""Checks of a store's files in a folder: the database itself, and the index files."""

import sqlite3
from collections.abc import Iterator
from pathlib import Path

from retrieval.errors import StoreError
from retrieval.progress import Progress
from retrieval.storage.bm25 import WordIndex
from retrieval.storage.index import VectorIndex
from retrieval.storage.row_checks import EMBED_AGAIN, REBUILD, TOLERANCE, is_made_of
from retrieval.storage.segments import SegmentRecord, damaged, segment_path, segment_records
from retrieval.storage.types import Finding, Generation
from retrieval.storage.words import check_words, words_record

TOLERANCE_OF_8_BITS = 0.02


def database_findings(connection: sqlite3.Connection, folder: Path, expected: int) -> Iterator[Finding]:
    """What is wrong with the database, which should have so many live passages."""
    rebuild = f"delete the folder {folder} and {{bring the index up to date}}"
    for (problem,) in connection.execute("PRAGMA integrity_check(20)"):
        if problem != "ok":
            yield Finding(f"The database is damaged: {problem}", rebuild)
    for table, _, parent, _ in connection.execute("PRAGMA foreign_key_check"):
        yield Finding(f"The database has a row in {table} whose row in {parent} is missing", rebuild)
    live: int = connection.execute("SELECT count(*) FROM live_passages").fetchone()[0]
    placed: int = connection.execute("SELECT count(*) FROM live_passages WHERE segment IS NOT NULL").fetchone()[0]
    if not live == placed == expected:
        yield Finding(
            f"The database has {live} passages and the index {placed}, expected {expected} in both", EMBED_AGAIN
        )


def index_findings(
    connection: sqlite3.Connection, folder: Path, generation: Generation, progress: Progress
) -> Iterator[Finding]:
    """What is wrong with the index files."""
    records = segment_records(connection)
    with progress("Checking index files", len(records) + 1) as advance:
        for record in records:
            yield from _segment(connection, folder, generation, record)
            advance(1)
        yield from _words(connection, folder)
        advance(1)


def _segment(
    connection: sqlite3.Connection, folder: Path, generation: Generation, record: SegmentRecord
) -> Iterator[Finding]:
    """A file holds just the vectors that the database has for its passages, and those that are dead."""
    path = segment_path(folder, record.id)
    if damaged(folder, record, full=True):
        yield Finding(f"The index file {path} is missing or has been changed", REBUILD)
        return
    try:
        index = VectorIndex.load(path)
    except StoreError:
        yield Finding(f"The index file {path} cannot be read", REBUILD)
        return
    ids = sorted(index.ids.tolist())
    dead = connection.execute("SELECT passage FROM dead WHERE segment = ?", (record.id,))
    live = connection.execute("SELECT id FROM passages WHERE segment = ?", (record.id,))
    if ids != sorted(row[0] for rows in (dead, live) for row in rows):
        yield Finding(f"The index file {path} and the database do not have the same passages", EMBED_AGAIN)
        return
    tolerance = TOLERANCE if index.exact else TOLERANCE_OF_8_BITS
    stored = """SELECT e.vector, h.vector FROM passages p JOIN articles a ON a.number = p.article
                LEFT JOIN embeddings e ON e.text_hash = p.text_hash AND e.fingerprint = :own
                LEFT JOIN embeddings h ON h.text_hash = a.heading_hash AND h.fingerprint = :own WHERE p.id = :id"""
    bad = []
    for batch in index.batches():
        for passage, vector in zip(batch.ids.tolist(), batch.vectors, strict=True):
            row = connection.execute(stored, {"own": generation.fingerprint, "id": passage}).fetchone()
            # None: of a passage that is dead
            if row is not None and not is_made_of(vector, row, generation.dimension, tolerance):
                bad.append(passage)
    if bad:
        yield Finding(
            f"The vectors of {len(bad)} passages are missing, not of unit length, or not the ones in {path} "
            f"(first: passage {bad[0]})",
            EMBED_AGAIN,
        )


def _words(connection: sqlite3.Connection, folder: Path) -> Iterator[Finding]:
    """The word index has just the live passages."""
    record = words_record(connection, folder)
    if record is None or check_words(record, full=True) is None:
        yield Finding(f"The word index in {folder} is missing or has been changed", REBUILD)
        return
    try:
        index = WordIndex.load(record.folder)
    except StoreError:
        yield Finding(f"The word index {record.folder} cannot be read", REBUILD)
        return
    live = [row[0] for row in connection.execute("SELECT id FROM live_passages ORDER BY id")]
    if sorted(index.passages()) != live:
        yield Finding(f"The word index {record.folder} and the database do not have the same passages", EMBED_AGAIN)
