"""Candidate answers, and which of them say the same, both hold, or exclude each other.

"the Caracas talks" = "Caracas talks"      "3,549" = "3549"        the same words: no model is asked
"Sergei Lavrov" = "Lavrov", "Kyiv" = "Kiev", "Maria Silva" ≠ "Mario Silva", 70 ≠ 95 countries: the pair head decides,
from the sentences that say them (`reader.pairs`)
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Protocol

from reader.citations import cite
from reader.confidence import Features
from reader.names import alike
from reader.pairs import RELATIONS, Relation, Said
from reader.spans import overlap
from reader.types import Reader, Span
from reader.wording import canonical, is_number
from retrieval.heading import heading
from retrieval.question import reader_text
from retrieval.types import Evidence

ROUNDING_RATIO = 1.1  # so many times a number may be another that is called rounded
MIN_PAIR_PROBABILITY = 0.5  # from this probability on two answers are merged; of followed ones, that they differ, too
MIN_DIFFERENCE = 0.9  # from this one on two answers of one question differ


class HasText(Protocol):
    """Words that may answer."""

    @property
    def text(self) -> str:
        """What they are."""
        ...


class HasSpan(HasText, Protocol):
    """Words in an article that may answer."""

    @property
    def span(self) -> Span:
        """Where they are."""
        ...


@dataclass(frozen=True, slots=True)
class Candidate:
    """A span and the probability, 0 to 1, that it is the answer (or an item of the list) that the question asks for."""

    span: Span
    text: str
    features: Features
    probability: float


@dataclass(frozen=True, slots=True)
class Finding:
    """One answer or item: how it is shown, and every candidate that says the same, best first."""

    best: Candidate
    same: tuple[Candidate, ...]


class Judge:
    """Tells how two answers to one question stand to each other; each pair is read once."""

    def __init__(self, evidence: Evidence, reader: Reader) -> None:
        self._evidence = evidence
        self._reader = reader
        self._known: dict[frozenset[Said], tuple[float, ...]] = {}
        self._sides: dict[tuple[str, int, int], Said] = {}

    def read(self, pairs: Iterable[tuple[HasSpan, HasSpan]]) -> None:
        """Reads all pairs that need it at once: one by one they would take longer."""
        said = {
            frozenset(sides): sides
            for one, other in pairs
            if not plainly_same(one, other) and (sides := (self._said(one), self._said(other)))
        }
        unread = [sides for key, sides in said.items() if key not in self._known and len(key) == 2]
        chances = self._reader.compare(reader_text(self._evidence.question), unread) if unread else None
        if chances is not None:
            for sides, row in zip(unread, chances.tolist(), strict=True):
                self._known[frozenset(sides)] = tuple(row)

    def chance(self, one: HasSpan, other: HasSpan, relation: Relation) -> float:
        """The probability, 0 to 1, that two answers stand so to each other; 0 where the reader cannot tell."""
        if plainly_same(one, other):
            return float(relation == "same")
        self.read([(one, other)])
        known = self._known.get(frozenset((self._said(one), self._said(other))))
        if known is None:
            return 0.0
        same, both, differ = known
        if far_apart(one, other):
            same, differ = 0.0, same + differ
        return (same, both, differ)[RELATIONS.index(relation)]

    def same(self, one: HasSpan, other: HasSpan) -> bool:
        """Whether they say the same."""
        return self.chance(one, other, "same") > MIN_PAIR_PROBABILITY

    def differ(self, one: HasSpan, other: HasSpan) -> bool:
        """Whether one of them is wrong if the other is right."""
        return self.chance(one, other, "differ") > MIN_DIFFERENCE

    def _said(self, candidate: HasSpan) -> Said:
        """The answer with its sentence, which is looked for once."""
        span, article = candidate.span, self._evidence.article(candidate.span.hit)
        place = article.id, span.start, span.end
        if place not in self._sides:
            self._sides[place] = Said(candidate.text, heading(article), cite(article, span).quote)
        return self._sides[place]


def plainly_same(one: HasSpan, other: HasSpan) -> bool:
    """Cuts of one place, or the same words, numbers and months however they are written."""
    return overlap(one.span, other.span) or canonical(one.text) == canonical(other.text)


def far_apart(one: HasText, other: HasText) -> bool:
    """Whether both are numbers of one unit, and so far from each other that no rounding explains it.

    "more than 100,000" and "200,000", "612" and "340 people" -> True
    "about 100" and "98", "3 days" and "72 hours" -> False
    """
    words, others = canonical(one.text), canonical(other.text)
    numbers, also = ([float(word) for word in said if is_number(word)] for said in (words, others))
    if not numbers or not also:
        return False
    units, other_units = ([word for word in said if not is_number(word)] for said in (words, others))
    one_unit = not units or not other_units or alike(units, other_units)
    return one_unit and (min(numbers) > ROUNDING_RATIO * max(also) or min(also) > ROUNDING_RATIO * max(numbers))


def merged(offered: Sequence[Candidate], judge: Judge) -> list[Finding]:
    """Candidates that say the same as one finding each; all best first."""
    findings, rest = [], list(offered)
    while rest:
        findings.append(finding := gathered(rest, judge))
        rest = [candidate for candidate in rest if candidate not in finding.same]
    return findings


def gathered(offered: Sequence[Candidate], judge: Judge) -> Finding:
    """The first, best candidate with those that say the same."""
    best, *others = offered
    alike = [other for other in others if comparable(best, other)]
    judge.read((best, other) for other in alike)
    return Finding(best, (best, *(other for other in alike if judge.same(best, other))))


def comparable(one: HasSpan, other: HasSpan) -> bool:
    """Whether two answers may be one at all, so that it is worth a reading: they have a word in common, or nearly, or
    one is the initials of the other."""
    return overlap(one.span, other.span) or alike(canonical(one.text), canonical(other.text))
