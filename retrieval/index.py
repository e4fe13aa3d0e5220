"""The FAISS index of one generation: exact inner product over all its passage vectors, derived from the database."""

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


class VectorIndex:
    """Passage ids by vector."""

    def __init__(self, index: faiss.Index) -> None:
        self._index = index

    @classmethod
    def build(cls, dimension: int, batches: Iterator[tuple[NDArray[np.int64], NDArray[np.float32]]]) -> "VectorIndex":
        """An index of all `batches` of (n,) ids and (n, dimension) unit vectors."""
        index = faiss.IndexIDMap2(faiss.IndexFlatIP(dimension))
        for ids, vectors in batches:
            index.add_with_ids(vectors, ids)
        return cls(index)

    @classmethod
    def load(cls, path: Path) -> "VectorIndex":
        """Raises StoreError if the file is missing or damaged."""
        try:
            return cls(faiss.read_index(str(path)))
        except RuntimeError as error:
            raise StoreError(f"The index file {path} is damaged; run `dateline index` to rebuild it.") from error

    def save(self, path: Path) -> None:
        """Writes the index to `path`, whole or not at all, and flushes it to disk. Raises StoreError."""
        temporary = path.with_name(path.name + ".tmp")
        try:
            # faiss's own writer does not notice a disk that is full by a few bytes
            with temporary.open("wb") as file:
                file.write(faiss.serialize_index(self._index).data)
                file.flush()
                os.fsync(file.fileno())
            temporary.replace(path)
            folder = os.open(path.parent, os.O_RDONLY)
            try:
                os.fsync(folder)
            finally:
                os.close(folder)
        except OSError as error:
            temporary.unlink(missing_ok=True)
            raise StoreError(f"The index cannot be written to {path.parent}; free some disk space there.") from error

    def __len__(self) -> int:
        return int(self._index.ntotal)

    def search(self, vector: NDArray[np.float32], k: int, among: Sequence[int] | None = None) -> Neighbours:
        """The `k` nearest of all passages, or of those `among`, by inner product with `vector` (dimension,) float32."""
        count = min(k, len(self) if among is None else len(among))
        if count == 0:
            return Neighbours(ids=np.empty(0, dtype=np.int64), scores=np.empty(0, dtype=np.float32))
        parameters = None
        if among is not None:
            selector = faiss.IDSelectorBatch(np.asarray(among, dtype=np.int64))
            parameters = faiss.SearchParameters(sel=selector)  # type: ignore[call-arg]
        scores, ids = self._index.search(vector[np.newaxis], count, params=parameters)
        found = ids[0] >= 0
        return Neighbours(ids=ids[0][found], scores=scores[0][found])
