"""What the model is shown, and where its tokens stand in the article."""

import time
from collections.abc import Callable
from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from tokenizers import Tokenizer

from reader.inputs import SEPARATOR, Context, Limits, windows
from reader.pytorch import bare_tokenizer
from tests import tiny

TOKENIZERS = {
    name: bare_tokenizer(made())
    for name, made in (("wordpiece", tiny.wordpiece), ("byte_level", tiny.byte_level), ("spaced", tiny.spaced))
}
SMALL = Limits(input=48, question=8, heading=8, overlap=6)
TEXTS = st.text(st.sampled_from("abc ABC.,-'\n\té“”"), max_size=200)


def shown(tokenizer: Tokenizer, ids: np.ndarray) -> str:
    return "".join(str(tokenizer.id_to_token(id)) for id in ids.tolist()).replace("##", "")


@pytest.mark.parametrize("tokenizer", TOKENIZERS.values(), ids=TOKENIZERS)
def test_only_the_passage_is_read_for_answers(tokenizer: Tokenizer) -> None:
    text = "She met him at noon."
    (window,) = windows(tokenizer, "Who met?", [Context("Who met whom (1 May 2024)", text, start=100)], Limits())
    places = [text[start - 100 : end - 100] for start, end in window.offsets.tolist()]
    assert "".join(places) == text.replace(" ", "")
    # the heading is in the input, in front of the passage, but none of its tokens is offered
    before = shown(tokenizer, window.ids[: window.tokens[0]])
    assert "2024" in before
    assert SEPARATOR.strip() in before
    assert len(window.tokens) < len(window.ids) / 2


@pytest.mark.parametrize("tokenizer", TOKENIZERS.values(), ids=TOKENIZERS)
@given(question=TEXTS, heading=TEXTS, text=TEXTS, start=st.integers(0, 10_000))
def test_windows_cover_the_passage_and_nothing_else(
    tokenizer: Tokenizer, question: str, heading: str, text: str, start: int
) -> None:
    made = windows(tokenizer, question, [Context(heading, text, start)], SMALL)
    covered: set[int] = set()
    for window in made:
        assert len(window.ids) <= SMALL.input
        assert window.tokens.tolist() == sorted(set(window.tokens.tolist()))
        assert (np.diff(window.offsets[:, 0]) >= 0).all()
        for left, right in (window.offsets - start).tolist():
            assert 0 <= left < right <= len(text)
            assert not text[left].isspace()
            covered |= set(range(left, right))
    assert {place for place, letter in enumerate(text) if not letter.isspace()} <= covered


def test_each_window_has_the_heading_and_the_overlap() -> None:
    text = " ".join(f"{number:03d}" for number in range(60))
    made = windows(TOKENIZERS["wordpiece"], "who?", [Context("met", text)], SMALL)
    assert len(made) > 3
    for window in made:
        assert "met" in shown(TOKENIZERS["wordpiece"], window.ids[: window.tokens[0]])
    for before, after in pairwise(made):
        shared = set(map(tuple, before.offsets.tolist())) & set(map(tuple, after.offsets.tolist()))
        assert len(shared) == SMALL.overlap
        # and none is pure repetition
        assert before.offsets[-1, 1] < after.offsets[-1, 1]


@pytest.mark.parametrize("make", [lambda: "who met " * 12_500, lambda: "w" * 100_000], ids=["words", "one word"])
def test_a_question_of_100_000_characters_is_cut(make: Callable[[], str]) -> None:
    began = time.perf_counter()
    (window,) = windows(TOKENIZERS["wordpiece"], make(), [Context(make(), "She met him.", 5)], Limits())
    assert time.perf_counter() - began < 2
    assert len(window.ids) <= Limits().input
    assert window.offsets[0, 0] == 5
    assert window.offsets[-1, 1] == 17


def test_contexts_keep_their_order_and_no_context_gives_no_window() -> None:
    contexts = [Context("", "a" * length, 0) for length in (3, 200, 1)]
    made = windows(TOKENIZERS["byte_level"], "who", contexts, SMALL)
    assert [window.context for window in made] == [0, *[1] * (len(made) - 2), 2]
    assert windows(TOKENIZERS["byte_level"], "who", [], SMALL) == []
