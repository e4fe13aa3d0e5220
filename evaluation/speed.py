"""What a person waits for: `dateline evaluate speed [--articles N] [--repeat N] [--questions N] [--pytorch] [--json]`.

The sample articles, and as many of a newsroom (see evaluation.newsroom), are indexed. Then, each in its own process:

--help      prints its help and ends
cold        answers one question and ends; `ask --index` looks for new articles first, as `make ask` does
warm        questions about the sample articles, one after another: finding, reading, and the two together
askers      the same questions by several threads of one process at once: questions a second, how long one waits, and
            the most memory that the process has had

The processor, and the precision in which each model runs, are printed first. `--pytorch` runs the models in PyTorch
instead, for comparison.
"""

import json
import resource
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from concurrent.futures import ProcessPoolExecutor, ThreadPoolExecutor
from dataclasses import asdict, dataclass
from datetime import date
from multiprocessing import get_context
from pathlib import Path

from evaluation.answers import QUESTIONS, load
from evaluation.commands import Parser, explained, positive
from evaluation.newsroom import Newsroom, write
from evaluation.phases import as_json, share
from evaluation.wiring import (
    ADAPTER,
    CORPUS,
    MAX_ITEMS,
    PASSAGES,
    ROOT,
    THRESHOLD,
    UNSURE,
    shipped_encoder,
    shipped_reader,
)
from reader.aggregate import Threshold
from reader.answering import Answerer
from reader.confidence import Calibration
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
class Wait:
    """Milliseconds."""

    p50: float
    p95: float

    @classmethod
    def of(cls, seconds: Sequence[float]) -> "Wait":
        """Of what was measured."""
        return cls(1000 * share(seconds, 0.5), 1000 * share(seconds, 0.95))


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
    corpus, storage, config = folder / "corpus", folder / "storage", folder / "config.toml"
    corpus.mkdir()
    for path in CORPUS.glob("*.*"):
        (corpus / path.name).write_bytes(path.read_bytes())
    write(corpus / "newsroom", Newsroom.open().stories(articles))
    paths = f"[corpus]\npath = {json.dumps(str(corpus))}\n[storage]\npath = {json.dumps(str(storage))}\n"
    config.write_text(f"{paths}[engine]\ncompiled = {json.dumps(not pytorch)}\n")
    dateline, settings = [sys.executable, "-m", "bot"], ["--config", str(config)]

    def median(*arguments: str) -> float:
        return statistics.median(timed([*dateline, *arguments, *settings]) for _ in range(repeat))

    index = timed([*dateline, "index", *settings])
    again, shown = median("index"), median("--help")
    cold, cold_index = median("ask", questions[0]), median("ask", "--index", questions[0])
    lines = subprocess.run(
        [*dateline, "ask", "--json", "-", *settings],
        cwd=ROOT,
        input="\n".join(questions),
        capture_output=True,
        check=True,
        encoding="utf-8",
    ).stdout.splitlines()
    timings = [json.loads(line)["timing_ms"] for line in lines]
    warm = {name: Wait.of([timing[name] / 1000 for timing in timings]) for name in ("retrieve", "read", "total")}
    with ProcessPoolExecutor(1, mp_context=get_context("spawn")) as process:
        crowds = process.submit(_crowds, storage, questions, pytorch).result()
    return Measured(machine(pytorch), articles, index, again, shown, cold, cold_index, warm, crowds)


def _crowds(storage: Path, questions: Sequence[str], pytorch: bool) -> tuple[Crowd, ...]:
    """To be called in a process of its own."""
    retriever = Retriever.open(LocalStore(storage), shipped_encoder(compiled=not pytorch))
    reader = shipped_reader(compiled=not pytorch)
    answerer = Answerer(reader, Calibration.load(ADAPTER), Threshold(THRESHOLD, UNSURE, MAX_ITEMS))

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
        memory = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
        crowds.append(Crowd(askers, len(questions) / took, Wait.of(waits), memory))
    return tuple(crowds)


def show(measured: Measured) -> None:
    """A table for people."""
    print(measured.machine)
    print(f"{measured.articles:,} articles beside the sample ones")
    print(f"index                 {measured.index:8.2f} s    with nothing new {measured.index_again:.2f} s")
    print(f"--help                {measured.help:8.2f} s")
    print(f"cold answer           {measured.cold:8.2f} s    with a look for new articles {measured.cold_index:.2f} s")
    for name, wait in measured.warm.items():
        print(f"warm, {name:16}{wait.p50:8.0f} ms   p95 {wait.p95:.0f} ms")
    for crowd in measured.crowds:
        waits = f"p50 {crowd.wait.p50:.0f} ms, p95 {crowd.wait.p95:.0f} ms, {crowd.memory:.0f} MB"
        print(f"{crowd.askers:3} at once           {crowd.rate:8.2f} questions a second, {waits}")


@explained
def main(arguments: Sequence[str] | None = None) -> int:
    """See the module; returns the exit status."""
    parser = Parser("speed", __doc__)
    parser.add_argument(
        "--articles", type=int, default=0, metavar="N", help="how many generated articles to add to the sample articles"
    )
    parser.add_argument("--repeat", type=positive, default=3, help="how many times to measure each cold start")
    parser.add_argument("--questions", type=positive, default=60)
    parser.add_argument("--pytorch", action="store_true", help="run the models in PyTorch")
    parser.add_argument("--json", action="store_true", help="print one JSON object instead")
    options = parser.parse_args(arguments)
    questions = [asked.question for asked in load(QUESTIONS)][: options.questions]
    with tempfile.TemporaryDirectory(prefix="dateline-") as folder:
        measured = measure(options.articles, options.repeat, questions, options.pytorch, Path(folder))
    if options.json:
        print(as_json(asdict(measured)))
    else:
        show(measured)
    return 0


if __name__ == "__main__":
    sys.exit(main())
