"""From what each passage says to what the articles say: candidates, merged into one answer or a list.

span   the candidate with the highest probability, cited wherever the same answer was found
list   every item above the threshold, parts merged into wholes, in reading order
none   nothing reaches the threshold
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace

from reader.confidence import Calibration, Features
from reader.names import asked_names, folded, name_coverage, within
from reader.questions import wanted
from reader.spans import SPANS_FOR_ITEMS, best_spans, item_score, non_overlapping, overlap
from reader.types import Kind, PassageReading, Span
from retrieval.heading import heading
from retrieval.types import Evidence

SPANS_PER_PASSAGE = 20
# a longer text that holds an answer says more than the answer: it is no second source for it
EXTRA_WORDS = 3
OPENING_CHARACTERS = 400


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


@dataclass(frozen=True, slots=True)
class Findings:
    """What the articles say: nothing, one answer, or the items of a list in reading order."""

    kind: Kind
    found: tuple[Finding, ...]


@dataclass(frozen=True, slots=True)
class Threshold:
    """`answer` is the probability below which nothing is answered, `items` the most items of a list."""

    answer: float
    items: int


def aggregate(
    question: str,
    readings: Sequence[PassageReading],
    evidence: Evidence,
    calibration: Calibration,
    threshold: Threshold,
) -> Findings:
    """What `readings` of the passages of one question come to.

    An open question ("Who attended ...?") gets a list where at least two items reach the threshold, else one answer.
    """
    asked = wanted(question)
    if asked != "one":
        items = candidates(question, readings, evidence, calibration, items=True)
        likely = [item for item in items if item.probability >= threshold.answer]
        found = merged(_about_the_same(question, likely, evidence))[: threshold.items]
        if len(found) > 1 or (asked == "several" and found):
            return Findings("list", tuple(in_reading_order(found, evidence)))
    spans = candidates(question, readings, evidence, calibration, items=False)
    if not spans or spans[0].probability < threshold.answer:
        return Findings("none", ())
    return Findings("span", (merged([span for span in spans if span.probability >= threshold.answer])[0],))


def candidates(
    question: str,
    readings: Sequence[PassageReading],
    evidence: Evidence,
    calibration: Calibration,
    *,
    items: bool,
) -> list[Candidate]:
    """What each passage offers as the answer, or as items of a list, best first; no two overlap in one article."""
    logistic = calibration.item if items else calibration.span
    asked = asked_names(question, "\n".join(hit.text for hit in evidence.hits))
    found: dict[tuple[str, int, int], Candidate] = {}
    for reading in readings:
        article = evidence.article(reading.hit)
        names = name_coverage(asked, f"{heading(article)}\n{reading.hit.text}")
        spans = best_spans(reading, article.text, SPANS_FOR_ITEMS if items else SPANS_PER_PASSAGE)
        for span in non_overlapping(spans) if items else spans:
            features = Features(
                span=span.score,
                best=spans[0].score if items else 0.0,
                item=item_score(reading, span) if items else 0.0,
                dense=reading.hit.cosine,
                names=names,
            )
            text = article.text[span.start : span.end]
            candidate = Candidate(span, text, features, logistic.probability(features))
            place = (article.id, span.start, span.end)
            # windows overlap, so two passages may offer the same words
            if place not in found or found[place].probability < candidate.probability:
                found[place] = candidate
    return _apart(sorted(found.values(), key=lambda candidate: -candidate.probability))


def _about_the_same(question: str, items: Sequence[Candidate], evidence: Evidence) -> list[Candidate]:
    """The items from the articles that are most about what the question names.

    A list is of one thing, such as the people at one meeting, so that what comes from an article about another one does
    not belong, however well its sentence fits. What an article is about stands in its heading and its opening.
    """
    asked = asked_names(question, "\n".join(hit.text for hit in evidence.hits))

    def about(item: Candidate) -> float:
        article = evidence.article(item.span.hit)
        opening = name_coverage(asked, f"{heading(article)}\n{article.text[:OPENING_CHARACTERS]}")
        return opening + item.features.names

    most = max((about(item) for item in items), default=0.0)
    return [item for item in items if about(item) == most]


def merged(offered: Sequence[Candidate]) -> list[Finding]:
    """Candidates that say the same as one finding each; all best first.

    The same are: equal words ("the Caracas talks", "Caracas talks"), and a part and its whole ("Lavrov",
    "Sergei Lavrov"), spelling aside. A name of one word is shown by the fuller name that was found for it. What is made
    of several findings ("Cilia Flores and Sergei Melik-Bagdasarov", where each was found) is left out.
    """
    findings: list[Finding] = []
    for candidate in offered:
        alike = [place for place, finding in enumerate(findings) if _say_the_same(candidate, finding.best)]
        if not alike:
            findings.append(Finding(candidate, (candidate,)))
        elif len(alike) == 1:
            known = findings[alike[0]]
            best = known.best
            if _fuller_name(candidate.text, best.text):
                best = replace(candidate, probability=best.probability)
            findings[alike[0]] = Finding(best, (*known.same, candidate))
    return findings


def _fuller_name(text: str, known: str) -> bool:
    """Whether `text` is the name `known` with more before it: "Sergei Lavrov" for "Lavrov", not "the Lavrov talks"."""
    words = text.split()
    return len(words) > 1 and words[-1] == known and all(word[0].isupper() for word in words)


def _say_the_same(one: Candidate, other: Candidate) -> bool:
    words, others = folded(one.text), folded(other.text)
    if not words or not others:
        return one.text == other.text
    if abs(len(words) - len(others)) > EXTRA_WORDS:
        return False
    return within(words, others) or within(others, words)


def _apart(offered: Sequence[Candidate]) -> list[Candidate]:
    """The candidates, best first, without those that overlap a better one: they are other cuts of the same words."""
    kept: list[Candidate] = []
    for candidate in offered:
        if not any(overlap(candidate.span, other.span) for other in kept):
            kept.append(candidate)
    return kept


def in_reading_order(findings: Sequence[Finding], evidence: Evidence) -> list[Finding]:
    """By article, the best first, and within an article from top to bottom."""
    rank: dict[str, int] = {}
    for hit in evidence.hits:
        rank.setdefault(hit.passage.article_id, len(rank))
    return sorted(findings, key=lambda f: (rank[f.best.span.hit.passage.article_id], f.best.span.start))
