"""The store in a folder: a database, and index files for what is searched in memory."""

import sqlite3
import stat
from collections.abc import Iterator, Mapping, Sequence
from contextlib import closing, contextmanager
from dataclasses import dataclass
from functools import cached_property
from itertools import chain
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from retrieval.encoder import Encoder
from retrieval.errors import BusyError, NoIndexError, StoreError
from retrieval.progress import Progress
from retrieval.storage.bm25 import WordFilter, WordIndex
from retrieval.storage.database import BUSY_SECONDS, DATABASE, prepare, schema_version, translated
from retrieval.storage.file_checks import database_findings, index_findings
from retrieval.storage.index import Segment, SegmentedIndex, VectorIndex
from retrieval.storage.publishing import LocalWriter
from retrieval.storage.reading import Snapshot
from retrieval.storage.row_checks import row_findings
from retrieval.storage.segments import SegmentRecord, build_segment, damaged, segment_path, segment_records
from retrieval.storage.types import Finding
from retrieval.storage.words import load_words, words_record
from retrieval.types import EVERYTHING, SearchFilter


@dataclass(frozen=True, slots=True)
class Loaded:
    """What is searched of one generation."""

    generation: int
    vectors: SegmentedIndex
    words: WordIndex


class LocalStore:
    """The `retrieval.storage.store.Store` of a folder.

    What is searched is kept in memory from one question to the next. It is replaced as a whole, so that questions in
    several threads disturb each other in nothing.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._loaded: Loaded | None = None

    def embed_pending(self, encoder: Encoder) -> int:
        """See `Store`: in a folder, the writer embeds all texts itself."""
        return 0

    def files(self) -> list[Path]:
        """See `Store`."""
        folder = self.folder
        return [folder / DATABASE, *folder.glob("passages-*"), *folder.glob("words-*/*")]

    @contextmanager
    def snapshot(self, encoder: str | None = None) -> Iterator["LocalSnapshot"]:
        """See `Store`."""
        for last in (False, False, True):
            with self._read() as snapshot:
                if encoder is not None:
                    snapshot.check_encoder(encoder)
                    # a generation may be replaced, and its files swept away, between its being chosen and loaded
                    if not (last or snapshot.is_loaded or snapshot.has_files()):
                        continue
                    self._loaded = snapshot.loaded
                yield snapshot
                return

    @contextmanager
    def _read(self) -> Iterator["LocalSnapshot"]:
        if not (self.folder / DATABASE).is_file():
            raise NoIndexError(self.folder)
        uri = f"{(self.folder / DATABASE).resolve().as_uri()}?mode=rw"
        with (
            translated(self.folder),
            closing(sqlite3.connect(uri, uri=True, timeout=BUSY_SECONDS, isolation_level=None)) as connection,
        ):
            connection.execute("PRAGMA query_only = ON")
            connection.execute("BEGIN")
            if schema_version(connection, self.folder) == 0:
                raise NoIndexError(self.folder)
            yield LocalSnapshot(self.folder, connection, self._loaded)

    @contextmanager
    def writer(self) -> Iterator[LocalWriter]:
        """See `Store`."""
        from filelock import FileLock, Timeout

        try:
            self.folder.mkdir(parents=True, exist_ok=True)
            lock = FileLock(self.folder / "write.lock", timeout=0)
            lock.acquire()
        except Timeout as error:
            raise BusyError("Another process is indexing into %s; try again when it is done.", self.folder) from error
        except OSError as error:
            mend = "fix its permissions, free some disk space, or {set another folder for the index}"
            raise StoreError(f"The storage folder %s cannot be written (%s); {mend}.", self.folder) from error
        try:
            with (
                translated(self.folder),
                closing(
                    sqlite3.connect(self.folder / DATABASE, timeout=BUSY_SECONDS, isolation_level=None)
                ) as connection,
            ):
                prepare(connection, self.folder)
                yield LocalWriter(connection, self.folder)
        finally:
            lock.release()


class LocalSnapshot(Snapshot):
    """The `Snapshot` of a folder; `before` is what was loaded already, of any generation."""

    connection: sqlite3.Connection

    def __init__(self, folder: Path, connection: sqlite3.Connection, before: Loaded | None = None) -> None:
        super().__init__(connection, folder)
        self.folder = folder
        self._before = before

    @property
    def is_loaded(self) -> bool:
        """Whether this generation was loaded before."""
        return self._before is not None and self._before.generation == self.generation.id

    def has_files(self) -> bool:
        """Whether all index files of this generation are there, damaged or not."""
        words = words_record(self.connection, self.folder)
        paths = [segment_path(self.folder, record.id) for record in segment_records(self.connection)]
        return words is not None and all(path.exists() for path in (*paths, words.folder))

    @cached_property
    def loaded(self) -> Loaded:
        """What is searched of this generation. Files that are lost or damaged are made again, in memory, from the
        database. Raises StoreError if that lacks vectors too."""
        before = self._before
        if before is not None and before.generation == self.generation.id:
            return before
        known = {} if before is None else {segment.id: segment.index for segment in before.vectors.segments}
        return Loaded(self.generation.id, self._index(known), load_words(self.connection, self.folder))

    def frequencies(self, terms: Sequence[str]) -> dict[str, int]:
        """See `Snapshot`."""
        return {term: self.loaded.words.frequency(term) for term in terms}

    def nearest(self, vector: NDArray[np.float32], count: int, where: SearchFilter) -> list[int]:
        """See `Snapshot`."""
        among = None if where == EVERYTHING else self._filtered(where)
        found: list[int] = self.loaded.vectors.search(vector, count, among).ids.tolist()
        return found

    def matching_terms(self, terms: Sequence[str], count: int, where: SearchFilter) -> list[int]:
        """See `Snapshot`: those with the highest BM25."""
        article = None
        if where.article_id is not None:
            query = "SELECT number FROM live_articles WHERE id = ?"
            row = self.connection.execute(query, (where.article_id,)).fetchone()
            article = -1 if row is None else row[0]
        sources = None if where.source is None else self.spelt(where.source)
        return self.loaded.words.search(terms, count, WordFilter(article, sources, where.since, where.until))

    def _size(self) -> int:
        return sum(map(_size, (*self.folder.glob("*"), *self.folder.glob("words-*/*"))))

    def _findings(self, progress: Progress) -> Iterator[Finding]:
        yield from database_findings(self.connection, self.folder, self.generation.passages)
        yield from row_findings(self.connection, progress)
        yield from index_findings(self.connection, self.folder, self.generation, progress)

    def _index(self, loaded: Mapping[int, VectorIndex]) -> SegmentedIndex:
        """The index of this generation; segments that are `loaded` already, by id, are not loaded again."""
        segments = []
        for record in segment_records(self.connection):
            index = loaded[record.id] if record.id in loaded else self._load(record)
            query = "SELECT passage FROM dead WHERE segment = ? ORDER BY passage"
            rows = self.connection.execute(query, (record.id,))
            gone = np.fromiter((row[0] for row in rows), dtype=np.int64)
            if len(index) != record.passages:
                # made again from the database, which had forgotten some of its dead by then
                gone = np.intersect1d(gone, index.ids)
            segments.append(Segment(record.id, index, gone))
        whole = SegmentedIndex(tuple(segments))
        if len(whole) != self.generation.passages:
            found, mend = len(whole), "{bring the index up to date} to rebuild it"
            text = f"The index in %s holds {found} passages, expected {self.generation.passages}; {mend}."
            raise StoreError(text, self.folder)
        return whole

    def _load(self, record: SegmentRecord) -> VectorIndex:
        # a damaged file is not even opened: who knows what FAISS makes of it
        if not damaged(self.folder, record):
            return VectorIndex.load(segment_path(self.folder, record.id))
        generation = self.generation
        return build_segment(self.connection, record.id, generation.fingerprint, generation.dimension)[0]

    def _filtered(self, where: SearchFilter) -> NDArray[np.int64]:
        """(n,) int64, the ids of all passages that pass `where`."""
        condition = self.condition(where)
        # not the view: it would look up the file of every article
        query = f"""SELECT first_passage, last_passage FROM articles a WHERE first_passage IS NOT NULL
                    AND file NOT IN (SELECT id FROM files WHERE NOT live) {condition.sql}"""
        rows = self.connection.execute(query, condition.values)
        first, last = np.fromiter(chain.from_iterable(rows), dtype=np.int64).reshape(-1, 2).T
        counts = last - first + 1
        # every range counts on from its first id
        places = np.arange(counts.sum()) - np.repeat(np.cumsum(counts) - counts, counts)
        return np.asarray(np.repeat(first, counts) + places, dtype=np.int64)


def _size(path: Path) -> int:
    """In bytes; 0 for a folder, and for a file that was there when the folder was listed and has been swept away."""
    try:
        found = path.stat()
    except FileNotFoundError:
        return 0
    return found.st_size if stat.S_ISREG(found.st_mode) else 0
