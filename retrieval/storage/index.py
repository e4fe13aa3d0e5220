"""The FAISS index: passage ids by vector, in one or more *segments*.

A segment is one immutable file of exact inner products. A refresh adds a segment for what is new and notes what is
gone, so that adding an article to a million passages writes a few kilobytes; a search asks all segments and keeps the
best. It is how log-structured merge trees and Lucene keep an index up to date (O'Neil et al. 1996).
"""

import hashlib
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import faiss
import numpy as np
from numpy.typing import NDArray

from retrieval.disk import flush
from retrieval.errors import StoreError
from retrieval.storage.integrity import FileRecord

# measured with `dateline evaluate scale`: where an exact search costs as much as embedding the question
EXACT_UP_TO = 50_000
LINKS = 16
LINKING_EFFORT = 100
# the ranges of the 8-bit codes are learned from so many vectors
SAMPLE = 50_000
# where a smaller share than this passes a filter, comparing all of them is faster
SCANNED_SHARE = 0.1
# of the RECALLED nearest passages, the share that must be among the FOUND that a search brings for exact scoring
RECALL = 0.99
RECALLED = 10
FOUND = 50
MOST_EFFORT = 1024
BATCH = 4096
NOTHING = np.empty(0, dtype=np.int64)


@dataclass(frozen=True, slots=True)
class Neighbours:
    """What an index finds, best first: `ids` (k,) int64 passage ids and `scores` (k,) float32, cosine."""

    ids: NDArray[np.int64]
    scores: NDArray[np.float32]


@dataclass(frozen=True, slots=True)
class VectorBatch:
    """(n,) int64 passage ids and their (n, dimension) float32 unit vectors."""

    ids: NDArray[np.int64]
    vectors: NDArray[np.float32]


class VectorIndex:
    """The passages of one segment."""

    def __init__(self, index: Any) -> None:  # a faiss.Index, whose type stubs lack what is used here
        self._index = index
        self._inner: Any = faiss.downcast_index(index.index)  # without the ids

    @classmethod
    def build(cls, dimension: int, count: int, batches: Callable[[], Iterator[VectorBatch]]) -> "VectorIndex":
        """An index of all `batches`, which hold about `count` vectors and may be gone through more than once.

        Up to `EXACT_UP_TO` vectors it is exact. Beyond, the vectors, in 8 bits a dimension, are the nodes of a graph in
        which a search walks from neighbour to neighbour towards the question (Malkov and Yashunin, Efficient and robust
        approximate nearest neighbor search using Hierarchical Navigable Small World graphs, 2018).
        """
        exact = count <= EXACT_UP_TO
        index = faiss.IndexIDMap(faiss.IndexFlatIP(dimension) if exact else _graph(dimension, count, batches()))
        for batch in batches():
            index.add_with_ids(batch.vectors, batch.ids)
        return cls(index)

    @classmethod
    def load(cls, path: Path) -> "VectorIndex":
        """Raises StoreError if the file is missing or damaged."""
        try:
            return cls(faiss.read_index(str(path)))
        except RuntimeError as error:
            text = "The index file %s is damaged; {bring the index up to date} to rebuild it."
            raise StoreError(text, path) from error

    @property
    def exact(self) -> bool:
        """Whether a search finds the nearest for certain."""
        return not isinstance(self._inner, faiss.IndexHNSW)

    def tune(self, questions: NDArray[np.float32], batches: Callable[[], Iterator[VectorBatch]]) -> float:
        """Sets how widely the graph is searched: the least that reaches `RECALL`; returns the recall reached, 0 to 1.

        The recall is the share of the exact `RECALLED` nearest of each question that are among the first `FOUND`;
        `questions` are (n, dimension) float32 vectors of the kind that will be searched for.
        """
        if self.exact:
            return 1.0
        nearest = _exact(questions, batches())
        graph = self._inner.hnsw
        graph.efSearch = FOUND
        while True:
            _, found = self._index.search(questions, FOUND)
            recall = float(np.mean([np.isin(*pair).mean() for pair in zip(nearest, found, strict=True)]))
            if recall >= RECALL or graph.efSearch >= MOST_EFFORT:
                return recall
            graph.efSearch *= 2

    def save(self, path: Path) -> FileRecord:
        """Writes the index to `path`, whole or not at all, and flushes it to disk. Raises StoreError."""
        temporary = path.with_name(path.name + ".tmp")
        digest = hashlib.sha256()
        failures: list[OSError] = []
        try:
            with temporary.open("wb") as file:

                def write(block: bytes) -> None:
                    digest.update(block)
                    try:
                        if not failures:
                            file.write(block)
                    except OSError as error:  # it must not cross faiss's C++
                        failures.append(error)

                writer = faiss.PyCallbackIOWriter(write)  # type: ignore[attr-defined]
                faiss.write_index(self._index, writer)
                del writer  # hands over the last block
                if failures:
                    raise failures[0]
            flush(temporary)
            written = temporary.stat()
            temporary.replace(path)
            flush(path.parent)
        except OSError as error:
            temporary.unlink(missing_ok=True)
            text = "The index cannot be written to %s (%s); free some disk space there, or fix its permissions."
            raise StoreError(text, path.parent) from error
        return FileRecord(written.st_size, written.st_mtime_ns, digest.digest())

    def __len__(self) -> int:
        return int(self._index.ntotal)

    @property
    def ids(self) -> NDArray[np.int64]:
        """(n,) int64, the passages' ids, in the order of `batches`."""
        return np.asarray(faiss.vector_to_array(self._index.id_map), dtype=np.int64)

    def batches(self) -> Iterator[VectorBatch]:
        """All that is in the index; the vectors as exact as it has them."""
        ids = self.ids
        for start in range(0, len(ids), BATCH):
            some = ids[start : start + BATCH]
            yield VectorBatch(some, self._inner.reconstruct_n(start, len(some)))

    def search(
        self,
        vector: NDArray[np.float32],
        k: int,
        among: NDArray[np.int64] | None = None,
        without: NDArray[np.int64] = NOTHING,
    ) -> Neighbours:
        """The `k` nearest of all passages but those `without`, or of those `among`; `vector` (dimension,) float32."""
        count = min(k, len(self) - len(without) if among is None else len(among))
        if count <= 0:
            return Neighbours(ids=NOTHING, scores=np.empty(0, dtype=np.float32))
        with _one_thread():
            if among is None:
                selector = faiss.IDSelectorNot(_selector(without)) if len(without) else None
                scores, ids = self._index.search(vector[np.newaxis], count, params=self._parameters(selector, 1.0))
            else:
                scores, ids = self._search_among(vector[np.newaxis], count, among)
        found = ids[0] >= 0
        return Neighbours(ids=ids[0][found], scores=scores[0][found])

    def _search_among(self, vector: NDArray[np.float32], count: int, among: NDArray[np.int64]) -> Any:
        share = min(1.0, len(among) / len(self))
        if self.exact or share >= SCANNED_SHARE:
            return self._index.search(vector, count, params=self._parameters(_selector(among), share))
        everything = self.ids
        places = np.flatnonzero(_mask(among, size=int(everything.max()) + 1)[everything])
        parameters: Any = faiss.SearchParameters
        scores, ids = faiss.downcast_index(self._inner.storage).search(
            vector, count, params=parameters(sel=_selector(places))
        )
        return scores, np.where(ids >= 0, everything[ids], -1)

    def _parameters(self, selector: Any, share: float) -> Any:
        """`share` of the passages pass the filter: the fewer, the more must be visited to find as many."""
        library: Any = faiss
        if self.exact:
            return library.SearchParameters(sel=selector)
        return library.SearchParametersHNSW(sel=selector, efSearch=int(self._inner.hnsw.efSearch / share))


def _graph(dimension: int, count: int, batches: Iterator[VectorBatch]) -> Any:
    """An empty graph that has learned the ranges of its codes from an even sample of the vectors."""
    rng = np.random.default_rng(0)
    share = min(1.0, SAMPLE / count)
    sample = np.concatenate([batch.vectors[rng.random(len(batch.ids)) < share] for batch in batches])
    bits: Any = faiss.ScalarQuantizer.QT_8bit
    index = faiss.IndexHNSWSQ(dimension, bits, LINKS, faiss.METRIC_INNER_PRODUCT)
    index.hnsw.efConstruction = LINKING_EFFORT
    index.train(sample)
    return index


def _exact(questions: NDArray[np.float32], batches: Iterator[VectorBatch]) -> NDArray[np.int64]:
    """(n, RECALLED) int64, the ids of the nearest of n questions, by going through all vectors."""
    ids = np.full((len(questions), 0), -1, dtype=np.int64)
    scores = np.empty((len(questions), 0), dtype=np.float32)
    for batch in batches:
        scores = np.concatenate([scores, questions @ batch.vectors.T], axis=1)
        ids = np.concatenate([ids, np.broadcast_to(batch.ids, (len(questions), len(batch.ids)))], axis=1)
        best = np.argsort(-scores, axis=1, kind="stable")[:, :RECALLED]
        scores, ids = np.take_along_axis(scores, best, axis=1), np.take_along_axis(ids, best, axis=1)
    return ids


def _selector(ids: NDArray[np.int64]) -> Any:
    """Lets these ids through: one bit an id, the lowest first."""
    bitmap: Any = faiss.IDSelectorBitmap
    return bitmap(np.packbits(_mask(ids, size=int(ids.max(initial=0)) + 1), bitorder="little"))


def _mask(ids: NDArray[np.int64], size: int) -> NDArray[np.bool_]:
    """(size,) whether the id of that number is among `ids`; larger ones are left out."""
    mask = np.zeros(size, dtype=bool)
    mask[ids[ids < size]] = True
    return mask


@contextmanager
def _one_thread() -> Iterator[None]:
    """One question is too little work to share out between threads: they cost more than they bring."""
    before = faiss.omp_get_max_threads()
    faiss.omp_set_num_threads(1)
    try:
        yield
    finally:
        faiss.omp_set_num_threads(before)


@dataclass(frozen=True, slots=True)
class Segment:
    """One loaded segment; `dead` are ids in it that no longer stand for a passage."""

    id: int
    index: VectorIndex
    dead: NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class SegmentedIndex:
    """All passages of one generation."""

    segments: tuple[Segment, ...]

    def __len__(self) -> int:
        return sum(len(segment.index) - len(segment.dead) for segment in self.segments)

    def search(self, vector: NDArray[np.float32], k: int, among: NDArray[np.int64] | None = None) -> Neighbours:
        """The `k` nearest of all passages, or of those `among`, by inner product with `vector` (dimension,) float32."""
        found = [segment.index.search(vector, k, among, segment.dead) for segment in self.segments]
        if not found:
            return Neighbours(ids=NOTHING, scores=np.empty(0, dtype=np.float32))
        ids = np.concatenate([each.ids for each in found])
        scores = np.concatenate([each.scores for each in found])
        best = np.lexsort((ids, -scores))[:k]
        return Neighbours(ids=ids[best], scores=scores[best])
