"""Decoding against brute force."""

import itertools

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from reader.spans import best_spans, item_score, non_overlapping
from reader.types import PassageReading, Span
from retrieval.types import Hit, Passage

LOGITS = st.floats(-10, 10, width=32)


def reading_of(
    text: str,
    pieces: list[tuple[int, int]],
    start: list[float],
    end: list[float],
    null: float = 0.0,
    item: list[list[float]] | None = None,
    within: tuple[int, int] | None = None,
) -> PassageReading:
    low, high = (0, len(text)) if within is None else within
    return PassageReading(
        hit=Hit(Passage(1, "a", low, high), text[low:high], 0.0, None, None, 0.0, 0.0),
        offsets=np.array(pieces, dtype=np.int32).reshape(-1, 2),
        start=np.array(start, dtype=np.float32),
        end=np.array(end, dtype=np.float32),
        null=null,
        item=None if item is None else np.array(item, dtype=np.float32).reshape(-1, 3),
    )


@st.composite
def readings(draw: st.DrawFn) -> tuple[PassageReading, str, list[tuple[int, int]]]:
    """A reading of words in pieces, its text, and for each piece the word that it is in."""
    words = draw(st.lists(st.lists(st.sampled_from(["ab", "c", "é"]), min_size=1, max_size=3), max_size=6))
    text = "x"  # stands before the passage, without a space: no span may run into it
    pieces, owners = [], []
    for number, word in enumerate(words):
        text += " " if number else ""
        begin = len(text)
        for piece in word:
            pieces.append((len(text), len(text) + len(piece)))
            text += piece
        owners += [(begin, len(text))] * len(word)
    count = len(pieces)
    start = draw(st.lists(LOGITS, min_size=count, max_size=count))
    end = draw(st.lists(LOGITS, min_size=count, max_size=count))
    null = draw(st.floats(-10, 10))
    return reading_of(text + "y", pieces, start, end, null, within=(1, len(text))), text + "y", owners


@given(readings(), st.integers(1, 40), st.integers(1, 8))
def test_best_spans_are_those_of_brute_force(
    made: tuple[PassageReading, str, list[tuple[int, int]]], k: int, max_tokens: int
) -> None:
    reading, text, owners = made
    expected: dict[tuple[int, int], float] = {}
    for i, j in itertools.combinations_with_replacement(range(len(owners)), 2):
        if j - i < max_tokens:
            place = (owners[i][0], owners[j][1])
            score = float(reading.start[i]) + float(reading.end[j]) - reading.null
            expected[place] = max(expected.get(place, score), score)
    found = best_spans(reading, text, k, max_tokens)
    assert [span.score for span in found] == sorted(expected.values(), reverse=True)[:k]
    assert len({(span.start, span.end) for span in found}) == len(found)
    for span in found:
        assert expected[span.start, span.end] == span.score


def test_the_worked_example() -> None:
    text = "Felix Placencia Also attended"
    pieces = [(0, 5), (6, 10), (10, 15), (16, 20), (21, 29)]
    reading = reading_of(text, pieces, [4.0, 3.0, 0.5, -1.0, -2.0], [-1.0, 0.0, 5.0, -0.5, 1.0], null=1.0)
    assert [(text[span.start : span.end], span.score) for span in best_spans(reading, text, 3)] == [
        ("Felix Placencia", 8.0),
        ("Placencia", 7.0),
        ("Felix Placencia Also attended", 4.0),
    ]


def test_no_answer_crosses_into_another_paragraph() -> None:
    text = "Bo Lund\n \nThe mayor\nAna"
    pieces = [(0, 2), (3, 7), (10, 13), (14, 19), (20, 23)]
    spans = best_spans(reading_of(text, pieces, [5.0, 0.0, 1.0, 0.0, 0.0], [0.0, 1.0, 0.0, 5.0, 2.0]), text, 40)
    found = [text[span.start : span.end] for span in spans]
    assert not any("Lund" in words and "mayor" in words for words in found)
    assert found[0] == "Bo Lund"
    assert "The mayor\nAna" in found  # a line may break within a sentence


def test_no_tokens_no_spans() -> None:
    reading = reading_of(" ", [], [], [], item=[])
    assert best_spans(reading, " ", 5) == []


def span(start: int, end: int, score: float, article: str = "a") -> Span:
    return Span(Hit(Passage(1, article, 0, 99), "", 0.0, None, None, 0.0, 0.0), start, end, score)


def test_non_overlapping_keeps_the_better_of_two() -> None:
    kept = non_overlapping([span(6, 15, 7.0), span(0, 15, 8.0), span(20, 27, 2.0), span(15, 16, 1.0)])
    assert [(found.start, found.end) for found in kept] == [(0, 15), (20, 27), (15, 16)]


def test_the_same_place_in_another_article_is_another_place() -> None:
    assert len(non_overlapping([span(0, 5, 1.0), span(0, 5, 2.0, "b")])) == 2


def test_the_list_head_is_asked_about_the_first_token_of_a_span() -> None:
    text = "Ana, Bo and Carla left"
    pieces = [(0, 3), (3, 4), (5, 7), (8, 11), (12, 15), (15, 17), (18, 22)]
    item: list[list[float]] = [[0, 4, -90], [5, 0, 0], [0, -90, 3], [5, 0, 0], [1, 2, -90], [1, 0, 0], [5, 0, 0]]
    reading = reading_of(text, pieces, [0.0] * 7, [0.0] * 7, item=item)
    places = [(0, 3), (5, 7), (12, 17)]
    assert [item_score(reading, span(*place, 0.0)) for place in places] == pytest.approx([4.0, 3.0, 1.0])
    assert item_score(reading_of(text, pieces, [0.0] * 7, [0.0] * 7), span(0, 3, 0.0)) == 0.0
