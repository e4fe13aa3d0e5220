"""How well a search ranks: where the right paragraph comes, and whether the answer is among what is read.

A search ranks passages; a paragraph comes where its best passage does:

    hits of the paragraphs  B B A C A  ->  B is 1st, A 2nd, C 3rd

Recall at k is the share of questions whose right paragraph is among the first k; MRR is the mean of 1 / rank, where a
paragraph that is not found at all counts 0.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from evaluation.scoring import Estimate, estimate, mean
from reader.train.data import Place
from retrieval.types import Hit

RANKINGS = ("dense", "lexical", "fused")
CURVE = 20


@dataclass(frozen=True, slots=True)
class Sought:
    """What a search should find: the article, and the places of the answer in it.

    The places are alternatives, or, where `listed`, items that are all wanted.
    """

    article_id: str
    places: tuple[Place, ...]
    listed: bool


@dataclass(frozen=True, slots=True)
class Found:
    """What one ranking gives for one question: `rank` from 1, None where the paragraph is not found; whether the
    paragraph, and whether the whole answer, is in the hits that are read."""

    rank: int | None
    paragraph_read: bool
    answer_read: bool


@dataclass(frozen=True, slots=True)
class Outcome:
    """One question in the three rankings."""

    dense: Found
    lexical: Found
    fused: Found


# shares of questions and a mean, 0 to 1, or differences of these; recall is of paragraphs, the last two are of the hits
# that are read
FIGURES = ("recall_at_1", "recall_at_5", "recall_at_20", "mrr", "paragraph_read", "answer_read")
Figures = dict[str, Estimate]


@dataclass(frozen=True, slots=True)
class Report:
    """The figures of some questions by ranking; `gain` is what the fused one has more than the better of its halves,
    and `curves` are recall at 1, 2, … 20."""

    file: str
    paragraphs: int
    questions: int
    rankings: dict[str, Figures]
    gain: Figures
    curves: dict[str, tuple[float, ...]]


def judge(hits: Sequence[Hit], sought: Sought, depth: int, read: int) -> Outcome:
    """One question's `hits`, fused best first, as three rankings of at most `depth` hits, the first `read` are read."""
    dense = {hit.dense_rank: hit for hit in hits if hit.dense_rank is not None}
    lexical = {hit.lexical_rank: hit for hit in hits if hit.lexical_rank is not None}
    rankings = ([dense[rank] for rank in sorted(dense)], [lexical[rank] for rank in sorted(lexical)], hits)
    return Outcome(*(_find(ranking[:depth], sought, read) for ranking in rankings))


def _find(hits: Sequence[Hit], sought: Sought, read: int) -> Found:
    paragraphs = list(dict.fromkeys(hit.passage.article_id for hit in hits))
    rank = paragraphs.index(sought.article_id) + 1 if sought.article_id in paragraphs else None
    seen = [hit.passage for hit in hits[:read] if hit.passage.article_id == sought.article_id]
    inside = [any(p.start <= place.start and place.end <= p.end for p in seen) for place in sought.places]
    return Found(rank, bool(seen), all(inside) if sought.listed else any(inside))


def report(file: str, paragraphs: int, outcomes: Sequence[Outcome], seed: int = 0) -> Report:
    """The figures of one question or more, with 95 % intervals.

    The interval of the gain is paired: each resample of the questions is ranked all three ways, and has the better half
    of its own, so that a half which is better by chance is no handicap to the other.
    """
    found = {name: [getattr(outcome, name) for outcome in outcomes] for name in RANKINGS}
    ranks = {name: _ranks(found[name]) for name in RANKINGS}
    credit = {name: _credit(ranks[name], found[name]) for name in RANKINGS}
    gains = zip(*(credit[name] for name in RANKINGS), strict=True)
    return Report(
        file=file,
        paragraphs=paragraphs,
        questions=len(outcomes),
        rankings={
            name: {figure: mean(row, seed) for figure, row in zip(FIGURES, credit[name], strict=True)}
            for name in RANKINGS
        },
        gain={figure: _gain(rows, seed) for figure, rows in zip(FIGURES, gains, strict=True)},
        curves={name: tuple(float((ranks[name] <= k).mean()) for k in range(1, CURVE + 1)) for name in RANKINGS},
    )


def _gain(rows: tuple[NDArray[np.float64], ...], seed: int) -> Estimate:
    dense, lexical, fused = rows

    def gain(drawn: NDArray[np.int64]) -> float:
        return float(fused[drawn].mean() - max(dense[drawn].mean(), lexical[drawn].mean()))

    return estimate(gain, len(fused), seed)


def _ranks(found: Sequence[Found]) -> NDArray[np.float64]:
    return np.array([np.inf if each.rank is None else each.rank for each in found], dtype=np.float64)


def _credit(ranks: NDArray[np.float64], found: Sequence[Found]) -> NDArray[np.float64]:
    """(6, n): for each of `FIGURES`, what each question adds to its mean."""
    rows = [ranks <= k for k in (1, 5, 20)]
    return np.array(
        [*rows, 1 / ranks, [each.paragraph_read for each in found], [each.answer_read for each in found]],
        dtype=np.float64,
    )
