"""What indexing costs: `dateline evaluate indexing [--articles N] [--repeat N] [--json]`.

Over N articles (see evaluation.recombined), with the shipped encoder, in one process:

embedding   the same texts, passages and headings, embedded by the index and by SentenceTransformer.encode with its own
            batch size (one call, batch_size=32, normalize_embeddings=True), in turns, each from nothing. The index's
            time is that of all of retrieval.storage.embedding.embed_missing: it also finds the texts, stores the
            vectors and flushes them to disk. The ratio is taken of each turn, the one to the other.
first index the whole of the same runs, by phase, and the most memory in each
again       refreshes of the last of these stores: with nothing new; after every file was touched; after every file was
            renamed, and after the title and the source of every article were edited, when no passage may be embedded

Exit status 1 if a passage was. On a machine that does other work, too, PyTorch's threads wait for each other, and all
of it takes several times as long.
"""

import shutil
import statistics
import tempfile
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from evaluation.commands import Parser, output, table
from evaluation.phases import BETWEEN, EMBEDDING, READING, Phase, Run, run
from evaluation.recombined import Recombination, write
from retrieval.encoder import Encoder, load_encoder, prepared_encoder
from retrieval.errors import DatelineError
from retrieval.intake.files import find
from retrieval.models import ENCODER, quieten_transformers, resolve
from retrieval.progress import silent
from retrieval.storage.local import LocalStore
from retrieval.types import Article

if TYPE_CHECKING:
    from sentence_transformers import SentenceTransformer

PLAIN_BATCH = 32
WARM_UP = 64
RENAMED, EDITED = "every file renamed", "every title and source edited"


class RecordingEncoder:
    """An encoder that remembers what it was asked to embed."""

    def __init__(self, encoder: Encoder) -> None:
        self._encoder = encoder
        self.fingerprint = encoder.fingerprint
        self.dimension = encoder.dimension
        self.texts: list[str] = []

    def encode(self, texts: Sequence[str]) -> NDArray[np.float32]:
        """See `Encoder.encode`."""
        self.texts += texts
        return self._encoder.encode(texts)


@dataclass(frozen=True, slots=True)
class Turn:
    """One run of the index from nothing, and the seconds that the plain library took for the same texts."""

    index: Run
    plain: float

    @property
    def embedding(self) -> float:
        """The seconds that the index embedded."""
        return self.index.spent(BETWEEN[READING], EMBEDDING)

    @property
    def ratio(self) -> float:
        """How many times as fast as the plain library the index embeds."""
        return self.plain / self.embedding


@dataclass(frozen=True, slots=True)
class Again:
    """A refresh of an index that was there; `headings` embedded with it."""

    name: str
    run: Run
    headings: int


@dataclass(frozen=True, slots=True)
class Measured:
    """All of it; `texts` are the different passages and headings; `loading` the encoder takes seconds, `threads` are
    those that it computes with, `ratio` is the median of the turns'."""

    articles: int
    texts: int
    loading: float
    threads: int
    ratio: float
    turns: tuple[Turn, ...]
    again: tuple[Again, ...]

    @property
    def passages(self) -> int:
        """The passages embedded in a turn."""
        return self.turns[0].index.report.embedded

    @property
    def wasted(self) -> int:
        """The passages that were embedded though no text had changed."""
        return sum(each.run.report.embedded for each in self.again)


def measure(count: int, repeat: int, folder: Path) -> Measured:
    """Everything, in the empty `folder`."""
    corpus = folder / "corpus"
    articles = [*map(Recombination.of_news().article, range(count))]
    write(corpus, articles)
    import torch
    from sentence_transformers import SentenceTransformer

    quieten_transformers()
    model = SentenceTransformer(str(resolve(ENCODER, silent)), device="cpu", local_files_only=True)
    prepared = prepared_encoder(ENCODER, silent)
    began = time.perf_counter()
    encoder = load_encoder(prepared)
    loading = time.perf_counter() - began
    encoder.encode(["warm-up"])
    model.encode(["warm-up"] * WARM_UP, show_progress_bar=False)
    turns = []
    for _ in range(repeat):
        listening = RecordingEncoder(encoder)
        shutil.rmtree(folder / "store", ignore_errors=True)
        index = run(corpus, LocalStore(folder / "store"), listening, ENCODER)
        turns.append(Turn(index, _plain(model, listening.texts)))
    again = _again(corpus, LocalStore(folder / "store"), encoder, articles)
    threads, ratio = torch.get_num_threads(), statistics.median(turn.ratio for turn in turns)
    return Measured(count, len(listening.texts), loading, threads, ratio, tuple(turns), tuple(again))


def _plain(model: "SentenceTransformer", texts: list[str]) -> float:
    began = time.perf_counter()
    model.encode(texts, batch_size=PLAIN_BATCH, normalize_embeddings=True, show_progress_bar=False)
    return time.perf_counter() - began


def _again(corpus: Path, store: LocalStore, encoder: Encoder, articles: Sequence[Article]) -> list[Again]:
    def touch() -> None:
        for path in find(corpus).files:
            path.touch()

    def rename() -> None:
        for path in find(corpus).files:
            path.rename(path.with_stem(f"{path.stem}-renamed"))

    def edit() -> None:
        shutil.rmtree(corpus)
        write(corpus, (replace(each, title=f"{each.title}, again", source="Example Desk") for each in articles))
        rename()

    changes: dict[str, Callable[[], None]] = {
        "nothing new": lambda: None,
        "every file touched": touch,
        RENAMED: rename,
        EDITED: edit,
    }
    done = []
    for name, change in changes.items():
        change()
        listening = RecordingEncoder(encoder)
        refreshed = run(corpus, store, listening, ENCODER)
        done.append(Again(name, refreshed, len(listening.texts) - refreshed.report.embedded))
    return done


def shown(measured: Measured) -> str:
    """Tables for people."""
    turns = measured.turns
    lines = [
        f"{measured.articles:,} articles: {measured.passages:,} passages and "
        f"{measured.texts - measured.passages:,} headings; {ENCODER.rpartition('/')[2]} on "
        f"{measured.threads} threads, loaded in {measured.loading:.1f} s; median (least–most) of {len(turns)} turns"
    ]
    rows = [("embedding", "passages/s", "texts/s", "seconds")]
    plain, own = [turn.plain for turn in turns], [turn.embedding for turn in turns]
    for name, seconds in (("the index", own), (f"encode, batch_size={PLAIN_BATCH}", plain)):
        middle = statistics.median(seconds)
        rates = f"{measured.passages / middle:.1f}", f"{measured.texts / middle:.1f}"
        rows.append((name, *rates, f"{middle:.1f} ({min(seconds):.1f}–{max(seconds):.1f})"))
    ratios = [turn.ratio for turn in turns]
    rows.append(("times as fast", "", "", f"{measured.ratio:.2f} ({min(ratios):.2f}–{max(ratios):.2f})"))
    middle_run = sorted((turn.index for turn in turns), key=lambda index: index.seconds)[len(turns) // 2]
    phases = [("first index", "seconds", "share", "MB at most")]
    for phase in (*middle_run.phases, Phase("all", middle_run.seconds, middle_run.peak)):
        part = f"{phase.seconds / middle_run.seconds:.0%}"
        phases.append((phase.name, f"{phase.seconds:.2f}", part, f"{phase.peak / 1e6:.0f}"))
    again = [("again", "seconds", "passages embedded", "headings")]
    again += [
        (each.name, f"{each.run.seconds:.2f}", str(each.run.report.embedded), str(each.headings))
        for each in measured.again
    ]
    return "\n".join([*lines, *table(rows), *table(phases), *table(again)])


def main(arguments: Sequence[str]) -> None:
    """See the module."""
    parser = Parser("indexing", __doc__, "--repeat", "--json")
    parser.offer("--articles", default=500)
    options = parser.parse_args(arguments)
    with tempfile.TemporaryDirectory(prefix="dateline-") as folder:
        measured = measure(options.articles, options.repeat, Path(folder))
    output(measured, shown, options.json)
    if measured.wasted:
        raise DatelineError(f"{measured.wasted} passages were embedded again, though no text had changed.")
