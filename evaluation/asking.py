"""What questions to a large store take: the start, the wait, the memory; and what its vector search misses."""

import statistics
import time
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import date
from itertools import chain
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from evaluation.phases import share
from retrieval.encoder import Encoder, lazy_encoder, prepared_encoder
from retrieval.models import ENCODER
from retrieval.progress import silent
from retrieval.search import POOL, Held, Query, Retriever
from retrieval.storage.local import LocalSnapshot, LocalStore
from retrieval.storage.segments import segment_records, segment_vectors
from retrieval.types import SearchFilter

HITS = 8
ASKERS = 8
NEAREST = 10
DEPTH = 50
ASKED_AT_START = 50
WARM_UP = 3
# the same cosine, summed in another order
EPSILON = 1e-6
EVERYTHING = SearchFilter()
ONE, SEVERAL, HALF, HUNDREDTH, EMBEDDING = "1 asker", "8 askers", "half by date", "1 % by date", "embedding alone"


@dataclass(frozen=True, slots=True)
class Started:
    """A fresh process, in seconds: from its start until the first question has found its passages, and of opening the
    store; in bytes after 50 questions: resident `memory`, of which `mapped` files, and the most at any moment."""

    first: float
    open: float
    memory: int
    mapped: int
    peak: int


@dataclass(frozen=True, slots=True)
class Wait:
    """Milliseconds."""

    p50: float
    p95: float
    p99: float


@dataclass(frozen=True, slots=True)
class Recorded:
    """A segment, and the recall in its manifest."""

    passages: int
    recall: float


@dataclass(frozen=True, slots=True)
class Asked:
    """Waits by kind; the share of the `embedding` in the median one; the recall at 10 of the vector search, 0 to 1,
    `recorded` what the store says of it; the mean cosine of the nearest passage, and of the 50th."""

    waits: dict[str, Wait]
    embedding: float
    recall: float
    recorded: tuple[Recorded, ...]
    first: float
    fiftieth: float


@dataclass(frozen=True, slots=True)
class Noticed:
    """A search that was open while the store changed: the milliseconds of its `first` question after that, which loads
    what is new, and the median of others."""

    first: float
    p50: float


def the_encoder() -> Encoder:
    """The default encoder, loaded when it has to embed; evaluation.wiring has it too, and brings the reader along."""
    return lazy_encoder(prepared_encoder(ENCODER, silent))


def start(store: LocalStore, questions: Sequence[str], born: float) -> Started:
    """To be called first in a process that began at `born`, by time.time()."""
    encoder = the_encoder()
    began = time.perf_counter()
    retriever = Retriever.open(store, encoder)
    opened = time.perf_counter() - began
    retriever.search(questions[0], HITS, EVERYTHING)
    first = time.time() - born
    for number in range(1, ASKED_AT_START):
        retriever.search(questions[number % len(questions)], HITS, EVERYTHING)
    status = dict(line.split(":", 1) for line in Path("/proc/self/status").read_text().splitlines())
    memory, mapped, peak = (int(status[name].split()[0]) * 1024 for name in ("VmRSS", "RssFile", "VmHWM"))
    return Started(first, opened, memory, mapped, peak)


def ask(store: LocalStore, questions: Sequence[str], middle: date, hundredth: date) -> Asked:
    """All questions, again and again. Half of the articles are from `middle` or later, 1 % up to `hundredth` then."""
    encoder = the_encoder()
    retriever = Retriever.open(store, encoder)

    def search(where: SearchFilter = EVERYTHING) -> Callable[[str], object]:
        return lambda question: retriever.search(question, HITS, where)

    kinds = {
        EMBEDDING: lambda question: encoder.encode([question]),
        ONE: search(),
        HALF: search(SearchFilter(since=middle)),
        HUNDREDTH: search(SearchFilter(since=middle, until=hundredth)),
    }
    for question in questions[:WARM_UP]:
        for kind in kinds.values():
            kind(question)
    # in turns, so that whatever else the machine does falls on all alike
    taken = [[milliseconds(kind, question) for kind in kinds.values()] for question in questions]
    waits = {name: wait([each[number] for each in taken]) for number, name in enumerate(kinds)}
    with ThreadPoolExecutor(ASKERS) as pool:
        shares = [questions[number::ASKERS] for number in range(min(ASKERS, len(questions)))]
        asked = list(pool.map(lambda each: [milliseconds(kinds[ONE], question) for question in each], shares))
    waits[SEVERAL] = wait(list(chain.from_iterable(asked)))
    vectors = encoder.encode(list(questions))
    with store.snapshot() as snapshot, retriever.hold() as held:
        near = nearest(snapshot, vectors)
        query = "SELECT passages, recall FROM segments ORDER BY id"
        recorded = tuple(Recorded(*row) for row in snapshot.connection.execute(query))
        queries = [retriever.query(question) for question in questions]
        recall = statistics.mean(_recall(held, *pair) for pair in zip(queries, near, strict=True))
    return Asked(
        waits=waits,
        embedding=waits[EMBEDDING].p50 / waits[ONE].p50,
        recall=recall,
        recorded=recorded,
        first=float(near[:, 0].mean()),
        fiftieth=float(near[:, -1].mean()),
    )


def notice(retriever: Retriever, questions: Sequence[str]) -> Noticed:
    """After a change, in a process that has asked before it."""
    waits = [milliseconds(lambda text: retriever.search(text, HITS, EVERYTHING), question) for question in questions]
    return Noticed(waits[0], statistics.median(waits[1:] or waits))


def milliseconds(ask: Callable[[str], object], question: str) -> float:
    """What one question takes."""
    began = time.perf_counter()
    ask(question)
    return (time.perf_counter() - began) * 1000


def wait(milliseconds: Sequence[float]) -> Wait:
    """Of one question or more."""
    return Wait(*(share(milliseconds, part) for part in (0.5, 0.95, 0.99)))


def nearest(snapshot: LocalSnapshot, questions: NDArray[np.float32]) -> NDArray[np.float32]:
    """(questions, n) float32, the cosines of the up to `DEPTH` nearest of all passages, best first, by going through
    the vectors in the database."""
    generation = snapshot.generation
    best = np.empty((len(questions), 0), dtype=np.float32)
    for record in segment_records(snapshot.connection):
        for batch in segment_vectors(snapshot.connection, record.id, generation.fingerprint, generation.dimension):
            best = np.concatenate([best, questions @ batch.vectors.T], axis=1)
            if best.shape[1] > DEPTH:
                best = -np.partition(-best, DEPTH - 1, axis=1)[:, :DEPTH]
    return -np.sort(-best, axis=1)


def _recall(held: Held, query: Query, near: NDArray[np.float32]) -> float:
    """The share of the ten nearest that the vector search brings; passages of one text count for each other."""
    count = min(NEAREST, len(near))
    hits = held.candidates(query, EVERYTHING, POOL)
    least = float(near[count - 1]) - EPSILON
    found = sum(hit.cosine >= least for hit in hits if hit.dense_rank is not None)
    return min(found, count) / count
