"""Proof that a store is what it should be, or what is wrong with it and which command mends it."""

import sqlite3
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from retrieval.errors import StoreError
from retrieval.heading import heading
from retrieval.progress import Progress
from retrieval.storage.bm25 import WordIndex
from retrieval.storage.index import VectorIndex
from retrieval.storage.local import ARTICLE_COLUMNS, LocalSnapshot, LocalStore, stored_article
from retrieval.storage.segments import SegmentRecord, damaged, segment_path, segment_records
from retrieval.storage.staging import digest, passage_text, text_hash
from retrieval.storage.types import Finding, Generation
from retrieval.storage.vectors import passage_vectors, unpacked
from retrieval.storage.words import words_damaged, words_path, words_record

ATTEMPTS = 3
TOLERANCE = 1e-4
TOLERANCE_OF_8_BITS = 0.02
REBUILD = "run `dateline index`; nothing is embedded for it"
EMBED_AGAIN = "run `dateline index --full`"


@dataclass(frozen=True, slots=True)
class Verification:
    """What was looked at and what was found wrong with it; no findings: all is as it should be."""

    generation: int
    articles: int
    passages: int
    findings: tuple[Finding, ...]


def verify(store: LocalStore, progress: Progress) -> Verification:
    """Checks one generation: every article and passage, every vector, every index file. Changes nothing.

    Raises NoIndexError, and StoreError for a database that cannot be read at all.
    """
    for _ in range(ATTEMPTS):
        with store.snapshot() as snapshot:
            found = _verify(snapshot, progress)
        with store.snapshot() as snapshot:
            if snapshot.generation.id == found.generation:
                break  # else a refresh may have replaced index files meanwhile
    return found


def _verify(snapshot: LocalSnapshot, progress: Progress) -> Verification:
    connection = snapshot.connection
    articles: int = connection.execute("SELECT count(*) FROM live_articles").fetchone()[0]
    findings = [*_database(snapshot)]
    with progress("Checking articles", articles) as advance:
        for number in [row[0] for row in connection.execute("SELECT number FROM live_articles ORDER BY number")]:
            findings += _article(connection, number)
            advance(1)
    records = segment_records(connection)
    with progress("Checking index files", len(records) + 1) as advance:
        for record in records:
            findings += _segment(snapshot, record)
            advance(1)
        findings += _words(snapshot)
        advance(1)
    return Verification(snapshot.generation.id, articles, snapshot.generation.passages, tuple(findings))


def _database(snapshot: LocalSnapshot) -> Iterator[Finding]:
    connection = snapshot.connection
    anew = f"delete the folder {snapshot.folder} and run `dateline index`"
    for (problem,) in connection.execute("PRAGMA integrity_check(20)"):
        if problem != "ok":
            yield Finding(f"The database is damaged: {problem}", anew)
    for table, _, parent, _ in connection.execute("PRAGMA foreign_key_check"):
        yield Finding(f"The database has a row in {table} whose row in {parent} is missing", anew)
    live: int = connection.execute("SELECT count(*) FROM live_passages").fetchone()[0]
    placed: int = connection.execute("SELECT count(*) FROM live_passages WHERE segment IS NOT NULL").fetchone()[0]
    expected = snapshot.generation.passages
    if not live == placed == expected:
        yield Finding(f"Of {expected} passages {live} are there and {placed} are in the index", EMBED_AGAIN)
    astray: int = connection.execute(
        """SELECT count(*) FROM (SELECT a.number FROM live_articles a LEFT JOIN passages p ON p.article = a.number
           GROUP BY a.number HAVING min(p.id) IS NOT a.first_passage OR max(p.id) IS NOT a.last_passage
           OR count(p.id) != coalesce(a.last_passage - a.first_passage + 1, 0))"""
    ).fetchone()[0]
    if astray:
        yield Finding(f"{astray} articles have passages of other ids than filters take theirs for", EMBED_AGAIN)
    misnamed: int = connection.execute(
        """SELECT count(*) FROM (SELECT source_group FROM live_articles GROUP BY source_group HAVING min(id) !=
           source_group)"""
    ).fetchone()[0]
    if misnamed:
        yield Finding(f"{misnamed} source groups do not bear the name of their first article", EMBED_AGAIN)


def _article(connection: sqlite3.Connection, number: int) -> Iterator[Finding]:
    """An article is what was read, and its passages are slices of it that together leave no word out."""
    query = f"SELECT digest, heading_hash, {ARTICLE_COLUMNS} FROM articles WHERE number = ?"
    stored_digest, heading_hash, *columns = connection.execute(query, (number,)).fetchone()
    article = stored_article(columns)
    if digest(article) != stored_digest:
        yield Finding(f"The article {article.id} ({article.path}) is not what was read from its file", EMBED_AGAIN)
    if text_hash(heading(article)) != heading_hash:
        yield Finding(f"The heading of {article.id} ({article.path}) is not the one that was embedded", EMBED_AGAIN)
    covered = 0
    for passage, start, end, stored_hash in connection.execute(
        "SELECT id, start, end, text_hash FROM passages WHERE article = ? ORDER BY start", (number,)
    ):
        slice_of_it = 0 <= start < end <= len(article.text)
        if not slice_of_it or text_hash(passage_text(article.text, start, end)) != stored_hash:
            yield Finding(f"Passage {passage} is no slice of its article {article.id} ({article.path})", EMBED_AGAIN)
        elif article.text[covered:start].strip():
            yield Finding(f"The passages of {article.id} ({article.path}) leave words out", EMBED_AGAIN)
        covered = max(covered, end)
    if article.text[covered:].strip():
        yield Finding(f"The passages of {article.id} ({article.path}) leave words out", EMBED_AGAIN)


def _segment(snapshot: LocalSnapshot, record: SegmentRecord) -> Iterator[Finding]:
    """A file holds just the vectors that the database has for its passages, and those that are dead."""
    path = segment_path(snapshot.folder, record.id)
    if damaged(snapshot.folder, record, thoroughly=True):
        yield Finding(f"The index file {path} is lost or is not what was written", REBUILD)
        return
    try:
        index = VectorIndex.load(path)
    except StoreError:
        yield Finding(f"The index file {path} cannot be read", REBUILD)
        return
    connection, generation = snapshot.connection, snapshot.generation
    ids = sorted(index.ids.tolist())
    dead = connection.execute("SELECT passage FROM dead WHERE segment = ?", (record.id,))
    live = connection.execute("SELECT id FROM passages WHERE segment = ?", (record.id,))
    if ids != sorted(row[0] for rows in (dead, live) for row in rows):
        yield Finding(f"The index file {path} and the database do not have the same passages", EMBED_AGAIN)
        return
    bad = [
        int(passage)
        for batch in index.batches()
        for passage, vector in zip(batch.ids, batch.vectors, strict=True)
        if not _same(connection, int(passage), vector, generation, TOLERANCE if index.exact else TOLERANCE_OF_8_BITS)
    ]
    if bad:
        yield Finding(
            f"The vectors of {len(bad)} passages are missing, not of unit length, or not the ones in {path} "
            f"(first: passage {bad[0]})",
            EMBED_AGAIN,
        )


def _words(snapshot: LocalSnapshot) -> Iterator[Finding]:
    """The word index has just the live passages."""
    connection = snapshot.connection
    record = words_record(connection)
    if record is None or words_damaged(snapshot.folder, record, thoroughly=True):
        yield Finding(f"The word index in {snapshot.folder} is lost or is not what was written", REBUILD)
        return
    path = words_path(snapshot.folder, record.id)
    try:
        index = WordIndex.load(path)
    except StoreError:
        yield Finding(f"The word index {path} cannot be read", REBUILD)
        return
    live = [row[0] for row in connection.execute("SELECT id FROM live_passages ORDER BY id")]
    if sorted(index.passages()) != live:
        yield Finding(f"The word index {path} and the database do not have the same passages", EMBED_AGAIN)


def _same(
    connection: sqlite3.Connection, passage: int, indexed: NDArray[np.float32], generation: Generation, tolerance: float
) -> bool:
    """Whether both stored vectors of a passage are whole, finite and of unit length, and make up the indexed one; true
    of a passage that is dead."""
    row = connection.execute(
        """SELECT e.vector, h.vector FROM passages p JOIN articles a ON a.number = p.article
           LEFT JOIN embeddings e ON e.text_hash = p.text_hash AND e.fingerprint = :own
           LEFT JOIN embeddings h ON h.text_hash = a.heading_hash AND h.fingerprint = :own WHERE p.id = :id""",
        {"own": generation.fingerprint, "id": passage},
    ).fetchone()
    if row is None:
        return True
    if any(stored is None or len(stored) != 4 * generation.dimension for stored in row):
        return False
    vectors = unpacked(row, generation.dimension)
    if not np.isfinite(vectors).all() or np.abs(np.linalg.norm(vectors, axis=1) - 1).max() > TOLERANCE:
        return False
    return bool(np.abs(passage_vectors(vectors[:1], vectors[1:])[0] - indexed).max() <= tolerance)
