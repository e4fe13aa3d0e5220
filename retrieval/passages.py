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
from dataclasses import dataclass
from itertools import pairwise

from retrieval.sentences import sentence_spans

CHARACTERS_OF_A_WORD = 10

_WORD = re.compile(r"\S+")


@dataclass(frozen=True, slots=True)
class Shape:
    """A passage has at most `words` words, and begins with the last `overlap` sentences of the one before it."""

    words: int
    overlap: int

    @property
    def characters(self) -> int:
        """The most characters of a passage: words may be long, and a reader's input is not."""
        return self.words * CHARACTERS_OF_A_WORD


# Others were compared on the questions of `dateline evaluate retrieval`: of as many words read, none holds more of the
# answers, and shorter ones tear lists apart
SHAPE = Shape(words=120, overlap=1)


def split(text: str, language: str | None = None, shape: Shape = SHAPE) -> list[tuple[int, int]]:
    """The passages of `text` as (start, end) code-point offsets, in reading order.

    Together they cover the text without a gap; each is a run of whole sentences within the limits of `shape` (white
    space around it not counted), and begins with the last sentences of the one before it where they fit. A single
    sentence above the limits is cut at white space, or within a word longer than the limit. Text without a word has no
    passage.
    """
    if not text.strip():
        return []
    pieces = [piece for start, end in sentence_spans(text, language) for piece in _fit(text, start, end, shape)]
    passages: list[tuple[int, int]] = []
    first = 0
    while True:
        last = first
        # the first piece always goes in, so that the loop moves on whatever the limits are
        while last + 1 < len(pieces) and _fits(text, pieces[first][0], pieces[last + 1][1], shape):
            last += 1
        passages.append((pieces[first][0], pieces[last][1]))
        if last + 1 == len(pieces):
            return passages
        shared = range(max(first + 1, last + 1 - shape.overlap), last + 1)
        beside = pieces[last + 1][1]
        first = next((place for place in shared if _fits(text, pieces[place][0], beside, shape)), last + 1)


def _fits(text: str, start: int, end: int, shape: Shape) -> bool:
    passage = text[start:end].strip()
    return len(passage) <= shape.characters and len(_WORD.findall(passage)) <= shape.words


def _fit(text: str, start: int, end: int, shape: Shape) -> list[tuple[int, int]]:
    """The sentence `text[start:end]` cut into pieces that keep to the limits; almost always one, uncut."""
    if _fits(text, start, end, shape):
        return [(start, end)]
    cuts, count, piece = [start], 0, start
    for word in _WORD.finditer(text, start, end):
        if count == 0:
            piece = word.start()
        if count == shape.words or (count > 0 and word.end() - piece > shape.characters):
            piece, count = word.start(), 0
            cuts.append(piece)
        while word.end() - piece > shape.characters:
            piece += shape.characters
            cuts.append(piece)
        count += 1
    return list(pairwise([*cuts, end]))
