"""What flows through retrieval: articles, the passages cut from them, and the evidence a question finds.

Offsets are code-point indices into `Article.text`, end exclusive.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Literal

# what may be asked for: one answer, several, or to be told
Wanted = Literal["span", "list", "passage"]
# in which a model computes
Precision = Literal["float32", "bfloat16"]


@dataclass(frozen=True, slots=True)
class Article:
    """One news article, as stored.

    `title` is empty, and the other metadata None, where the file does not say: nothing is guessed into a citation.
    """

    id: str
    title: str
    source: str | None
    url: str | None
    published: datetime | None
    language: str | None
    path: str
    text: str


@dataclass(frozen=True, slots=True)
class Dropped:
    """A line of a file that is not part of its article: `line` counts from 1 in the file; `reason` is the rule's."""

    line: int
    text: str
    reason: str


@dataclass(frozen=True, slots=True)
class Intake:
    """An article as it came out of its file, and what was left out of its text."""

    article: Article
    dropped: tuple[Dropped, ...]


@dataclass(frozen=True, slots=True)
class Passage:
    """A run of whole sentences of one article: `article.text[start:end]`."""

    id: int
    article_id: str
    start: int
    end: int


@dataclass(frozen=True, slots=True)
class Hit:
    """A passage that a search found.

    `score` orders hits, higher is better; it is made of `cosine`, -1 to 1, and `coverage`, 0 to 1 (`retrieval.fusion`).
    `dense_rank` and `lexical_rank` count from 0 and are None where that half of the search did not find the passage.
    """

    passage: Passage
    text: str
    score: float
    dense_rank: int | None
    lexical_rank: int | None
    cosine: float
    coverage: float


@dataclass(frozen=True, slots=True)
class Turn:
    """A question that was asked before, its answers (none where it was not answered), and the articles these cite."""

    question: str
    answers: tuple[str, ...] = ()
    article_ids: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Period:
    """The calendar days from `start` to `end`, both included."""

    start: date
    end: date

    def holds(self, day: date | None) -> bool:
        """Whether a day is one of them."""
        return day is not None and self.start <= day <= self.end


@dataclass(frozen=True, slots=True)
class Question:
    """What is asked, parsed once (`retrieval.question`): the search finds it, and the reader reads it.

    `text`          as it was typed
    `terms`         its terms, each with the word that it is of
    `period`        the time that it names
    `conversation`  the turns that it leans on, oldest first; none where it stands alone
    `earlier_terms` the terms of these that it lacks, likewise
    `unmentioned`   its words that no article has, nor any spelling of them; empty until it has been searched
    `respelled`     its words with a typo, each with the word that the hits have instead; likewise
    `asked`         what it may ask for, each with its probability, the likeliest first; empty until it has been read
    """

    text: str
    terms: Mapping[str, str]
    period: Period | None = None
    conversation: tuple[Turn, ...] = ()
    earlier_terms: Mapping[str, str] = field(default_factory=dict)
    unmentioned: tuple[str, ...] = ()
    respelled: Mapping[str, str] = field(default_factory=dict)
    asked: Mapping[Wanted, float] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Evidence:
    """What a search for a question returns: the hits, best first, with their articles and the reprints of these, by id.

    `groups` gives the *source group* of each of these articles: an article and its reprints, edited lightly or not,
    are one group and count as one source.
    """

    question: Question
    hits: tuple[Hit, ...]
    articles: Mapping[str, Article]
    groups: Mapping[str, str]
    generation: int

    def article(self, hit: Hit) -> Article:
        """The article that `hit` is a passage of."""
        return self.articles[hit.passage.article_id]

    def group(self, hit: Hit) -> str:
        """The source group of that article."""
        return self.groups[hit.passage.article_id]


@dataclass(frozen=True, slots=True)
class SearchFilter:
    """What a search may find; applied before ranking. Dates are inclusive calendar days, compared in UTC.

    `source` is an article's source without regard to case, accents and the white space around it.
    """

    article_id: str | None = None
    since: date | None = None
    until: date | None = None
    source: str | None = None


EVERYTHING = SearchFilter()


@dataclass(frozen=True, slots=True)
class Skipped:
    """A file, or a record of one, that is not an article, and why, as the text of an error says it."""

    path: str
    reason: str


@dataclass(frozen=True, slots=True)
class Unread:
    """Files of the corpus folder that are not read: how many of one kind, such as ".pdf" or "saved beside a page"."""

    kind: str
    files: int


@dataclass(frozen=True, slots=True)
class FileContents:
    """What one file holds: its articles, and its records that are not articles."""

    intakes: tuple[Intake, ...]
    skipped: tuple[Skipped, ...]


@dataclass(frozen=True, slots=True)
class IndexReport:
    """What one run of the refresh did; article and passage counts, wall-clock seconds.

    `embedded` passages are those whose text was new to the encoder; `reused` ones had a vector already.
    """

    generation: int
    added: int
    changed: int
    removed: int
    unchanged: int
    skipped: tuple[Skipped, ...]
    passages: int
    embedded: int
    reused: int
    seconds: float
    unread: tuple[Unread, ...] = ()


@dataclass(frozen=True, slots=True)
class ArticleSummary:
    """An article without its text, as lists of articles show it; `dropped` lines of its file are not part of it."""

    id: str
    title: str
    source: str | None
    published: datetime | None
    language: str | None
    path: str
    source_group: str
    passages: int
    dropped: int


@dataclass(frozen=True, slots=True)
class Sources:
    """The sources of a generation's articles, each in its commonest spelling; that of the most articles first."""

    generation: int
    names: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class StoreStatus:
    """What the store holds; `dimension` in floats, `bytes` on disk."""

    generation: int
    created: datetime
    model: str
    fingerprint: str
    dimension: int
    articles: tuple[ArticleSummary, ...]
    passages: int
    bytes: int
