"""From tags to the items of a list.

The list head says of each token how likely it is outside an item, begins one, or continues one (Ramshaw and Marcus,
Text Chunking using Transformation-Based Learning, 1995). The items are read off the most likely tags of all tokens
together, in which nothing is continued that has not begun (Viterbi 1967):

    tokens      Ana    ,    Bo    and   Car  ##la   left
    likeliest    B     O     B     O     B     I     O      ->  "Ana", "Bo", "Carla"

Most tokens of any text are outside, and so the head, where it is in doubt, says "outside"; it is asked for better
reasons than that, by `DOUBT` nats.
"""

from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from reader.conjuncts import conjuncts
from reader.spans import PARAGRAPH_BREAK, best_spans, non_overlapping, snapped
from reader.types import PassageReading, Span

DOUBT = 2.0
SPANS_FOR_ITEMS = 60  # so many that each item's best span is among them, behind all other cuts of the first
OUTSIDE, BEGINS, CONTINUES = range(3)
_NEVER = -1e9
_HYPHENS = "-‐‑"
_WITHIN_A_NAME = frozenset({" ", "\u00a0", *_HYPHENS})


def items(reading: PassageReading, text: str) -> list[Span]:
    """What the passage offers as items of a list, in reading order; no two overlap.

    `text` is the article's; no item goes from one paragraph into another. What is itself an enumeration is offered in
    its parts. The spans' scores are those of the span head. Where the model has no list head, they are the best spans
    that do not overlap, down to the least likely.
    """
    if reading.item is None:
        found = best_spans(reading, text, SPANS_FOR_ITEMS)
    else:
        found = []
        for first, last in _names_whole(_runs(likeliest(reading.item)), reading, text):
            score = float(reading.start[first] + reading.end[last]) - reading.null
            found.append(Span(reading.hit, *snapped(reading, text, first, last), score=score))
    return [
        replace(span, start=start, end=end)
        for span in sorted(non_overlapping(found), key=lambda span: span.start)
        for start, end in conjuncts(text, span.start, span.end)
        if not PARAGRAPH_BREAK.search(text, start, end)
    ]


def likeliest(logits: NDArray[np.float32]) -> list[int]:
    """The most likely tags of n tokens, from (n, 3) float32 logits, with `DOUBT` taken off "outside"."""
    if not len(logits):
        return []
    scores = logits.astype(np.float64) - np.logaddexp.reduce(logits.astype(np.float64), axis=1, keepdims=True)
    scores[:, OUTSIDE] -= DOUBT
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


def _names_whole(runs: list[tuple[int, int]], reading: PassageReading, text: str) -> list[tuple[int, int]]:
    """The runs, neighbours joined that are one name: "Sergei" + "Melik-Bagdasarov", not "Bo" + "and"."""
    joined: list[tuple[int, int]] = []
    for first, last in runs:
        if joined and _one_name(text, snapped(reading, text, *joined[-1]), snapped(reading, text, first, last)):
            joined[-1] = joined[-1][0], last
        else:
            joined.append((first, last))
    return joined


def _one_name(text: str, left: tuple[int, int], right: tuple[int, int]) -> bool:
    """Whether two stretches share a word, or are capitalised and only a space or a hyphen is between them."""
    between = text[left[0] + len(text[slice(*left)].rstrip(_HYPHENS)) : right[0]]
    if left[1] > right[0]:
        return True
    return text[left[0]].isupper() and text[right[0]].isupper() and between in _WITHIN_A_NAME
