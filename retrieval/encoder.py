"""Text becomes vectors, with sentence-transformers."""

import hashlib
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Protocol

import numpy as np
from numpy.typing import NDArray
from safetensors import SafetensorError

from retrieval.errors import ModelError
from retrieval.models import quieten_transformers, sha256_file

if TYPE_CHECKING:  # a heavy import, paid for where a model is loaded
    from sentence_transformers import SentenceTransformer

BATCH = 16
# all that decides a vector: weights, tokenizer, pooling; not read-me files
DECISIVE_SUFFIXES = frozenset({".safetensors", ".bin", ".json", ".txt", ".model"})


class Encoder(Protocol):
    """Embeds texts: the place where an embedding model plugs in.

    `fingerprint` is equal for two encoders exactly when they give the same vectors; `dimension` is the vectors' length.
    """

    @property
    def fingerprint(self) -> str: ...

    @property
    def dimension(self) -> int: ...

    def encode(self, texts: Sequence[str]) -> NDArray[np.float32]:
        """(n, dimension) float32, unit norm, so that an inner product is the cosine: higher is more alike."""
        ...


def fingerprint(folder: Path) -> str:
    """16 hex digits over every file of a model folder that decides its vectors. Raises ModelError."""
    digest = hashlib.sha256()
    for path in sorted(folder.rglob("*")):
        if path.is_file() and path.suffix in DECISIVE_SUFFIXES:
            digest.update(f"{path.relative_to(folder).as_posix()}\0{sha256_file(path)}\n".encode())
    return digest.hexdigest()[:16]


class SentenceTransformerEncoder:
    """Any sentence-transformers model, on the CPU."""

    def __init__(self, model: "SentenceTransformer", fingerprint: str) -> None:
        self._model = model
        self.fingerprint = fingerprint
        self.dimension = int(model.encode(["probe"], show_progress_bar=False).shape[1])

    @classmethod
    def load(cls, folder: Path) -> "SentenceTransformerEncoder":
        """Loads the model in `folder`. Raises ModelError if it is no sentence-transformers model."""
        from sentence_transformers import SentenceTransformer

        quieten_transformers()
        try:
            model = SentenceTransformer(str(folder), device="cpu", local_files_only=True)
        except (OSError, ValueError, KeyError, RuntimeError, SafetensorError) as error:
            problem = " ".join(str(error).split())[:300]
            raise ModelError(
                f"The encoder in {folder} cannot be loaded ({problem}); restore it, or name another in [encoder] model."
            ) from error
        return cls(model, fingerprint(folder))

    def encode(self, texts: Sequence[str]) -> NDArray[np.float32]:
        """See `Encoder.encode`."""
        if not texts:
            return np.zeros((0, self.dimension), dtype=np.float32)
        vectors = self._model.encode(
            list(texts), batch_size=BATCH, normalize_embeddings=True, show_progress_bar=False, convert_to_numpy=True
        )
        return np.ascontiguousarray(vectors, dtype=np.float32)


class LazyEncoder:
    """An encoder that is loaded when the first text comes: an index run that finds nothing new never pays for it."""

    def __init__(self, fingerprint: str, load: Callable[[], Encoder]) -> None:
        self.fingerprint = fingerprint
        self._load = load
        self._loaded: Encoder | None = None

    @property
    def dimension(self) -> int:
        """See `Encoder.dimension`; loads."""
        return self.loaded().dimension

    def encode(self, texts: Sequence[str]) -> NDArray[np.float32]:
        """See `Encoder.encode`; loads."""
        return self.loaded().encode(texts)

    def loaded(self) -> Encoder:
        """The encoder itself; loads it the first time. Raises what loading raises."""
        if self._loaded is None:
            self._loaded = self._load()
        return self._loaded
