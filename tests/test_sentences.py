"""Sentences tile a text, whatever it is, and are cut where a reader of news would cut them."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from retrieval.sentences import sentence_spans

# what breaks segmenters: abbreviations, quotes, exotic white space, text outside the basic plane
PIECES = st.one_of(
    st.sampled_from(
        ["Mr. ", "U.S. ", "J. ", "“", "”", '"', ". ", "! ", "?", "…", "\n", "\n\n", "\r", "\x85", "\u2028", "\xa0"]
    ),
    st.sampled_from(["\u3000", "\u200b", "\ufeff", "é", "e\u0301", "😀", "中。", "word ", "Word ", "3.5 ", "\t"]),
    st.characters(exclude_categories=["Cs"]),
)
TEXTS = st.lists(PIECES, max_size=40).map("".join)


@given(TEXTS, st.sampled_from([None, "en", "fr", "zh", "ar", "xx"]))
def test_sentences_tile_any_text(text: str, language: str | None) -> None:
    spans = sentence_spans(text, language)
    assert "".join(text[start:end] for start, end in spans) == text
    assert all(start < end for start, end in spans)


@pytest.mark.parametrize(
    "sentence",
    [
        "Gen. Mark A. Rees met Dr. J. R. Orr on Feb. 24 in the U.S. capital.",
        "“We agreed on everything that matters,” the minister said.",
        '"It is over!" she said.',
        "The company paid $3.5 million (approx. 2 p.m. on Monday) to St. Anne's Hospital.",
        "A headline without a full stop",
    ],
)
def test_a_sentence_is_not_broken(sentence: str) -> None:
    text = f"Before it came this. {sentence}\n\nAfter it came that."
    sentences = [text[start:end].strip() for start, end in sentence_spans(text)]
    assert sentences == ["Before it came this.", sentence, "After it came that."]


@pytest.mark.parametrize("blank", ["\n\n", "\n \n", "\n\n\n", "\n\t\n"])
def test_a_blank_line_ends_a_headline(blank: str) -> None:
    text = f"Talks resume in Geneva{blank}The two sides met on Monday."
    assert [text[start:end] for start, end in sentence_spans(text)] == [
        f"Talks resume in Geneva{blank}",
        "The two sides met on Monday.",
    ]
