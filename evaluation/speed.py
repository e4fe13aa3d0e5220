"""What a person waits for: `dateline evaluate speed [--articles N] [--repeat N] [--questions N] [--pytorch] [--json]`.

The sample articles, and N others (see evaluation.recombined), are indexed. Then, each in its own process:

--help      prints its help and ends
cold        answers one question and ends; `ask --index` looks for new articles first, as `make ask` does
warm        questions about the sample articles, one after another: finding, reading, and the two together
askers      the same questions by several threads of one process at once: questions a second, how long one waits, and
            the most memory that the process has had

The processor, and the precision in which each model runs, are printed first. `--pytorch` runs the models in PyTorch
instead, for comparison.
"""

import json
import statistics
import subprocess
import tempfile
import time
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import date
from functools import partial
from pathlib import Path

from evaluation.answers import QUESTIONS, load
from evaluation.commands import ADAPTER, CORPUS, PASSAGES, ROOT, Parser, output, table
from evaluation.phases import Wait, in_fresh_process, peak_bytes
from evaluation.recombined import Recombination, write
from evaluation.wiring import dateline, shipped_answerer, shipped_encoder, shipped_reader
from reader.prepare import prepared_reader
from retrieval.encoder import prepared_encoder
from retrieval.engine import Manifest, processor
from retrieval.models import ENCODER, READER_BASE
from retrieval.progress import silent
from retrieval.question import parsed
from retrieval.search import Retriever
from retrieval.storage.local import LocalStore
from retrieval.types import SearchFilter

ASKERS = (1, 4, 16)


@dataclass(frozen=True, slots=True)
class Crowd:
    """So many `askers` at once: questions a second, the wait for one, and megabytes of memory, the most so far."""

    askers: int
    rate: float
    wait: Wait
    memory: float


@dataclass(frozen=True, slots=True)
class Measured:
    """Seconds of whole processes, the median of some; waits of warm questions by part."""

    machine: str
    articles: int
    index: float
    index_again: float
    help: float
    cold: float
    cold_index: float
    warm: dict[str, Wait]
    crowds: tuple[Crowd, ...]


def timed(command: Sequence[str]) -> float:
    """The seconds until `command` has ended. Raises CalledProcessError if it fails."""
    began = time.perf_counter()
    subprocess.run(command, cwd=ROOT, check=True, capture_output=True)
    return time.perf_counter() - began


def machine(pytorch: bool) -> str:
    """The processor and how the models run on it, when they have run."""
    import openvino

    this, how = processor(openvino.Core()), "in PyTorch"
    if not pytorch:
        folders = {
            "encoder": prepared_encoder(ENCODER, silent),
            "reader": prepared_reader(READER_BASE, ADAPTER, silent),
        }
        chosen = {name: Manifest.load(folder).fastest[this] for name, folder in folders.items()}
        how = ", ".join(f"the {name} in {precision}" for name, precision in chosen.items())
    return f"{this}: {how}"


def measure(articles: int, repeat: int, questions: Sequence[str], pytorch: bool, folder: Path) -> Measured:
    """Everything, in the empty `folder`."""
    corpus, storage = folder / "corpus", folder / "storage"
    corpus.mkdir()
    for path in CORPUS.glob("*.*"):
        (corpus / path.name).write_bytes(path.read_bytes())
    write(corpus / "recombined", map(Recombination.of_news().article, range(articles)))
    settings: dict[str, str | bool] = {
        "corpus.path": str(corpus),
        "storage.path": str(storage),
        "engine.compiled": not pytorch,
    }
    command = partial(dateline, folder / "config.toml", settings)

    def median(*arguments: str) -> float:
        return statistics.median(timed(command(*arguments)) for _ in range(repeat))

    index = timed(command("index"))
    again, shown = median("index"), median("--help")
    cold, cold_index = median("ask", questions[0]), median("ask", "--index", questions[0])
    asking, asked = command("ask", "--json", "-"), "\n".join(questions)
    done = subprocess.run(asking, cwd=ROOT, input=asked, capture_output=True, check=True, encoding="utf-8")
    timings = [json.loads(line)["timing_ms"] for line in done.stdout.splitlines()]
    warm = {name: Wait.of([timing[name] / 1000 for timing in timings]) for name in ("retrieve", "read", "total")}
    crowds = in_fresh_process(_crowds, storage, questions, pytorch)
    return Measured(machine(pytorch), articles, index, again, shown, cold, cold_index, warm, crowds)


def _crowds(storage: Path, questions: Sequence[str], pytorch: bool) -> tuple[Crowd, ...]:
    retriever = Retriever.open(LocalStore(storage), shipped_encoder(compiled=not pytorch))
    answerer = shipped_answerer(shipped_reader(compiled=not pytorch))

    def ask(question: str) -> float:
        began = time.perf_counter()
        evidence = retriever.search(parsed(question, date.today()), PASSAGES, SearchFilter())
        answerer.answer(evidence, 0.0)
        return time.perf_counter() - began

    ask(questions[0])
    crowds = []
    for askers in ASKERS:
        with ThreadPoolExecutor(askers) as threads:
            began = time.perf_counter()
            waits = list(threads.map(ask, questions))
            took = time.perf_counter() - began
        crowds.append(Crowd(askers, len(questions) / took, Wait.of(waits), peak_bytes() / 2**20))
    return tuple(crowds)


def shown(measured: Measured) -> str:
    """Tables for people."""
    seconds = {
        "index": measured.index,
        "index, nothing new": measured.index_again,
        "--help": measured.help,
        "cold answer": measured.cold,
        "cold answer, with a look for new articles": measured.cold_index,
    }
    waits = {f"warm, {name}": wait for name, wait in measured.warm.items()}
    rows = [("asking, ms", "p50", "p95", "p99", "questions/s", "MB")]
    rows += [(name, *_cells(wait), "", "") for name, wait in waits.items()]
    for crowd in measured.crowds:
        rows.append((f"{crowd.askers} at once", *_cells(crowd.wait), f"{crowd.rate:.2f}", f"{crowd.memory:.0f}"))
    lines = [measured.machine, f"{measured.articles:,} articles beside the sample ones"]
    return "\n".join([*lines, *table((name, f"{took:.2f} s") for name, took in seconds.items()), *table(rows)])


def _cells(wait: Wait) -> tuple[str, str, str]:
    return f"{wait.p50:.0f}", f"{wait.p95:.0f}", f"{wait.p99:.0f}"


def main(arguments: Sequence[str]) -> None:
    """See the module."""
    parser = Parser("speed", __doc__, "--repeat", "--json")
    parser.offer("--articles", type=int, default=0, help="how many articles to add to the sample articles")
    parser.offer("--questions", default=60)
    parser.offer("--pytorch", action="store_true", help="run the models in PyTorch")
    options = parser.parse_args(arguments)
    questions = [asked.question for asked in load(QUESTIONS)][: options.questions]
    with tempfile.TemporaryDirectory(prefix="dateline-") as folder:
        measured = measure(options.articles, options.repeat, questions, options.pytorch, Path(folder))
    output(measured, shown, options.json)
