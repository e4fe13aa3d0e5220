"""Items become a list: those that are likely enough, and mostly from one place.

1. Of an enumeration that holds an item, every conjunct is one (`reader.conjuncts`).
2. A list is mostly found in one place: from other sources than the one that has most of it come only sure items.
"""

from collections.abc import Sequence
from dataclasses import replace

from reader.citations import cite
from reader.conjuncts import others_beside
from reader.merging import Candidate, Finding
from reader.spans import overlap
from retrieval.types import Evidence

SURE = 0.75


def members(offered: Sequence[Candidate], threshold: float, evidence: Evidence) -> list[Candidate]:
    """Those of the offered items that make the list, best first."""
    likely = [item for item in offered if item.probability >= threshold]
    chosen = with_conjuncts(from_one_source(likely, evidence), evidence)
    return sorted(chosen, key=lambda item: -item.probability)


def from_one_source(items: Sequence[Candidate], evidence: Evidence) -> list[Candidate]:
    """The items of the source group that has most, by their probabilities; of others what is sure."""
    weights: dict[str, float] = {}
    for item in items:
        group = _source(item, evidence)
        weights[group] = weights.get(group, 0.0) + item.probability
    leading = max(weights, key=lambda group: weights[group], default=None)
    return [item for item in items if item.probability >= SURE or _source(item, evidence) == leading]


def with_conjuncts(items: Sequence[Candidate], evidence: Evidence) -> list[Candidate]:
    """The items, and whatever else their enumerations hold, each as likely as the item that it stands beside."""
    whole = list(items)
    for item in items:
        article = evidence.article(item.span.hit)
        sentence = cite(article, item.span)
        for start, end in others_beside(
            article.text, (sentence.quote_start, sentence.quote_end), (item.span.start, item.span.end)
        ):
            beside = replace(item, span=replace(item.span, start=start, end=end), text=article.text[start:end])
            if not any(overlap(beside.span, other.span) for other in whole):
                whole.append(beside)
    return whole


def in_reading_order(findings: Sequence[Finding], evidence: Evidence) -> list[Finding]:
    """By article, the best first, and within an article from top to bottom."""
    rank: dict[str, int] = {}
    for hit in evidence.hits:
        rank.setdefault(hit.passage.article_id, len(rank))
    return sorted(findings, key=lambda f: (rank[f.best.span.hit.passage.article_id], f.best.span.start))


def _source(item: Candidate, evidence: Evidence) -> str:
    return evidence.groups[item.span.hit.passage.article_id]
