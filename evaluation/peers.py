"""Dateline beside Haystack and txtai: `dateline evaluate peers DATA [--limit N] [--only NAME,...] [--json]`.

DATA is a folder of news questions (see evaluation.news); the questions with one answer of dev_single.json are asked.
Each peer is installed from the package index, at the versions below, into an environment of its own in the cache folder
(some gigabytes each), and gets the same passages with the same headings, the same encoder, and the same reader weights:

index, add    seconds to embed and index all passages, and those of one article more
cold          seconds of a process that loads models and index from disk, answers one question and ends
warm          seconds that a question waits in a process that is ready: the median, and that of the slowest twentieth
F1, forced    word F1 of the likeliest answer, when nothing is declined
F1, covered   the same among as many questions as Dateline answers plainly: those where the peer is surest
memory        megabytes, at most, of the process that asks

What they do better is published, too.
"""

import json
import subprocess
import tempfile
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from venv import EnvBuilder

import numpy as np

from evaluation.commands import ADAPTER, MAX_ITEMS, PASSAGES, THRESHOLD, UNSURE, Parser, names, output, table
from evaluation.measuring import CachingReader, answered, surest
from evaluation.newsfiles import Asked, news_articles, questions
from evaluation.paragraphs import sample
from evaluation.phases import peak_bytes, share
from evaluation.scoring import best_of, f1
from evaluation.speed import timed
from evaluation.wiring import dateline, fill, shipped_encoder, shipped_reader
from reader.aggregate import Threshold
from reader.confidence import Calibration
from reader.inputs import SEPARATOR
from reader.prepare import prepared_reader
from retrieval.errors import ModelError
from retrieval.heading import heading
from retrieval.models import ENCODER, READER_BASE, cache_folder, resolve
from retrieval.passages import split
from retrieval.progress import Progress, on_stderr, silent
from retrieval.question import parsed
from retrieval.search import Retriever
from retrieval.storage.local import LocalStore
from retrieval.types import Article, SearchFilter

OWN = "dateline"
PEERS = {
    "haystack": ("haystack-ai==2.31.0", "sentence-transformers", "transformers<5", "accelerate", "torch==2.13.0"),
    "txtai": ("txtai==9.14.0", "sentence-transformers", "torch==2.13.0"),
}


@dataclass(frozen=True, slots=True)
class Row:
    """What was measured of one of them; see the module. Seconds, shares of 1, and megabytes."""

    name: str
    version: str
    index: float
    add: float
    cold: float
    p50: float
    p95: float
    forced: float
    covered: float
    memory: float


def scored(given: Sequence[tuple[str, float]], asked: Sequence[Asked], covered: int) -> tuple[float, float]:
    """The mean F1 of all answers, and of the `covered` ones with the highest scores."""
    points = np.array([best_of(f1, text, each.forms) for (text, _), each in zip(given, asked, strict=True)])
    surest_first = sorted(range(len(given)), key=lambda place: -given[place][1])
    return float(points.mean()), float(points[surest_first[:covered]].mean()) if covered else 0.0


def texts(articles: Sequence[Article]) -> list[tuple[str, str]]:
    """The passages of the articles, each with its heading in front as Dateline's own reader gets it."""
    return [
        (f"{article.id}/{start}", f"{heading(article)}{SEPARATOR}{article.text[start:end]}")
        for article in articles
        for start, end in split(article.text)
    ]


def own(asked: Sequence[Asked], articles: Sequence[Article], folder: Path) -> tuple[Row, int]:
    """Dateline's row, and how many questions it answers plainly."""
    encoder = shipped_encoder()
    store = LocalStore(folder / "store")
    began = time.perf_counter()
    fill(store, articles[:-1], encoder)
    between = time.perf_counter()
    fill(store, articles, encoder)
    ended = time.perf_counter()
    retriever = Retriever.open(store, encoder)
    reader, calibration = shipped_reader(), Calibration.load()
    threshold = Threshold(THRESHOLD, UNSURE, MAX_ITEMS)
    waits, given, plain = [], [], 0
    for each in asked:
        start = time.perf_counter()
        evidence = retriever.search(parsed(each.text), PASSAGES, SearchFilter())
        answer = answered(evidence, reader, calibration, threshold)
        waits.append(time.perf_counter() - start)
        plain += answer.is_confident
        best = surest(evidence, CachingReader(reader), calibration)
        given.append((best.text, best.confidence))
    memory = peak_bytes() / 2**20
    cold = timed(dateline(folder / "config.toml", {"storage.path": str(folder / "store")}, "ask", asked[0].text))
    forced, covered = scored(given, asked, plain)
    times = share(waits, 0.5), share(waits, 0.95)
    return Row(OWN, "", between - began, ended - between, cold, *times, forced, covered, memory), plain


def peer(name: str, asked: Sequence[Asked], articles: Sequence[Article], plain: int, folder: Path) -> Row:
    """A peer's row. Raises ModelError where it cannot be installed or fails."""
    python = installed(name)
    models = {
        "encoder": str(resolve(ENCODER, silent)),
        "reader": str(prepared_reader(READER_BASE, ADAPTER, silent, compiled=False)),
    }
    passages = {"passages": texts(articles[:-1]), "more": texts(articles[-1:])}
    indexed = _run(python, name, "index", folder, models | passages)
    asking: dict[str, Any] = {**models, "passages": PASSAGES}
    began = time.perf_counter()
    _run(python, name, "ask", folder, asking | {"questions": [asked[0].text]})
    cold = time.perf_counter() - began
    found = _run(python, name, "ask", folder, asking | {"questions": [each.text for each in asked]})
    forced, covered = scored(found["answers"], asked, plain)
    waits = found["waits"]
    version = PEERS[name][0].partition("==")[2]
    times = share(waits, 0.5), share(waits, 0.95)
    return Row(name, version, indexed["index"], indexed["add"], cold, *times, forced, covered, found["memory"])


def installed(name: str) -> Path:
    """The Python of an environment that has the peer; made the first time. Raises ModelError."""
    folder = cache_folder() / "peers" / name
    python = folder / "bin" / "python"
    if not (folder / "installed").exists():
        EnvBuilder(clear=True, with_pip=True).create(folder)
        done = subprocess.run([python, "-m", "pip", "install", "--quiet", *PEERS[name]], capture_output=True, text=True)
        if done.returncode:
            raise ModelError(f"{name} cannot be installed: {done.stderr.strip()[-300:]}; check the package index.")
        (folder / "installed").touch()
    return python


def _run(python: Path, name: str, task: str, folder: Path, given: dict[str, Any]) -> Any:
    script = Path(__file__).with_name("peer.py")
    done = subprocess.run(
        [python, script, name, task, folder], input=json.dumps(given), capture_output=True, text=True, cwd=folder
    )
    if done.returncode:
        raise ModelError(f"{name} failed: {done.stderr.strip()[-300:]}")
    return json.loads(done.stdout)


@dataclass(frozen=True, slots=True)
class Measured:
    """A row for each, Dateline first."""

    rows: tuple[Row, ...]


def measure(folder: Path, limit: int | None, chosen: Sequence[str], progress: Progress = silent) -> Measured:
    """Dateline, and the peers that are chosen."""
    collection = news_articles(folder)
    asked = [each for each in questions(folder / "dev_single.json", collection) if each.kind == "span"]
    asked, articles = sample(asked, limit, seed=0), list(collection.articles.values())
    rows, plain = [], 0
    for name in (OWN, *chosen):
        with tempfile.TemporaryDirectory(prefix="dateline-") as place, progress(name, 1) as advance:
            if name == OWN:
                row, plain = own(asked, articles, Path(place))
            else:
                row = peer(name, asked, articles, plain, Path(place))
            rows.append(row)
            advance(1)
    return Measured(tuple(rows))


def shown(measured: Measured) -> str:
    """A table for people."""
    lines: list[Sequence[str]] = [("", "index", "add", "cold", "warm p50", "p95", "F1", "covered", "memory")]
    for row in measured.rows:
        times = (f"{seconds:.2f} s" for seconds in (row.index, row.add, row.cold, row.p50, row.p95))
        scores = f"{row.forced:.1%}", f"{row.covered:.1%}", f"{row.memory:.0f} MB"
        lines.append((f"{row.name} {row.version}", *times, *scores))
    return "\n".join(table(lines))


def main(arguments: Sequence[str]) -> None:
    """See the module."""
    parser = Parser("peers", __doc__, "data", "--json")
    parser.offer("--limit", default=100, help="how many questions are asked")
    parser.offer("--only", type=names(PEERS), default=list(PEERS), metavar="NAME,...", help="only these peers")
    options = parser.parse_args(arguments)
    output(measure(options.data, options.limit, options.only, on_stderr), shown, options.json)
