"""What a large index takes: `dateline evaluate memory [--articles N...] [--data QUESTIONS] [--json]`.

For each N, a newsroom of N articles (see evaluation.newsroom), and these, each in a fresh process:

first index       everything is read, split, stored, compared and published
nothing new       the same folder again
one article more  and again, with one file more
search            the index is loaded, and asked 20 questions (the median is shown)

Memory is the most that was resident in the process at any moment (Linux: VmHWM, which is also kept for each phase), of
which "at start" is Python with its libraries. Vectors are pseudo-random and the encoder is not loaded, which takes some
400 MB more in a process that embeds or asks. "Vectors" are passages x 384 x 4 bytes, and in memory their share of the
most: they are twice on the disk, in the database (with those of the headings) and in the index files, and once in the
memory of a process that asks.
"""

import argparse
import json
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from evaluation.commands import Parser, explained, positive
from evaluation.newsroom import Newsroom, write
from evaluation.phases import Phase, RandomEncoder, as_json, peak_bytes, reset_peak, run
from retrieval.question import parsed
from retrieval.search import Retriever
from retrieval.storage.database import DATABASE
from retrieval.storage.local import LocalStore
from retrieval.types import SearchFilter

ROOT = Path(__file__).resolve().parent.parent
FIRST, NOTHING, ONE, SEARCH = "first index", "nothing new", "one article more", "search"
QUESTIONS = 20
HITS = 8
FLOAT_BYTES = 4


@dataclass(frozen=True, slots=True)
class Step:
    """What one process did: its wall-clock `seconds`; memory in bytes when it began (`start`), and at most."""

    name: str
    passages: int
    seconds: float
    start: int
    peak: int
    phases: tuple[Phase, ...]


@dataclass(frozen=True, slots=True)
class Measured:
    """All of it for one number of articles; files in bytes, `vectors` what the vectors of the passages alone take."""

    articles: int
    passages: int
    vectors: int
    corpus: int
    database: int
    index: int
    steps: tuple[Step, ...]


def measure(newsroom: Newsroom, articles: int, folder: Path) -> Measured:
    """Everything, in the empty `folder`."""
    corpus, store = folder / "corpus", folder / "store"
    size = write(corpus, newsroom.stories(articles))
    steps = [_in_fresh_process(name, corpus, store) for name in (FIRST, NOTHING)]
    database, index = (store / DATABASE).stat().st_size, sum(path.stat().st_size for path in store.glob("*.faiss"))
    write(corpus, [newsroom.story(articles)])
    steps += [_in_fresh_process(name, corpus, store) for name in (ONE, SEARCH)]
    passages = steps[0].passages
    vectors = passages * RandomEncoder().dimension * FLOAT_BYTES
    return Measured(articles, passages, vectors, size, database, index, tuple(steps))


def _in_fresh_process(name: str, corpus: Path, store: Path) -> Step:
    command = [sys.executable, "-m", "evaluation.memory_of_indexing", "--step", name, str(corpus), str(store)]
    done = subprocess.run(command, cwd=ROOT, check=True, stdout=subprocess.PIPE, encoding="utf-8")
    fields: dict[str, Any] = json.loads(done.stdout)
    return Step(**{**fields, "phases": tuple(Phase(**phase) for phase in fields["phases"])})


def _step(name: str, corpus: Path, store: LocalStore) -> Step:
    """Does one step in this process."""
    encoder = RandomEncoder()
    start = peak_bytes()
    if name != SEARCH:
        done = run(corpus, store, encoder, "stand-in")
        return Step(name, done.report.passages, done.seconds, start, done.peak, done.phases)
    began = time.perf_counter()
    retriever = Retriever.open(store, encoder)
    opened = time.perf_counter() - began
    loading = Phase("Loading the index", opened, peak_bytes())
    reset_peak()
    asked = []
    for number in range(QUESTIONS):
        began = time.perf_counter()
        retriever.search(parsed(f"Question {number}?"), HITS, SearchFilter())
        asked.append(time.perf_counter() - began)
    search = Phase("One search", statistics.median(asked), peak_bytes())
    with store.snapshot() as snapshot:
        passages = snapshot.generation.passages
    return Step(name, passages, opened, start, max(loading.peak, search.peak), (loading, search))


def show(measured: Measured) -> None:
    """Tables for people."""
    passages, vectors = measured.passages, measured.vectors
    print(f"{measured.articles:,} articles, {passages:,} passages\n\n{'on the disk':28}{'MB':>10}{'bytes/passage':>16}")
    sizes = {
        "articles' files": measured.corpus,
        "database": measured.database,
        "index files": measured.index,
        "(vectors": vectors,
    }
    for name, size in sizes.items():
        print(f"  {name:26}{_mb(size)}{size / passages:16,.0f}{')' if size is vectors else ''}")
    print(f"\n{'in memory, MB':28}{'at start':>10}{'at most':>10}{'more':>10}{'vectors':>10}{'seconds':>10}")
    for step in measured.steps:
        part = f"{vectors / step.peak:10.0%}" if step.name in {FIRST, SEARCH} else f"{'—':>10}"
        memory = f"{_mb(step.start)}{_mb(step.peak)}{_mb(step.peak - step.start)}{part}"
        print(f"  {step.name:26}{memory}{step.seconds:10.2f}")
    for step in measured.steps:
        print(f"\n{step.name:28}{'at most':>10}{'':32}{'seconds':>10}")
        for phase in step.phases:
            print(f"  {phase.name:26}{_mb(phase.peak)}{'':32}{phase.seconds:10.3f}")


def _mb(size: int) -> str:
    return f"{size / 1e6:10,.1f}"


@explained
def main(arguments: Sequence[str] | None = None) -> int:
    """See the module; returns the exit status."""
    parser = Parser("memory", __doc__)
    parser.add_argument("--articles", type=positive, nargs="+", default=[100_000])
    parser.add_argument("--data", type=Path, help="folder of SQuAD-shaped files to take sentences from")
    parser.add_argument("--json", action="store_true", help="print one JSON object a line instead")
    parser.add_argument("--step", nargs=3, help=argparse.SUPPRESS)
    options = parser.parse_args(arguments)
    if options.step is not None:
        name, corpus, store = options.step
        print(as_json(asdict(_step(name, Path(corpus), LocalStore(Path(store))))))
        return 0
    newsroom = Newsroom.open(options.data)
    for number, articles in enumerate(options.articles):
        with tempfile.TemporaryDirectory(prefix="dateline-") as folder:
            measured = measure(newsroom, articles, Path(folder))
        if options.json:
            print(as_json(asdict(measured)), flush=True)
        else:
            print("\n" * (2 if number else 0), end="")
            show(measured)
    return 0


if __name__ == "__main__":
    sys.exit(main())
