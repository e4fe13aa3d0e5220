"""Vectors of recombined articles that need no encoder.

The sentences are embedded once. The vector of a passage is the mean of its sentences' vectors, by words:

    "Ana spoke."  (1, 0)     "She then left for Rome by train."  (0, 1)
    the passage of both: (2 * (1, 0) + 7 * (0, 1)) / length = (0.27, 0.96)

`likeness` says how far such vectors are from those that the encoder gives.
"""

import hashlib
import random
import re
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from itertools import accumulate, islice
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from evaluation.recombined import BETWEEN, SEED, Recombination, SentencePool, sentences
from retrieval.encoder import Encoder
from retrieval.passages import split
from retrieval.progress import Progress
from retrieval.storage.staging import passage_text
from retrieval.storage.vectors import passage_vectors

NEAR = 300
BATCH = 512

_DATE = re.compile(r" \(\d+ [A-Z][a-z]+ \d{4}\)$")


@dataclass(frozen=True, slots=True)
class Vectors:
    """(n, dimension) float32 unit vectors of the `sentences` of a pool, and of their `titles`, one a paragraph."""

    sentences: NDArray[np.float32]
    titles: NDArray[np.float32]

    @classmethod
    def of(cls, pool: SentencePool, encoder: Encoder, cache: Path, progress: Progress) -> "Vectors":
        """Embeds them, or finds them in the folder `cache`."""
        return cls(*(embedded(texts, encoder, cache, progress) for texts in (pool.sentences, pool.titles)))

    def neighbours(self, pool: SentencePool) -> list[list[int]]:
        """For each paragraph those nearest to it, itself among them, for `Recombination`."""
        lengths = [len(paragraph) for paragraph in pool.paragraphs]
        rows = [row for paragraph in pool.paragraphs for row in paragraph]
        starts = [0, *accumulate(lengths)][:-1]
        means = _unit(np.add.reduceat(self.sentences[rows], starts, axis=0))
        count = min(NEAR, len(means))
        near = [
            np.argpartition(-(means[first : first + BATCH] @ means.T), count - 1, axis=1)[:, :count]
            for first in range(0, len(means), BATCH)
        ]
        return [list(map(int, row)) for row in np.sort(np.concatenate(near), axis=1)]


class SummedEncoder:
    """An `Encoder` for the texts of recombined articles, whose vectors pass for those of another one."""

    def __init__(self, pool: SentencePool, vectors: Vectors, fingerprint: str) -> None:
        self.pool = pool
        self.fingerprint = fingerprint
        self.dimension = vectors.sentences.shape[1]
        self._rows = {sentence: row for row, sentence in enumerate(pool.sentences)}
        self._titles = {title: row for row, title in enumerate(pool.titles)}
        self._vectors = vectors
        words = np.array([len(sentence.split()) for sentence in pool.sentences], dtype=np.float32)
        self._weighted = vectors.sentences * words[:, np.newaxis]

    def knows(self, text: str) -> bool:
        """Whether it can embed the text."""
        return all(line in self._rows for line in text.split(BETWEEN)) or _DATE.sub("", text) in self._titles

    def encode(self, texts: Sequence[str]) -> NDArray[np.float32]:
        """See `Encoder.encode`; each of the texts is sentences, or a title with or without a date."""
        return _unit(np.stack([self._sum(text) for text in texts]))

    def _sum(self, text: str) -> NDArray[np.float32]:
        rows = [self._rows.get(line) for line in text.split(BETWEEN)]
        known = [row for row in rows if row is not None]
        if len(known) == len(rows):
            return np.asarray(self._weighted[known].sum(axis=0))
        return np.asarray(self._vectors.titles[self._titles[_DATE.sub("", text)]])


@dataclass(frozen=True, slots=True)
class Likeness:
    """How passages of the files as they are compare with recombined ones, all cosines.

    `passages` of two sentences or more: the mean and the 5th percentile (`low`) of the cosine between the vector that
    the encoder gives to one and the mean of its sentences'. `first` and `fiftieth`: the mean over questions of the
    cosine of the nearest passage, and of the 50th, among `collection` passages that the encoder has embedded.
    """

    passages: int
    mean: float
    low: float
    collection: int
    first: float
    fiftieth: float


def summed(
    files: Iterable[Path], encoder: Encoder, cache: Path, progress: Progress, seed: int = SEED
) -> tuple[Recombination, SummedEncoder]:
    """Articles of the sentences of question files, and what encodes them; embedded sentences are kept in `cache`.

    Raises CorpusError.
    """
    pool = SentencePool.read(files)
    vectors = Vectors.of(pool, encoder, cache, progress)
    return Recombination(pool, vectors.neighbours(pool), seed), SummedEncoder(pool, vectors, encoder.fingerprint)


def likeness(
    summed: SummedEncoder, embed: Callable[[Sequence[str]], NDArray[np.float32]],
    questions: NDArray[np.float32], most: int, compared: int = 200,
) -> Likeness:  # fmt: skip
    """Takes up to `most` passages of the files as they are, at random, and embeds them with `embed`."""
    pool = summed.pool
    order = random.Random(0).sample(range(len(pool.texts)), len(pool.texts))
    cut = ((number, passage_text(pool.texts[number], *span)) for number in order for span in split(pool.texts[number]))
    chosen = list(islice(cut, most))
    texts = [text for _, text in chosen]
    vectors = embed(texts)
    lines = [sentences(text) for text in texts]
    rows = [row for row, found in enumerate(lines) if len(found) > 1 and summed.knows(BETWEEN.join(found))]
    rows = rows[:compared]
    means = summed.encode([BETWEEN.join(lines[row]) for row in rows])
    cosines = (vectors[rows] * means).sum(axis=1)
    titles = summed.encode([pool.titles[number] for number, _ in chosen])
    near = -np.sort(-(questions @ passage_vectors(vectors, titles).T), axis=1)
    return Likeness(
        passages=len(rows),
        mean=float(cosines.mean()),
        low=float(np.percentile(cosines, 5)),
        collection=len(texts),
        first=float(near[:, 0].mean()),
        fiftieth=float(near[:, :50][:, -1].mean()),
    )


def embedded(texts: Sequence[str], encoder: Encoder, cache: Path, progress: Progress) -> NDArray[np.float32]:
    """(n, dimension) float32, the vectors of the texts; kept in the folder `cache`, and found there again."""
    key = hashlib.blake2b("\0".join([encoder.fingerprint, *texts]).encode(), digest_size=8).hexdigest()
    path = cache / f"vectors-{key}.npy"
    if not path.exists():
        vectors = np.empty((len(texts), encoder.dimension), dtype=np.float32)
        # those of like length together: what is short is not padded to what is long
        order = sorted(range(len(texts)), key=lambda number: len(texts[number]))
        with progress("Embedding sentences", len(texts)) as advance:
            for first in range(0, len(order), BATCH):
                batch = order[first : first + BATCH]
                vectors[batch] = encoder.encode([texts[number] for number in batch])
                advance(len(batch))
        temporary = path.with_suffix(".tmp.npy")
        np.save(temporary, vectors)
        temporary.replace(path)
    return np.asarray(np.load(path), dtype=np.float32)


def _unit(vectors: NDArray[np.float32]) -> NDArray[np.float32]:
    return np.asarray(vectors / np.linalg.norm(vectors, axis=1, keepdims=True), dtype=np.float32)
