"""Bringing the store up to date with the corpus folder.

The order of events is what makes it safe to kill at any moment:

    1. read the files that changed, cut them into passages    nothing is written
    2. embed the texts that have no vector yet                each batch is committed, so it is never done twice
    3. in one transaction: replace articles and passages,
       write the new FAISS file beside the old one,
       commit the generation that names it                    readers see the old one until here, the new one after
    4. delete what no generation needs                        harmless if it never happens
"""

import hashlib
import sqlite3
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from retrieval.articles import article_id, find_files, parse, read_bytes
from retrieval.encoder import Encoder
from retrieval.errors import ArticleError, CorpusError, StoreError
from retrieval.heading import heading
from retrieval.passages import split
from retrieval.progress import Progress, silent
from retrieval.store import (
    Generation,
    Store,
    build_index,
    insert_article,
    insert_generation,
    insert_vectors,
    newest_generation,
    stored_articles,
    transaction,
)
from retrieval.types import Article, IndexReport, Skipped

# part of every content hash: raise it, and every file is read, split and headed anew
READING_VERSION = b"1"
EMBED_BATCH = 64


@dataclass(frozen=True, slots=True)
class _Reading:
    """An article as just read from its file; `texts` holds what is embedded for each of its passages."""

    article: Article
    content_hash: bytes
    spans: tuple[tuple[int, int], ...]
    texts: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class _Scan:
    """What the corpus folder holds, beside what the store holds. Everything but `fresh` is article ids."""

    fresh: tuple[_Reading, ...]
    added: frozenset[str]
    changed: frozenset[str]
    removed: frozenset[str]
    unchanged: frozenset[str]
    skipped: tuple[Skipped, ...]


def refresh(
    corpus: Path, store: Store, encoder: Encoder, model: str, *, full: bool = False, progress: Progress = silent
) -> IndexReport:
    """Publishes a generation that holds what `corpus` holds now, or none where nothing has changed.

    Only texts without a vector of this encoder are embedded; with `full`, all are. A file that cannot be read is
    reported in `skipped`, and what the store had of it stays. `model` is the encoder's name, for the manifest.
    Raises CorpusError, BusyError, StoreError.
    """
    began = time.monotonic()
    files = find_files(corpus)
    if not files:
        raise CorpusError(
            f"The corpus folder {corpus} holds no .txt or .md article; put some in it. An index made before is kept."
        )
    with store.writer() as connection:
        scan = _scan(corpus, files, connection, full, progress)
        if not scan.fresh and not scan.unchanged:
            first = scan.skipped[0]
            raise CorpusError(f"None of the {len(files)} files in {corpus} can be used; {first.path} {first.reason}.")
        embedded = _embed_missing(scan, connection, encoder, full, progress)
        generation = newest_generation(connection)
        stale = generation is None or generation.fingerprint != encoder.fingerprint
        if generation is None or stale or full or scan.fresh or scan.removed or not store.is_whole(generation):
            generation = _publish(scan, connection, store, encoder, model)
            _sweep(connection, store, encoder)
    return IndexReport(
        generation=generation.id,
        added=len(scan.added),
        changed=len(scan.changed),
        removed=len(scan.removed),
        unchanged=len(scan.unchanged),
        skipped=scan.skipped,
        passages=generation.passages,
        embedded=embedded,
        reused=generation.passages - embedded,
        seconds=time.monotonic() - began,
    )


def embedding_text(article: Article, start: int, end: int) -> str:
    """What is embedded for a passage: the article's heading, then the passage."""
    return f"{heading(article)}\n{article.text[start:end].strip()}"


def text_hash(text: str) -> bytes:
    """The key of a text's vector, 16 bytes."""
    return hashlib.blake2b(text.encode(), digest_size=16).digest()


def _scan(corpus: Path, files: list[Path], connection: sqlite3.Connection, full: bool, progress: Progress) -> _Scan:
    known: dict[str, bytes] = dict(connection.execute("SELECT path, content_hash FROM articles"))
    present = {file.relative_to(corpus).as_posix(): file for file in files}
    fresh: list[_Reading] = []
    skipped: list[Skipped] = []
    added, changed, unchanged = set[str](), set[str](), set[str]()
    with progress("Reading articles", len(files)) as advance:
        for path, file in present.items():
            before = known.get(path)
            try:
                data = read_bytes(file)
                content_hash = hashlib.blake2b(data, digest_size=16, person=READING_VERSION).digest()
                if full or before != content_hash:
                    fresh.append(_read(data, path, content_hash))
            except ArticleError as error:
                skipped.append(Skipped(path, str(error)))
                if before is not None:
                    unchanged.add(article_id(path))
            else:
                known_as = added if before is None else unchanged if before == content_hash else changed
                known_as.add(article_id(path))
            advance(1)
    removed = frozenset(article_id(path) for path in known.keys() - present.keys())
    return _Scan(tuple(fresh), frozenset(added), frozenset(changed), removed, frozenset(unchanged), tuple(skipped))


def _read(data: bytes, path: str, content_hash: bytes) -> _Reading:
    article = parse(data, path)
    spans = tuple(split(article.text, article.language))
    return _Reading(article, content_hash, spans, tuple(embedding_text(article, start, end) for start, end in spans))


def _embed_missing(
    scan: _Scan, connection: sqlite3.Connection, encoder: Encoder, full: bool, progress: Progress
) -> int:
    """Gives every text that the next generation needs a vector; returns how many were computed."""
    texts = {text_hash(text): text for reading in scan.fresh for text in reading.texts}
    if not full:
        for key in _with_vector(connection, encoder.fingerprint):
            texts.pop(key, None)
    kept = scan.unchanged - {reading.article.id for reading in scan.fresh}
    texts.update(_without_vector(connection, encoder.fingerprint, kept))
    keys = list(texts)
    with progress("Embedding passages", len(keys)) as advance:
        for first in range(0, len(keys), EMBED_BATCH):
            batch = keys[first : first + EMBED_BATCH]
            vectors = encoder.encode([texts[key] for key in batch])
            with transaction(connection):
                insert_vectors(connection, encoder.fingerprint, batch, vectors)
            advance(len(batch))
    return len(keys)


def _with_vector(connection: sqlite3.Connection, fingerprint: str) -> Iterator[bytes]:
    for (key,) in connection.execute("SELECT text_hash FROM embeddings WHERE fingerprint = ?", (fingerprint,)):
        yield key


def _without_vector(connection: sqlite3.Connection, fingerprint: str, kept: frozenset[str]) -> dict[bytes, str]:
    """Texts of stored passages that this encoder has not embedded: all of them after a change of encoder."""
    rows = connection.execute(
        "SELECT p.article_id, p.start, p.end FROM passages p LEFT JOIN embeddings e "
        "ON e.text_hash = p.text_hash AND e.fingerprint = ? WHERE e.text_hash IS NULL",
        (fingerprint,),
    ).fetchall()
    stored = stored_articles(connection, {row[0] for row in rows} & kept)
    texts = [embedding_text(stored[key], start, end) for key, start, end in rows if key in stored]
    return {text_hash(text): text for text in texts}


def _publish(scan: _Scan, connection: sqlite3.Connection, store: Store, encoder: Encoder, model: str) -> Generation:
    before = newest_generation(connection)
    # known from the manifest where it is the same encoder, which need not be loaded then
    same = before is not None and before.fingerprint == encoder.fingerprint
    dimension = before.dimension if before is not None and same else encoder.dimension
    with transaction(connection):
        gone = scan.removed | {reading.article.id for reading in scan.fresh}
        connection.executemany("DELETE FROM articles WHERE id = ?", [(key,) for key in gone])
        for reading in scan.fresh:
            insert_article(connection, reading.article, reading.content_hash)
            connection.executemany(
                "INSERT INTO passages (article_id, start, end, text_hash) VALUES (?, ?, ?, ?)",
                [
                    (reading.article.id, start, end, text_hash(text))
                    for (start, end), text in zip(reading.spans, reading.texts, strict=True)
                ],
            )
        index = build_index(connection, encoder.fingerprint, dimension)
        passages: int = connection.execute("SELECT count(*) FROM passages").fetchone()[0]
        if len(index) != passages:
            raise StoreError(f"{passages - len(index)} passages have no vector; run `dateline index --full`.")
        generation = insert_generation(connection, model, encoder.fingerprint, dimension, passages)
        index.save(store.folder / generation.index_file)
    return generation


def _sweep(connection: sqlite3.Connection, store: Store, encoder: Encoder) -> None:
    """Deletes vectors without a passage, old generations and their files.

    The generation before the newest keeps its file: a reader may just be about to open it.
    """
    with transaction(connection):
        connection.execute(
            "DELETE FROM embeddings WHERE fingerprint != ? OR text_hash NOT IN (SELECT text_hash FROM passages)",
            (encoder.fingerprint,),
        )
        connection.execute(
            "DELETE FROM generations WHERE id NOT IN (SELECT id FROM generations ORDER BY id DESC LIMIT 2)"
        )
    named = {row[0] for row in connection.execute("SELECT index_file FROM generations")}
    for path in store.folder.glob("passages-*.faiss*"):
        if path.name not in named:
            path.unlink(missing_ok=True)
