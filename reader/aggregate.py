"""From what each passage says to what the articles say: candidates, merged into answers.

span       the candidate with the highest probability, cited wherever the same answer was found
list       every item above the threshold, parts merged into wholes, in reading order
differing  the answers of articles that contradict each other (`reader.differing`)
none       nothing reaches the threshold
"""

from collections.abc import Sequence
from dataclasses import dataclass

from reader.confidence import Calibration, Features
from reader.differing import subject, versions
from reader.merging import Candidate, Finding, merged, say_the_same
from reader.names import asked_names, name_coverage
from reader.questions import asks_who_was_there, wanted
from reader.spans import best_spans, item_score, overlap
from reader.tags import items as offered_items
from reader.types import Kind, PassageReading
from retrieval.heading import heading
from retrieval.types import Evidence

SPANS_PER_PASSAGE = 20


@dataclass(frozen=True, slots=True)
class Findings:
    """What the articles say: nothing, one answer, its versions, or the items of a list in reading order."""

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
    One answer has several versions where articles differ.
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
    if asked != "several" and not asks_who_was_there(question):
        found = versions(question, spans, evidence, calibration.span, threshold.answer)
        if len(found) > 1 or (found and _brought_up_to_date(found[0].best, spans[0], evidence)):
            return Findings("differing" if len(found) > 1 else "span", tuple(found))
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
        spans = best_spans(reading, article.text, 1 if items else SPANS_PER_PASSAGE)
        for span in offered_items(reading, article.text) if items else spans:
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
        return name_coverage(asked, subject(article)) + item.features.names

    shares = [about(item) for item in items]
    most = max(shares, default=0.0)
    return [item for item, share in zip(items, shares, strict=True) if share == most]


def _brought_up_to_date(newest: Candidate, likeliest: Candidate, evidence: Evidence) -> bool:
    """Whether another article of the likeliest answer's own source has put something else in its place."""
    article, other = (candidate.span.hit.passage.article_id for candidate in (newest, likeliest))
    one_source = article != other and evidence.groups[article] == evidence.groups[other]
    return one_source and not say_the_same(newest, likeliest)


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
