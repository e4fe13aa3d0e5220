"""A citation is checked against the stored text, and a wrong one is never shown."""

import dataclasses
import re
import sys
from typing import Any

import pytest
import sentencex
from hypothesis import given
from hypothesis import strategies as st

from reader.citations import check, cite, reprints
from reader.types import Answer, AnswerItem, Citation, Span, Timing
from retrieval.errors import CitationError
from retrieval.passages import split
from retrieval.question import parsed
from retrieval.types import Article, Evidence, Hit, Passage
from tests.test_sentences import TEXTS

TEXT = "Before that, they met. “We agreed on 3.5 percent,” Dr. Orr said. Then she left."


def article_of(text: str) -> Article:
    return Article("a", "Talks", None, None, None, None, "a.txt", text)


def span_in(text: str, start: int, end: int) -> Span:
    low, high = next((low, high) for low, high in split(text) if low <= start and end <= high)
    return Span(Hit(Passage(1, "a", low, high), text[low:high], 1.0, 0, None, 0.0, 0.0), start, end, 1.0)


def answer_with(text: str, start: int, end: int) -> Answer:
    article = article_of(text)
    citation = cite(article, span_in(text, start, end))
    item = AnswerItem(text[start:end], 0.9, None, (citation,))
    return Answer("span", (item,), Evidence(parsed("?"), (), {"a": article}, {"a": "a"}, 1), Timing(0, 0, 0))


def test_the_quote_is_the_sentence_around_the_answer() -> None:
    start = TEXT.index("3.5 percent")
    citation = answer_with(TEXT, start, start + 11).answers[0].citations[0]
    assert citation.quote == "“We agreed on 3.5 percent,” Dr. Orr said."
    assert TEXT[citation.answer_start : citation.answer_end] == "3.5 percent"


@given(TEXTS, st.data())
def test_any_span_of_any_text_is_cited_exactly(text: str, data: st.DataObject) -> None:
    words = [place for place, character in enumerate(text) if not character.isspace()]
    if not words:
        return
    start = data.draw(st.sampled_from(words))
    high = next(high for low, high in split(text) if low <= start < high)
    end = data.draw(st.sampled_from([place + 1 for place in words if start <= place < high]))
    answer = answer_with(text, start, end)
    citation = answer.answers[0].citations[0]
    assert text[citation.quote_start : citation.quote_end] == citation.quote
    assert citation.quote == citation.quote.strip()
    assert citation.quote_start <= start < end <= citation.quote_end
    check(answer, answer.evidence.articles)


PARAGRAPH_END = re.compile(r"\n[^\S\n]*\n")


@given(st.lists(TEXTS, min_size=2, max_size=4), st.data())
def test_no_quote_runs_over_the_end_of_a_paragraph_unless_its_answer_does(
    paragraphs: list[str], data: st.DataObject
) -> None:
    text = "\n\n".join(paragraphs)
    words = [place for place, character in enumerate(text) if not character.isspace()]
    if not words:
        return
    start = data.draw(st.sampled_from(words))
    high = next(high for low, high in split(text) if low <= start < high)
    end = data.draw(st.sampled_from([place + 1 for place in words if start <= place < high]))
    citation = answer_with(text, start, end).answers[0].citations[0]
    if PARAGRAPH_END.search(text[start:end]) is None:
        assert PARAGRAPH_END.search(citation.quote) is None


def test_the_quote_is_of_the_line_that_the_answer_stands_in() -> None:
    """Also where a passage begins within the line, which then looks as if it had been wrapped there."""
    line = "Berg met " + "the mayors of all the towns along the coast and " * 30 + "of Oslo in the U.S."
    text = f"{line}\nOfficials agreed."
    start = text.index("Oslo")
    citation = answer_with(text, start, start + 4).answers[0].citations[0]
    assert line.endswith(citation.quote)
    assert citation.quote_start > 0


@pytest.mark.parametrize("stored", [TEXT.replace("3.5", "4.5"), " " + TEXT, TEXT[:30], None])
def test_a_quote_that_the_store_no_longer_holds_is_refused(stored: str | None) -> None:
    start = TEXT.index("3.5 percent")
    answer = answer_with(TEXT, start, start + 11)
    check(answer, {"a": article_of(TEXT)})
    with pytest.raises(CitationError, match="no longer says '“We agreed"):
        check(answer, {} if stored is None else {"a": article_of(stored)})


def test_a_citation_of_another_title_is_refused() -> None:
    answer = answer_with(TEXT, 0, 6)
    retitled = dataclasses.replace(article_of(TEXT), title="Other talks")
    with pytest.raises(CitationError):
        check(answer, {"a": retitled})


def test_an_answer_that_is_not_the_words_at_its_place_is_refused() -> None:
    start = TEXT.index("3.5 percent")
    answer = answer_with(TEXT, start, start + 11)
    invented = dataclasses.replace(answer.answers[0], text="4.5 percent")
    with pytest.raises(CitationError):
        check(dataclasses.replace(answer, answers=(invented,)), {"a": article_of(TEXT)})


def test_the_nearest_sentence_is_checked_like_an_answer() -> None:
    answer = answer_with(TEXT, 0, 6)
    (citation,) = answer.citations
    near = dataclasses.replace(answer, kind="none", answers=(), nearest=citation)
    check(near, STORED)
    with pytest.raises(CitationError):
        check(dataclasses.replace(near, nearest=dataclasses.replace(citation, quote="Nobody said so.")), STORED)


def test_a_citation_of_another_source_group_than_the_evidence_says_is_refused() -> None:
    answer = answer_with(TEXT, 0, 6)
    check(answer, answer.evidence.articles)
    for groups in ({"a": "z"}, {}):
        with pytest.raises(CitationError):
            check(dataclasses.replace(answer, evidence=dataclasses.replace(answer.evidence, groups=groups)), STORED)


def test_no_article_is_kept_for_later_when_it_has_been_cited() -> None:
    text = "\n\n".join(f"It was day {number}. Ana Ruiz spoke." for number in range(50))
    articles = {key: dataclasses.replace(article_of(text), id=key) for key in "ab"}
    held = sys.getrefcount(text)
    for start in (match.start() for match in re.finditer("Ana", text)):
        citation = cite(articles["a"], span_in(text, start, start + 8), "a")
        reprints(citation, Evidence(parsed("?"), (), articles, {"a": "a", "b": "a"}, 1))
    assert sys.getrefcount(text) == held


def test_of_a_long_article_only_what_is_around_the_answer_is_read(monkeypatch: pytest.MonkeyPatch) -> None:
    paragraph, read = "Ana Ruiz spoke in Porto. " * 40, 0
    text = "\n\n".join([paragraph] * 200)
    hit = Hit(Passage(1, "a", 100_100, 100_400), text[100_100:100_400], 1.0, 0, None, 0.0, 0.0)
    span = Span(hit, 100_200, 100_203, 1.0)
    boundaries = sentencex.get_sentence_boundaries

    def counting(language: str, part: str) -> Any:
        nonlocal read
        read += len(part)
        return boundaries(language, part)

    monkeypatch.setattr(sentencex, "get_sentence_boundaries", counting)
    assert cite(article_of(text), span).quote in paragraph
    assert read <= 3 * len(paragraph)


STORED = {"a": article_of(TEXT)}
SENTENCE = "5 people died."


def reprints_in(*others: str) -> tuple[tuple[Citation, ...], Evidence]:
    """The reprints of the citation of "5 people" in "a", among articles "b", "c" ... of its group."""
    text = f"It was Monday. {SENTENCE}"
    texts = dict(zip("abcd", (text, *others), strict=False))
    articles = {key: dataclasses.replace(article_of(each), id=key) for key, each in texts.items()}
    evidence = Evidence(parsed("?"), (), articles, dict.fromkeys(articles, "a"), 1)
    start = text.index("5 people")
    return reprints(cite(articles["a"], span_in(text, start, start + 8), "a"), evidence), evidence


def test_a_reprint_that_has_the_very_sentence_is_cited_with_its_own_offsets() -> None:
    found, evidence = reprints_in("Nothing of it.", f"OSLO — It was Monday.\n\n{SENTENCE} More may be found.")
    (citation,) = found
    text = evidence.articles["c"].text
    assert (citation.article_id, citation.source_group) == ("c", "a")
    assert text[citation.quote_start : citation.quote_end] == citation.quote == SENTENCE
    assert text[citation.answer_start : citation.answer_end] == "5 people"
    item = AnswerItem("5 people", 0.9, None, found)
    check(Answer("span", (item,), evidence, Timing(0, 0, 0)), evidence.articles)


@pytest.mark.parametrize(
    "text",
    [
        "On Monday 5 people  died.",
        "15 people died.",
        "He denied that 5 people died.",
        "5 people died.5 in all, that is, 0.",
    ],
)
def test_words_that_are_no_sentence_of_the_reprint_are_not_cited(text: str) -> None:
    assert reprints_in(text)[0] == ()


def test_what_another_source_says_in_the_same_words_is_no_reprint() -> None:
    _, evidence = reprints_in(SENTENCE, SENTENCE)
    apart = dataclasses.replace(evidence, groups={"a": "a", "b": "b", "c": "a"})
    text = evidence.articles["a"].text
    citation = cite(evidence.articles["a"], span_in(text, 15, 17), "a")
    assert [each.article_id for each in reprints(citation, apart)] == ["c"]


@given(TEXTS, TEXTS, st.data())
def test_any_reprint_is_cited_exactly(text: str, around: str, data: st.DataObject) -> None:
    words = [place for place, character in enumerate(text) if not character.isspace()]
    if not words:
        return
    start = data.draw(st.sampled_from(words))
    articles = {"a": article_of(text), "b": dataclasses.replace(article_of(f"{around}\n\n{text}"), id="b")}
    evidence = Evidence(parsed("?"), (), articles, {"a": "a", "b": "a"}, 1)
    citation = cite(articles["a"], span_in(text, start, start + 1), "a")
    for found in (citation, *reprints(citation, evidence)):
        stored = articles[found.article_id].text
        assert stored[found.quote_start : found.quote_end] == found.quote == citation.quote
        assert stored[found.answer_start : found.answer_end] == text[start]
