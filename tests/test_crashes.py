"""Kills, full disks, second writers and endless refreshes: whatever happens, the store is whole and answers go on."""

import json
import os
import random
import signal
import sqlite3
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from itertools import count
from multiprocessing import get_context
from pathlib import Path
from typing import Any

import pytest

from bot.assistant import Indexer
from bot.settings import Settings
from evaluation.phases import RandomEncoder
from retrieval.errors import StoreError
from retrieval.intake.language import detect
from retrieval.progress import silent
from retrieval.refresh import refresh
from retrieval.storage.database import DATABASE
from retrieval.storage.local import LocalStore
from retrieval.storage.verify import verify
from tests.stores import contents, no_file_above, write, write_reports

ROOT = Path(__file__).resolve().parent.parent
REFRESHES = 20
FILES, CHANGES, KILLS = 120, 12, 30


class ChangingFolder:
    """A folder of articles that keeps changing; `held` is what is in it, text by path."""

    def __init__(self, folder: Path, rng: random.Random) -> None:
        self.folder = folder
        self.held: dict[str, str] = {}
        self._rng = rng
        self._numbers = count()
        for _ in range(FILES):
            self._write(self._new())

    def change(self) -> None:
        """Some files are added, edited, deleted and renamed."""
        for _ in range(CHANGES):
            kind, path = self._rng.choice("aeeedr"), self._rng.choice(sorted(self.held))
            if kind in "ae":
                self._write(self._new() if kind == "a" else path)
                continue
            text, new = self.held.pop(path), self._new()
            if kind == "d":
                (self.folder / path).unlink()
            else:
                (self.folder / path).rename(self.folder / new)
                self.held[new] = text

    def _new(self) -> str:
        number = next(self._numbers)
        return f"desk{self._rng.randrange(5)}-{number}.txt"

    def _write(self, path: str) -> None:
        number = next(self._numbers)
        self.held[path] = f"Report {number} came out. The council of town {number} met about the harbour."
        write(self.folder, path, self.held[path])


def listen(heard: Callable[[str], None]) -> None:
    """Lets every new connection of this process tell each statement before it is run."""
    connect = sqlite3.connect

    def connecting(*arguments: Any, **options: Any) -> sqlite3.Connection:
        connection: sqlite3.Connection = connect(*arguments, **options)
        connection.set_trace_callback(heard)
        return connection

    sqlite3.connect = connecting  # type: ignore[assignment]


def refresh_until(corpus: Path, store: Path, last: int) -> None:
    """Brings the index up to date, in a process of its own that dies before a statement to the database; 0: never."""
    numbers = count(1)
    listen(lambda statement: os.kill(os.getpid(), signal.SIGKILL) if next(numbers) == last else None)
    refresh(corpus, LocalStore(store), RandomEncoder(), "model")


def stored(store: LocalStore) -> dict[str, str]:
    """What the newest generation holds, text by path."""
    with store.snapshot() as snapshot:
        articles = snapshot.articles(article.id for article in snapshot.status().articles)
        return {article.path: article.text for article in articles.values()}


def test_an_index_run_can_be_killed_at_any_moment(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    rng = random.Random(0)
    changing, store = ChangingFolder(tmp_path / "corpus", rng), LocalStore(tmp_path / "store")
    refresh(changing.folder, store, RandomEncoder(), "model")
    changing.change()
    statements = list[str]()
    with monkeypatch.context() as patch:
        patch.setattr(sqlite3, "connect", sqlite3.connect)  # is put back
        listen(statements.append)
        refresh(changing.folder, store, RandomEncoder(), "model")
    # forked from a process that has no threads, and has imported all that a refresh imports
    context = get_context("forkserver")
    context.set_forkserver_preload([__name__, "charset_normalizer", "datasketch", "sentencex"])

    def run(last: int, seconds: float | None = None) -> bool:
        """Whether it was killed, at a statement or after so many seconds."""
        process = context.Process(target=refresh_until, args=(changing.folder, store.folder, last))
        process.start()
        if seconds is not None:
            process.join(seconds)
            process.kill()
        process.join()
        assert process.exitcode in (0, -signal.SIGKILL)
        return process.exitcode != 0

    run(0)
    changing.change()
    began = time.monotonic()
    run(0)
    took = time.monotonic() - began
    killed = unpublished = 0
    while killed < KILLS:
        before = dict(changing.held)
        changing.change()
        # half at a statement, so that the short steps of publishing are hit as often as the long ones of reading
        killed += run(rng.randint(1, len(statements))) if killed % 2 else run(0, rng.uniform(0, 1.1 * took))
        assert verify(store, silent).findings == ()
        held = stored(store)
        assert held in (before, changing.held)
        unpublished += held == before
        refresh(changing.folder, store, RandomEncoder(), "model")
        assert stored(store) == changing.held
    assert verify(store, silent).findings == ()
    assert unpublished > KILLS / 2  # most are killed before they publish


def test_a_disk_that_is_full_at_any_point_loses_nothing(tmp_path: Path) -> None:
    corpus, store, encoder = tmp_path / "corpus", LocalStore(tmp_path / "store"), RandomEncoder()
    write(corpus, "short.txt", "The ferry to Lisbon was late again.")
    refresh(corpus, store, encoder, "model")
    before = contents(store)
    detect("The language model is unpacked into the folder for temporary files, once, for a text of some length. " * 3)
    for number in range(40):
        write(corpus, f"{number}.txt", " ".join(f"Line {line} of report {number} is here." for line in range(30)))
    failed = 0
    size = (store.folder / DATABASE).stat().st_size
    for room in (0, 4096, 8192, 12_288, 20_000, 40_000, 80_000):
        try:
            with no_file_above(size + room):
                refresh(corpus, store, encoder, "model")
        except StoreError as error:
            failed += 1
            assert "free some disk space" in str(error)
            assert contents(store) == before
    assert failed >= 3
    refresh(corpus, store, encoder, "model")
    fresh = LocalStore(tmp_path / "fresh")
    refresh(corpus, fresh, encoder, "model")
    assert contents(store) == contents(fresh)
    assert len(contents(store)) > len(before)


def test_of_two_writers_one_is_told_to_wait_and_the_store_is_whole(tmp_path: Path) -> None:
    write_reports(tmp_path / "corpus", 60)
    (tmp_path / "config.toml").touch()
    command = [sys.executable, "-m", "bot", "index", "--json", "--config", str(tmp_path / "config.toml")]
    runs = [
        subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.PIPE, encoding="utf-8")
        for _ in range(2)
    ]
    ends = []
    for run in runs:
        output, complaints = run.communicate()
        ends.append((run.returncode, json.loads(output)["articles"]["added"] if output else complaints))
    done = [added for status, added in ends if status == 0]
    refused = [complaint for status, complaint in ends if status != 0]
    # the second may come after the first has ended, and then finds nothing to do
    assert sorted(done) in ([60], [0, 60])
    assert all("Another process is indexing" in complaint for complaint in refused)
    assert len(contents(LocalStore(tmp_path / ".dateline"))) == 60


def test_questions_are_answered_from_one_generation_while_refreshes_go_by(tmp_path: Path) -> None:
    """Two articles always carry the same number: an answer that saw two generations would show two numbers."""
    corpus = tmp_path / "corpus"
    config = tmp_path / "config.toml"
    config.touch()
    settings = Settings.load(config)
    indexer = Indexer.open(settings, silent)

    def publish(number: int) -> None:
        write(corpus, "north.txt", f"The north bridge of Porto was opened by engine number {number} on Monday.")
        write(corpus, "south.txt", f"The south bridge of Porto was opened by engine number {number} on Monday.")
        indexer.refresh(silent)

    publish(1000)
    command = [sys.executable, "-m", "bot", "ask", "--json", "-", "--config", str(config)]
    seen: list[set[str]] = []
    quoted: list[str] = []

    def ask(asking: subprocess.Popen[str]) -> None:
        assert asking.stdin is not None and asking.stdout is not None
        asking.stdin.write("Which engine number opened the north bridge of Porto?\n")
        asking.stdin.flush()
        answer = json.loads(asking.stdout.readline())
        texts = [hit["text"] for hit in answer["evidence"]]
        seen.append({text.split("number ")[1].split()[0] for text in texts})
        cited = [citation["quote"] for item in answer["answers"] for citation in item["citations"]]
        assert len(texts) == 2 and set(cited) <= {text.strip() for text in texts}
        quoted.extend(cited)

    pipe = subprocess.PIPE
    with subprocess.Popen(command, cwd=ROOT, stdin=pipe, stdout=pipe, encoding="utf-8") as asking:
        try:
            ask(asking)
            for number in range(1001, 1001 + REFRESHES):
                publishing = threading.Thread(target=publish, args=(number,))
                publishing.start()
                ask(asking)
                publishing.join()
            ask(asking)
        except BaseException:
            asking.kill()
            raise
    assert asking.returncode == 0
    assert all(len(numbers) == 1 for numbers in seen)
    assert seen[-1] == {str(1000 + REFRESHES)}
    assert len({number for numbers in seen for number in numbers}) > 2  # it saw some of them go by
    assert any(str(1000 + REFRESHES) in quote for quote in quoted)
