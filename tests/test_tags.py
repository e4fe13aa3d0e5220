"""The items of a list are read off the most likely tags."""

import itertools

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from reader.tags import BEGINS, CONTINUES, DOUBT, OUTSIDE, items, likeliest
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


def test_an_item_that_enumerates_is_its_parts() -> None:
    assert offered([O, O, B, I, I, I, O]) == ["Bo", "Carla"]


NAME = "Sergei Melik-Bagdasarov came"
OF_NAME = [(0, 6), (7, 12), (12, 13), (13, 23), (24, 28)]


@pytest.mark.parametrize("tags", [[B, B, I, I, O], [B, I, I, B, O], [B, B, O, B, O]])
def test_one_name_is_one_item(tags: list[list[float]]) -> None:
    found = items(reading_of(NAME, OF_NAME, [0.0] * 5, [0.0] * 5, item=tags), NAME)
    assert [NAME[item.start : item.end] for item in found] == ["Sergei Melik-Bagdasarov"]


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


def test_a_narrow_outside_is_not_believed() -> None:
    narrow = [DOUBT - 0.5, 0.0, -9.0]
    clear = [DOUBT + 0.5, 0.0, -9.0]
    assert offered([narrow, O, clear, O, O, O, O]) == ["Ana"]


def test_the_score_is_that_of_the_span_head() -> None:
    start, end = [float(n) for n in range(7)], [10.0 * n for n in range(7)]
    reading = reading_of(TEXT, PIECES, start, end, null=1.0, item=[O, O, O, O, B, I, O])
    assert [item.score for item in items(reading, TEXT)] == [4 + 50 - 1]


def test_without_a_list_head_the_spans_that_do_not_overlap_are_offered() -> None:
    start, end = [1.0, -9, 2.0, -9, 3.0, -9, -4.0], [1.0, -9, 2.0, -9, -9, 3.0, -4.0]
    found = items(reading_of(TEXT, PIECES, start, end, null=1.0), TEXT)
    assert [TEXT[item.start : item.end] for item in found if item.score > 0] == ["Ana", "Bo", "Carla"]
    assert items(reading_of(" ", [], [], [], item=[]), " ") == []


LOGITS = st.lists(st.tuples(*[st.floats(-5, 5, width=32)] * 3), min_size=1, max_size=6).map(
    lambda rows: np.array(rows, dtype=np.float32)
)


@settings(max_examples=150, deadline=None)
@given(LOGITS)
def test_no_other_tags_are_more_likely(logits: NDArray[np.float32]) -> None:
    def score(tags: tuple[int, ...]) -> float:
        allowed = all(tag != CONTINUES or (place and tags[place - 1] != OUTSIDE) for place, tag in enumerate(tags))
        sums = sum(float(row[tag]) - DOUBT * (tag == OUTSIDE) for row, tag in zip(logits, tags, strict=True))
        return sums if allowed else -np.inf

    best = max(map(score, itertools.product((OUTSIDE, BEGINS, CONTINUES), repeat=len(logits))))
    assert score(tuple(likeliest(logits))) == pytest.approx(best, abs=1e-4)
