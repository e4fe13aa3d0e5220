"""Collections as large as a measurement needs, of real sentences whose vectors need no encoder.

The sentences of SQuAD-shaped question files are embedded once. An article is runs of one to four sentences, the first
from a paragraph A, the others from paragraphs near A, so that it has one subject; each sentence is a paragraph of its
own. The vector of a passage is the mean of its sentences' vectors, by words:

    "Ana spoke."  (1, 0)     "She then left for Rome by train."  (0, 1)
    the passage of both: (2 * (1, 0) + 7 * (0, 1)) / length = (0.27, 0.96)

Article n is the same for the same files and seed. Every fiftieth is a reprint of an earlier one, a little shorter; no
others are. `likeness` says how far such vectors are from those that the encoder gives.
"""

import hashlib
import random
import re
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from itertools import accumulate, islice
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from reader.train.data import Paragraph, paragraphs_of, read_file
from reader.train.headings import real_title
from retrieval.encoder import Encoder
from retrieval.errors import CorpusError
from retrieval.passages import split
from retrieval.progress import Progress
from retrieval.sentences import sentence_spans
from retrieval.storage.staging import passage_text
from retrieval.storage.vectors import passage_vectors
from retrieval.types import Article

SEED = 1
# a longer one is not a sentence, or is cut when the article is split
SENTENCE_WORDS = range(4, 61)
ARTICLE_WORDS = (350, 450)
RUN = (2, 4)
NEAR = 100
# of a collection whose paragraphs have hardly another sentence, articles are shorter
TRIES = 60
REPRINTED = 0.02
TITLE_WORDS = 9
FIRST_DAY = datetime(2015, 1, 1, 12, tzinfo=UTC)
DAYS = 3652
SOURCES = tuple(
    f"{town} {name}"
    for town in ("Aldmoor", "Brackwater", "Caxby", "Dunholm", "Eastmere", "Fellgate")
    for name in ("Courier", "Gazette", "Herald", "Post", "Times")
)
BETWEEN = "\n\n"
BATCH = 512

_DATE = re.compile(r" \(\d+ [A-Z][a-z]+ \d{4}\)$")


@dataclass(frozen=True, slots=True)
class SentencePool:
    """What articles are made of: the different sentences, each on one line; the paragraphs, each the numbers of its
    sentences in order; for each paragraph a title, and its text as it is in the file."""

    sentences: tuple[str, ...]
    paragraphs: tuple[tuple[int, ...], ...]
    titles: tuple[str, ...]
    texts: tuple[str, ...]

    @classmethod
    def read(cls, files: Iterable[Path]) -> "SentencePool":
        """Of every different paragraph of question files. Raises CorpusError."""
        different: dict[str, Paragraph] = {}
        for file in files:
            for paragraph in paragraphs_of(read_file(file)):
                different.setdefault(paragraph.text, paragraph)
        numbers: dict[str, int] = {}
        paragraphs, titles, texts = [], [], []
        for text, paragraph in different.items():
            found = [sentence for sentence in sentences(text) if _usable(sentence)]
            if found:
                paragraphs.append(tuple(numbers.setdefault(sentence, len(numbers)) for sentence in found))
                titles.append(" ".join(real_title(paragraph).split()) or _beginning(found[0]))
                texts.append(text)
        if not texts:
            raise CorpusError("The files hold no paragraph with a sentence; name others.")
        return cls(tuple(numbers), tuple(paragraphs), tuple(titles), tuple(texts))


@dataclass(frozen=True, slots=True)
class Vectors:
    """(n, dimension) float32 unit vectors of the `sentences` of some scraps, and of their `titles`, one a paragraph."""

    sentences: NDArray[np.float32]
    titles: NDArray[np.float32]

    @classmethod
    def of(cls, scraps: SentencePool, encoder: Encoder, cache: Path, progress: Progress) -> "Vectors":
        """Embeds them, or finds them in the folder `cache`."""
        return cls(*(embedded(texts, encoder, cache, progress) for texts in (scraps.sentences, scraps.titles)))


class Recombination:
    """Articles by number."""

    def __init__(self, scraps: SentencePool, vectors: Vectors, seed: int = SEED) -> None:
        self._scraps = scraps
        self._seed = seed
        self._near = _neighbours(scraps, vectors)
        self._words = [len(sentence.split()) for sentence in scraps.sentences]

    def article(self, number: int) -> Article:
        """The article of this number, from 0."""
        chance = random.Random(f"{self._seed} {number}")
        if number and chance.random() < REPRINTED:
            return self._reprint(number, self._original(chance.randrange(number)), chance)
        return self._original(number)

    def _original(self, number: int) -> Article:
        chance = random.Random(f"{self._seed} {number} original")
        subject = chance.randrange(len(self._scraps.paragraphs))
        wanted, words = chance.randint(*ARTICLE_WORDS), 0
        chosen: dict[int, None] = {}
        for paragraph in [subject, *(chance.choice(self._near[subject]) for _ in range(TRIES))]:
            run = [sentence for sentence in _run(self._scraps.paragraphs[paragraph], chance) if sentence not in chosen]
            chosen.update(dict.fromkeys(run))
            words += sum(self._words[sentence] for sentence in run)
            if words >= wanted:
                break
        text = BETWEEN.join(self._scraps.sentences[sentence] for sentence in chosen)
        day = FIRST_DAY + timedelta(days=chance.randrange(DAYS))
        return _article(number, self._scraps.titles[subject], chance.choice(SOURCES), day, text)

    @staticmethod
    def _reprint(number: int, first: Article, chance: random.Random) -> Article:
        lines = first.text.split(BETWEEN)
        text = BETWEEN.join(lines[: max(1, len(lines) - chance.randint(0, 3))])
        day = (first.published or FIRST_DAY) + timedelta(days=chance.randrange(3))
        return _article(number, first.title, chance.choice(SOURCES), day, text)


class RecombinedEncoder:
    """An `Encoder` for the texts of recombined articles, whose vectors pass for those of another one."""

    def __init__(self, scraps: SentencePool, vectors: Vectors, fingerprint: str) -> None:
        self.fingerprint = fingerprint
        self.dimension = vectors.sentences.shape[1]
        self._rows = {sentence: row for row, sentence in enumerate(scraps.sentences)}
        self._titles = {title: row for row, title in enumerate(scraps.titles)}
        self._vectors = vectors
        words = np.array([len(sentence.split()) for sentence in scraps.sentences], dtype=np.float32)
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


def likeness(
    scraps: SentencePool, recombined: RecombinedEncoder, embed: Callable[[Sequence[str]], NDArray[np.float32]],
    questions: NDArray[np.float32], most: int, compared: int = 200,
) -> Likeness:  # fmt: skip
    """Takes up to `most` passages of the files as they are, at random, and embeds them with `embed`."""
    order = random.Random(0).sample(range(len(scraps.texts)), len(scraps.texts))
    cut = (
        (number, passage_text(scraps.texts[number], *span)) for number in order for span in split(scraps.texts[number])
    )
    chosen = list(islice(cut, most))
    texts = [text for _, text in chosen]
    vectors = embed(texts)
    lines = [sentences(text) for text in texts]
    rows = [row for row, found in enumerate(lines) if len(found) > 1 and recombined.knows(BETWEEN.join(found))]
    rows = rows[:compared]
    means = recombined.encode([BETWEEN.join(lines[row]) for row in rows])
    cosines = (vectors[rows] * means).sum(axis=1)
    titles = recombined.encode([scraps.titles[number] for number, _ in chosen])
    near = -np.sort(-(questions @ passage_vectors(vectors, titles).T), axis=1)
    return Likeness(
        passages=len(rows),
        mean=float(cosines.mean()),
        low=float(np.percentile(cosines, 5)),
        collection=len(texts),
        first=float(near[:, 0].mean()),
        fiftieth=float(near[:, :50][:, -1].mean()),
    )


def sentences(text: str) -> list[str]:
    """The sentences of a text, each on one line."""
    return [" ".join(text[start:end].split()) for start, end in sentence_spans(text)]


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


def _usable(sentence: str) -> bool:
    """Whether it has the length of a sentence, and stays one sentence when it stands alone."""
    return len(sentence.split()) in SENTENCE_WORDS and len(sentence_spans(sentence)) == 1


def _beginning(sentence: str) -> str:
    return " ".join(sentence.split()[:TITLE_WORDS]).rstrip(" .,;:!?\"'”’")


def _neighbours(scraps: SentencePool, vectors: Vectors) -> list[list[int]]:
    """For each paragraph those nearest to it, itself among them."""
    lengths = [len(paragraph) for paragraph in scraps.paragraphs]
    rows = [row for paragraph in scraps.paragraphs for row in paragraph]
    starts = [0, *accumulate(lengths)][:-1]
    means = _unit(np.add.reduceat(vectors.sentences[rows], starts, axis=0))
    count = min(NEAR, len(means))
    near = [
        np.argpartition(-(means[first : first + BATCH] @ means.T), count - 1, axis=1)[:, :count]
        for first in range(0, len(means), BATCH)
    ]
    return [list(map(int, row)) for row in np.sort(np.concatenate(near), axis=1)]


def _run(paragraph: Sequence[int], chance: random.Random) -> Sequence[int]:
    length = min(chance.randint(*RUN), len(paragraph))
    first = chance.randint(0, len(paragraph) - length)
    return paragraph[first : first + length]


def _article(number: int, title: str, source: str, day: datetime, text: str) -> Article:
    return Article(f"recombined-{number:07}", title, source, None, day, "en", f"{number:07}.txt", text)


def _unit(vectors: NDArray[np.float32]) -> NDArray[np.float32]:
    return np.asarray(vectors / np.linalg.norm(vectors, axis=1, keepdims=True), dtype=np.float32)
