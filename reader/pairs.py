"""Two answers to one question side by side, as the pair head reads them: the same, both right, or excluding each other.

    <s> who won ? </s></s> ana ruiz | 2 may 2024 | ana ruiz won ... </s></s> ruiz | 3 may 2024 | after ruiz ... </s>
        question           answer    heading      sentence             the other's

One input holds both, so each word of one is seen beside the words of the other; the first token's state is classified.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from tokenizers import Tokenizer

from reader.inputs import SEPARATOR

Relation = Literal["same", "both", "differ"]
RELATIONS: tuple[Relation, ...] = ("same", "both", "differ")

_QUESTION_TOKENS = 64
_SIDE_TOKENS = 128


@dataclass(frozen=True, slots=True)
class Said:
    """An answer, the heading of its article and the sentence that says it."""

    answer: str
    heading: str
    sentence: str


def pair_ids(tokenizer: Tokenizer, question: str, one: Said, other: Said) -> list[int]:
    """The token ids of the input, at most 2 * 128 + 64 and a few special ones; a longer side is cut at its end."""
    asked, first, second = (
        _tokens(tokenizer, text, limit)
        for text, limit in ((question, _QUESTION_TOKENS), (_side(one), _SIDE_TOKENS), (_side(other), _SIDE_TOKENS))
    )
    start, *_, end = tokenizer.encode("").ids  # the special tokens alone
    return [start, *asked, end, end, *first, end, end, *second, end]


def _side(said: Said) -> str:
    return SEPARATOR.join(part for part in (said.answer, said.heading, said.sentence) if part)


def _tokens(tokenizer: Tokenizer, text: str, limit: int) -> Sequence[int]:
    return tokenizer.encode(text, add_special_tokens=False).ids[:limit]
