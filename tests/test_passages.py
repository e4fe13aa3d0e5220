"""Passages are slices that cover their article, of whole sentences, within the limits."""

from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st

from retrieval.passages import Shape, split
from retrieval.sentences import sentence_spans
from tests.test_sentences import TEXTS

LONG = st.lists(
    st.one_of(
        TEXTS, st.sampled_from(["word " * 50, "A short one. ", "x" * 3000, " " * 2000, "\n\n", "“Quoted,” he said. "])
    ),
    max_size=20,
).map("".join)


@given(LONG, st.integers(min_value=1, max_value=130), st.integers(min_value=0, max_value=3))
def test_passages_cover_the_text_and_keep_to_the_limits(text: str, words: int, overlap: int) -> None:
    shape = Shape(words, overlap)
    passages = split(text, None, shape)
    if not text.strip():
        assert passages == []
        return
    assert passages[0][0] == 0
    assert passages[-1][1] == len(text)
    for (start, end), (next_start, next_end) in pairwise(passages):
        assert start < next_start <= end < next_end
    for start, end in passages:
        assert len(text[start:end].split()) <= words
        assert len(text[start:end].strip()) <= shape.characters


@given(LONG)
def test_joining_the_passages_without_their_overlaps_gives_the_text_back(text: str) -> None:
    joined = ""
    for start, end in split(text):
        assert start <= len(joined)
        joined += text[len(joined) : end]
    assert joined == (text if text.strip() else "")


@given(st.lists(st.integers(min_value=1, max_value=60), min_size=1, max_size=30))
def test_windows_are_whole_sentences_with_one_of_overlap(lengths: list[int]) -> None:
    text = " ".join(" ".join(["Word"] + ["word"] * (length - 1)) + "." for length in lengths)
    sentences = sentence_spans(text)
    edges = {edge for span in sentences for edge in span}
    passages = split(text)
    assert all(start in edges and end in edges for start, end in passages)
    for (_, end), (next_start, next_end) in pairwise(passages):
        overlapping = [span for span in sentences if span[0] >= next_start and span[1] <= end]
        last = next(span for span in sentences if span[1] == end)
        beside = next(span for span in sentences if span[0] == end)
        fits = len(text[last[0] : beside[1]].split()) <= 120
        assert overlapping == ([last] if fits else [])
        assert next_end > end


def test_worked_example() -> None:
    text = "A met B. They spoke for an hour. C left."
    assert [text[a:b] for a, b in split(text, shape=Shape(6, 1))] == [
        "A met B. ",
        "They spoke for an hour. ",
        "C left.",
    ]
    assert [text[a:b] for a, b in split(text, shape=Shape(8, 1))] == [
        "A met B. They spoke for an hour. ",
        "They spoke for an hour. C left.",
    ]
