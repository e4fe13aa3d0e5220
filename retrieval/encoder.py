"""Text becomes vectors, with any sentence-transformers model: compiled (`retrieval.engine`), or in PyTorch."""

import hashlib
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Protocol

import numpy as np
from numpy.typing import NDArray
from safetensors import SafetensorError
from tokenizers import Tokenizer

from retrieval.engine import (
    FORMAT,
    TOKENIZER,
    CompiledNetwork,
    ConversionError,
    Manifest,
    Text,
    compiled_or_own,
    convert,
    is_compiled,
)
from retrieval.errors import ModelError
from retrieval.models import PACKAGED, cache_folder, quieten_transformers, resolve, sha256_file
from retrieval.progress import Progress
from retrieval.types import Precision

if TYPE_CHECKING:  # a heavy import, paid for where a model is loaded
    from sentence_transformers import SentenceTransformer

BATCH = 16
_EMBEDDING = "embedding"
# a compiled encoder must agree with its original on these: short, long beyond any limit, odd white space and letters
_PROBES = (
    "Who met?",
    "  Lavrov\nand  MADURO met. ",
    "Kyjiv – Ñandú, naïve “quotes”, 東京, ﬁ",
    "the talks in Caracas " * 400,
)
_ALIKE = 0.9999
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
    """Any sentence-transformers model, in PyTorch on the CPU."""

    def __init__(self, model: "SentenceTransformer", fingerprint: str) -> None:
        self.model = model
        self.fingerprint = fingerprint
        self.dimension = int(model.encode(["probe"], show_progress_bar=False).shape[1])

    @classmethod
    def load(cls, folder: Path) -> "SentenceTransformerEncoder":
        """Loads the model in `folder`. Raises ModelError if it is not a sentence-transformers model."""
        from sentence_transformers import SentenceTransformer

        quieten_transformers()
        try:
            model = SentenceTransformer(str(folder), device="cpu", local_files_only=True)
        except (OSError, ValueError, KeyError, RuntimeError, SafetensorError) as error:
            text = "The encoder in %s cannot be loaded (%s); restore it, or name another in {the encoder}."
            raise ModelError(text, folder) from error
        return cls(model, fingerprint(folder))

    def encode(self, texts: Sequence[str]) -> NDArray[np.float32]:
        """See `Encoder.encode`."""
        if not texts:
            return np.zeros((0, self.dimension), dtype=np.float32)
        vectors = self.model.encode(
            list(texts), batch_size=BATCH, normalize_embeddings=True, show_progress_bar=False, convert_to_numpy=True
        )
        return np.ascontiguousarray(vectors, dtype=np.float32)


class CompiledEncoder:
    """A sentence-transformers model that was compiled."""

    def __init__(self, network: CompiledNetwork, tokenizer: Tokenizer) -> None:
        self._network = network
        self._tokenizer = tokenizer
        self._prompt: str = network.more["prompt"]
        self.fingerprint: str = network.more["fingerprint"]
        self.dimension: int = network.more["dimension"]

    @classmethod
    def load(cls, folder: Path, precision: Precision | None = None) -> "CompiledEncoder":
        """The encoder in a folder that `prepared_encoder` made. Raises ModelError."""
        return cls(CompiledNetwork.load(folder, precision), Tokenizer.from_file(str(folder / TOKENIZER)))

    def encode(self, texts: Sequence[str]) -> NDArray[np.float32]:
        """See `Encoder.encode`."""
        encodings = self._tokenizer.encode_batch([self._prompt + text.strip() for text in texts])
        inputs = [Text(np.array(each.ids), np.array(each.type_ids)) for each in encodings]
        found = [outputs[_EMBEDDING] for outputs in self._network.run(inputs)]
        vectors = np.array(found, dtype=np.float32).reshape(len(found), self.dimension)
        lengths = np.linalg.norm(vectors, axis=1, keepdims=True)
        return np.ascontiguousarray(vectors / np.maximum(lengths, np.finfo(np.float32).tiny))


def prepared_encoder(model: str, progress: Progress, *, compiled: bool = True) -> Path:
    """The folder of the encoder to load: `compiled`, or where that is not wanted or not possible, the model's own.

    Raises ModelError.
    """
    if not compiled:
        return resolve(model, progress)
    packaged = PACKAGED.get(model)
    # what is packaged is known by its pinned hash, and need not be read again
    key = fingerprint(resolve(model, progress)) if packaged is None else packaged.sha256
    return compiled_or_own(model, compiled_encoder(key), lambda: resolve(model, progress), _compile, progress)


def compiled_encoder(key: str) -> Path:
    """Where an encoder with this key, the SHA-256 of packaged weights or a fingerprint, is compiled."""
    return cache_folder() / f"encoder-{key[:16]}-{FORMAT}"


def load_encoder(folder: Path, precision: Precision | None = None) -> Encoder:
    """The encoder in a folder that `prepared_encoder` names. Raises ModelError."""
    return CompiledEncoder.load(folder, precision) if is_compiled(folder) else SentenceTransformerEncoder.load(folder)


def lazy_encoder(folder: Path, precision: Precision | None = None) -> "LazyEncoder":
    """The same, loaded when the first text comes. Raises ModelError."""
    own = Manifest.load(folder).more["fingerprint"] if is_compiled(folder) else fingerprint(folder)
    return LazyEncoder(own, lambda: load_encoder(folder, precision))


def _compile(source: Path, folder: Path) -> None:
    import torch

    original = SentenceTransformerEncoder.load(source)
    model = original.model
    tokenizer = Tokenizer.from_str(model.tokenizer.backend_tokenizer.to_str())
    tokenizer.no_padding()
    if model.max_seq_length is not None:
        tokenizer.enable_truncation(model.max_seq_length)
    tokenizer.save(str(folder / TOKENIZER))
    types = "token_type_ids" in model.tokenizer.model_input_names

    class Embedding(torch.nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.model = model

        def forward(self, ids: torch.Tensor, token_types: torch.Tensor | None = None) -> torch.Tensor:
            features = {"input_ids": ids, "attention_mask": torch.ones_like(ids)}
            if token_types is not None:
                features["token_type_ids"] = token_types
            embedding: torch.Tensor = self.model(features)["sentence_embedding"]
            return embedding

    more = {
        "fingerprint": original.fingerprint,
        "dimension": original.dimension,
        "prompt": model.prompts.get(model.default_prompt_name or "", ""),
    }
    convert(Embedding(), (_EMBEDDING,), types, folder, more)
    network = CompiledNetwork.load(folder, "float32", keep=False)
    cosines = (CompiledEncoder(network, tokenizer).encode(_PROBES) * original.encode(_PROBES)).sum(axis=1)
    if cosines.min() < _ALIKE:
        raise ConversionError(f"compiled, its vectors are others (cosine {cosines.min():.4f}, expected {_ALIKE})")


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
