"""Vectors as a database keeps them, and that of a passage, which is made of two."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

# The vector of a passage is that of its text plus a little of its heading's, which tells it apart from the passages of
# other articles; kept apart from each other in the database, so that a new title or date embeds no passage again.
HEADING_WEIGHT = 0.2


def passage_vectors(text: NDArray[np.float32], heading: NDArray[np.float32]) -> NDArray[np.float32]:
    """(n, dimension) float32, unit norm: the vectors of n passages from those of their texts and headings."""
    vectors = text + np.float32(HEADING_WEIGHT) * heading
    return np.ascontiguousarray(vectors / np.linalg.norm(vectors, axis=1, keepdims=True), dtype=np.float32)


def packed(vector: NDArray[np.float32]) -> bytes:
    """A (dimension,) vector as the database has it: little-endian float32."""
    return vector.astype("<f4").tobytes()


def unpacked(stored: Sequence[bytes], dimension: int) -> NDArray[np.float32]:
    """(n, dimension) float32 from n vectors as the database has them."""
    return np.frombuffer(b"".join(stored), dtype="<f4").reshape(len(stored), dimension)
