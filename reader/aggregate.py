"""From what each passage says to what the articles say: candidates, merged into one answer or a list.

span   the candidate with the highest probability, cited wherever the same answer was found
list   every item above the threshold, parts merged into wholes, in reading order
none   nothing reaches the threshold
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

from reader.confidence import Calibration, Features
from reader.names import folded, name_coverage, within
from reader.questions import wanted
from reader.spans import best_spans, list_items, non_overlapping
from reader.types import Kind, PassageReading, Span
from retrieval.heading import heading
from retrieval.types import Evidence

SPANS_PER_PASSAGE = 20
MAX_CITATIONS = 4


@dataclass(frozen=True, slots=True)
class Candidate:
    """A span and the probability, 0 to 1, that it answers the question (or is an item of the list asked for)."""

    span: Span
    text: str
    features: Features
    probability: float


@dataclass(frozen=True, slots=True)
class Finding:
    """One answer or item: its best candidate, and every candidate that says the same, best first."""

    best: Candidate
    same: tuple[Candidate, ...]


@dataclass(frozen=True, slots=True)
class Findings:
    """What the articles say: nothing, one answer, or the items of a list in reading order."""

    kind: Kind
    found: tuple[Finding, ...]


def aggregate(
    question: str,
    readings: Sequence[PassageReading],
    evidence: Evidence,
    calibration: Calibration,
    threshold: float,
    max_items: int,
) -> Findings:
    """What `readings` of the passages of one question come to.

    `threshold` is the probability below which an answer is not given. An open question ("Who attended ...?") gets a
    list where at least two items reach the threshold, else one answer.
    """
    asked = wanted(question)
    if asked != "one":
        items = _items(question, readings, evidence, calibration)
        found = [item for item in merged(items) if item.best.probability >= threshold][:max_items]
        if len(found) > 1 or (asked == "several" and found):
            return Findings("list", tuple(_in_reading_order(found, evidence)))
    spans = _spans(question, readings, evidence, calibration)
    if not spans or spans[0].probability < threshold:
        return Findings("none", ())
    best = merged(spans)[0]
    return Findings("span", (best,))


def merged(candidates: Sequence[Candidate]) -> list[Finding]:
    """Candidates that say the same as one finding each; both best first.

    The same are: equal words ("the Caracas talks", "Caracas talks"), and a part and its whole ("Lavrov",
    "Sergei Lavrov"), spelling aside. A name of one word is shown by the fuller form that was found of it. What is made
    of several findings ("Cilia Flores and Sergei Melik-Bagdasarov", where each was found) is left out.
    """
    findings: list[Finding] = []
    for candidate in sorted(candidates, key=lambda candidate: -candidate.probability):
        alike = [place for place, finding in enumerate(findings) if _say_the_same(candidate, finding.best)]
        if not alike:
            findings.append(Finding(candidate, (candidate,)))
        elif len(alike) == 1:
            known = findings[alike[0]]
            fuller = len(folded(known.best.text)) == 1 < len(folded(candidate.text)) <= 3
            best = replace(candidate, probability=known.best.probability) if fuller else known.best
            findings[alike[0]] = Finding(best, (*known.same, candidate))
    return findings


def _say_the_same(one: Candidate, other: Candidate) -> bool:
    words, others = folded(one.text), folded(other.text)
    if not words or not others:
        return one.text == other.text
    return within(words, others) or within(others, words)


def _spans(
    question: str, readings: Sequence[PassageReading], evidence: Evidence, calibration: Calibration
) -> list[Candidate]:
    """The best spans of every passage, best first."""
    found = _candidates(
        question, readings, evidence, calibration, lambda r, text: best_spans(r, text, SPANS_PER_PASSAGE)
    )
    return sorted(found, key=lambda candidate: -candidate.probability)


def _items(
    question: str, readings: Sequence[PassageReading], evidence: Evidence, calibration: Calibration
) -> list[Candidate]:
    """The items of a list: what the list head tags, or, without one, the spans that do not overlap."""
    tagged = any(reading.item is not None for reading in readings)
    if tagged:
        return _candidates(question, readings, evidence, calibration, list_items)
    return _candidates(
        question, readings, evidence, calibration, lambda r, t: non_overlapping(best_spans(r, t, SPANS_PER_PASSAGE))
    )


def _candidates(
    question: str,
    readings: Sequence[PassageReading],
    evidence: Evidence,
    calibration: Calibration,
    decode: Callable[[PassageReading, str], list[Span]],
) -> list[Candidate]:
    """What `decode` finds in each passage, with features and probability; a place that two passages share once."""
    best: dict[tuple[str, int, int], Candidate] = {}
    for reading in readings:
        article = evidence.article(reading.hit)
        names = name_coverage(question, f"{heading(article)}\n{reading.hit.text}")
        for span in decode(reading, article.text):
            features = Features(span=span.score, dense=reading.hit.score, names=names)
            candidate = Candidate(
                span, article.text[span.start : span.end], features, calibration.probability(features)
            )
            key = (article.id, span.start, span.end)
            if key not in best or best[key].probability < candidate.probability:
                best[key] = candidate
    return list(best.values())


def _in_reading_order(findings: Sequence[Finding], evidence: Evidence) -> list[Finding]:
    """By article, the best first, and within an article from top to bottom."""
    rank: dict[str, int] = {}
    for hit in evidence.hits:
        rank.setdefault(hit.passage.article_id, len(rank))
    return sorted(findings, key=lambda f: (rank[f.best.span.hit.passage.article_id], f.best.span.start))
