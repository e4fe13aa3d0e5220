"""Broad questions are answered with whole sentences: "what happened in Sochi?", "why did Maduro go to China?".

The sentence head gives each token of a passage a logit; the mean over a sentence's tokens is the sentence's.
"""

from collections.abc import Sequence
from dataclasses import replace

from reader.confidence import Calibration, Features
from reader.merging import Candidate
from reader.types import PassageReading, Span
from retrieval.sentences import PARAGRAPH_BREAK, sentences_around
from retrieval.types import Evidence

MAX_SENTENCES = 3
# What a second and third sentence must score, in nats. Of 450 broad questions that an earlier reader was not trained
# on, 92 % got a sentence that answers, and of all that were shown 79 % did; from 0.4 on it would have been 94 and 76 %,
# from 3.6 on 88 and 83 %.
MIN_MORE_SCORE = 1.5
_MIN_TOKENS = 3  # what is shorter is a fragment: "Analysis:", "(AP)"


def sentence_candidates(
    readings: Sequence[PassageReading], evidence: Evidence, calibration: Calibration
) -> list[Candidate]:
    """The sentences of the passages as answers, best first, each place in an article once; none without the head.

    The score of a sentence's span is its logit, in nats: above 0 the model says that it answers. Its probability is
    that it answers, or one of those that would be shown with it if it were the best (`shown_with_best`).
    """
    found: dict[tuple[str, int], Candidate] = {}
    for reading in readings:
        if reading.sentence is None:
            continue
        article, passage = evidence.article(reading.hit), reading.hit.passage
        middle = reading.offsets.mean(axis=1)
        for start, end in sentences_around(article.text, passage.start, passage.end, article.language):
            inside = (middle >= max(start, passage.start)) & (middle < min(end, passage.end))
            if inside.sum() < _MIN_TOKENS:
                continue
            score = float(reading.sentence[inside].mean())
            part = article.text[max(start, passage.start) : min(end, passage.end)]
            first = max(start, passage.start) + len(part) - len(part.lstrip())
            span = Span(reading.hit, first, first + len(part.strip()), score)
            features = Features(mass=0.0, span=score, best=0.0, item=0.0)
            candidate = Candidate(span, part.strip(), features, calibration.sentence.probability(features))
            place = article.id, first
            if place not in found or found[place].probability < candidate.probability:
                found[place] = candidate
    return sorted(found.values(), key=lambda candidate: -candidate.probability)


def shown_with_best(offered: Sequence[Candidate]) -> list[Candidate]:
    """The best sentence, and up to two more that score enough, those of its own article first; `offered` has one."""
    best, *others = offered
    likely = [candidate for candidate in others if candidate.span.score >= MIN_MORE_SCORE]
    return [best, *sorted(likely, key=lambda c: (_elsewhere(c, best), -c.span.score))[: MAX_SENTENCES - 1]]


def best_sentences(offered: Sequence[Candidate], enough: float, evidence: Evidence) -> list[Candidate]:
    """The best sentence and what is shown with it, as they are read; none if its probability is less than `enough`.

    Those of its own article come first, and neighbours in it are one piece: its probability is that of its best part.
    """
    if not offered or offered[0].probability < enough:
        return []

    def as_read(candidate: Candidate) -> tuple[bool, str, int]:
        return _elsewhere(candidate, offered[0]), candidate.span.hit.passage.article_id, candidate.span.start

    pieces: list[Candidate] = []
    for candidate in sorted(shown_with_best(offered), key=as_read):
        if pieces and (piece := _joined(pieces[-1], candidate, evidence)) is not None:
            pieces[-1] = piece
        else:
            pieces.append(candidate)
    return pieces


def _elsewhere(one: Candidate, other: Candidate) -> bool:
    """Whether two sentences are from different articles."""
    return one.span.hit.passage.article_id != other.span.hit.passage.article_id


def _joined(one: Candidate, following: Candidate, evidence: Evidence) -> Candidate | None:
    """Two sentences as one piece; None unless they are neighbours in one paragraph and passage."""
    hit = one.span.hit
    text = evidence.article(hit).text
    between = text[one.span.end : following.span.start]
    apart = between.strip() or PARAGRAPH_BREAK.search(between) or following.span.end > hit.passage.end
    if _elsewhere(one, following) or apart:
        return None
    better = max(one, following, key=lambda candidate: candidate.probability)
    span = replace(one.span, end=following.span.end, score=better.span.score)
    return replace(better, span=span, text=text[span.start : span.end])
