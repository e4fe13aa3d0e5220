"""Texts that have no vector yet get one: each batch is committed, so that a run that is killed loses one at most."""

import sqlite3
from collections import defaultdict
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from retrieval.encoder import Encoder
from retrieval.progress import Progress
from retrieval.storage.database import transaction
from retrieval.storage.staging import passage_text, remember
from retrieval.storage.vectors import packed

BATCH = 256


def embed_missing(
    connection: sqlite3.Connection,
    encoder: Encoder,
    *,
    everything: bool,
    without: Sequence[int],
    again: bool,
    progress: Progress,
) -> int:
    """Embeds the passages and headings of staged files, or of `everything`; returns how many passages.

    Files `without`, by id, will be gone when it is done. Texts that have a vector are passed over, unless it is to be
    made `again`. Texts of like length go together: what is short is not padded to what is long.
    """
    remember(connection, "leaving", without)
    _find(connection, encoder.fingerprint, everything, again)
    total: int = connection.execute("SELECT count(*) FROM pending").fetchone()[0]
    with progress("Embedding passages", total) as advance:
        for first in range(0, total, BATCH):
            texts = _texts(connection, first)
            vectors = encoder.encode(list(texts.values()))
            with transaction(connection):
                _insert(connection, encoder.fingerprint, list(texts), vectors)
            advance(len(texts))
    passages: int = connection.execute("SELECT count(*) FROM pending WHERE start IS NOT NULL").fetchone()[0]
    return passages


def _find(connection: sqlite3.Connection, fingerprint: str, everything: bool, again: bool) -> None:
    """Lists the texts to embed in the temporary table `pending`, each once, by length; headings have no `start`."""
    connection.execute("DROP TABLE IF EXISTS temp.pending")
    connection.execute("CREATE TEMP TABLE pending (text_hash BLOB UNIQUE, article INTEGER, start INTEGER, end INTEGER)")
    files = "a.file NOT IN leaving" if everything else "a.file IN (SELECT id FROM files WHERE live = 0)"
    missing = "NOT EXISTS (SELECT 1 FROM embeddings e WHERE e.text_hash = {} AND e.fingerprint = :own)"
    missing = f"(:again OR {missing})"
    values = {"own": fingerprint, "again": again}
    connection.execute(
        f"""INSERT OR IGNORE INTO pending SELECT p.text_hash, p.article, p.start, p.end
            FROM articles a JOIN passages p ON p.article = a.number
            WHERE {files} AND {missing.format("p.text_hash")} ORDER BY p.end - p.start, p.id""",
        values,
    )
    connection.execute(
        f"""INSERT OR IGNORE INTO pending SELECT a.heading_hash, a.number, NULL, NULL FROM articles a
            WHERE {files} AND {missing.format("a.heading_hash")} ORDER BY length(a.heading), a.number""",
        values,
    )


def _texts(connection: sqlite3.Connection, first: int) -> dict[bytes, str]:
    """A batch of `pending` by hash. An article, which may have 20 MB, is read once for all of its passages there."""
    rows = connection.execute(
        "SELECT text_hash, article, start, end FROM pending WHERE rowid > ? AND rowid <= ? ORDER BY rowid",
        (first, first + BATCH),
    ).fetchall()
    texts = {row[0]: "" for row in rows}
    passages = defaultdict(list)
    for key, article, start, end in rows:
        if start is None:
            (texts[key],) = connection.execute("SELECT heading FROM articles WHERE number = ?", (article,)).fetchone()
        else:
            passages[article].append((key, start, end))
    for article, places in passages.items():
        (text,) = connection.execute("SELECT text FROM articles WHERE number = ?", (article,)).fetchone()
        texts |= {key: passage_text(text, start, end) for key, start, end in places}
    return texts


def _insert(
    connection: sqlite3.Connection, fingerprint: str, keys: Sequence[bytes], vectors: NDArray[np.float32]
) -> None:
    """Stores the (n, dimension) vectors of the texts with these n hashes."""
    rows = [(key, fingerprint, packed(vector)) for key, vector in zip(keys, vectors, strict=True)]
    connection.executemany("INSERT OR REPLACE INTO embeddings VALUES (?, ?, ?)", rows)
