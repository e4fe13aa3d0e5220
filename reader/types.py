"""What flows through reading: spans, citations, and the answer that every face shows.

Offsets are code-point indices into `Article.text`, end exclusive.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Literal, Protocol

import numpy as np
from numpy.typing import NDArray

from reader.pairs import Said
from retrieval.types import Article, Evidence, Hit, Turn

Kind = Literal["span", "list", "passage", "differing", "none"]


@dataclass(frozen=True, slots=True)
class PassageReading:
    """What the model makes of one hit, before decoding.

    One row for each token of the passage (never of the question or the heading), in text order:

    `offsets`  (n, 2) int32, code points into `Article.text`, end exclusive; non-decreasing
    `start`    (n,) float32, logit that an answer starts at the token
    `end`      (n,) float32, logit that an answer ends with the token
    `null`     start + end logit of the first token of the input: the score of "not in this passage"
    `item`     (n, 3) float32, logits that the token is outside, begins, continues an item of a list (BIO)
    `sentence` (n,) float32; the mean over a sentence's tokens is the logit that the sentence answers
    `time`     (n, 4) float32; the mean over the tokens of time words are the logits of `reader.times.READINGS`
    `asked`    (3,) float32, log-probabilities that the question asks for one answer, a list, a passage
    `leans`    log-odds that the question leans on the conversation that is read with it

    The last five are None where the model has no heads for them.
    """

    hit: Hit
    offsets: NDArray[np.int32]
    start: NDArray[np.float32]
    end: NDArray[np.float32]
    null: float
    item: NDArray[np.float32] | None
    sentence: NDArray[np.float32] | None = None
    time: NDArray[np.float32] | None = None
    asked: NDArray[np.float32] | None = None
    leans: float | None = None


class Reader(Protocol):
    """Reads the passages of one question: the place where a model plugs in."""

    def read(self, evidence: Evidence) -> tuple[PassageReading, ...]:
        """The hits of `evidence` read for its question, one reading for each, in their order."""
        ...

    def compare(self, question: str, pairs: Sequence[tuple[Said, Said]]) -> NDArray[np.float32] | None:
        """(n, 3) probabilities that two answers say the same, can both be right, exclude each other, in the order of
        `reader.pairs.RELATIONS`; None where the model cannot tell."""
        ...


@dataclass(frozen=True, slots=True)
class Span:
    """A candidate answer: `article.text[start:end]` of the hit's article.

    `score` is start logit + end logit - null score, in nats; above 0 the model prefers the span to "not here".
    """

    hit: Hit
    start: int
    end: int
    score: float


@dataclass(frozen=True, slots=True)
class Citation:
    """Where an answer stands: the sentence (`quote`) and the answer's own place, both slices of the article's text.

    Articles of one `source_group` are reprints of one text, and one source.
    """

    article_id: str
    title: str
    source: str | None
    url: str | None
    published: datetime | None
    quote: str
    quote_start: int
    quote_end: int
    answer_start: int
    answer_end: int
    source_group: str


@dataclass(frozen=True, slots=True)
class AnswerItem:
    """One answer (or one item of a list, or one version of a differing answer) with the places that say it.

    `confidence` is a probability, 0 to 1, that the text is right. `resolved_date` is the calendar date that a relative
    date such as "on Tuesday" means in its article, or the days, first and last, that "last week" does (ISO 8601:
    "2022-03-10", "2022-03-07/2022-03-13").
    """

    text: str
    confidence: float
    resolved_date: str | None
    citations: tuple[Citation, ...]

    @property
    def sources(self) -> int:
        """How many of the cited articles are independent of each other: an article and its reprints count once."""
        return len({citation.source_group for citation in self.citations})


@dataclass(frozen=True, slots=True)
class Timing:
    """Milliseconds."""

    retrieve: float
    read: float
    total: float


@dataclass(frozen=True, slots=True)
class Answer:
    """What the terminal, Discord and `--json` all show.

    `answers` is empty exactly when `kind` is "none"; `nearest` may then cite the sentence that comes nearest, and
    `evidence` holds the question and the nearest passages, as it always does. `certain` is false for what is offered as
    unsure: one answer or a list, never what differs.
    """

    kind: Kind
    answers: tuple[AnswerItem, ...]
    evidence: Evidence
    timing: Timing
    certain: bool = True
    nearest: Citation | None = None

    @property
    def question(self) -> str:
        """As it was typed."""
        return self.evidence.question.text

    @property
    def is_confident(self) -> bool:
        """Whether it answers, and is not marked unsure."""
        return self.certain and bool(self.answers)

    @property
    def about(self) -> str | None:
        """The earlier questions that it was taken to lean on, "Who met? / and when?"; None where it stood alone."""
        return " / ".join(turn.question for turn in self.evidence.question.conversation) or None

    @property
    def citations(self) -> tuple[Citation, ...]:
        """Every citation that is shown, in the order of the answers; that of the nearest sentence is one, too."""
        cited = tuple(citation for item in self.answers for citation in item.citations)
        return cited if self.nearest is None else (*cited, self.nearest)

    def conversation(self, before: Sequence[Turn]) -> tuple[Turn, ...]:
        """What the next question may lean on, where the turns `before` were what this one could: these and this one or,
        where it stood alone and so changed the subject, this one."""
        cited = dict.fromkeys(citation.article_id for item in self.answers for citation in item.citations)
        turn = Turn(self.question, tuple(item.text for item in self.answers), tuple(cited))
        return (turn,) if self.about is None else (*before, turn)

    def article(self, citation: Citation) -> Article:
        """The article that `citation` points into."""
        return self.evidence.articles[citation.article_id]
