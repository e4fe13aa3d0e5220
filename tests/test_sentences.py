"""Sentences tile a text, whatever it is, and are cut where a reader of news would cut them."""

import re

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


@pytest.mark.parametrize(
    ("text", "sentences"),
    [
        ("They met on 23 May. Transport minister Berg left.", ["They met on 23 May.", "Transport minister Berg left."]),
        ("It closed on 4 Jan. “Nobody” came.", ["It closed on 4 Jan.", "“Nobody” came."]),
        ("“It ends in May.” Officials denied it.", ["“It ends in May.”", "Officials denied it."]),
        ("Oslo said no. Officials in Bergen agreed.", ["Oslo said no.", "Officials in Bergen agreed."]),
        ("It begins on Jan. 4 at No. 10.", ["It begins on Jan. 4 at No. 10."]),
        ("The ships came in Sept. 2021 and left.", ["The ships came in Sept. 2021 and left."]),
    ],
)
def test_a_month_at_the_end_of_a_sentence_ends_it(text: str, sentences: list[str]) -> None:
    assert [text[start:end].strip() for start, end in sentence_spans(text)] == sentences


def test_a_line_too_long_to_have_been_wrapped_is_a_paragraph() -> None:
    long = "The talks with the U.S. " + "and all the others who had come to the city " * 4 + "went on in the U.S."
    lines = ["Talks resume in Geneva", long, "Officials said that"]
    text = "\n".join(lines)
    assert [text[start:end].strip() for start, end in sentence_spans(text)] == lines
    wrapped = "The talks with the U.S.\nOfficials went on\nfor the whole of the day."
    assert sentence_spans(wrapped) == [(0, len(wrapped))]


@given(TEXTS, st.sampled_from([None, "en", "fr", "zh"]))
def test_no_sentence_holds_the_end_of_a_paragraph(text: str, language: str | None) -> None:
    for start, end in sentence_spans(text, language):
        assert re.search(r"\S\s*\n[^\S\n]*\n\s*\S", text[start:end]) is None
