"""From logits to spans of text: exact, and small enough to be taught from.

A reading has, for each token, a logit that an answer starts there and one that it ends there. The score of the span
from token i to token j is start[i] + end[j] - null, so one score compares spans with each other and with "not here":

    tokens     Felix   Plac  ##encia   Also   attended        null = 1.0
    start        4.0    3.0     0.5    -1.0      -2.0
    end         -1.0    0.0     5.0    -0.5       1.0

    best_spans, k=3: "Felix Placencia" 4.0 + 5.0 - 1.0 = 8.0, "Placencia" 7.0, "Felix Placencia Also attended" 4.0

The best three by score are 8.0, 7.0 and then start 0.5 + end 5.0 = 4.5, the piece "##encia"; snapped to whole words
it is "Placencia" again, so it is not a third span.
"""

import heapq
import unicodedata
from collections.abc import Iterator, Sequence

import numpy as np
from numpy.typing import NDArray

from reader.types import PassageReading, Span
from retrieval.sentences import PARAGRAPH_BREAK

MAX_TOKENS = 30
_NEVER = np.float32(-np.inf)


def best_spans(reading: PassageReading, text: str, k: int, max_tokens: int = MAX_TOKENS) -> list[Span]:
    """The `k` spans with the highest scores, best first, of at most `max_tokens` tokens, snapped to whole words.

    `text` is the article's; spans never leave the passage, nor cross from one paragraph into another. Two token spans
    that snap to the same words are one, with the higher score. Exact: it finds what scoring every pair (i, j) would.
    """
    found: dict[tuple[int, int], Span] = {}
    for first, last, score in _ranked(reading.start, reading.end, max_tokens):
        if len(found) == k:
            break
        place = snapped(reading, text, first, last)
        # they come best first, so the first of those that snap to the same place is the one to keep
        if place not in found and not PARAGRAPH_BREAK.search(text, *place):
            found[place] = Span(reading.hit, *place, score=score - reading.null)
    return list(found.values())


def _ranked(start: NDArray[np.float32], end: NDArray[np.float32], max_tokens: int) -> Iterator[tuple[int, int, float]]:
    """All (i, j, start[i] + end[j]) with i <= j < i + max_tokens, best first, without making them all.

    For each start i, one window maximum gives its best end j. These n candidates go into a heap. When (i, j) is taken,
    the other ends of i lie left and right of j; the best of each side goes in. So the k-th span costs O(log n + L),
    after O(n L) for the first (n tokens, L = max_tokens); listing all and sorting would be O(n L log(n L)).
    """
    count = len(start)
    if count == 0 or max_tokens < 1:
        return
    padded = np.concatenate([end, np.full(max_tokens - 1, _NEVER, dtype=np.float32)])
    ends = np.arange(count) + np.lib.stride_tricks.sliding_window_view(padded, max_tokens).argmax(axis=1)
    # (negated score, start, end, ends still open for this entry: low to high, high exclusive)
    heap = [
        (-(float(start[i]) + float(end[j])), i, j, i, min(i + max_tokens, count)) for i, j in enumerate(ends.tolist())
    ]
    heapq.heapify(heap)
    while heap:
        negated, i, j, low, high = heapq.heappop(heap)
        yield i, j, -negated
        for left, right in ((low, j), (j + 1, high)):
            if left < right:
                best = left + int(end[left:right].argmax())
                heapq.heappush(heap, (-(float(start[i]) + float(end[best])), i, best, left, right))


def non_overlapping(spans: Sequence[Span]) -> list[Span]:
    """The spans, best first, without those that overlap a better one in the same article.

    "Felix Placencia" 8.0, "Placencia" 7.0, "Antalya" 2.0 -> "Felix Placencia", "Antalya"
    """
    kept: list[Span] = []
    for span in sorted(spans, key=lambda span: -span.score):
        if not any(overlap(span, other) for other in kept):
            kept.append(span)
    return kept


def overlap(one: Span, other: Span) -> bool:
    """Whether two spans share a character of one article."""
    same_article = one.hit.passage.article_id == other.hit.passage.article_id
    return same_article and one.start < other.end and other.start < one.end


def item_score(reading: PassageReading, span: Span) -> float:
    """What the list head makes of a span, in nats: log((P(begins) + P(continues)) / P(outside)) of its first token.

    Above 0 it prefers "part of the list" to "not"; 0 where the model has no list head.
    """
    if reading.item is None:
        return 0.0
    first = min(int(np.searchsorted(reading.offsets[:, 1], span.start, side="right")), len(reading.item) - 1)
    outside, begins, continues = reading.item[first]
    return float(np.logaddexp(begins, continues) - outside)


def snapped(reading: PassageReading, text: str, first: int, last: int) -> tuple[int, int]:
    """Tokens `first` to `last` as code points of the article, made longer to whole words, within the passage.

    "Plac" of "Felix Placencia, who" -> "Placencia"; "45" of "45-minute" stays "45": a hyphen parts words.
    """
    start, end = int(reading.offsets[first, 0]), int(reading.offsets[last, 1])
    low, high = reading.hit.passage.start, reading.hit.passage.end
    while start > low and _in_word(text[start - 1]) and _in_word(text[start]):
        start -= 1
    while end < high and _in_word(text[end]) and _in_word(text[end - 1]):
        end += 1
    return start, end


def _in_word(character: str) -> bool:
    """Letters, digits and the marks that combine with them."""
    return character.isalnum() or unicodedata.category(character).startswith("M")
