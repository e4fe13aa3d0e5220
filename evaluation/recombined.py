"""Collections as large as a measurement needs, of the sentences of SQuAD-shaped question files.

An article is runs of one to four sentences, the first from a paragraph A, the others from any paragraph; or, where the
vectors of the sentences are known (see evaluation.summed), from those near A, so that it has one subject. Each sentence
is a paragraph of its own. Article n is the same for the same files and seed. Every fiftieth is a reprint of an earlier
one, a little shorter; no others are.
"""

import json
import random
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

from evaluation.commands import ROOT
from evaluation.paragraphs import as_articles
from reader.train.data import paragraphs_of, read_file
from retrieval.errors import CorpusError
from retrieval.sentences import sentence_spans
from retrieval.types import Article

# 19,000 sentences of news that was invented to train the reader with
NEWS = ROOT / "reader" / "train" / "passages.json"
SEED = 1
# a longer one is not a sentence, or is cut when the article is split
SENTENCE_WORDS = range(4, 61)
ARTICLE_WORDS = (350, 450)
RUN = (2, 4)
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
        numbers: dict[str, int] = {}
        paragraphs, titles, texts = [], [], []
        for each in as_articles(paragraph for file in files for paragraph in paragraphs_of(read_file(file))):
            found = [sentence for sentence in sentences(each.text) if _usable(sentence)]
            if found:
                paragraphs.append(tuple(numbers.setdefault(sentence, len(numbers)) for sentence in found))
                titles.append(" ".join(each.title.split()) or _beginning(found[0]))
                texts.append(each.text)
        if not texts:
            raise CorpusError("The files hold no paragraph with a sentence; name others.")
        return cls(tuple(numbers), tuple(paragraphs), tuple(titles), tuple(texts))


class Recombination:
    """Articles by number. `near` are the paragraphs that may follow each one; without it any may."""

    def __init__(self, pool: SentencePool, near: Sequence[Sequence[int]] | None = None, seed: int = SEED) -> None:
        self._pool = pool
        self._seed = seed
        every = range(len(pool.paragraphs))
        self._near = [every] * len(every) if near is None else near
        self._words = [len(sentence.split()) for sentence in pool.sentences]

    @classmethod
    def of_news(cls) -> "Recombination":
        """Of sentences that come with Dateline."""
        return cls(SentencePool.read([NEWS]))

    def article(self, number: int) -> Article:
        """The article of this number, from 0."""
        chance = random.Random(f"{self._seed} {number}")
        if number and chance.random() < REPRINTED:
            return self._reprint(number, self._original(chance.randrange(number)), chance)
        return self._original(number)

    def _original(self, number: int) -> Article:
        chance = random.Random(f"{self._seed} {number} original")
        subject = chance.randrange(len(self._pool.paragraphs))
        wanted, words = chance.randint(*ARTICLE_WORDS), 0
        chosen: dict[int, None] = {}
        for paragraph in [subject, *(chance.choice(self._near[subject]) for _ in range(TRIES))]:
            run = [sentence for sentence in _run(self._pool.paragraphs[paragraph], chance) if sentence not in chosen]
            chosen.update(dict.fromkeys(run))
            words += sum(self._words[sentence] for sentence in run)
            if words >= wanted:
                break
        text = BETWEEN.join(self._pool.sentences[sentence] for sentence in chosen)
        day = FIRST_DAY + timedelta(days=chance.randrange(DAYS))
        return _article(number, self._pool.titles[subject], chance.choice(SOURCES), day, text)

    @staticmethod
    def _reprint(number: int, first: Article, chance: random.Random) -> Article:
        lines = first.text.split(BETWEEN)
        text = BETWEEN.join(lines[: max(1, len(lines) - chance.randint(0, 3))])
        day = (first.published or FIRST_DAY) + timedelta(days=chance.randrange(3))
        return _article(number, first.title, chance.choice(SOURCES), day, text)


def write(folder: Path, articles: Iterable[Article]) -> None:
    """Writes articles as files below `folder`, in a folder for each month."""
    for article in articles:
        path = folder / f"{article.published:%Y/%m}" / f"{article.id}.json"
        path.parent.mkdir(parents=True, exist_ok=True)
        fields = {name: getattr(article, name) for name in ("title", "source", "language", "text")}
        path.write_text(json.dumps({**fields, "date": f"{article.published:%Y-%m-%d}"}), encoding="utf-8")


def sentences(text: str) -> list[str]:
    """The sentences of a text, each on one line."""
    return [" ".join(text[start:end].split()) for start, end in sentence_spans(text)]


def _usable(sentence: str) -> bool:
    """Whether it has the length of a sentence, and stays one sentence when it stands alone."""
    return len(sentence.split()) in SENTENCE_WORDS and len(sentence_spans(sentence)) == 1


def _beginning(sentence: str) -> str:
    return " ".join(sentence.split()[:TITLE_WORDS]).rstrip(" .,;:!?\"'”’")


def _run(paragraph: Sequence[int], chance: random.Random) -> Sequence[int]:
    length = min(chance.randint(*RUN), len(paragraph))
    first = chance.randint(0, len(paragraph) - length)
    return paragraph[first : first + length]


def _article(number: int, title: str, source: str, day: datetime, text: str) -> Article:
    return Article(f"recombined-{number:07}", title, source, None, day, "en", f"{number:07}.txt", text)
