"""A question is parsed once, into what the search and the reader take."""

import re
from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import date

import numpy as np
from numpy.typing import NDArray

from retrieval.conversation import EARLIER_VECTOR, TURNS, earlier_turns_text, in_conversation
from retrieval.periods import asked_period
from retrieval.terms import asked_terms
from retrieval.types import Question, Turn


def parsed(text: str, as_of: date | None = None) -> Question:
    """The question, by itself. `as_of` is the day that "last week" counts from, and without one it names no time."""
    return Question(text, asked_terms(text), None if as_of is None else asked_period(text, as_of))


def leaning(question: Question, conversation: Sequence[Turn]) -> Question:
    """The same question, leaning on the last turns of a `conversation`, oldest first."""
    turns = tuple(conversation[-TURNS:])
    earlier = {
        term: word for term, word in asked_terms(earlier_turns_text(turns)).items() if term not in question.terms
    }
    return replace(question, conversation=turns, earlier_terms=earlier)


def reader_text(question: Question) -> str:
    """The question as the reader gets it: with the turns before it, and with its words as they were meant."""
    text = in_conversation(question.text, question.conversation)
    for typed, meant in question.respelled.items():
        text = re.sub(rf"(?<!\w){re.escape(typed)}(?!\w)", meant, text)
    return text


def vector_of(question: Question, encode: Callable[[Sequence[str]], NDArray[np.float32]]) -> NDArray[np.float32]:
    """The vector that it is looked for with, (dimension,) float32, unit norm; see `Encoder.encode`."""
    if not question.conversation:
        return np.asarray(encode([question.text])[0])
    own, before = encode([question.text, earlier_turns_text(question.conversation)])
    vector = (1 - EARLIER_VECTOR) * own + EARLIER_VECTOR * before
    return np.asarray(vector / np.linalg.norm(vector), dtype=np.float32)
