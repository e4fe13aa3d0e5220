"""What the passages offer: spans as answers, tagged stretches as items, each with the probability that it is right."""

from collections.abc import Sequence

from reader.confidence import Calibration, Features
from reader.merging import Candidate
from reader.names import asked_names, name_coverage
from reader.spans import best_spans, item_score, overlap
from reader.tags import items as offered_items
from reader.types import PassageReading
from retrieval.heading import heading
from retrieval.types import Evidence

SPANS_PER_PASSAGE = 20


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


def _apart(offered: Sequence[Candidate]) -> list[Candidate]:
    """The candidates, best first, without those that overlap a better one: they are other cuts of the same words."""
    kept: list[Candidate] = []
    for candidate in offered:
        if not any(overlap(candidate.span, other.span) for other in kept):
            kept.append(candidate)
    return kept
