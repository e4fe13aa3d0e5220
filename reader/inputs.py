"""From a question and passages to the inputs of a model.

One input is the pair (question, heading + separator + passage), as every extractive model with a Hugging Face fast
tokenizer takes it:

    <s> who attended the caracas meeting ? </s></s> talks in caracas ( 20 february 2024 ) | the first lady was ... </s>
        question                                    heading, separator: context only          passage: answers live here

A passage that is too long for one input is read in several windows that overlap; each has the heading in front.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from tokenizers import Encoding, Tokenizer

SEPARATOR = " | "
_CHARACTERS_PER_TOKEN = 12  # English has 4 to 5: a text cut at this many is still longer than its limit in tokens
# a stretch is cut between characters: where a token is one byte of four, that may add three at either end
_SPLIT_CHARACTERS = 6


@dataclass(frozen=True, slots=True)
class Limits:
    """In tokens: of a whole input, of the question, of the heading, and the overlap of two windows of one passage."""

    input: int = 384
    question: int = 128
    heading: int = 64
    overlap: int = 96


DEFAULT_LIMITS = Limits()


@dataclass(frozen=True, slots=True)
class Context:
    """A passage to be read: its text is `Article.text[start : start + len(text)]`, `heading` stands in front of it."""

    heading: str
    text: str
    start: int = 0


@dataclass(frozen=True, slots=True)
class Window:
    """One input of the model.

    `context`  which of the contexts it reads
    `ids`      (length,) int64, token ids with the special tokens
    `types`    (length,) int64, 0 for the question, 1 for the rest, where the model tells them apart
    `tokens`   (n,) int64, places in `ids` of the passage's tokens: never question, heading, separator or special
    `offsets`  (n, 2) int32, where these stand in `Article.text`: code points, end exclusive, without white space
    """

    context: int
    ids: NDArray[np.int64]
    types: NDArray[np.int64]
    tokens: NDArray[np.int64]
    offsets: NDArray[np.int32]

    @classmethod
    def of(cls, ids: Sequence[int]) -> "Window":
        """An input that has no passage: all of it is one text to the model."""
        none = np.zeros((0, 2), dtype=np.int32)
        return cls(0, np.array(ids, dtype=np.int64), np.zeros(len(ids), dtype=np.int64), none[:, 0].astype(int), none)


def windows(tokenizer: Tokenizer, question: str, contexts: Sequence[Context], limits: Limits) -> list[Window]:
    """The inputs for one question over `contexts`, in their order; at least one for each context.

    However long question and headings are, the work on them is bounded: they are cut at their limits.
    """
    asked = _cut(tokenizer, question, limits.question)
    prefixes: dict[str, str] = {}
    for context in contexts:
        if context.heading not in prefixes:
            cut = _cut(tokenizer, context.heading, limits.heading)
            prefixes[context.heading] = cut + SEPARATOR if cut else ""
    stretches = [
        (index, start, end)
        for index, context in enumerate(contexts)
        for start, end in _stretches(tokenizer, asked, prefixes[context.heading], context.text, limits)
    ]
    seconds = [prefixes[contexts[index].heading] + contexts[index].text[start:end] for index, start, end in stretches]
    if not stretches:
        return []
    encodings = tokenizer.encode_batch([(asked, second) for second in seconds])
    made = []
    for (index, start, _), second, whole in zip(stretches, seconds, encodings, strict=True):
        encoding = _fitted(tokenizer, asked, second, whole, limits.input)
        prefix = len(prefixes[contexts[index].heading])
        tokens, offsets = [], []
        for place, (sequence, (left, right)) in enumerate(zip(encoding.sequence_ids, encoding.offsets, strict=True)):
            if sequence != 1:
                continue
            # sentencepiece counts the space before a word into its token
            while left < right and second[left].isspace():
                left += 1
            if prefix <= left < right:
                tokens.append(place)
                offsets.append((left, right))
        shift = contexts[index].start + start - prefix
        made.append(
            Window(
                context=index,
                ids=np.array(encoding.ids, dtype=np.int64),
                types=np.array(encoding.type_ids, dtype=np.int64),
                tokens=np.array(tokens, dtype=np.int64),
                offsets=(np.array(offsets, dtype=np.int64).reshape(-1, 2) + shift).astype(np.int32),
            )
        )
    return made


def _fitted(tokenizer: Tokenizer, asked: str, second: str, encoding: Encoding, limit: int) -> Encoding:
    """The encoding, of less of its second text if it is too long: it may be where a text is split otherwise alone."""
    while (surplus := len(encoding.ids) - limit) > 0:
        ends = [end for of, (_, end) in zip(encoding.sequence_ids, encoding.offsets, strict=True) if of == 1]
        second = second[: ends[-surplus - 1]]
        encoding = tokenizer.encode(asked, second)
    return encoding


def _cut(tokenizer: Tokenizer, text: str, limit: int) -> str:
    """The beginning of `text`, at most `limit` tokens long."""
    text = text[: limit * _CHARACTERS_PER_TOKEN]
    offsets = tokenizer.encode(text, add_special_tokens=False).offsets
    return text if len(offsets) <= limit else text[: offsets[limit - 1][1]]


def _stretches(tokenizer: Tokenizer, asked: str, prefix: str, text: str, limits: Limits) -> list[tuple[int, int]]:
    """How `text` is cut so that each stretch fits behind question and prefix: (start, end), code points of `text`.

    A text of 10 tokens with room for 6 and an overlap of 2 gives the tokens 0-6 and 4-10.
    """
    pair = tokenizer.encode(asked, prefix + text[:1])
    room = max(limits.input - len(pair.ids) - _SPLIT_CHARACTERS, 2)
    offsets = tokenizer.encode(text, add_special_tokens=False).offsets
    if len(offsets) <= room:
        return [(0, len(text))]
    step = max(room - limits.overlap, 1)
    stretches = []
    for first in range(0, len(offsets), step):
        last = min(first + room, len(offsets))
        stretches.append((offsets[first][0], offsets[last - 1][1]))
        if last == len(offsets):
            break
    return stretches
