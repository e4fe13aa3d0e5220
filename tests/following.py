"""What tests of following a folder share: `follow` in a thread, and `dateline watch` in a process."""

import json
import queue
import signal
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import IO, Any

import pytest
import watchfiles

from retrieval import watch
from retrieval.watch import Changes, follow
from tests.conftest import ROOT

PATIENCE = 60  # seconds, for what takes well under one
Files = dict[str, str] | None


def files(folder: Path) -> Files:
    """What every file below a folder says; None if there is no folder."""
    if not folder.is_dir():
        return None
    found = {}
    with suppress(OSError):  # deleted meanwhile; the next update sees that
        for path in folder.rglob("*"):
            if path.is_file():
                found[path.relative_to(folder).as_posix()] = path.read_text()
    return found


class Follower:
    """`follow` in a thread. `seen` is what each update found; `handled` the changes, or none, that were dealt with.

    An update answers what `answers` gives.
    """

    def __init__(self, corpus: Path) -> None:
        self.corpus = corpus
        self.seen: list[Files] = []
        self.handled: list[Changes] = []
        self.answers: Callable[[], bool] = lambda: True
        self.stop = threading.Event()
        self.thread = threading.Thread(target=follow, args=(corpus, self._update, self.stop), daemon=True)
        self._news = threading.Condition()

    def _update(self) -> bool:
        found = files(self.corpus)
        with self._news:
            self.seen.append(found)
            self._news.notify_all()
        return self.answers()

    def watch(self, *args: Any, **kwargs: Any) -> Iterator[Changes]:
        """The real watching, noted down."""
        for changes in watchfiles.watch(*args, **kwargs):
            yield changes
            with self._news:
                self.handled.append(changes)
                self._news.notify_all()

    def until(self, met: Callable[[], bool]) -> None:
        """Waits for an update, or a change that was handled, after which it is so."""
        with self._news:
            assert self._news.wait_for(met, PATIENCE), f"seen {self.seen[-3:]}, handled {self.handled[-3:]}"

    def until_seen(self, expected: Files) -> None:
        """Waits for an update that found just this."""
        self.until(lambda: self.seen[-1:] == [expected])

    def until_idle(self) -> None:
        """Waits until there has been no change for a while, twice."""
        known = len(self.handled)
        self.until(lambda: sum(not changes for changes in self.handled[known:]) >= 2)


@contextmanager
def following(
    corpus: Path,
    monkeypatch: pytest.MonkeyPatch,
    answers: Callable[[], bool] = lambda: True,
    watching: Callable[..., Iterator[Changes]] | None = None,
) -> Iterator[Follower]:
    """A running follower, which stops when it is told to."""
    follower = Follower(corpus)
    follower.answers = answers
    monkeypatch.setattr(watch, "watch", follower.watch if watching is None else watching)
    follower.thread.start()
    try:
        yield follower
    finally:
        follower.stop.set()
        follower.thread.join(PATIENCE)
        assert not follower.thread.is_alive()


class Command:
    """A running `dateline watch --json` over the corpus beside its configuration."""

    def __init__(self, config: Path) -> None:
        command = [sys.executable, "-m", "bot", "watch", "--json", "--config", str(config)]
        pipe = subprocess.PIPE
        self.process = subprocess.Popen(command, cwd=ROOT, stdout=pipe, stderr=pipe, encoding="utf-8")
        assert self.process.stdout is not None
        assert self.process.stderr is not None
        self._out, self._err = _lines(self.process.stdout), _lines(self.process.stderr)

    def __enter__(self) -> "Command":
        return self

    def __exit__(self, *error: object) -> None:
        self.process.kill()
        self.process.wait()

    def report(self) -> dict[str, Any]:
        """The next line of standard output."""
        found: dict[str, Any] = json.loads(self._out.get(timeout=PATIENCE))
        return found

    def complaint(self) -> str:
        """The next line of standard error."""
        return self._err.get(timeout=PATIENCE)

    def ends(self, number: signal.Signals) -> None:
        """It does so when it gets the signal: with status 0, and without another word."""
        self.process.send_signal(number)
        assert self.process.wait(PATIENCE) == 0
        assert (self._out.get(timeout=PATIENCE), self._err.get(timeout=PATIENCE)) == ("", "")


def _lines(stream: IO[str]) -> "queue.Queue[str]":
    """The lines of a stream as they come, "" at its end."""
    lines: queue.Queue[str] = queue.Queue()

    def read() -> None:
        with stream:
            for line in stream:
                lines.put(line)
        lines.put("")

    threading.Thread(target=read, daemon=True).start()
    return lines
