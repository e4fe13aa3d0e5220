"""The items of a list are read off the most likely tags."""

import itertools

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from reader.tags import BEGINS, CONTINUES, OUTSIDE, items, likeliest
from tests.test_spans import reading_of

TEXT = "Ana, Bo and Carla left"
PIECES = [(0, 3), (3, 4), (5, 7), (8, 11), (12, 15), (15, 17), (18, 22)]
O, B, I = [9.0, 0.0, 0.0], [0.0, 9.0, 0.0], [0.0, 0.0, 9.0]  # noqa: E741


def offered(tags: list[list[float]]) -> list[str]:
    found = items(reading_of(TEXT, PIECES, [0.0] * 7, [0.0] * 7, item=tags), TEXT)
    return [TEXT[item.start : item.end] for item in found]


def test_the_worked_example() -> None:
    assert offered([B, O, B, O, B, I, O]) == ["Ana", "Bo", "Carla"]


def test_neighbours_are_two_items_and_one_that_goes_on_is_one() -> None:
    assert offered([O, O, B, B, O, O, O]) == ["Bo", "and"]
    assert offered([B, I, I, O, O, O, O]) == ["Ana, Bo"]


def test_nothing_is_continued_that_has_not_begun() -> None:
    assert offered([O, O, O, O, [0.0, 5.0, 9.0], I, O]) == ["Carla"]
    assert offered([O] * 7) == []


def test_no_item_goes_into_another_paragraph() -> None:
    text = "Ana\n\nThe mayor left"
    pieces = [(0, 3), (5, 8), (9, 14), (15, 19)]
    found = items(reading_of(text, pieces, [0.0] * 4, [0.0] * 4, item=[B, I, I, O]), text)
    assert found == []


def test_a_piece_of_a_word_is_the_whole_word() -> None:
    assert offered([O, O, O, O, O, B, O]) == ["Carla"]


def test_the_score_is_that_of_the_span_head() -> None:
    start, end = [float(n) for n in range(7)], [10.0 * n for n in range(7)]
    reading = reading_of(TEXT, PIECES, start, end, null=1.0, item=[O, O, O, O, B, I, O])
    assert [item.score for item in items(reading, TEXT)] == [4 + 50 - 1]


def test_without_a_list_head_nothing_is_offered() -> None:
    assert items(reading_of(TEXT, PIECES, [9.0] * 7, [9.0] * 7), TEXT) == []
    assert items(reading_of(" ", [], [], [], item=[]), " ") == []


LOGITS = st.lists(st.tuples(*[st.floats(-5, 5, width=32)] * 3), min_size=1, max_size=6).map(
    lambda rows: np.array(rows, dtype=np.float32)
)


@settings(max_examples=150, deadline=None)
@given(LOGITS)
def test_no_other_tags_are_more_likely(logits: NDArray[np.float32]) -> None:
    def score(tags: tuple[int, ...]) -> float:
        allowed = all(tag != CONTINUES or (place and tags[place - 1] != OUTSIDE) for place, tag in enumerate(tags))
        sums = sum(float(row[tag]) for row, tag in zip(logits, tags, strict=True))
        return sums if allowed else -np.inf

    best = max(map(score, itertools.product((OUTSIDE, BEGINS, CONTINUES), repeat=len(logits))))
    assert score(tuple(likeliest(logits))) == pytest.approx(best, abs=1e-4)
