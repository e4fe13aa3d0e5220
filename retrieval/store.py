"""The store: one SQLite database, the truth about articles, passages, embeddings and generations.

A *generation* is one published state of the whole collection. It is the last row that a refresh commits, so a reader
that opens a read transaction sees one generation, whole, until it closes it, whatever is written meanwhile (SQLite's
WAL mode gives the snapshot). The FAISS file that a generation names is on disk before the generation is committed.

Text is stored as UTF-8; lone surrogates cannot come in, because files are decoded strictly and a name that is not
UTF-8 is skipped.
"""

import sqlite3
from collections.abc import Iterable, Iterator, Sequence
from contextlib import closing, contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

import numpy as np
from filelock import FileLock, Timeout
from numpy.typing import NDArray

from retrieval.errors import BusyError, NoIndexError, StoreError, reason
from retrieval.index import VectorIndex
from retrieval.types import Article, ArticleSummary, Passage, SearchFilter, StoreStatus

DATABASE = "dateline.sqlite3"
SCHEMA_VERSION = 1
VECTOR_BATCH = 4096
SCHEMA = """
CREATE TABLE articles (
    id TEXT PRIMARY KEY, path TEXT NOT NULL, content_hash BLOB NOT NULL, title TEXT NOT NULL, source TEXT, url TEXT,
    published TEXT, published_utc TEXT, language TEXT, text TEXT NOT NULL
) WITHOUT ROWID;
CREATE TABLE passages (
    -- AUTOINCREMENT: an id is never used again, so a vector can never meet another passage's text
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    article_id TEXT NOT NULL REFERENCES articles(id) ON DELETE CASCADE,
    start INTEGER NOT NULL, end INTEGER NOT NULL, text_hash BLOB NOT NULL
);
CREATE INDEX passages_by_article ON passages(article_id);
CREATE INDEX passages_by_text ON passages(text_hash);
CREATE TABLE embeddings (
    text_hash BLOB NOT NULL, fingerprint TEXT NOT NULL, vector BLOB NOT NULL, UNIQUE (text_hash, fingerprint)
);
CREATE TABLE generations (
    id INTEGER PRIMARY KEY AUTOINCREMENT, created TEXT NOT NULL, index_file TEXT NOT NULL, model TEXT NOT NULL,
    fingerprint TEXT NOT NULL, dimension INTEGER NOT NULL, passages INTEGER NOT NULL
);
"""


@dataclass(frozen=True, slots=True)
class Generation:
    """The manifest of one published state; `index_file` lies beside the database."""

    id: int
    created: datetime
    index_file: str
    model: str
    fingerprint: str
    dimension: int
    passages: int


@contextmanager
def translated(folder: Path) -> Iterator[None]:
    """SQLite's errors as StoreError."""
    try:
        yield
    except sqlite3.Error as error:
        raise StoreError(
            f"The database in {folder} failed ({error}); free some disk space and check that the folder can be "
            "written, or delete the folder and run `dateline index` to build it anew."
        ) from error


@contextmanager
def transaction(connection: sqlite3.Connection) -> Iterator[None]:
    """All of the block's writes or, if it raises, none."""
    connection.execute("BEGIN IMMEDIATE")
    try:
        yield
        connection.execute("COMMIT")
    finally:
        if connection.in_transaction:
            connection.execute("ROLLBACK")


class Store:
    """The folder that holds the database and the index files."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    @contextmanager
    def snapshot(self) -> Iterator["Snapshot"]:
        """One generation, held until the block ends. Raises NoIndexError before the first `dateline index`."""
        if not (self.folder / DATABASE).is_file():
            raise NoIndexError(f"There is no index in {self.folder} yet; run `dateline index` first.")
        uri = f"{(self.folder / DATABASE).resolve().as_uri()}?mode=rw"
        with translated(self.folder), closing(sqlite3.connect(uri, uri=True, isolation_level=None)) as connection:
            connection.execute("PRAGMA query_only = ON")
            connection.execute("BEGIN")
            if _schema_version(connection, self.folder) == 0:
                raise NoIndexError(f"There is no finished index in {self.folder} yet; run `dateline index`.")
            yield Snapshot(self.folder, connection)

    @contextmanager
    def writer(self) -> Iterator[sqlite3.Connection]:
        """The one connection that may write, to a database that is made where there is none.

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
                closing(sqlite3.connect(self.folder / DATABASE, isolation_level=None)) as connection,
            ):
                self._prepare(connection)
                yield connection
        finally:
            lock.release()

    def _prepare(self, connection: sqlite3.Connection) -> None:
        connection.execute("PRAGMA journal_mode = WAL")
        connection.execute("PRAGMA synchronous = FULL")
        connection.execute("PRAGMA foreign_keys = ON")
        if _schema_version(connection, self.folder) == 0:
            connection.executescript(f"BEGIN; {SCHEMA} PRAGMA user_version = {SCHEMA_VERSION}; COMMIT;")

    def is_whole(self, generation: Generation) -> bool:
        """Whether the generation's FAISS file is there, can be read, and holds all its passages."""
        try:
            return len(VectorIndex.load(self.folder / generation.index_file)) == generation.passages
        except StoreError:
            return False


class Snapshot:
    """Reads of one generation."""

    def __init__(self, folder: Path, connection: sqlite3.Connection) -> None:
        self._folder = folder
        self._connection = connection
        generation = newest_generation(connection)
        if generation is None:
            raise NoIndexError(f"There is no finished index in {folder} yet; run `dateline index`.")
        self.generation = generation

    def index(self) -> VectorIndex:
        """The FAISS index of this generation, rebuilt from the database if its file is gone."""
        path = self._folder / self.generation.index_file
        if path.exists():
            index = VectorIndex.load(path)
        else:
            index = build_index(self._connection, self.generation.fingerprint, self.generation.dimension)
        if len(index) != self.generation.passages:
            raise StoreError(
                f"The index file {path} holds {len(index)} passages, expected {self.generation.passages}; "
                "run `dateline index` to rebuild it."
            )
        return index

    def passages(self, ids: Sequence[int]) -> list[Passage]:
        """The passages with these ids, in the order asked for."""
        found = {}
        for start in range(0, len(ids), 500):
            some = [int(passage_id) for passage_id in ids[start : start + 500]]
            marks = ",".join("?" * len(some))
            query = f"SELECT id, article_id, start, end FROM passages WHERE id IN ({marks})"
            found.update({row[0]: Passage(*row) for row in self._connection.execute(query, some)})
        return [found[int(passage_id)] for passage_id in ids]

    def articles(self, ids: Iterable[str]) -> dict[str, Article]:
        """The articles with these ids, by id; an id that the generation does not hold is left out."""
        return stored_articles(self._connection, ids)

    def filtered(self, where: SearchFilter) -> list[int]:
        """The ids of all passages that `where` lets through. An article without a date is in no period."""
        query = "SELECT p.id FROM passages p JOIN articles a ON a.id = p.article_id WHERE 1"
        values: list[str] = []
        if where.article_id is not None:
            query += " AND a.id = ?"
            values.append(where.article_id)
        if where.since is not None:
            query += " AND substr(a.published_utc, 1, 10) >= ?"
            values.append(where.since.isoformat())
        if where.until is not None:
            query += " AND substr(a.published_utc, 1, 10) <= ?"
            values.append(where.until.isoformat())
        return [row[0] for row in self._connection.execute(query, values)]

    def status(self) -> StoreStatus:
        """What this generation holds."""
        query = """SELECT a.id, a.title, a.source, a.published, a.path, count(p.id) FROM articles a
                   LEFT JOIN passages p ON p.article_id = a.id GROUP BY a.id ORDER BY a.published_utc DESC, a.path"""
        articles = tuple(
            ArticleSummary(row[0], row[1], row[2], None if row[3] is None else datetime.fromisoformat(row[3]), *row[4:])
            for row in self._connection.execute(query)
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
            bytes=sum(path.stat().st_size for path in self._folder.iterdir() if path.is_file()),
        )


def _schema_version(connection: sqlite3.Connection, folder: Path) -> int:
    """The format of the database, 0 for one that is still empty. Raises StoreError if it is another program's."""
    version: int = connection.execute("PRAGMA user_version").fetchone()[0]
    if version not in (0, SCHEMA_VERSION):
        raise StoreError(
            f"The database in {folder} has format {version}, expected {SCHEMA_VERSION}; "
            "delete the folder and run `dateline index`."
        )
    return version


def newest_generation(connection: sqlite3.Connection) -> Generation | None:
    """The generation to answer from, or None before the first."""
    row = connection.execute(
        "SELECT id, created, index_file, model, fingerprint, dimension, passages FROM generations "
        "ORDER BY id DESC LIMIT 1"
    ).fetchone()
    return None if row is None else Generation(row[0], datetime.fromisoformat(row[1]), *row[2:])


def build_index(connection: sqlite3.Connection, fingerprint: str, dimension: int) -> VectorIndex:
    """The FAISS index of all passages in the database, from their stored vectors; nothing is embedded."""
    return VectorIndex.build(dimension, _vectors(connection, fingerprint, dimension))


def _vectors(
    connection: sqlite3.Connection, fingerprint: str, dimension: int
) -> Iterator[tuple[NDArray[np.int64], NDArray[np.float32]]]:
    rows = connection.execute(
        "SELECT p.id, e.vector FROM passages p JOIN embeddings e ON e.text_hash = p.text_hash AND e.fingerprint = ? "
        "ORDER BY p.id",
        (fingerprint,),
    )
    while batch := rows.fetchmany(VECTOR_BATCH):
        ids = np.array([row[0] for row in batch], dtype=np.int64)
        vectors = np.frombuffer(b"".join(row[1] for row in batch), dtype="<f4").reshape(len(batch), dimension)
        yield ids, vectors.astype(np.float32)


def stored_articles(connection: sqlite3.Connection, ids: Iterable[str]) -> dict[str, Article]:
    """The articles with these ids, by id; an unknown id is left out."""
    query = "SELECT id, title, source, url, published, language, path, text FROM articles WHERE id = ?"
    found = {}
    for article_id in ids:
        for row in connection.execute(query, (article_id,)):
            published = None if row[4] is None else datetime.fromisoformat(row[4])
            found[article_id] = Article(row[0], row[1], row[2], row[3], published, row[5], row[6], row[7])
    return found


def insert_article(connection: sqlite3.Connection, article: Article, content_hash: bytes) -> None:
    """Adds an article without its passages."""
    published = article.published
    connection.execute(
        "INSERT INTO articles VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
        (
            article.id,
            article.path,
            content_hash,
            article.title,
            article.source,
            article.url,
            None if published is None else published.isoformat(),
            None if published is None else _utc(published),
            article.language,
            article.text,
        ),
    )


def insert_vectors(
    connection: sqlite3.Connection, fingerprint: str, keys: Sequence[bytes], vectors: NDArray[np.float32]
) -> None:
    """Stores the (n, dimension) vectors of the texts with these n hashes."""
    rows = [(key, fingerprint, vector.astype("<f4").tobytes()) for key, vector in zip(keys, vectors, strict=True)]
    connection.executemany("INSERT OR REPLACE INTO embeddings VALUES (?, ?, ?)", rows)


def insert_generation(
    connection: sqlite3.Connection, model: str, fingerprint: str, dimension: int, passages: int
) -> Generation:
    """Adds the next generation and gives its FAISS file a name of its own."""
    created = datetime.now(UTC)
    next_number = "SELECT coalesce(max(seq), 0) + 1 FROM sqlite_sequence WHERE name = 'generations'"
    number = connection.execute(next_number).fetchone()[0]
    generation = Generation(number, created, f"passages-{number}.faiss", model, fingerprint, dimension, passages)
    connection.execute(
        "INSERT INTO generations VALUES (?, ?, ?, ?, ?, ?, ?)",
        (number, created.isoformat(), generation.index_file, model, fingerprint, dimension, passages),
    )
    return generation


def _utc(moment: datetime) -> str:
    return moment.astimezone(UTC).isoformat(timespec="seconds")
