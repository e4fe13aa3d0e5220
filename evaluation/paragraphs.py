"""Question files as a collection: every different paragraph an article of a real store, searched as articles are."""

import hashlib
import random
import tempfile
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar

from evaluation.wiring import fill
from reader.train.data import Paragraph, Question, paragraphs_of, read_file
from reader.train.headings import real_title
from retrieval.encoder import Encoder
from retrieval.errors import CorpusError
from retrieval.migrating import migrate
from retrieval.progress import Progress, silent
from retrieval.refresh import READING_VERSION
from retrieval.search import Retriever
from retrieval.storage.database import SCHEMA
from retrieval.storage.opening import open_store
from retrieval.storage.staging import digest
from retrieval.types import Article

_Question = TypeVar("_Question")


@dataclass(frozen=True, slots=True)
class File:
    """A question file: `paragraphs` are all of its different ones, `questions` those that are asked."""

    name: str
    paragraphs: tuple[Paragraph, ...]
    questions: tuple[Question, ...]

    @classmethod
    def read(cls, path: Path, limit: int | None, seed: int, *, answerable: bool) -> "File":
        """The file, with `limit` of its questions, or of its `answerable` ones. Raises CorpusError, also if it has none
        of these."""
        questions = read_file(path)
        offered = [question for question in questions if question.answers] if answerable else questions
        if not offered:
            lacking = "no question with an answer" if answerable else "no question"
            raise CorpusError(f"{path} has {lacking}; name it after --distractors, or take it out.")
        chosen = tuple(sample(offered, limit, seed))
        return cls(f"{path.parent.name}/{path.stem}", tuple(paragraphs_of(questions)), chosen)


def article_id(paragraph: Paragraph) -> str:
    """The same for paragraphs of the same words, whatever file they are from; 16 hex digits."""
    return hashlib.blake2b(paragraph.text.encode(), digest_size=8).hexdigest()


def as_articles(paragraphs: Iterable[Paragraph]) -> list[Article]:
    """Each different paragraph once, under the title that it has first."""
    articles: dict[str, Article] = {}
    for paragraph in paragraphs:
        key = article_id(paragraph)
        if key not in articles:
            articles[key] = Article(
                key, real_title(paragraph), None, None, paragraph.published, None, key, paragraph.text
            )
    return list(articles.values())


@contextmanager
def searchable(
    articles: Sequence[Article],
    encoder: Encoder,
    cache: Path | None = None,
    progress: Progress = silent,
    url: str | None = None,
) -> Iterator[Retriever]:
    """A search over `articles`, split, embedded and indexed as a refresh does it.

    The store is gone when the block ends, unless it is kept in the folder `cache`, where it is found again as long as
    articles, encoder and the reading of articles are the same. With the `url` of a server's database, which has nothing
    else, it is copied there, and searched there. Raises StoreError and its kinds.
    """
    with tempfile.TemporaryDirectory(prefix="dateline-") as temporary:
        store = open_store(Path(temporary) if cache is None else cache / _key(articles, encoder))
        fill(store, articles, encoder, progress=progress)
        if url is not None:
            copy = open_store(Path(temporary), url)
            migrate(store, copy, progress)
            store = copy
        yield Retriever.open(store, encoder)


def _key(articles: Iterable[Article], encoder: Encoder) -> str:
    made_by = f"{SCHEMA} {READING_VERSION!r} {encoder.fingerprint}"
    return hashlib.blake2b(
        b"".join([made_by.encode(), *sorted(digest(article) for article in articles)]), digest_size=8
    ).hexdigest()


def sample(questions: Sequence[_Question], count: int | None, seed: int) -> list[_Question]:
    """`count` of the questions, the same ones for the same seed; all of them where there are fewer, or it is None."""
    if count is None:
        return list(questions)
    return random.Random(seed).sample(list(questions), min(count, len(questions)))


def words_of(question: Question) -> list[str]:
    """The annotated answers of a question: alternatives, or the items of a list."""
    return [question.paragraph.text[place.start : place.end] for place in question.answers]
