"""Many questions and a few new passages: which passages are worth being read for which question.

All passages are scored for all questions at once, by the score of a search (`retrieval.fusion`): cosines are one matrix
product, coverages another.

    questions (q)          passages (n)                       cosines    = P Vᵀ      (n, d) (d, q) -> (n, q)
    vectors V (q, d)       vectors P (n, d)                   coverages  = T Wᵀ      (n, t) (t, q) -> (n, q)
    weights W (q, t)       terms T (n, t), 1 or 0             scores     = cosines + 0.4 coverages

W has the weights of each question's terms, those of one question adding up to 1. A thousand questions and a hundred
passages take some hundredths of a second; reading a single passage takes longer.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from retrieval.fusion import COVERAGE_WEIGHT, PERIOD_BONUS
from retrieval.search import Query, QueryTerms, best_first, terms_of
from retrieval.storage.reading import Snapshot
from retrieval.storage.types import Row
from retrieval.types import Hit

PASSAGES_AT_ONCE = 1000
# A new passage is read if it is among so many best ones. Of 600 training questions about news whose article came in
# later, the passage that answers was for 99.2 %, and 2.9 of the 715 that came with it; among 8, for 97.8 %, and 1.6.
COMPETING = 16


@dataclass(frozen=True, slots=True)
class OpenQuestion:
    """A question, and the `least` score that a passage must have to be read for it."""

    query: Query
    least: float

    @classmethod
    def of(cls, query: Query, scores: Sequence[float]) -> "OpenQuestion":
        """A question with the `scores` of the best passages so far, best first: others have to be among `COMPETING`."""
        return cls(query, scores[COMPETING - 1] if len(scores) >= COMPETING else float("-inf"))


@dataclass(frozen=True, slots=True)
class Matches:
    """The passages to read for each of the questions, in their order, best first; how many `pairs` of a question and a
    passage were scored, and of which `articles`, by id."""

    hits: tuple[tuple[Hit, ...], ...]
    pairs: int
    articles: frozenset[str]


def match(snapshot: Snapshot, questions: Sequence[OpenQuestion], passages: Sequence[int]) -> Matches:
    """Scores those of the `passages`, by id, that are live for all `questions`. Raises StoreError."""
    weights = _Weights.of(snapshot, questions)
    vectors = np.stack([question.query.vector for question in questions])
    periods = [question.query.question.period for question in questions]
    least = np.array([question.least for question in questions], dtype=np.float32)
    found: list[list[Hit]] = [[] for _ in questions]
    pairs, articles = 0, set[str]()
    for first in range(0, len(passages), PASSAGES_AT_ONCE):
        read = snapshot.candidates(passages[first : first + PASSAGES_AT_ONCE])
        cosines, coverages = read.vectors @ vectors.T, weights.coverages(read.rows)
        # whether each passage is of the time that each question names
        timely = [[period is not None and period.holds(row.day) for period in periods] for row in read.rows]
        bonuses = PERIOD_BONUS * np.array(timely, dtype=np.bool_).reshape(cosines.shape)
        scores = cosines + COVERAGE_WEIGHT * coverages + bonuses
        pairs += scores.size
        articles.update(row.passage.article_id for row in read.rows)
        for row, column in np.argwhere(scores >= least).tolist():
            passage = read.rows[row]
            found[column].append(
                Hit(
                    passage=passage.passage,
                    text=passage.text,
                    score=float(scores[row, column]),
                    dense_rank=None,
                    lexical_rank=None,
                    cosine=float(cosines[row, column]),
                    coverage=float(coverages[row, column]),
                )
            )
    return Matches(tuple(tuple(sorted(hits, key=best_first)) for hits in found), pairs, frozenset(articles))


@dataclass(frozen=True, slots=True)
class _Weights:
    """`places` are the columns of T that a term fills; `weights` (t, q) float32 is Wᵀ."""

    places: dict[str, list[int]]
    weights: NDArray[np.float32]

    @classmethod
    def of(cls, snapshot: Snapshot, questions: Sequence[OpenQuestion]) -> "_Weights":
        typed = {term: word for question in questions for term, word in question.query.question.terms.items()}
        words, asked = QueryTerms.of(snapshot, typed), sorted(typed)
        rarities = np.array([words.weights[term] for term in asked], dtype=np.float32)
        places: dict[str, list[int]] = {}
        for place, term in enumerate(asked):
            for spelling in words.spellings[term]:
                places.setdefault(spelling, []).append(place)
        columns = {term: place for place, term in enumerate(asked)}
        weights = np.zeros((len(asked), len(questions)), dtype=np.float32)
        for number, question in enumerate(questions):
            rows = [columns[term] for term in question.query.question.terms]
            if rows:
                weights[rows, number] = rarities[rows] / rarities[rows].sum()
        return cls(places, weights)

    def coverages(self, rows: Sequence[Row]) -> NDArray[np.float32]:
        """(n, q) float32, 0 to 1."""
        has = np.zeros((len(rows), len(self.weights)), dtype=np.float32)
        for number, told in enumerate(terms_of(rows)):
            has[number, [place for term in told for place in self.places.get(term, ())]] = 1
        return has @ self.weights
