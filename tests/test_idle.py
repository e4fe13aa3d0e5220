"""Where nothing changes, nothing is read: neither the files of the index nor those of the corpus."""

import hashlib
import os
import sqlite3
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from bot.assistant import Indexer
from bot.operating import Updates
from bot.terminal import Terminal
from evaluation.phases import RandomEncoder
from retrieval import refresh as module
from retrieval.encoder import LazyEncoder
from retrieval.intake.articles import parse
from retrieval.progress import Progress, silent
from retrieval.question import parsed as question_of
from retrieval.refresh import refresh
from retrieval.search import Retriever
from retrieval.storage.database import DATABASE
from retrieval.storage.local import LocalStore
from retrieval.storage.verify import verify
from retrieval.types import EVERYTHING, IndexReport
from tests.conftest import settings_for
from tests.stores import write, write_reports

ENCODER = RandomEncoder()
ARTICLES = 60


class Hashed:
    """How many bytes of files were hashed; `taken` gives the number and begins anew."""

    def __init__(self) -> None:
        self.bytes = 0

    def taken(self) -> int:
        found, self.bytes = self.bytes, 0
        return found


@pytest.fixture
def hashed(monkeypatch: pytest.MonkeyPatch) -> Hashed:
    counted, digest = Hashed(), hashlib.file_digest

    def counting(file: Any, name: str) -> Any:
        counted.bytes += os.fstat(file.fileno()).st_size
        return digest(file, name)

    monkeypatch.setattr(hashlib, "file_digest", counting)
    return counted


@pytest.fixture
def corpus(tmp_path: Path) -> Path:
    folder = tmp_path / "corpus"
    write_reports(folder, ARTICLES)
    return folder


@pytest.fixture
def store(tmp_path: Path, corpus: Path) -> LocalStore:
    made = LocalStore(tmp_path / "store")
    refresh(corpus, made, ENCODER, "model")
    return made


def index_files(store: LocalStore) -> dict[str, int]:
    """The files of the index by the place where they lie, and how large each is."""
    paths = [*store.folder.glob("passages-*"), *store.folder.glob("words-*/*")]
    return {path.name: path.stat().st_size for path in paths}


@pytest.fixture
def settled(monkeypatch: pytest.MonkeyPatch) -> None:
    """Files that have just been written are taken for old ones."""
    monkeypatch.setattr(module, "CLOCK_GRAIN_NS", 0)


def test_an_index_that_has_not_changed_is_not_read_again(corpus: Path, store: LocalStore, hashed: Hashed) -> None:
    assert refresh(corpus, store, ENCODER, "model").generation == 1
    assert hashed.taken() == 0
    assert verify(store, silent).findings == ()
    assert hashed.taken() == sum(index_files(store).values())


def test_of_a_new_generation_the_writer_reads_what_is_new_and_readers_nothing(
    corpus: Path, store: LocalStore, hashed: Hashed
) -> None:
    retriever = Retriever.open(store, ENCODER)
    before = index_files(store)
    write(corpus, "more.txt", "The ferry to Lisbon was late again.")
    assert refresh(corpus, store, ENCODER, "model").generation == 2
    fresh = sum(size for name, size in index_files(store).items() if name not in before or name == "meta.json")
    assert 0 < hashed.taken() <= fresh < sum(before.values()) / 2
    assert retriever.search(question_of("Who was late?"), 3, EVERYTHING).generation == 2
    assert hashed.taken() == 0
    assert verify(store, silent).findings == ()


def test_files_with_another_time_are_read_once(corpus: Path, store: LocalStore, hashed: Hashed) -> None:
    for path in (*store.folder.glob("passages-*"), *store.folder.glob("words-*/*")):
        os.utime(path, ns=(0, 0))
    assert refresh(corpus, store, ENCODER, "model").generation == 1
    assert hashed.taken() == sum(index_files(store).values())
    refresh(corpus, store, ENCODER, "model")
    Retriever.open(store, ENCODER)
    assert hashed.taken() == 0


@pytest.mark.parametrize("place", ["passages-*", "words-*/*.term"])
def test_what_changes_without_a_trace_is_found_by_verify(place: str, corpus: Path, store: LocalStore) -> None:
    (path,) = store.folder.glob(place)
    data, before = path.read_bytes(), path.stat()
    path.write_bytes(data[:-20] + bytes([data[-20] ^ 1]) + data[-19:])
    os.utime(path, ns=(before.st_atime_ns, before.st_mtime_ns))
    assert refresh(corpus, store, ENCODER, "model").generation == 1
    (finding,) = verify(store, silent).findings
    assert "has been changed" in finding.problem


@pytest.fixture
def parsed(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The paths of the files that are read as articles."""
    paths: list[str] = []

    def noting(data: bytes, path: str) -> Any:
        paths.append(path)
        return parse(data, path)

    monkeypatch.setattr(module, "parse", noting)
    return paths


def test_a_file_that_is_no_article_is_read_once_until_it_changes(
    tmp_path: Path, parsed: list[str], settled: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    corpus, store = tmp_path / "corpus", LocalStore(tmp_path / "store")
    write(corpus, "good.txt", "The ferry to Lisbon was late again.")
    write(corpus, "bad.json", '{"title": "x"')
    first = refresh(corpus, store, ENCODER, "model")
    assert refresh(corpus, store, ENCODER, "model").skipped == first.skipped != ()
    assert sorted(parsed) == ["bad.json", "good.txt"]
    write(corpus, "bad.json", '{"title": "x", "text": ""}')
    assert refresh(corpus, store, ENCODER, "model").skipped != first.skipped
    assert parsed[2:] == ["bad.json"]
    monkeypatch.setattr(module, "READING_VERSION", b"next")
    refresh(corpus, store, ENCODER, "model")
    assert sorted(parsed[3:]) == ["bad.json", "good.txt"]
    (corpus / "bad.json").unlink()
    assert refresh(corpus, store, ENCODER, "model").skipped == ()


class Counted(Indexer):
    """How often it refreshed."""

    times = 0

    def refresh(
        self, progress: Progress, *, full: bool = False, on_notice: Callable[[str], None] = print
    ) -> IndexReport:
        self.times += 1
        return super().refresh(progress, full=full, on_notice=on_notice)


@pytest.fixture
def watching(tmp_path: Path, corpus: Path) -> Iterator[tuple[Updates, Counted]]:
    indexer = Counted(settings_for(corpus, tmp_path / "store"), LazyEncoder("stand-in", RandomEncoder))
    yield Updates(indexer, Terminal(as_json=True)), indexer


def test_a_folder_in_which_nothing_changes_is_only_glanced_at(
    corpus: Path,
    store: LocalStore,
    settled: None,
    watching: tuple[Updates, Counted],
    hashed: Hashed,
    parsed: list[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    update, indexer = watching

    def refreshed() -> int:
        """How often it did in five rounds; what one of them writes, the next looks at."""
        before = indexer.times
        assert all(update() for _ in range(5))
        return indexer.times - before

    assert refreshed() <= 2
    hashed.taken()
    assert refreshed() == 0
    assert hashed.taken() == 0
    assert parsed == []
    write(corpus, "more.txt", "The ferry to Lisbon was late again.")
    assert refreshed() == 2
    next(store.folder.glob("passages-*")).unlink()
    assert refreshed() == 2
    assert verify(store, silent).findings == ()
    away = corpus.rename(corpus.with_name("away"))
    assert refreshed() == 5
    away.rename(corpus)
    monkeypatch.setattr("bot.operating.REFRESH_SECONDS", 0.0)
    assert refreshed() == 5


def test_what_failed_is_tried_again_though_no_file_changes(
    corpus: Path,
    store: LocalStore,
    settled: None,
    watching: tuple[Updates, Counted],
    capsys: pytest.CaptureFixture[str],
) -> None:
    update, indexer = watching
    with sqlite3.connect(store.folder / DATABASE) as connection:
        connection.execute("PRAGMA user_version = 99")
    connection.close()
    assert update() and update() and indexer.times == 2
    assert capsys.readouterr().err.count("format 99") == 1
