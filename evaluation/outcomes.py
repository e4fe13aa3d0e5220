"""What came of each question, and the figures over many: single answers, lists, and what should have been declined."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from evaluation.abstention import Trust, trust
from evaluation.measuring import NOTHING, Given
from evaluation.paragraphs import words_of
from evaluation.scoring import (
    Estimate,
    best_of,
    defined,
    exact_match,
    f1,
    list_counts,
    list_f1,
    mean_of,
    ratio_of,
    taken_for_right,
)
from reader.train.data import Question


@dataclass(frozen=True, slots=True)
class Outcome:
    """One question: whether its paragraph, `article_id`, was `found` among the evidence, and what was answered.

    `surest` when nothing is declined, `raw` likewise when the confidence is the reader's alone, `alone` likewise from
    its own paragraph alone (None unless the question has one answer); `shipped` at the threshold, and with it `items`,
    all that was answered.
    """

    question: Question
    article_id: str
    found: bool
    surest: Given
    raw: Given
    alone: Given | None
    shipped: Given
    items: tuple[str, ...]

    @property
    def listed(self) -> bool:
        """Whether the answer is a list."""
        return self.question.listed and bool(self.question.answers)

    @property
    def answerable(self) -> bool:
        """Whether there is an answer."""
        return bool(self.question.answers)

    def right(self, given: Given) -> bool:
        """Whether a person would take what was given for right."""
        return taken_for_right(given.text, words_of(self.question))


@dataclass(frozen=True, slots=True)
class Scores:
    """Exact match, word F1, and the share that a person would take for right: each 0 to 1, or a ratio of two."""

    em: Estimate | None
    f1: Estimate | None
    right: Estimate | None


@dataclass(frozen=True, slots=True)
class Single:
    """Questions with one answer, none declined.

    `searched` from what the search found, `alone` from the right paragraph alone, `ratio` of the two. `cited_rightly`
    is the share cited from the right paragraph, `wrong_unfound` the share of the wrong answers for which that was not
    among the evidence.
    """

    questions: int
    searched: Scores
    alone: Scores
    ratio: Scores
    cited_rightly: Estimate | None
    wrong_unfound: Estimate | None


@dataclass(frozen=True, slots=True)
class Lists:
    """Questions for a list, at the threshold: MultiSpanQA's F1, exact and partial, and the share declined."""

    questions: int
    exact_f1: Estimate | None
    partial_f1: Estimate | None
    declined: Estimate | None


@dataclass(frozen=True, slots=True)
class AtThreshold:
    """Shares: `answered` of all, `right` of these, `declined_rightly` of the questions without an answer,
    `declined_wrongly` of those with one; `dealt_with` rightly, by a right answer or by declining, of all."""

    answered: Estimate | None
    right: Estimate | None
    declined_rightly: Estimate | None
    declined_wrongly: Estimate | None
    dealt_with: Estimate | None


@dataclass(frozen=True, slots=True)
class Abstention:
    """Questions with one answer and without any, of which so many `answerable`: the `fitted` confidence, the reader's
    `raw` one, and what comes of the fitted one at the threshold."""

    questions: int
    answerable: int
    fitted: Trust
    raw: Trust
    shipped: AtThreshold


@dataclass(frozen=True, slots=True)
class Report:
    """The figures of some questions; None for a kind of which there are none."""

    file: str
    questions: int
    single: Single | None
    lists: Lists | None
    abstention: Abstention | None


def report(file: str, outcomes: Sequence[Outcome], seed: int = 0) -> Report:
    """The figures with 95 % intervals (bootstrap over questions)."""
    one = [outcome for outcome in outcomes if outcome.answerable and not outcome.listed]
    several = [outcome for outcome in outcomes if outcome.listed]
    declinable = [outcome for outcome in outcomes if not outcome.listed]
    return Report(
        file=file,
        questions=len(outcomes),
        single=_single(one, seed) if one else None,
        lists=_lists(several, seed) if several else None,
        abstention=_abstention(declinable, seed) if declinable else None,
    )


def _single(outcomes: Sequence[Outcome], seed: int) -> Single:
    alone = [NOTHING if outcome.alone is None else outcome.alone for outcome in outcomes]
    searched = _credits(outcomes, [outcome.surest for outcome in outcomes])
    given = _credits(outcomes, alone)
    every = np.ones(len(outcomes), dtype=np.bool_)
    cited = np.array([outcome.surest.article_id == outcome.article_id for outcome in outcomes], dtype=np.float64)
    unfound = np.array([not outcome.found for outcome in outcomes], dtype=np.float64)
    return Single(
        questions=len(outcomes),
        searched=Scores(*(mean_of(row, every, seed) for row in searched)),
        alone=Scores(*(mean_of(row, every, seed) for row in given)),
        ratio=Scores(*(ratio_of(*rows, seed) for rows in zip(searched, given, strict=True))),
        cited_rightly=mean_of(cited, every, seed),
        wrong_unfound=mean_of(unfound, searched[2] == 0, seed),
    )


def _credits(outcomes: Sequence[Outcome], given: Sequence[Given]) -> NDArray[np.float64]:
    """(3, n): for each field of `Scores`, what each question adds to its mean."""

    def best(metric: Callable[[str, str], float]) -> list[float]:
        pairs = zip(outcomes, given, strict=True)
        return [best_of(metric, each.text, words_of(outcome.question)) for outcome, each in pairs]

    right = [float(outcome.right(each)) for outcome, each in zip(outcomes, given, strict=True)]
    return np.array([best(exact_match), best(f1), right], dtype=np.float64)


def _lists(outcomes: Sequence[Outcome], seed: int) -> Lists:
    counts = [list_counts(outcome.items, words_of(outcome.question)) for outcome in outcomes]
    every = np.ones(len(outcomes), dtype=np.bool_)
    return Lists(
        questions=len(outcomes),
        exact_f1=defined(lambda drawn: list_f1([counts[i] for i in drawn], partial=False), len(counts), seed),
        partial_f1=defined(lambda drawn: list_f1([counts[i] for i in drawn], partial=True), len(counts), seed),
        declined=mean_of(np.array([not outcome.items for outcome in outcomes], dtype=np.float64), every, seed),
    )


def _abstention(outcomes: Sequence[Outcome], seed: int) -> Abstention:
    answerable = np.array([outcome.answerable for outcome in outcomes], dtype=np.bool_)

    def trusted(given: Sequence[Given]) -> Trust:
        right = [outcome.right(each) for outcome, each in zip(outcomes, given, strict=True)]
        confidence = np.array([each.confidence for each in given], dtype=np.float64)
        return trust(confidence, np.array(right, dtype=np.bool_), answerable, seed)

    answered = np.array([bool(outcome.items) for outcome in outcomes], dtype=np.bool_)
    right = np.array([outcome.right(outcome.shipped) for outcome in outcomes], dtype=np.bool_)
    every = np.ones(len(outcomes), dtype=np.bool_)

    def share(some: NDArray[np.bool_], among: NDArray[np.bool_]) -> Estimate | None:
        return mean_of(some.astype(np.float64), among, seed)

    return Abstention(
        questions=len(outcomes),
        answerable=int(answerable.sum()),
        fitted=trusted([outcome.surest for outcome in outcomes]),
        raw=trusted([outcome.raw for outcome in outcomes]),
        shipped=AtThreshold(
            answered=share(answered, every),
            right=share(right, answered),
            declined_rightly=share(~answered, ~answerable),
            declined_wrongly=share(~answered, answerable),
            dealt_with=share(right | (~answered & ~answerable), every),
        ),
    )
