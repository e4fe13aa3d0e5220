"""What questions to a large store take: the start, the wait, the memory; and what its vector search misses."""

import statistics
import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from datetime import date
from itertools import chain
from multiprocessing import get_context
from threading import Barrier

import numpy as np
from numpy.typing import NDArray

from evaluation.phases import Wait, status_bytes
from retrieval.encoder import Encoder, lazy_encoder, prepared_encoder
from retrieval.models import ENCODER
from retrieval.progress import silent
from retrieval.question import parsed
from retrieval.search import POOL, Query, QueryTerms, Retriever, candidates
from retrieval.storage.reading import Snapshot
from retrieval.storage.store import Store
from retrieval.types import EVERYTHING, SearchFilter

HITS = 8
ASKERS = 8
NEAREST = 10
DEPTH = 50
ASKED_AT_START = 50
WARM_UP = 3
READ_AT_ONCE = 1000
# the same cosine, summed in another order
EPSILON = 1e-6
ONE, SEVERAL, HALF, HUNDREDTH, EMBEDDING = "1 asker", "8 askers", "half by date", "1 % by date", "embedding alone"

# opens a store, in this process or in another
Open = Callable[[], Store]


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
class Asked:
    """Waits by kind; the share of the `embedding` in the median one; the recall at 10 of the vector search, 0 to 1; the
    mean cosine of the nearest passage, and of the 50th."""

    waits: dict[str, Wait]
    embedding: float
    recall: float
    first: float
    fiftieth: float


@dataclass(frozen=True, slots=True)
class ReloadLatency:
    """A search that was open while the store changed: the milliseconds of its `first` question after that, which loads
    what is new, and the median of others."""

    first: float
    p50: float


def the_encoder() -> Encoder:
    """The default encoder, loaded when it has to embed."""
    return lazy_encoder(prepared_encoder(ENCODER, silent))


def start(store: Store, questions: Sequence[str], born: float) -> Started:
    """To be called first in a process that began at `born`, by time.time()."""
    encoder = the_encoder()
    began = time.perf_counter()
    retriever = Retriever.open(store, encoder)
    opened = time.perf_counter() - began
    retriever.search(parsed(questions[0]), HITS, EVERYTHING)
    first = time.time() - born
    for number in range(1, ASKED_AT_START):
        retriever.search(parsed(questions[number % len(questions)]), HITS, EVERYTHING)
    memory, mapped, peak = (status_bytes()[name] for name in ("VmRSS", "RssFile", "VmHWM"))
    return Started(first, opened, memory, mapped, peak)


def ask(opened: Open, questions: Sequence[str], middle: date, hundredth: date) -> Asked:
    """All questions, again and again, of a store that was just built. Half of the articles are from `middle` or later,
    1 % up to `hundredth` then."""
    store, encoder = opened(), the_encoder()
    retriever = Retriever.open(store, encoder)

    def search(where: SearchFilter = EVERYTHING) -> Callable[[str], object]:
        return lambda question: retriever.search(parsed(question), HITS, where)

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
    taken = [[seconds(kind, question) for kind in kinds.values()] for question in questions]
    waits = {name: Wait.of(each) for name, each in zip(kinds, zip(*taken, strict=True), strict=True)}
    waits[SEVERAL] = Wait.of(_asked_by_several(opened, questions))
    with retriever.hold() as snapshot:
        queries = [retriever.query(parsed(question)) for question in questions]
        near = nearest(snapshot, np.stack([query.vector for query in queries]))
        recall = statistics.mean(_recall(snapshot, *pair) for pair in zip(queries, near, strict=True))
    return Asked(
        waits=waits,
        embedding=waits[EMBEDDING].p50 / waits[ONE].p50,
        recall=recall,
        first=float(near[:, 0].mean()),
        fiftieth=float(near[:, -1].mean()),
    )


def _asked_by_several(opened: Open, questions: Sequence[str]) -> list[float]:
    """The waits in seconds when `ASKERS` processes ask a share of the questions each, all at once."""
    shares = [questions[number::ASKERS] for number in range(min(ASKERS, len(questions)))]
    context = get_context("forkserver")
    context.set_forkserver_preload(["evaluation.asking"])
    with context.Manager() as manager, ProcessPoolExecutor(len(shares), context) as pool:
        ready = manager.Barrier(len(shares))
        asking = [pool.submit(_ask_when_all_are_ready, opened, each, ready) for each in shares]
        return list(chain.from_iterable(each.result() for each in asking))


def _ask_when_all_are_ready(opened: Open, questions: Sequence[str], ready: Barrier) -> list[float]:
    retriever = Retriever.open(opened(), the_encoder())

    def search(question: str) -> object:
        return retriever.search(parsed(question), HITS, EVERYTHING)

    search(questions[0])
    ready.wait()
    return [seconds(search, question) for question in questions]


def notice(retriever: Retriever, questions: Sequence[str]) -> ReloadLatency:
    """After a change, in a process that has asked before it."""
    waits = [
        1000 * seconds(lambda text: retriever.search(parsed(text), HITS, EVERYTHING), question)
        for question in questions
    ]
    return ReloadLatency(waits[0], statistics.median(waits[1:] or waits))


def seconds(ask: Callable[[str], object], question: str) -> float:
    """What one question takes."""
    began = time.perf_counter()
    ask(question)
    return time.perf_counter() - began


def nearest(snapshot: Snapshot, questions: NDArray[np.float32]) -> NDArray[np.float32]:
    """(questions, n) float32, the cosines of the up to `DEPTH` nearest of all passages, best first, by going through
    the exact vectors of a store of which nothing was ever deleted."""
    best = np.empty((len(questions), 0), dtype=np.float32)
    for vectors in _vectors(snapshot):
        best = np.concatenate([best, questions @ vectors.T], axis=1)
        if best.shape[1] > DEPTH:
            best = -np.partition(-best, DEPTH - 1, axis=1)[:, :DEPTH]
    return -np.sort(-best, axis=1)


def _vectors(snapshot: Snapshot) -> Iterator[NDArray[np.float32]]:
    count = snapshot.generation.passages
    for first in range(1, count + 1, READ_AT_ONCE):
        yield snapshot.candidates(range(first, min(first + READ_AT_ONCE, count + 1))).vectors


def _recall(snapshot: Snapshot, query: Query, near: NDArray[np.float32]) -> float:
    """The share of the ten nearest that the vector search brings; passages of one text count for each other."""
    count = min(NEAREST, len(near))
    hits = candidates(snapshot, query, QueryTerms.of(snapshot, query.question.terms), EVERYTHING, POOL)
    least = float(near[count - 1]) - EPSILON
    found = sum(hit.cosine >= least for hit in hits if hit.dense_rank is not None)
    return min(found, count) / count
