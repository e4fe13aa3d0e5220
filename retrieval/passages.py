"""An article becomes passages: overlapping windows of whole sentences.

Worked example, with windows of at most 6 words and one sentence of overlap:

    "A met B. They spoke for an hour. C left."   sentences of 3, 5 and 2 words
    -> "A met B. "                               3 + 5 words would be too many
       "They spoke for an hour. "                the overlap (3 words) would not fit beside it, so it is dropped
       "C left."                                 likewise

With windows of at most 8 words the same text gives "A met B. They spoke for an hour. " and
"They spoke for an hour. C left.": the shared sentence is the overlap.
"""

import re
from itertools import pairwise

from retrieval.sentences import sentence_spans

MAX_WORDS = 120
MAX_CHARACTERS = 1200
OVERLAP_SENTENCES = 1

_WORD = re.compile(r"\S+")


def split(text: str, language: str | None = None, max_words: int = MAX_WORDS) -> list[tuple[int, int]]:
    """The passages of `text` as (start, end) code-point offsets, in reading order.

    Together they cover the text without a gap; each is a run of whole sentences of at most `max_words` words and
    `MAX_CHARACTERS` characters (white space around it not counted), and begins with the last sentence of the one before
    it where that fits. A single sentence above the limits is cut at white space, or within a word longer than the
    limit. Text without a word has no passage.
    """
    if not text.strip():
        return []
    pieces = [piece for start, end in sentence_spans(text, language) for piece in _fit(text, start, end, max_words)]
    passages: list[tuple[int, int]] = []
    first = 0
    while True:
        last = first
        # the first piece always goes in, so that the loop moves on whatever the limits are
        while last + 1 < len(pieces) and _fits(text, pieces[first][0], pieces[last + 1][1], max_words):
            last += 1
        passages.append((pieces[first][0], pieces[last][1]))
        if last + 1 == len(pieces):
            return passages
        overlap = max(first + 1, last + 1 - OVERLAP_SENTENCES)
        first = overlap if _fits(text, pieces[overlap][0], pieces[last + 1][1], max_words) else last + 1


def _fits(text: str, start: int, end: int, max_words: int) -> bool:
    passage = text[start:end].strip()
    return len(passage) <= MAX_CHARACTERS and len(_WORD.findall(passage)) <= max_words


def _fit(text: str, start: int, end: int, max_words: int) -> list[tuple[int, int]]:
    """The sentence `text[start:end]` cut into pieces that keep to the limits; almost always one, uncut."""
    if _fits(text, start, end, max_words):
        return [(start, end)]
    cuts, count, piece = [start], 0, start
    for word in _WORD.finditer(text, start, end):
        if count == 0:
            piece = word.start()
        if count == max_words or (count > 0 and word.end() - piece > MAX_CHARACTERS):
            piece, count = word.start(), 0
            cuts.append(piece)
        while word.end() - piece > MAX_CHARACTERS:
            piece += MAX_CHARACTERS
            cuts.append(piece)
        count += 1
    return list(pairwise([*cuts, end]))
