"""Who else was there: a meeting has two sides, and an article often names them as the one who received the other.

    "President Ruiz received the minister, Bo Lund. The ambassador was also present."   Who attended the meeting?

A reader finds the minister and the ambassador, but nothing says that the host "attended". So, for a question of that
kind, each sentence that names somebody found is read once more with the question "Who met Bo Lund?", and whoever it
finds there joins the list. The probability of a companion is that of the person found, times the reader's own odds,
sigmoid(span score), that the sentence says who met them.
"""

import math
from collections.abc import Sequence
from dataclasses import replace
from itertools import chain

from reader.aggregate import Findings, Threshold
from reader.citations import cite
from reader.lists import in_reading_order
from reader.merging import Candidate, merged
from reader.names import folded
from reader.spans import best_spans, overlap
from reader.types import Reader, Span
from retrieval.types import Evidence

MOST_ASKED = 4
SPANS_LOOKED_AT = 20


def with_companions(findings: Findings, evidence: Evidence, reader: Reader, threshold: Threshold) -> Findings:
    """The findings, and those whom the same sentences say the people found have met."""
    companions = [
        companion
        for finding in sorted(findings.found, key=lambda finding: -finding.best.probability)[:MOST_ASKED]
        for companion in _companions(finding.best, evidence, reader)
        if companion.probability >= threshold.enough(findings.certain)
    ]
    known = list(chain.from_iterable(finding.same for finding in findings.found))
    new = [one for one in companions if not any(overlap(one.span, other.span) for other in known)]
    if not new:
        return findings
    found = merged(sorted([*known, *new], key=lambda candidate: -candidate.probability))[: threshold.items]
    kind = "list" if len(found) > 1 else findings.kind
    return replace(findings, kind=kind, found=tuple(in_reading_order(found, evidence)))


def _companions(person: Candidate, evidence: Evidence, reader: Reader) -> list[Candidate]:
    """Whom the sentence that names `person` says they met; nobody where the reader prefers "not here"."""
    hit = person.span.hit
    article = evidence.article(hit)
    sentence = cite(article, person.span)
    (reading,) = reader.read(f"Who met {person.text}?", replace(evidence, hits=(hit,)))
    best = _best_in(
        [span for span in best_spans(reading, article.text, SPANS_LOOKED_AT) if not overlap(span, person.span)],
        sentence.quote_start,
        sentence.quote_end,
    )
    if best is None or best.score <= 0:
        return []
    text = article.text[best.start : best.end]
    if set(folded(text)) & set(folded(person.text)):
        return []
    probability = person.probability / (1 + math.exp(-best.score))
    return [Candidate(best, text, person.features, probability)]


def _best_in(spans: Sequence[Span], start: int, end: int) -> Span | None:
    """The first of `spans`, which come best first, within `start` to `end`."""
    return next((span for span in spans if start <= span.start and span.end <= end), None)
