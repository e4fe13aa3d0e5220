"""What the passages offer: spans as answers, tagged stretches as items, each with the probability that it is right.

An answer is not judged by the score of one span alone. The reader was trained to share one probability out among all
spans of all passages of a question, and "nowhere" (`reader.train.losses`), so what counts is the share that an answer
has of it, in all its places and wordings:

    span                                score    share of the reader's probability
    "Sergei Lavrov"       article 1       4.0    .46   together .63: one answer, its log-odds are 0.5
    "Lavrov"              article 1       3.0    .17
    "Felix Placencia"     article 2       3.5    .28
    nowhere                               0.0    .01   (the rest has other spans)

Alone, 4.0 looks certain; beside 3.5 for somebody else it is not.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import combinations
from typing import TypeVar

import numpy as np

from reader.confidence import Calibration, Features, log_odds
from reader.merging import Candidate, Judge, comparable
from reader.spans import best_spans, item_score, overlap
from reader.tags import items as offered_items
from reader.types import PassageReading, Span
from reader.wording import canonical
from retrieval.types import Evidence

SPANS_PER_PASSAGE = 20
# so many places are compared with each other, and none that is so far below the best, in nats
NEAR, FAR = 6, 2.5
# a longer text that holds an answer says more than the answer
EXTRA_WORDS = 3


@dataclass(frozen=True, slots=True)
class Offer:
    """A span that a passage offers; `words` are its canonical ones."""

    span: Span
    text: str
    words: list[str]


_Spanned = TypeVar("_Spanned", Offer, Candidate)


def span_candidates(
    readings: Sequence[PassageReading], evidence: Evidence, calibration: Calibration, judge: Judge
) -> list[Candidate]:
    """What the passages offer as the answer, best first; no two overlap in one article."""
    offers = sorted(offered_spans(readings, evidence), key=lambda offer: -offer.span.score)
    total = log_partition(offers)
    places = _apart(offers)  # of the cuts of one answer the one that the reader likes best
    masses = [log_sum([offer for offer in offers if _cut_of(offer, place)]) for place in places]
    near = [place for place in places if place.span.score > offers[0].span.score - FAR][:NEAR]
    judge.read(pair for pair in combinations(near, 2) if comparable(*pair))
    found = []
    for number, place in enumerate(places):
        alike = [
            mass
            for other, (offer, mass) in enumerate(zip(places, masses, strict=True))
            if other == number
            or offer.words == place.words
            or (number < len(near) and other < len(near) and comparable(offer, place) and judge.same(offer, place))
        ]
        mass = log_odds(math.exp(float(np.logaddexp.reduce(alike)) - total))
        features = Features(mass=mass, span=place.span.score, best=0.0, item=0.0)
        found.append(Candidate(place.span, place.text, features, calibration.span.probability(features)))
    return sorted(found, key=lambda candidate: -candidate.probability)


def _cut_of(offer: Offer, place: Offer) -> bool:
    """Whether a span is another cut of the words of `place`: it overlaps them and is not much longer or shorter."""
    return overlap(offer.span, place.span) and abs(len(offer.words) - len(place.words)) <= EXTRA_WORDS


def offered_spans(readings: Sequence[PassageReading], evidence: Evidence) -> list[Offer]:
    """The best spans of each passage, each place in an article once."""
    offers: dict[tuple[str, int, int], Offer] = {}
    for reading in readings:
        article = evidence.article(reading.hit)
        for span in best_spans(reading, article.text, SPANS_PER_PASSAGE):
            place = (article.id, span.start, span.end)
            # windows overlap, so two passages may offer the same words
            if place not in offers or offers[place].span.score < span.score:
                text = article.text[span.start : span.end]
                offers[place] = Offer(span, text, canonical(text))
    return list(offers.values())


def log_partition(offers: Sequence[Offer]) -> float:
    """log(1 + Σ exp(score)): all that the reader has to share out, "nowhere" with its score of 0 among it."""
    return float(np.logaddexp.reduce([0.0, *(offer.span.score for offer in offers)]))


def log_sum(offers: Sequence[Offer]) -> float:
    """log Σ exp(score)."""
    return float(np.logaddexp.reduce([offer.span.score for offer in offers]))


def item_candidates(
    readings: Sequence[PassageReading], evidence: Evidence, calibration: Calibration
) -> list[Candidate]:
    """What the passages offer as items of a list, best first; no two overlap in one article."""
    found: dict[tuple[str, int, int], Candidate] = {}
    for reading in readings:
        article = evidence.article(reading.hit)
        best = best_spans(reading, article.text, 1)
        for span in offered_items(reading, article.text):
            features = Features(
                mass=0.0,
                span=span.score,
                best=best[0].score,
                item=item_score(reading, span),
            )
            text = article.text[span.start : span.end]
            candidate = Candidate(span, text, features, calibration.item.probability(features))
            place = (article.id, span.start, span.end)
            if place not in found or found[place].probability < candidate.probability:
                found[place] = candidate
    return _apart(sorted(found.values(), key=lambda candidate: -candidate.probability))


def _apart(offered: Sequence[_Spanned]) -> list[_Spanned]:
    """What is offered, best first, without what overlaps something better: other cuts of the same words."""
    kept: list[_Spanned] = []
    for one in offered:
        if not any(overlap(one.span, other.span) for other in kept):
            kept.append(one)
    return kept
