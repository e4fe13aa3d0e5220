"""What a person sees: the right words marked, each source once, and nothing that could act on the terminal."""

import io
import re
from dataclasses import replace
from datetime import UTC, datetime

import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from rich.cells import cell_len
from rich.console import Console

from bot.layout import Line, Page, marked, plain
from bot.overview import sources_lines
from bot.render import answer_lines, exchange_lines, passages_lines
from bot.streams import harmless
from bot.view import confidence_words
from reader.citations import check
from reader.types import Answer, AnswerItem, Citation, Kind, Timing
from retrieval.question import parsed
from retrieval.types import Article, ArticleSummary, Evidence, Hit, Passage, StoreStatus, Turn
from tests.fakes import LINK, STATUS, answer

HARMFUL = re.compile("[\x00-\x09\x0b-\x1f\x7f-\x9f\u2028-\u202e\u2066-\u2069\ud800-\udfff]")
COLOUR = re.compile(r"\x1b\[[0-9;]*m")
harmful = st.sampled_from("\x1b\x9b\x07\u202e\u2066\u2028\ud800\r\n\t []*“”/")
nasty = st.lists(st.text(max_size=8) | harmful, max_size=12).map("".join)


@st.composite
def answers(
    draw: st.DrawFn, text: st.SearchStrategy[str] = nasty, urls: st.SearchStrategy[str | None] = nasty
) -> Answer:
    """Any answer whose citations are true, with up to 27 items, about articles that hold anything."""
    articles, hits = {}, []
    for number in range(draw(st.integers(1, 4))):
        # text comes out of UTF-8 files, so it alone holds no lone surrogates
        body = draw(text).replace("\ud800", "") + " x"
        published = draw(st.none() | st.datetimes(datetime(1, 1, 2), timezones=st.just(UTC)))
        id, title, source, url = f"{number}", draw(text), draw(st.none() | text), draw(st.none() | urls)
        articles[id] = Article(id, title, source, url, published, None, draw(text), body)
        hits.append(Hit(Passage(number, id, 0, len(body)), body, draw(st.floats(-9, 9)), number, None, 0.0, 0.0))
    groups = {id: draw(st.sampled_from(["0", id])) for id in articles}
    cited = st.lists(st.sampled_from(sorted(articles)), min_size=1, max_size=5).flatmap(
        lambda ids: st.tuples(*(_citations(articles[id], groups[id]) for id in ids))
    )
    item = st.builds(AnswerItem, text, st.floats(0, 1), st.none() | text, cited)
    items = tuple(draw(st.lists(item, max_size=3))) * draw(st.sampled_from([1, 1, 1, 9]))
    kinds: dict[bool, tuple[Kind, ...]] = {True: ("list", "differing", "passage"), False: ("span", "passage")}
    kind: Kind = draw(st.sampled_from(kinds[len(items) > 1])) if items else "none"
    certain = kind in ("differing", "none") or draw(st.booleans())
    near = draw(st.none() | _citations(articles["0"], groups["0"])) if kind == "none" else None
    evidence = Evidence(parsed(draw(text)), tuple(hits), articles, groups, 7)
    return Answer(kind, items, evidence, Timing(1, 1, 2), certain, near)


def _citations(article: Article, group: str) -> st.SearchStrategy[Citation]:
    meta = (article.title, article.source, article.url, article.published)
    four = st.tuples(*[st.integers(0, len(article.text))] * 4).map(sorted)
    return four.map(
        lambda at: Citation(article.id, *meta, article.text[at[0] : at[3]], at[0], at[3], at[1], at[2], group)
    )


def drawn(lines: tuple[Line, ...], width: int, colours: bool = True) -> str:
    console = Console(
        file=io.StringIO(), width=width, force_terminal=True, color_system="truecolor" if colours else None
    )
    console.print(Page(lines, marks=not colours), crop=False, end="")
    assert isinstance(console.file, io.StringIO)
    return console.file.getvalue()


@example(" a b \n", [(0, 9)])
@given(nasty, st.lists(st.tuples(st.integers(0, 60), st.integers(0, 60)), max_size=4))
def test_marking_changes_no_character_and_marks_exactly_the_intervals(
    text: str, intervals: list[tuple[int, int]]
) -> None:
    runs = marked(text, intervals)
    assert "".join(run.text for run in runs) == text.strip()
    at = len(text) - len(text.lstrip())
    for run in runs:
        for position in range(at, at + len(run.text)):
            inside = any(start <= position < end for start, end in intervals)
            assert inside == (run.role == "mark")
        at += len(run.text)


@given(st.text(st.characters(exclude_characters="*"), max_size=60), st.data())
def test_a_quote_without_its_marks_is_the_quote(text: str, data: st.DataObject) -> None:
    start, end = sorted(data.draw(st.integers(0, len(text))) for _ in range(2))
    shown = plain([Line("", marked(text, [(start, end)]))])
    assert "".join(shown.replace("**", "").split()) == "".join(harmless(text).split())


@given(answers(), st.integers(20, 120))
def test_no_article_can_act_on_the_terminal(found: Answer, width: int) -> None:
    for lines in (answer_lines(found), exchange_lines(found), passages_lines(found), sources_lines(STATUS, found)):
        for shown in (plain(lines), COLOUR.sub("", drawn(lines, width)), drawn(lines, width, colours=False)):
            assert HARMFUL.search(shown) is None


@given(answers(), st.integers(40, 120))
def test_rows_fit_the_terminal_except_links(found: Answer, width: int) -> None:
    links = {harmless(article.url or "").strip() for article in found.evidence.articles.values()}
    for row in COLOUR.sub("", drawn(answer_lines(found), width)).split("\n"):
        assert cell_len(row) <= width or row.strip() in links


def test_an_escape_sequence_or_markup_in_an_article_stays_text() -> None:
    shown = drawn(passages_lines(answer("hello")), 80)
    assert "\x1b[31m" not in shown
    assert "�[31m[bold]Then they left.[/bold]" in COLOUR.sub("", shown)


def test_what_is_told_is_its_quotes_with_one_confidence() -> None:
    told = replace(answer("hello"), kind="passage")
    first, *rest = plain(answer_lines(told)).splitlines()
    assert first == "Sure (99 %)"
    assert rest[1].startswith("[1] “")
    assert "**" not in plain(answer_lines(told))


@pytest.mark.parametrize("question", ["hello", "nowhere"])
def test_what_a_question_leans_on_stands_above_its_answer(question: str) -> None:
    leaning = answer(question, conversation=[Turn("Who met?"), Turn("and \x1b[31mwhen?")])
    assert plain(answer_lines(leaning)) == "about: Who met? / and \ufffd[31mwhen?\n" + plain(
        answer_lines(answer(question))
    )
    assert plain(exchange_lines(leaning)).startswith(f"> {question}\nabout: Who met?")


def test_one_answer_with_its_sources() -> None:
    lines = plain(answer_lines(answer("hello"))).splitlines()
    assert lines == [
        "hello — sure (99 %) · 2 sources [1] [2]",
        "",
        "[1] “Ana met Bo in **Caracas**.”",
        "    Talks in Caracas · Example Wire · 20 February 2024",
        f"    {LINK}",
        "",
        "[2] “Ana met Bo in **Caracas**.”",
        "    untitled.txt",
    ]


def reprinted(times: int) -> Answer:
    """An answer from "a1", which the articles "r0", "r1" ... reprint further down in their texts."""
    found = answer("hello")
    original = found.answers[0].citations[0]
    articles, citations = dict(found.evidence.articles), [original]
    for number in range(times):
        id, title, link = f"r{number}", f"Paper {number}", f"https://{number}.example/"
        text = f"By our desk.\n\n{original.quote}"
        articles[id] = Article(id, title, None, link, None, "en", f"{id}.txt", text)
        at = text.index(original.quote)
        citations.append(Citation(id, title, None, link, None, original.quote, at, at + 22, at + 14, at + 21, "a1"))
    evidence = replace(found.evidence, articles=articles, groups=dict.fromkeys(articles, "a1"))
    answered = Answer("span", (replace(found.answers[0], citations=tuple(citations)),), evidence, found.timing)
    check(replace(answered, answers=(replace(answered.answers[0], text="Caracas"),)), articles)
    return answered


def test_reprints_stand_below_the_one_quote_and_are_one_source() -> None:
    assert plain(answer_lines(reprinted(2))).splitlines() == [
        "hello — sure (99 %) [1]",
        "",
        "[1] “Ana met Bo in **Caracas**.”",
        "    Talks in Caracas · Example Wire · 20 February 2024",
        f"    {LINK}",
        "    also in: Paper 0",
        "             https://0.example/",
        "    also in: Paper 1",
        "             https://1.example/",
    ]


@pytest.mark.parametrize(("times", "last"), [(3, "https://2.example/"), (4, "and 1 more"), (13, "and 10 more")])
def test_of_many_reprints_three_are_named(times: int, last: str) -> None:
    lines = plain(answer_lines(reprinted(times))).splitlines()
    assert sum("also in" in line for line in lines) == 3
    assert lines[-1].strip() == last


def test_items_that_cite_different_reprints_of_a_sentence_share_its_number() -> None:
    found = reprinted(1)
    original, reprint = found.answers[0].citations
    other = AnswerItem("Bo", 0.9, None, (replace(reprint, answer_start=22, answer_end=24),))
    items = (replace(found.answers[0], citations=(original,)), other)
    shown = plain(answer_lines(replace(found, kind="list", answers=items)))
    assert "2. Bo [1]\nLowest confidence: likely (90 %)\n" in shown
    assert "[1] “Ana met **Bo** in **Caracas**.”\n" in shown
    assert shown.count("“") == 1


def test_a_list_has_a_line_an_item_and_a_shared_sentence_has_one_number() -> None:
    lines = plain(answer_lines(answer("list"))).splitlines()
    assert lines[:4] == [
        "1. Ana [1]",
        "2. Bo [1]",
        "Lowest confidence: likely (78 %)",
        "",
    ]
    assert lines[4] == "[1] “**Ana** met **Bo** in Caracas.”"
    assert len(lines) == 7


def test_the_confidence_of_a_list_is_that_of_its_least_likely_item() -> None:
    found = answer("list")
    first, second = found.answers
    both = replace(second, confidence=0.6, citations=answer("hello").answers[0].citations)
    lines = plain(answer_lines(replace(found, answers=(first, both)))).splitlines()
    assert lines[:3] == ["1. Ana [1]", "2. Bo — 2 sources [1] [2]", "Lowest confidence: likely (60 %)"]
    assert plain(answer_lines(replace(found, answers=(both,)))).startswith(
        "1. Bo — likely (60 %) · 2 sources [1] [2]\n\n"
    )


def test_what_is_unsure_is_worded_and_coloured_as_such_and_quoted() -> None:
    lines = answer_lines(answer("unsure"))
    assert plain(lines).splitlines()[:4] == [
        "Not sure, but this may answer it:",
        "Ana — unsure (40 %) [1]",
        "",
        "[1] “**Ana** met Bo in Caracas.”",
    ]
    shown = drawn(lines, 80)
    assert "\x1b[33mNot sure, but this may answer it:\x1b[0m" in shown and "\x1b[33mAna\x1b[0m" in shown
    assert "\x1b[1;32m" not in shown


def test_differing_answers_stand_each_with_its_date_in_the_order_given() -> None:
    lines = plain(answer_lines(answer("differ"))).splitlines()
    assert lines[:3] == [
        "The articles differ:",
        "• 20 February 2024: Ana — likely (78 %) [1]",
        "• undated: Bo (20 February 2024) — likely (60 %) [2]",
    ]


@pytest.mark.parametrize(
    ("iso", "shown"),
    [
        ("2022-03-10", "2. Bo (10 March 2022) [1]"),
        ("2022-03-07/2022-03-13", "2. Bo (7–13 March 2022) [1]"),
        ("2022-02-28/2022-03-06", "2. Bo (28 February – 6 March 2022) [1]"),
        ("2021-12-27/2022-01-02", "2. Bo (27 December 2021 – 2 January 2022) [1]"),
        ("2022-02-01/2022-02-28", "2. Bo (February 2022) [1]"),
        ("2022-01-01/2022-12-31", "2. Bo (2022) [1]"),
        ("2022-02-01/2022-03-31", "2. Bo (1 February – 31 March 2022) [1]"),
        ("next/week", "2. Bo (next/week) [1]"),
        ("2022-03-10/2022-03-11/2022-03-12", "2. Bo (2022-03-10/2022-03-11/2022-03-12) [1]"),
    ],
)
def test_the_days_that_a_time_word_means_stand_after_it(iso: str, shown: str) -> None:
    found = answer("list")
    items = (found.answers[0], replace(found.answers[1], resolved_date=iso))
    assert plain(answer_lines(replace(found, answers=items))).splitlines()[1] == shown


def test_not_found_is_one_line_and_the_nearest_sentence() -> None:
    found = answer("nowhere")
    assert plain(answer_lines(found)).splitlines() == [
        "Not found in these articles. The nearest sentence:",
        "",
        "“Ana met Bo in Caracas.”",
        "    Talks in Caracas · Example Wire · 20 February 2024",
        f"    {LINK}",
    ]
    assert plain(answer_lines(replace(found, nearest=None))) == "Not found in these articles.\n"


def test_not_found_says_why() -> None:
    found = answer("nowhere")

    def said(unmentioned: tuple[str, ...], coverage: float) -> str:
        hits = tuple(replace(hit, coverage=coverage) for hit in found.evidence.hits)
        evidence = replace(
            found.evidence, hits=hits, question=replace(found.evidence.question, unmentioned=unmentioned)
        )
        return plain(answer_lines(replace(found, evidence=evidence, nearest=None))).strip()

    assert said(("Lisbon",), 0.3) == "Not found: no article has the word “Lisbon”."
    assert said(("asdf", "qwerty"), 0.0) == "Not found: no article has the words “asdf” or “qwerty”."
    assert said(("Lisbon",), 0.9) == "Not found: the articles mention this, but do not answer it."


def test_a_filter_that_no_article_passes_is_said_to_be_the_cause() -> None:
    found = answer("nowhere")
    nothing = replace(found, evidence=replace(found.evidence, hits=()))
    said = "No article matches the filter, so nothing was searched; widen it or leave it out.\n"
    assert plain(answer_lines(nothing)) == said


def test_a_long_link_is_never_broken() -> None:
    lines = answer_lines(answer("hello"))
    assert f"    {LINK}\n" in plain(lines)
    assert LINK in drawn(lines, 40)


def test_words_are_bold_on_a_terminal_and_in_asterisks_where_there_is_no_bold() -> None:
    lines = answer_lines(answer("hello"))
    assert "\x1b[1mCaracas\x1b[0m" in drawn(lines, 80)
    assert "**" not in drawn(lines, 80)
    assert "**Caracas**" in drawn(lines, 80, colours=False)
    assert "\x1b" not in drawn(lines, 80, colours=False)


def test_wrapped_rows_are_indented_under_their_number() -> None:
    rows = drawn((Line("[1] ", marked("word " * 20, [])),), 24, colours=False).splitlines()
    assert rows[0] == "[1] word word word word"
    assert rows[1] == "    word word word word"


@pytest.mark.parametrize(
    ("confidence", "certain", "words"),
    [
        (1, True, "sure (100 %)"),
        (0.9999, True, "sure (99 %)"),
        (0.95, True, "sure (95 %)"),
        (0.78, True, "likely (78 %)"),
        (0.5, True, "likely (50 %)"),
        (0.2, True, "unsure (20 %)"),
        (0.78, False, "unsure (78 %)"),
        (0.0001, False, "unsure (1 %)"),
        (0, False, "unsure (0 %)"),
    ],
)
def test_confidence_is_one_word_and_a_number(confidence: float, certain: bool, words: str) -> None:
    assert confidence_words(confidence, certain) == words


def test_passages_that_were_read_have_scores_and_ranks() -> None:
    shown = plain(passages_lines(answer("hello")))
    assert (
        "1. Talks in Caracas · Example Wire · 20 February 2024\n    score 1.0000 · by meaning #1 · by words not"
        in shown
    )
    assert "in **Caracas**." in shown


def test_sources_show_the_cited_first_then_the_newest() -> None:
    old = ArticleSummary("a0", "Old", None, datetime(1999, 1, 1, tzinfo=UTC), None, "old.txt", "a0", 1, 0)
    many = tuple(replace(old, id=f"m{number}") for number in range(60))
    status = StoreStatus(1, old.published or datetime.now(UTC), "m", "f", 4, (*many, *STATUS.articles), 62, 1)
    shown = plain(sources_lines(status, replace(answer("list"), answers=answer("list").answers[:1])))
    assert shown.startswith("Cited in the last answer\n  a1 Talks in Caracas · Example Wire · 20 February 2024\n\n")
    assert "Also in the index\n  m0 Old · 1 January 1999\n" in shown
    assert "… and 11 more articles" in shown
    assert plain(sources_lines(STATUS, None)).startswith("In the index\n  a1 ")


def test_an_article_without_a_title_is_named_by_its_file_everywhere() -> None:
    found = answer("nowhere")
    first = found.evidence.hits[:1]
    article = replace(found.evidence.article(first[0]), title="", source=None)
    assert found.nearest is not None
    near = replace(found.nearest, title="", source=None)
    evidence = replace(found.evidence, hits=first, articles={article.id: article})
    nameless = replace(found, evidence=evidence, nearest=near)
    for lines in (answer_lines(nameless), passages_lines(nameless)):
        assert f"{article.path} · 20 February 2024" in plain(lines)
