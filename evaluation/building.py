"""A store of recombined articles, built and changed by the code that a refresh uses, and what that takes."""

import os
import shutil
import time
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from functools import wraps
from itertools import count, islice
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from evaluation.phases import peak_bytes, reset_peak
from evaluation.recombined import Recombination, RecombinedEncoder
from retrieval.models import ENCODER
from retrieval.progress import Progress, silent
from retrieval.refresh import STAGE_BATCH
from retrieval.storage import publishing, segments, staging, writing
from retrieval.storage.database import DATABASE
from retrieval.storage.embedding import embed_missing
from retrieval.storage.index import VectorIndex
from retrieval.storage.local import LocalStore
from retrieval.storage.publishing import LocalWriter
from retrieval.storage.staging import digest
from retrieval.storage.types import Target
from retrieval.storage.words import words_path, words_record
from retrieval.types import Article, FileContents, Intake

# seconds on the wall, and of a processor
Clock = NDArray[np.float64]

CHANGES = 100
PASSAGES_OF_AN_ARTICLE = 5  # about
# the parts of the work that are functions of their own: where they are looked up, and what for
_PARTS: Mapping[str, tuple[Any, str]] = {
    "splitting": (staging, "split"),
    "signatures": (staging, "signature"),
    "encoding": (RecombinedEncoder, "encode"),
    "source groups": (writing, "join_groups"),
    "vector index": (segments, "build_segment"),
    "tuning": (VectorIndex, "tune"),
    "word index": (publishing, "update_words"),
}


@dataclass(frozen=True, slots=True)
class Built:
    """A store from nothing: `seconds` of each part of the work, and those of a `processor`, which are more where
    several work at once, and fewer where the machine has other work or waits for the disk; all else in bytes.

    `memory` is the most that was resident; `log` SQLite's write-ahead log when all is written, gone soon after.
    """

    articles: int
    passages: int
    seconds: dict[str, float]
    processor: dict[str, float]
    memory: int
    database: int
    vectors: int
    words: int
    log: int


@dataclass(frozen=True, slots=True)
class Changed:
    """Articles that came or went: `seconds` to stage and publish them, and to look at all index files before (`check`);
    `written` bytes in new index files; whether the largest segment's file is still the same one (`kept`)."""

    articles: int
    seconds: float
    check: float
    written: int
    kept: bool


def build(
    store: LocalStore, collection: Recombination, encoder: RecombinedEncoder, passages: int, progress: Progress
) -> Built:
    """Fills an empty store with articles until it has `passages` or more. Raises StoreError and its kinds."""
    reset_peak()
    with store.writer() as writer, _timed(_PARTS) as parts:
        staged = _stage_until(writer, collection, passages, progress)
        began = _now()
        embed_missing(writer, encoder, everything=False, without=(), again=False, progress=progress)
        embedded = _now()
        generation = writer.publish(_target(encoder), (), progress)
        published = _now()
        log = (store.folder / f"{DATABASE}-wal").stat().st_size
        words = words_record(writer.connection)
        articles = _articles(writer)
    spent = {
        "splitting": parts["splitting"],
        "signatures": parts["signatures"],
        "rows": staged - parts["splitting"] - parts["signatures"],
        "storing vectors": embedded - began - parts["encoding"],
        "source groups": parts["source groups"],
        "vector index": parts["vector index"] - parts["tuning"],
        "tuning it": parts["tuning"],
        "word index": parts["word index"],
        "the rest": published - embedded - parts["source groups"] - parts["vector index"] - parts["word index"],
    }
    return Built(
        articles=articles,
        passages=generation.passages,
        seconds={name: float(each[0]) for name, each in spent.items()},
        processor={name: float(each[1]) for name, each in spent.items()},
        memory=peak_bytes(),
        database=(store.folder / DATABASE).stat().st_size,
        vectors=sum(path.stat().st_size for path in store.folder.glob("*.faiss")),
        words=0 if words is None else sum(p.stat().st_size for p in words_path(store.folder, words.id).iterdir()),
        log=log,
    )


def copied(store: LocalStore, folder: Path) -> LocalStore:
    """A store to change: what is never changed is the same file in both."""
    folder.mkdir()
    for path in store.folder.rglob("*"):
        to = folder / path.relative_to(store.folder)
        if path.is_dir():
            to.mkdir(exist_ok=True)
        elif path.name == DATABASE:
            shutil.copyfile(path, to)
        elif path.name != "write.lock":
            os.link(path, to)
    return LocalStore(folder)


def add(store: LocalStore, collection: Recombination, encoder: RecombinedEncoder) -> Changed:
    """`CHANGES` articles more than the store has. Raises StoreError and its kinds."""

    def stage_more(writer: LocalWriter) -> list[int]:
        first = _articles(writer)
        _stage(writer, (collection.article(number) for number in range(first, first + CHANGES)))
        return []

    return _change(store, encoder, stage_more)


def delete(store: LocalStore, encoder: RecombinedEncoder) -> Changed:
    """`CHANGES` articles less, evenly spread over all. Raises StoreError and its kinds."""

    def choose(writer: LocalWriter) -> list[int]:
        files = sorted(version.id for version in writer.files(live=True).values())
        step = max(1, len(files) // CHANGES)
        return files[::step][:CHANGES]

    return _change(store, encoder, choose)


def _change(
    store: LocalStore, encoder: RecombinedEncoder, prepare: Callable[[LocalWriter], list[int]]
) -> Changed:  # fmt: skip
    """`prepare` stages what comes, and returns the files that leave."""
    before = _files(store.folder)
    largest = max((path for path in before if path.suffix == ".faiss"), key=lambda path: path.stat().st_size)
    known = set(before.values())
    with store.writer() as writer, _timed({"encoding": _PARTS["encoding"]}) as parts:
        articles = _articles(writer)
        began = time.perf_counter()
        leaving = prepare(writer)
        embed_missing(writer, encoder, everything=False, without=leaving, again=False, progress=silent)
        staged = time.perf_counter()
        writer.is_whole()
        looked = time.perf_counter()
        writer.publish(_target(encoder), leaving, silent)
        seconds = time.perf_counter() - looked + staged - began - float(parts["encoding"][0])
        change = _articles(writer) - articles
    after = _files(store.folder)
    return Changed(
        articles=change,
        seconds=seconds,
        check=looked - staged,
        written=sum(path.stat().st_size for path, inode in after.items() if inode not in known),
        kept=after.get(largest) == before[largest],
    )


def _stage_until(writer: LocalWriter, collection: Recombination, passages: int, progress: Progress) -> Clock:
    """Stages articles from the first on; returns what that took, without making them up."""
    numbers, spent, staged = count(), np.zeros(2), 0
    with progress("Staging passages", passages) as advance:
        while staged < passages:
            # fewer at the end, so that there are hardly more than wanted
            many = max(1, min(STAGE_BATCH, (passages - staged) // PASSAGES_OF_AN_ARTICLE))
            batch = [collection.article(number) for number in islice(numbers, many)]
            began = _now()
            _stage(writer, batch)
            spent += _now() - began
            before, staged = staged, writer.connection.execute("SELECT max(id) FROM passages").fetchone()[0]
            advance(min(staged, passages) - before)
    return spent


def _stage(writer: LocalWriter, articles: Iterable[Article]) -> None:
    with writer.transaction():
        for article in articles:
            writer.stage(article.path, digest(article), None, FileContents((Intake(article, ()),), ()))


def _articles(writer: LocalWriter) -> int:
    """How many the store has, with those that are staged."""
    count: int = writer.connection.execute("SELECT count(*) FROM articles").fetchone()[0]
    return count


def _target(encoder: RecombinedEncoder) -> Target:
    return Target(ENCODER, encoder.fingerprint, encoder.dimension)


def _files(folder: Path) -> dict[Path, int]:
    """The index files of a store, each with its inode."""
    paths = [*folder.glob("*.faiss"), *folder.glob("words-*/*")]
    return {path: path.stat().st_ino for path in paths}


def _now() -> Clock:
    return np.array([time.perf_counter(), time.process_time()])


@contextmanager
def _timed(places: Mapping[str, tuple[Any, str]]) -> Iterator[dict[str, Clock]]:
    """What is spent in functions while the block runs, by the names given to their places."""
    spent = {name: np.zeros(2) for name in places}

    def watched(name: str, function: Callable[..., Any]) -> Callable[..., Any]:
        @wraps(function)
        def call(*args: Any, **named: Any) -> Any:
            began = _now()
            try:
                return function(*args, **named)
            finally:
                spent[name] += _now() - began

        return call

    functions = {name: getattr(*place) for name, place in places.items()}
    try:
        for name, (owner, attribute) in places.items():
            setattr(owner, attribute, watched(name, functions[name]))
        yield spent
    finally:
        for name, (owner, attribute) in places.items():
            setattr(owner, attribute, functions[name])
