"""The store in a folder: a database and index files; what can be read of one generation."""

import sqlite3
import stat
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import closing, contextmanager
from dataclasses import dataclass
from datetime import datetime
from functools import cached_property
from itertools import chain
from pathlib import Path
from typing import Any

import numpy as np
from filelock import FileLock, Timeout
from numpy.typing import NDArray

from retrieval.errors import BusyError, NoIndexError, StoreError, reason
from retrieval.filters import folded, merged, unknown_article, unknown_source
from retrieval.storage.bm25 import WordFilter
from retrieval.storage.database import BUSY_SECONDS, DATABASE, prepare, schema_version, translated
from retrieval.storage.index import Segment, SegmentedIndex, VectorIndex
from retrieval.storage.publishing import LocalWriter
from retrieval.storage.segments import SegmentRecord, build_segment, damaged, segment_path, segment_records
from retrieval.storage.words import words_path, words_record
from retrieval.storage.writing import newest_generation
from retrieval.types import Article, ArticleSummary, Dropped, Intake, SearchFilter, StoreStatus

ARTICLE_COLUMNS = "id, title, source, url, published, language, path, text"


class LocalStore:
    """The folder that holds the database and the index files."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    @contextmanager
    def snapshot(self) -> Iterator["LocalSnapshot"]:
        """One generation, held until the block ends. Raises NoIndexError before the first `dateline index`."""
        if not (self.folder / DATABASE).is_file():
            raise NoIndexError(
                f"There is no index in {self.folder} yet; run `dateline index`, or, if there is one elsewhere, go to "
                "the folder of its config.toml, or name that file with --config."
            )
        uri = f"{(self.folder / DATABASE).resolve().as_uri()}?mode=rw"
        with (
            translated(self.folder),
            closing(sqlite3.connect(uri, uri=True, timeout=BUSY_SECONDS, isolation_level=None)) as connection,
        ):
            connection.execute("PRAGMA query_only = ON")
            connection.execute("BEGIN")
            if schema_version(connection, self.folder) == 0:
                raise NoIndexError(f"There is no finished index in {self.folder} yet; run `dateline index`.")
            yield LocalSnapshot(self.folder, connection)

    @contextmanager
    def writer(self) -> Iterator[LocalWriter]:
        """The one writer, of a database that is made where there is none.

        Raises BusyError while another process has it, StoreError if the folder or the database cannot be written.
        """
        try:
            self.folder.mkdir(parents=True, exist_ok=True)
            lock = FileLock(self.folder / "write.lock", timeout=0)
            lock.acquire()
        except Timeout as error:
            raise BusyError(f"Another process is indexing into {self.folder}; try again when it is done.") from error
        except OSError as error:
            raise StoreError(
                f"The storage folder {self.folder} cannot be written ({reason(error)}); mend its permissions or the "
                "disk's free space, or set [storage] path in config.toml to another folder."
            ) from error
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


class LocalSnapshot:
    """Reads of one generation."""

    def __init__(self, folder: Path, connection: sqlite3.Connection) -> None:
        self.folder = folder
        self.connection = connection
        generation = newest_generation(connection)
        if generation is None:
            raise NoIndexError(f"There is no finished index in {folder} yet; run `dateline index`.")
        self.generation = generation

    def index(self, loaded: Mapping[int, VectorIndex]) -> SegmentedIndex:
        """The index of this generation; segments that are `loaded` already, by id, are not loaded again.

        A segment whose file is lost or damaged is made again, in memory, from the database. Raises StoreError if the
        database lacks vectors too.
        """
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
            raise StoreError(
                f"The index in {self.folder} holds {len(whole)} passages, expected {self.generation.passages}; "
                "run `dateline index` to rebuild it."
            )
        return whole

    def has_files(self) -> bool:
        """Whether all index files of this generation are there, damaged or not."""
        words = words_record(self.connection)
        paths = [segment_path(self.folder, record.id) for record in segment_records(self.connection)]
        return words is not None and all(path.exists() for path in (*paths, words_path(self.folder, words.id)))

    def _load(self, record: SegmentRecord) -> VectorIndex:
        # a damaged file is not even opened: who knows what FAISS makes of it
        if not damaged(self.folder, record):
            return VectorIndex.load(segment_path(self.folder, record.id))
        generation = self.generation
        return build_segment(self.connection, record.id, generation.fingerprint, generation.dimension).index

    def articles(self, ids: Iterable[str]) -> dict[str, Article]:
        """The articles with these ids, by id; an id that the generation does not hold is left out."""
        query = f"SELECT {ARTICLE_COLUMNS} FROM live_articles WHERE id = ?"
        rows = (row for article_id in ids for row in self.connection.execute(query, (article_id,)))
        return {row[0]: stored_article(row) for row in rows}

    def intake(self, article_id: str) -> Intake | None:
        """One article with what was left out of its file; None if the generation does not hold it."""
        article = self.articles([article_id]).get(article_id)
        if article is None:
            return None
        query = """SELECT d.line, d.text, d.reason FROM dropped d JOIN live_articles a ON a.number = d.article
                   WHERE a.id = ? ORDER BY d.line"""
        return Intake(article, tuple(Dropped(*row) for row in self.connection.execute(query, (article_id,))))

    def source_groups(self, ids: Sequence[str], where: SearchFilter, most: int) -> dict[str, str]:
        """The source group of each of these articles, and of up to `most` of each group that `where` lets through."""
        groups: dict[str, str] = {}
        for article_id in dict.fromkeys(ids):
            query = "SELECT id, source_group FROM live_articles WHERE id = ?"
            groups.update(self.connection.execute(query, (article_id,)))
        condition = self._condition(where)
        for group in sorted(set(groups.values())):
            query = f"SELECT id FROM live_articles a WHERE source_group = ? {condition.sql} ORDER BY published_utc, id"
            for (article_id,) in self.connection.execute(f"{query} LIMIT ?", (group, *condition.values, most)):
                groups.setdefault(article_id, group)
        return groups

    def filtered(self, where: SearchFilter) -> NDArray[np.int64]:
        """(n,) int64, the ids of all passages that `where` lets through."""
        condition = self._condition(where)
        # not the view: it would look up the file of every article
        query = f"""SELECT first_passage, last_passage FROM articles a WHERE first_passage IS NOT NULL
                    AND file NOT IN (SELECT id FROM files WHERE live = 0) {condition.sql}"""
        rows = self.connection.execute(query, condition.values)
        first, last = np.fromiter(chain.from_iterable(rows), dtype=np.int64).reshape(-1, 2).T
        counts = last - first + 1
        # every range counts on from its first id
        places = np.arange(counts.sum()) - np.repeat(np.cumsum(counts) - counts, counts)
        return np.asarray(np.repeat(first, counts) + places, dtype=np.int64)

    def word_filter(self, where: SearchFilter) -> WordFilter:
        """`where` in the words of the word index."""
        article = None
        if where.article_id is not None:
            row = self.connection.execute(
                "SELECT number FROM live_articles WHERE id = ?", (where.article_id,)
            ).fetchone()
            article = -1 if row is None else row[0]
        sources = None if where.source is None else self._spellings(where.source)
        return WordFilter(article, sources, where.since, where.until)

    def sources(self) -> list[str]:
        """The sources of the articles, each in its commonest spelling; that of the most articles first."""
        return list(merged(self._spelt))

    def check(self, where: SearchFilter) -> None:
        """Raises UsageError if `where` names an article or a source that this generation does not hold."""
        one = "SELECT 1 FROM live_articles WHERE id = ?"
        if where.article_id is not None and self.connection.execute(one, (where.article_id,)).fetchone() is None:
            known = [row[0] for row in self.connection.execute("SELECT id FROM live_articles")]
            raise unknown_article(where.article_id, known)
        if where.source is not None and not self._spellings(where.source):
            raise unknown_source(where.source, self.sources())

    def _spellings(self, source: str) -> list[str]:
        """The sources as the articles have them that are this one; there are few, so they are compared here."""
        wanted = folded(source)
        return [spelt for spelt in self._spelt if wanted and folded(spelt) == wanted]

    @cached_property
    def _spelt(self) -> dict[str, int]:
        query = "SELECT source, count(*) FROM live_articles WHERE source IS NOT NULL GROUP BY source"
        return dict(self.connection.execute(query).fetchall())

    def _condition(self, where: SearchFilter) -> "_Condition":
        """An article without a date is in no period, and one without a source from none."""
        parts = {
            " AND a.id = ?": where.article_id,
            " AND a.published_utc >= ?": None if where.since is None else where.since.isoformat(),
            # "2024-02-20T..." comes before "2024-02-20U"
            " AND a.published_utc < ?": None if where.until is None else f"{where.until.isoformat()}U",
        }
        given = {sql: value for sql, value in parts.items() if value is not None}
        spellings = [] if where.source is None else self._spellings(where.source)
        among = "" if where.source is None else f" AND a.source IN ({_marks(spellings)})"
        return _Condition("".join(given) + among, (*given.values(), *spellings))

    def status(self) -> StoreStatus:
        """What this generation holds."""
        query = """SELECT a.id, a.title, a.source, a.published, a.language, a.path, a.source_group,
                   (SELECT count(*) FROM passages p WHERE p.article = a.number),
                   (SELECT count(*) FROM dropped d WHERE d.article = a.number)
                   FROM live_articles a ORDER BY a.published_utc DESC, a.path, a.id"""
        articles = tuple(
            ArticleSummary(
                id=row[0],
                title=row[1],
                source=row[2],
                published=_moment(row[3]),
                language=row[4],
                path=row[5],
                source_group=row[6],
                passages=row[7],
                dropped=row[8],
            )
            for row in self.connection.execute(query)
        )
        generation = self.generation
        return StoreStatus(
            generation=generation.id,
            created=generation.created,
            model=generation.model,
            fingerprint=generation.fingerprint,
            dimension=generation.dimension,
            articles=articles,
            passages=generation.passages,
            bytes=sum(map(_size, self.folder.iterdir())),
        )


@dataclass(frozen=True, slots=True)
class _Condition:
    """What follows WHERE for articles called `a`, and the values of its question marks."""

    sql: str
    values: tuple[str, ...]


def stored_article(row: Sequence[Any]) -> Article:
    """The article of a row of `ARTICLE_COLUMNS`."""
    article_id, title, source, url, published, language, path, text = row
    return Article(article_id, title, source, url, _moment(published), language, path, text)


def _moment(iso: str | None) -> datetime | None:
    return None if iso is None else datetime.fromisoformat(iso)


def _marks(values: Sequence[object]) -> str:
    return ",".join("?" * len(values))


def _size(path: Path) -> int:
    """In bytes; 0 for a folder, and for a file that was there when the folder was listed and has been swept away."""
    try:
        found = path.stat()
    except FileNotFoundError:
        return 0
    return found.st_size if stat.S_ISREG(found.st_mode) else 0
