"""The FAISS index: passage ids by vector, in one or more *segments*.

A segment is one immutable file of exact inner products. A refresh adds a segment for what is new and notes what is
gone, so that adding an article to a million passages writes a few kilobytes; a search asks all segments and keeps the
best. It is how log-structured merge trees and Lucene keep an index up to date (O'Neil et al. 1996).
"""

import hashlib
import os
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import faiss
import numpy as np
from numpy.typing import NDArray

from retrieval.errors import StoreError


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


@dataclass(frozen=True, slots=True)
class SavedFile:
    """What was written to disk: its length in bytes and its SHA-256 digest."""

    length: int
    digest: bytes


class VectorIndex:
    """The passages of one segment."""

    def __init__(self, index: faiss.Index) -> None:
        self._index = index

    @classmethod
    def build(cls, dimension: int, batches: Iterator[VectorBatch]) -> "VectorIndex":
        """An index of all `batches`."""
        index = faiss.IndexIDMap2(faiss.IndexFlatIP(dimension))
        for batch in batches:
            index.add_with_ids(batch.vectors, batch.ids)
        return cls(index)

    @classmethod
    def load(cls, path: Path) -> "VectorIndex":
        """Raises StoreError if the file is missing or damaged."""
        try:
            return cls(faiss.read_index(str(path)))
        except RuntimeError as error:
            raise StoreError(f"The index file {path} is damaged; run `dateline index` to rebuild it.") from error

    def save(self, path: Path) -> SavedFile:
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
                file.flush()
                os.fsync(file.fileno())
                size = file.tell()
            temporary.replace(path)
            flush_folder(path.parent)
        except OSError as error:
            temporary.unlink(missing_ok=True)
            raise StoreError(f"The index cannot be written to {path.parent}; free some disk space there.") from error
        return SavedFile(size, digest.digest())

    def __len__(self) -> int:
        return int(self._index.ntotal)

    @property
    def ids(self) -> NDArray[np.int64]:
        """(n,) int64, the passages' ids in the order in which they were added."""
        return np.asarray(faiss.vector_to_array(self._index.id_map), dtype=np.int64)  # type: ignore[attr-defined]

    def vectors(self, ids: Sequence[int]) -> NDArray[np.float32]:
        """(n, dimension) float32, the vectors of these ids, all of which must be there."""
        return np.stack([self._index.reconstruct(int(each)) for each in ids])

    def search(
        self,
        vector: NDArray[np.float32],
        k: int,
        among: Sequence[int] | None = None,
        without: Sequence[int] = (),
    ) -> Neighbours:
        """The `k` nearest of all passages but those `without`, or of those `among`; `vector` (dimension,) float32."""
        count = min(k, len(self) - len(without) if among is None else len(among))
        if count <= 0:
            return Neighbours(ids=np.empty(0, dtype=np.int64), scores=np.empty(0, dtype=np.float32))
        named = faiss.IDSelectorBatch(np.asarray(without if among is None else among, dtype=np.int64))
        others = faiss.IDSelectorNot(named)
        parameters = None  # a search of everything is faster without a selector
        if among is not None or without:
            parameters = faiss.SearchParameters(sel=others if among is None else named)  # type: ignore[call-arg]
        scores, ids = self._index.search(vector[np.newaxis], count, params=parameters)
        found = ids[0] >= 0
        return Neighbours(ids=ids[0][found], scores=scores[0][found])


@dataclass(frozen=True, slots=True)
class Segment:
    """One loaded segment; `dead` are ids in it that no longer stand for a passage."""

    id: int
    index: VectorIndex
    dead: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class SegmentedIndex:
    """All passages of one generation."""

    segments: tuple[Segment, ...]

    def __len__(self) -> int:
        return sum(len(segment.index) - len(segment.dead) for segment in self.segments)

    def search(self, vector: NDArray[np.float32], k: int, among: Sequence[int] | None = None) -> Neighbours:
        """The `k` nearest of all passages, or of those `among`, by inner product with `vector` (dimension,) float32."""
        found = [segment.index.search(vector, k, among, segment.dead) for segment in self.segments]
        if not found:
            return Neighbours(ids=np.empty(0, dtype=np.int64), scores=np.empty(0, dtype=np.float32))
        ids = np.concatenate([each.ids for each in found])
        scores = np.concatenate([each.scores for each in found])
        best = np.lexsort((ids, -scores))[:k]
        return Neighbours(ids=ids[best], scores=scores[best])


def file_digest(path: Path) -> SavedFile:
    """What `save` said of the file when it was written, if it is still the same. Raises OSError."""
    with path.open("rb") as file:
        digest = hashlib.file_digest(file, "sha256")
        return SavedFile(file.tell(), digest.digest())


def flush_folder(folder: Path) -> None:
    """Makes the names in a folder as durable as their files."""
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
