"""From tags to the items of a list.

The list head says of each token how likely it is outside an item, begins one, or continues one (Ramshaw and Marcus,
Text Chunking using Transformation-Based Learning, 1995). The items are read off the most likely tags of all tokens
together, in which nothing is continued that has not begun (Viterbi 1967):

    tokens      Ana    ,    Bo    and   Car  ##la   left
    likeliest    B     O     B     O     B     I     O      ->  "Ana", "Bo", "Carla"
"""

import numpy as np
from numpy.typing import NDArray

from reader.spans import non_overlapping, snapped
from reader.types import PassageReading, Span
from retrieval.sentences import PARAGRAPH_BREAK

OUTSIDE, BEGINS, CONTINUES = range(3)
_NEVER = -1e9


def items(reading: PassageReading, text: str) -> list[Span]:
    """What the passage offers as items of a list, in reading order; no two overlap; none without a list head.

    `text` is the article's; no item goes from one paragraph into another. The spans' scores are those of the span head.
    """
    if reading.item is None:
        return []
    found = [
        Span(
            reading.hit,
            *snapped(reading, text, first, last),
            score=float(reading.start[first] + reading.end[last]) - reading.null,
        )
        for first, last in _runs(likeliest(reading.item))
    ]
    whole = (span for span in non_overlapping(found) if not PARAGRAPH_BREAK.search(text, span.start, span.end))
    return sorted(whole, key=lambda span: span.start)


def likeliest(logits: NDArray[np.float32]) -> list[int]:
    """The most likely tags of n tokens, from (n, 3) float32 logits."""
    if not len(logits):
        return []
    scores = logits.astype(np.float64) - np.logaddexp.reduce(logits.astype(np.float64), axis=1, keepdims=True)
    best = scores[0].copy()
    best[CONTINUES] = _NEVER
    before = np.zeros(scores.shape, dtype=np.int64)  # which tag the best way to each tag comes from
    for token in range(1, len(scores)):
        ways = np.tile(best, (3, 1))  # ways[to, from]
        ways[CONTINUES, OUTSIDE] = _NEVER
        before[token] = ways.argmax(axis=1)
        best = ways.max(axis=1) + scores[token]
    tags = [int(best.argmax())]
    for token in range(len(scores) - 1, 0, -1):
        tags.append(int(before[token, tags[-1]]))
    return tags[::-1]


def _runs(tags: list[int]) -> list[tuple[int, int]]:
    """The items as first and last token: [B, I, O, B] -> (0, 1), (3, 3)."""
    runs: list[tuple[int, int]] = []
    for token, tag in enumerate(tags):
        if tag == BEGINS:
            runs.append((token, token))
        elif tag == CONTINUES:
            runs[-1] = (runs[-1][0], token)
    return runs
