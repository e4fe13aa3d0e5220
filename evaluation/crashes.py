"""Whether an index run can be killed: `dateline evaluate crashes [--kills 100]`.

A folder of some hundred articles keeps changing, and every run that brings the index up to date is killed with SIGKILL:
half of them at a random moment, half of them before a random statement to the database, so that the short steps of
publishing are hit as often as the long ones of reading. After each kill the store is verified, must hold either all
that the folder held before the change or all that it holds after it, and must be brought up to date by the next run.

The vectors are pseudo-random: an encoder writes nothing, and would only make kills during writing rarer.
"""

import json
import os
import random
import signal
import sqlite3
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from evaluation.commands import Parser, explained, positive
from evaluation.phases import RandomEncoder
from retrieval.encoder import Encoder
from retrieval.errors import BusyError, NoIndexError, StoreError
from retrieval.progress import silent
from retrieval.refresh import refresh
from retrieval.storage.local import LocalStore
from retrieval.storage.verify import verify

FILES = 120
CHANGES = 12
DONE, BUSY, FULL = 0, 3, 4

Death = Callable[[], None]


@dataclass(slots=True)
class ChangingFolder:
    """A folder of articles that keeps changing; `held` is what is in it, text by path."""

    folder: Path
    rng: random.Random
    held: dict[str, str] = field(default_factory=dict)
    written: int = 0

    def write(self, path: str) -> None:
        """Puts a text that was never there before into a file."""
        self.written += 1
        text = f"Report {self.written} came out. The council of town {self.written} met about the harbour."
        (self.folder / path).parent.mkdir(parents=True, exist_ok=True)
        (self.folder / path).write_text(text, encoding="utf-8")
        self.held[path] = text

    def change(self, times: int = CHANGES) -> None:
        """Some files are added, edited, deleted and renamed."""
        for _ in range(times):
            kind, path = self.rng.choice("aeeedr"), self.rng.choice(sorted(self.held))
            if kind == "a":
                self.write(f"desk{self.rng.randrange(5)}/{self.written}.txt")
            elif kind == "e":
                self.write(path)
            elif len(self.held) > FILES // 2:
                text = self.held.pop(path)
                if kind == "d":
                    (self.folder / path).unlink()
                else:
                    moved = f"desk{self.rng.randrange(5)}/moved{self.written}-{len(self.held)}.txt"
                    (self.folder / moved).parent.mkdir(exist_ok=True)
                    (self.folder / path).rename(self.folder / moved)
                    self.held[moved] = text


def stored(store: LocalStore) -> dict[str, str]:
    """What the newest generation holds, text by path; nothing before the first."""
    try:
        with store.snapshot() as snapshot:
            articles = snapshot.articles(article.id for article in snapshot.status().articles)
            return {article.path: article.text for article in articles.values()}
    except NoIndexError:
        return {}


def in_child(changing: ChangingFolder, store: LocalStore, encoder: Encoder, prepare: Death) -> int:
    """Refreshes in a process of its own, made ready to die by `prepare`; its exit status, negative for a signal."""
    sys.stdout.flush()
    child = os.fork()
    if child == 0:
        try:
            prepare()
            refresh(changing.folder, store, encoder, "model")
        except BusyError:
            os._exit(BUSY)
        except StoreError:
            os._exit(FULL)
        os._exit(DONE)
    return os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])


def at_moment(seconds: float) -> Death:
    """Dies after so many seconds of wall-clock time."""

    def prepare() -> None:
        parent = os.getpid()
        if os.fork() == 0:  # a killer beside it, as nothing within a process can be sure to interrupt it anywhere
            time.sleep(seconds)
            if os.getppid() == parent:
                os.kill(parent, signal.SIGKILL)
            os._exit(0)

    return prepare


def at_statement(number: int) -> Death:
    """Dies when the database is given its statement of this number."""
    left = number

    def one_less(statement: str) -> None:
        nonlocal left
        left -= 1
        if left == 0:
            os.kill(os.getpid(), signal.SIGKILL)

    return lambda: trace(one_less)


def trace(heard: Callable[[str], None]) -> None:
    """Lets every new connection of this process tell `heard` each statement before it is run."""
    connect = sqlite3.connect

    def connecting(*arguments: Any, **options: Any) -> sqlite3.Connection:
        connection: sqlite3.Connection = connect(*arguments, **options)
        connection.set_trace_callback(heard)
        return connection

    sqlite3.connect = connecting  # type: ignore[assignment]


@dataclass(frozen=True, slots=True)
class Outcome:
    """What became of the kills: how many runs were hit, how many ended first, and what the store held afterwards."""

    kills: int
    ended_first: int
    held_before: int
    held_after: int
    seconds: float


def kill_repeatedly(folder: Path, encoder: Encoder, kills: int, seed: int) -> Outcome:
    """Raises AssertionError as soon as a store is not whole after a kill."""
    rng = random.Random(seed)
    changing = ChangingFolder(folder / "corpus", rng)
    for number in range(FILES):
        changing.write(f"desk{number % 5}/{number}.txt")
    store = LocalStore(folder / "store")
    outcomes: Counter[str] = Counter()
    began = time.monotonic()
    run = _measure(changing, store, encoder)
    while outcomes["killed"] < kills:
        before = dict(changing.held)
        changing.change()
        by_moment = outcomes["killed"] % 2 == 0
        death = (
            at_moment(rng.uniform(0, 1.1 * run.seconds)) if by_moment else at_statement(rng.randint(1, run.statements))
        )
        status = in_child(changing, store, encoder, death)
        outcomes["killed" if status == -signal.SIGKILL else "ended first"] += 1
        found = verify(store, silent)
        _require(not found.findings, f"after kill {outcomes['killed']}: {found.findings}")
        held = stored(store)
        _require(held in (before, changing.held), f"after kill {outcomes['killed']} the store holds a mixture")
        outcomes["after" if held == changing.held else "before"] += 1
        status = in_child(changing, store, encoder, lambda: None)
        _require(status == DONE, f"the run after kill {outcomes['killed']} ended with {status}")
        _require(stored(store) == changing.held, f"the run after kill {outcomes['killed']} left something out")
    found = verify(store, silent)
    _require(not found.findings, f"at the end: {found.findings}")
    return Outcome(
        outcomes["killed"], outcomes["ended first"], outcomes["before"], outcomes["after"], time.monotonic() - began
    )


@dataclass(frozen=True, slots=True)
class _Run:
    """What an undisturbed run takes: seconds of wall-clock time, and statements to the database."""

    seconds: float
    statements: int


def _measure(changing: ChangingFolder, store: LocalStore, encoder: Encoder) -> _Run:
    refresh(changing.folder, store, encoder, "model")
    changing.change()
    heard: list[str] = []
    connect = sqlite3.connect
    trace(heard.append)
    began = time.monotonic()
    try:
        refresh(changing.folder, store, encoder, "model")
    finally:
        sqlite3.connect = connect
    return _Run(time.monotonic() - began, len(heard))


def _require(held: bool, otherwise: str) -> None:
    if not held:
        raise AssertionError(otherwise)


@explained
def main(arguments: Sequence[str] | None = None) -> int:
    """See the module; returns the exit status."""
    parser = Parser("crashes", __doc__)
    parser.add_argument("--kills", type=positive, default=100)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--json", action="store_true", dest="as_json")
    options = parser.parse_args(arguments)
    with tempfile.TemporaryDirectory(prefix="dateline-") as folder:
        outcome = kill_repeatedly(Path(folder), RandomEncoder(), options.kills, options.seed)
    if options.as_json:
        print(json.dumps({name: getattr(outcome, name) for name in Outcome.__slots__}))
        return 0
    print(f"runs killed             {outcome.kills:6}    {outcome.ended_first} more ended before their kill")
    print(f"held all of before      {outcome.held_before:6}")
    print(f"held all of after       {outcome.held_after:6}")
    print(f"verified after each     {'yes':>6}    and the next run completed, in {outcome.seconds:.0f} s altogether")
    return 0


if __name__ == "__main__":
    sys.exit(main())
