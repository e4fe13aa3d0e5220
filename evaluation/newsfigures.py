"""What came of questions about news, and the figures over many, by what was to be answered."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Generic, Protocol, TypeVar

import numpy as np
from numpy.typing import NDArray

from evaluation.abstention import Trust, trust
from evaluation.measuring import Given, likeliest
from evaluation.newsfiles import Asked
from evaluation.scoring import (
    Estimate,
    best_of,
    count_matched,
    defined,
    exact_match,
    f1,
    list_counts,
    list_f1,
    normalise,
    ratio_of,
    taken_for_right,
)
from reader.types import Answer, Kind


@dataclass(frozen=True, slots=True)
class Outcome:
    """One question: the `answer` that is shown, what is `forced` out when nothing is declined, and what is `wanted`, as
    the reader takes it: "span", "list" or "passage"."""

    asked: Asked
    answer: Answer
    forced: Given
    wanted: Kind

    @property
    def event(self) -> str:
        """What the question's article is about."""
        return self.asked.event

    @property
    def plain(self) -> bool:
        """Whether an answer is said plainly, not as unsure."""
        return self.answer.is_confident

    @property
    def answered(self) -> bool:
        """Whether anything is answered, plainly or as unsure."""
        return self.answer.kind != "none"

    @property
    def matched(self) -> int:
        """How many of the answers due are among those given."""
        return count_matched([item.text for item in self.answer.answers], self.asked.due)

    @property
    def told(self) -> int:
        """How many of the sentences due are among those that are shown."""
        shown = [normalise(citation.quote) for item in self.answer.answers for citation in item.citations[:1]]
        return sum(any(normalise(form) in quote for quote in shown) for form in self.asked.forms)

    @property
    def right(self) -> bool:
        """Whether a person would be content.

        Of a list every item and nothing else; of a broad question a sentence that tells; of what articles differ about
        two versions; where nothing answers the question, that nothing is said plainly.
        """
        if self.asked.kind == "none":
            return not self.plain
        if self.asked.kind == "list":
            return self.matched == len(self.answer.answers) == len(self.asked.due)
        if self.asked.kind == "passage":
            return self.told > 0
        if self.asked.kind == "differing":
            return self.matched > 1
        return taken_for_right(likeliest(self.answer).text, self.asked.forms)

    def cited_rightly(self, given: Given) -> bool:
        """Whether the first citation is from the question's article, or has a right answer in one of the same event."""
        cited = given.citation
        if cited is None or cited.article_id not in self.asked.same_event:
            return False
        quote = f" {normalise(cited.quote)} "
        return cited.article_id == self.asked.article.id or any(
            f" {normalise(form)} " in quote for form in self.asked.forms
        )


@dataclass(frozen=True, slots=True)
class Figure:
    """A mean `of` so many questions, or items, 0 to 1; None of none. The interval is of a bootstrap over events."""

    estimate: Estimate | None
    of: int


@dataclass(frozen=True, slots=True)
class Section:
    """The figures of some questions, by name."""

    name: str
    questions: int
    figures: Mapping[str, Figure]


class OfEvent(Protocol):
    """What came of something that was asked about an event."""

    @property
    def event(self) -> str: ...


T = TypeVar("T", bound=OfEvent)


class Sheet(Generic[T]):
    """Figures over outcomes. Questions about one event are not independent of each other, so that resamples are of
    events, with all of their questions."""

    def __init__(self, outcomes: Sequence[T], seed: int) -> None:
        self.outcomes = outcomes
        self.seed = seed
        self.clusters = np.unique([outcome.event for outcome in outcomes], return_inverse=True)[1]

    def ratio(self, part: Callable[[T], float], whole: Callable[[T], float]) -> Figure:
        """The sum of the one over that of the other."""
        parts, wholes = self.values(part), self.values(whole)
        return Figure(ratio_of(parts, wholes, self.seed, self.clusters), int(wholes.sum()))

    def mean(self, credit: Callable[[T], float], among: Callable[[T], bool] = lambda _: True) -> Figure:
        """The mean credit of the outcomes `among` them."""
        return self.ratio(lambda outcome: credit(outcome) if among(outcome) else 0.0, among)

    def values(self, of: Callable[[T], float]) -> NDArray[np.float64]:
        """(n,), one of each outcome."""
        return np.array([of(outcome) for outcome in self.outcomes], dtype=np.float64)


def one_answer(sheet: Sheet[Outcome]) -> dict[str, Figure]:
    """`forced`: if every question had to be answered."""
    return {
        "forced: exact match": sheet.mean(lambda o: best_of(exact_match, o.forced.text, o.asked.forms)),
        "forced: F1": sheet.mean(lambda o: best_of(f1, o.forced.text, o.asked.forms)),
        "forced: right": sheet.mean(lambda o: taken_for_right(o.forced.text, o.asked.forms)),
        "forced: cited rightly": sheet.mean(lambda o: o.cited_rightly(o.forced)),
        "said plainly": sheet.mean(lambda o: o.plain),
        "right of these": sheet.mean(lambda o: o.right, lambda o: o.plain),
        "cited rightly of these": sheet.mean(lambda o: o.cited_rightly(likeliest(o.answer)), lambda o: o.plain),
        "answered, plainly or as unsure": sheet.mean(lambda o: o.answered),
        "right of those answered": sheet.mean(lambda o: o.right, lambda o: o.answered),
        "right of all": sheet.mean(lambda o: o.right),
    }


def no_answer(sheet: Sheet[Outcome]) -> dict[str, Figure]:
    """Near misses."""
    return {
        "not said plainly": sheet.mean(lambda o: not o.plain),
        "declined": sheet.mean(lambda o: not o.answered),
    }


def lists(sheet: Sheet[Outcome]) -> dict[str, Figure]:
    """Items are counted over all lists together; F1 as MultiSpanQA defines it."""
    counts = [list_counts([item.text for item in o.answer.answers], o.asked.forms) for o in sheet.outcomes]

    def micro_f1(*, partial: bool) -> Figure:
        f1 = defined(
            lambda drawn: list_f1([counts[i] for i in drawn], partial), len(counts), sheet.seed, sheet.clusters
        )
        return Figure(f1, len(counts))

    return {
        "exact F1": micro_f1(partial=False),
        "partial F1": micro_f1(partial=True),
        "precision of items": sheet.ratio(lambda o: o.matched, lambda o: len(o.answer.answers)),
        "recall of items": sheet.ratio(lambda o: o.matched, lambda o: len(o.asked.due)),
        "whole and clean": sheet.mean(lambda o: o.right),
        "answered": sheet.mean(lambda o: o.answered),
    }


def telling(sheet: Sheet[Outcome]) -> dict[str, Figure]:
    """Broad questions: the sentences that are shown, and those that are due."""
    return {
        "a sentence due is shown": sheet.mean(lambda o: o.right),
        "shown of the sentences due": sheet.ratio(lambda o: o.told, lambda o: len(o.asked.due)),
        "due of the sentences shown": sheet.ratio(lambda o: o.told, lambda o: len(o.answer.answers)),
        "said plainly": sheet.mean(lambda o: o.plain),
        "right of these": sheet.mean(lambda o: o.right, lambda o: o.plain),
        "answered": sheet.mean(lambda o: o.answered),
    }


def differing(sheet: Sheet[Outcome]) -> dict[str, Figure]:
    """What articles differ about."""
    return {
        "two versions shown": sheet.mean(lambda o: o.right),
        "one version at least": sheet.mean(lambda o: o.matched > 0),
        "answered": sheet.mean(lambda o: o.answered),
    }


def together(sheet: Sheet[Outcome]) -> dict[str, Figure]:
    """Questions of several kinds."""
    return {
        "right, or not said plainly": sheet.mean(lambda o: o.right),
        "right of those with an answer": sheet.mean(lambda o: o.right, lambda o: bool(o.asked.due)),
    }


FIGURES: Mapping[Kind, Callable[[Sheet[Outcome]], dict[str, Figure]]] = {
    "span": one_answer,
    "list": lists,
    "passage": telling,
    "differing": differing,
    "none": no_answer,
}
WANTED: Mapping[str, Kind] = {"one": "span", "list": "list", "passage": "passage"}
NAMES: Mapping[Kind, str] = {
    "span": "one answer",
    "list": "lists",
    "passage": "broad questions",
    "differing": "several versions",
    "none": "no answer",
}


def sections(name: str, outcomes: Sequence[Outcome], seed: int) -> list[Section]:
    """One of all questions, or one for each kind of answer that is due and what is common to them."""
    by_kind = {kind: [outcome for outcome in outcomes if outcome.asked.kind == kind] for kind in FIGURES}
    kinds = [kind for kind, some in by_kind.items() if some]
    made = [
        Section(
            name if len(kinds) == 1 else f"{name}, {NAMES[kind]}",
            len(by_kind[kind]),
            FIGURES[kind](sheet := Sheet(by_kind[kind], seed))
            | {"taken for what is asked": sheet.mean(lambda o: WANTED[o.asked.wants] == o.wanted)},
        )
        for kind in kinds
    ]
    return made if len(kinds) == 1 else [*made, Section(f"{name}, all", len(outcomes), together(Sheet(outcomes, seed)))]


def confidence(outcomes: Sequence[Outcome], seed: int) -> Trust | None:
    """How far the confidence of one answer can be trusted when nothing is declined; None where every question has
    several."""
    sheet = Sheet([outcome for outcome in outcomes if outcome.asked.kind in ("span", "none")], seed)
    if not sheet.outcomes:
        return None
    right = sheet.values(lambda outcome: taken_for_right(outcome.forced.text, outcome.asked.forms)) > 0
    answerable = sheet.values(lambda outcome: bool(outcome.asked.due)) > 0
    return trust(sheet.values(lambda outcome: outcome.forced.confidence), right, answerable, seed, sheet.clusters)
