"""Cards: within Discord's limits whatever the articles hold, nothing shown without its citation, nothing formatted."""

import re
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from PIL import ImageColor

from bot.assistant import Assistant
from bot.discord.cards import answer_card, context_card, evidence_card, notice_card
from bot.discord.ledger import Ledger
from bot.discord.picture import BARS, LINKED, SCALE, WIDTH, picture
from bot.discord.picture import main as draw
from bot.discord.quotes import excerpt, source_line
from bot.discord.replies import embed_of
from bot.discord.text import safe_url, units, visible
from bot.discord.types import MAX_CARD, Card, Cited, Field, Place, StoredAnswer, digest
from bot.layout import plain
from bot.render import answer_lines
from bot.view import UNSURE
from reader.types import Answer, AnswerItem
from retrieval.types import SearchFilter, Turn
from tests.discord_syntax import constructs, foreign, seen, shown, unmarked, without_joiners
from tests.fakes import LINK, answer
from tests.test_discord_text import texts
from tests.test_render import answers, reprinted

NUMBER = re.compile(r"\\\[(\d+)\\\]")
NUMBERS = re.compile(rf"(?: {NUMBER.pattern})+(?: and \d+ more)?$")
HIDDEN = re.compile(r"and (\d+) more items?$|\((\d+) more versions? not shown\)", re.MULTILINE)
long = st.tuples(texts, st.sampled_from([1, 1, 3, 30])).map(lambda pair: pair[0] * pair[1])
urls = (
    st.none()
    | texts
    | st.integers(0, 490).map(lambda size: "https://a.example/" + "x(" * (size // 4) + "y" * (size // 2))
)


def check_card(card: Card) -> None:
    """Discord's limits, by its documents; nothing formatted but by us; no name and no text empty."""
    assert len(card.title) <= 256
    assert 0 < len(card.description) <= 4096
    assert len(card.fields) <= 25
    assert len(card.footer) <= 2048
    for field in card.fields:
        assert 0 < len(field.name) <= 256
        assert 0 < len(field.value) <= 1024
        assert constructs(field.name) == set()
        assert foreign(field.value) == set()
    texts = [card.title, card.description, card.footer, *(each for f in card.fields for each in (f.name, f.value))]
    assert sum(map(len, texts)) <= card.size == sum(map(units, texts)) <= 6000
    assert constructs(card.title) == set()
    assert foreign(card.description) == set()
    assert not constructs(card.footer) & {"unseen"}


def check_citations(answer: Answer, items: Sequence[AnswerItem], blocks: Sequence[str]) -> None:
    """Each item is in its block, with numbers that each have a line: an article that the item cites, and its link."""
    lines = "\n".join(blocks).split("\n")
    for item, block in zip(items, blocks, strict=True):
        ending = NUMBERS.search(block.split("\n")[0 if answer.kind == "list" else 1])
        assert ending is not None
        numbers = NUMBER.findall(ending[0])
        cited = {citation.article_id: answer.article(citation) for citation in item.citations}.values()
        grouped = {answer.evidence.groups[article.id] for article in cited}
        same = [article for id, article in answer.evidence.articles.items() if answer.evidence.groups[id] in grouped]
        for number in numbers:
            (line,) = {line for line in lines if line.startswith(f"\\[{number}\\] ")}
            (address, *_) = [safe_url(a.url) for a in same if line == f"\\[{number}\\] {source_line(a)}"]
            assert address is None or f"]({address})" in line


def check_quotes(answer: Answer, lines: Sequence[str]) -> None:
    """What stands in quotation marks is in an article, character by character."""
    said = [without_joiners(seen(article.text)) for article in answer.evidence.articles.values()]
    for line in lines:
        if line.startswith("> “"):
            words = unmarked(line).removeprefix("> “").removesuffix("”").removeprefix("… ").removesuffix(" …")
            assert any(words.strip() in text for text in said)


@settings(suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large, HealthCheck.filter_too_much])
@given(answers(long, urls), texts)
def test_any_answer_is_a_card_within_the_limits_with_every_citation(found: Answer, where: str) -> None:
    card = answer_card(found, where)
    check_card(card)
    values = [field.value for field in card.fields]
    check_quotes(found, [line for text in (card.description, *values) for line in text.split("\n")])
    left_out = sum(int(digits) for match in HIDDEN.finditer(card.description) for digits in match.groups() if digits)
    shown_items = found.answers[: len(found.answers) - left_out]
    described = card.description
    if not found.certain:
        assert card.tone == "unsure"
        assert described.startswith(f"{UNSURE}\n")
        described = described.removeprefix(f"{UNSURE}\n")
    match found.kind:
        case "none":
            assert (card.tone, card.fields) == ("none", ())
        case "differing":
            assert (card.tone, len(values)) == ("differing", len(shown_items))
            check_citations(found, shown_items, values)
        case "passage":
            assert left_out == 0 and not card.fields
        case "span":
            assert left_out == 0
            check_citations(found, found.answers, [described])
        case "list":
            assert shown_items
            check_citations(found, shown_items, _rows(card))


@given(answers(texts, urls))
def test_pages_of_passages_are_within_the_limits(found: Answer) -> None:
    remembered = as_remembered(found)
    for page in range(len(remembered.places)):
        card = evidence_card(remembered, found.evidence.articles, page)
        check_card(card)
        assert card.footer.startswith(f"Passage {page + 1} of {len(remembered.places)} · ")


@settings(suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large])
@given(long, long, long)
def test_a_passage_in_its_article_is_within_the_limits(before: str, passage: str, after: str) -> None:
    article = replace(answer("hello").evidence.articles["a1"], text=before + passage + after)
    card = context_card(article, len(before), len(before) + len(passage))
    check_card(card)
    check_card(notice_card(before + passage))


@given(texts, st.data(), st.integers(12, 60))
def test_an_excerpt_holds_its_marks_and_nothing_that_is_not_in_the_text(
    text: str, data: st.DataObject, limit: int
) -> None:
    start, end = sorted(data.draw(st.integers(0, len(text))) for _ in range(2))
    written = excerpt(text, [(start, end)], limit)
    assert units(written) <= limit
    assert unmarked(written).removeprefix("… ").removesuffix(" …").strip() in without_joiners(seen(text))
    if written and not written.endswith("…"):
        bold = re.search(r"(?<!\\)(?:\\\\)*\*\*", written) is not None
        assert bold == bool(visible(text[start:end]).strip())


def as_remembered(found: Answer) -> StoredAnswer:
    """What a ledger would give back."""
    places = tuple(
        Place(hit.passage.article_id, hit.passage.start, hit.passage.end, hit.score, digest(hit.text))
        for hit in found.evidence.hits
    )
    cited = tuple(
        Cited(each.article_id, each.answer_start, each.answer_end) for item in found.answers for each in item.citations
    )
    return StoredAnswer(found.question, SearchFilter(), (), places, cited)


def test_one_answer_with_its_sources() -> None:
    card = answer_card(answer("hello *there*"), "source Example Wire")
    assert card == Card(
        title=r"hello \*there\*",
        description="**hello**\n"
        r"sure (99 %) · 2 sources \[1\] \[2\]"
        "\n\n> “Ana met Bo in **Caracas**.”\n"
        rf"\[1\] [Talks in Caracas]({LINK}) · Example Wire · 20 February 2024"
        "\n\n> “Ana met Bo in **Caracas**.”\n"
        r"\[2\] untitled.txt",
        tone="answer",
        footer="source Example Wire",
    )


@pytest.mark.parametrize("question", ["hello", "nowhere", "differ"])
def test_what_a_question_leans_on_stands_at_the_foot(question: str) -> None:
    leaning = answer(question, conversation=[Turn("Who  met\u202e?")])
    assert answer_card(leaning).footer == "about: Who met?"
    assert answer_card(leaning, "source Example Wire").footer == "about: Who met? · source Example Wire"
    assert len(answer_card(answer(question, conversation=[Turn("Who? " * 300)])).footer) < 400


def test_items_of_a_list_share_a_sentence_and_its_number() -> None:
    assert answer_card(answer("list")).description.split("\n") == [
        r"1. **Ana** \[1\]",
        r"2. **Bo** \[1\]",
        "Lowest confidence: likely (78 %)",
        "",
        "> “**Ana** met **Bo** in Caracas.”",
        rf"\[1\] [Talks in Caracas]({LINK}) · Example Wire · 20 February 2024",
    ]


def test_what_is_unsure_is_worded_and_coloured_as_such_and_quoted() -> None:
    card = answer_card(answer("unsure"))
    assert card.description.split("\n") == [
        "Not sure, but this may answer it:",
        "**Ana**",
        r"unsure (40 %) \[1\]",
        "",
        "> “**Ana** met Bo in Caracas.”",
        rf"\[1\] [Talks in Caracas]({LINK}) · Example Wire · 20 February 2024",
    ]
    others = {embed_of(answer_card(answer(kind))).colour for kind in ("hello", "list", "differ", "nowhere")}
    assert embed_of(card).colour not in others


def test_what_is_told_is_its_quotes_alone() -> None:
    found = answer("hello")
    card = answer_card(replace(found, kind="passage"))
    assert card.description.startswith("Sure (99 %)\n\n> ")
    assert "**" not in card.description
    assert all(citation.title in card.description for citation in found.citations)


def test_versions_that_differ_stand_side_by_side_under_their_dates() -> None:
    card = answer_card(answer("differ"))
    assert card.description == "The articles differ:"
    assert card.fields[1] == Field(
        name="undated",
        value="**Bo** (20 February 2024)\nlikely (60 %) \\[2\\]\n> “Ana met **Bo** in Caracas.”\n\\[2\\] untitled.txt",
        inline=True,
    )
    assert card.fields[0].name == "20 February 2024"


def test_a_word_that_was_read_as_an_endless_one_leaves_the_card_within_its_limits() -> None:
    found = answer("list")
    endless = replace(found.evidence.question, respelled={"Lavrof": "Lavrov-" + "x" * 9000})
    card = answer_card(replace(found, evidence=replace(found.evidence, question=endless)), "source Example Wire")
    assert units(card.footer) <= 2048 and card.size <= MAX_CARD
    assert card.footer.startswith("Lavrof: read as Lavrov-") and card.footer.endswith("source Example Wire")


def test_not_found_shows_the_nearest_sentence() -> None:
    card = answer_card(answer("nowhere"))
    assert card.description.split("\n") == [
        "**Not found in these articles.** The nearest sentence:",
        "",
        "> “Ana met Bo in Caracas.”",
        f"[Talks in Caracas]({LINK}) · Example Wire · 20 February 2024",
    ]
    assert card.tone == "none"
    nothing = replace(answer("nowhere").evidence, hits=())
    filtered = replace(answer("nowhere"), evidence=nothing)
    assert answer_card(filtered).description == f"**{plain(answer_lines(filtered)).strip()}**"


@pytest.mark.parametrize(("times", "last"), [(2, "also in [Paper 1](https://1.example/)"), (5, "and 2 more")])
def test_reprints_are_named_below_the_one_quote(times: int, last: str) -> None:
    lines = answer_card(reprinted(times)).description.split("\n")
    assert "also in [Paper 0](https://0.example/)" in lines
    assert lines[-1] == last
    assert sum(line.startswith("> ") for line in lines) == 1


def test_a_long_list_loses_quotes_first_then_items_and_says_so() -> None:
    found = answer("list")
    (item, _), words = found.answers, "He said that many words were said. " * 20

    def listed(count: int, certain: bool = True) -> str:
        articles = {
            f"n{n}": replace(found.evidence.articles["a1"], id=f"n{n}", title=f"Talks {n}", text=words)
            for n in range(count)
        }
        cited = [replace(item.citations[0], article_id=id, quote=words, source_group=id) for id in articles]
        items = tuple(replace(item, text=f"Person {n}", citations=(each,)) for n, each in enumerate(cited))
        evidence = replace(found.evidence, articles=articles, groups={id: id for id in articles})
        return answer_card(replace(found, answers=items, evidence=evidence, certain=certain)).description

    quotes = [max((len(line) for line in listed(n).split("\n") if line[0:1] == ">"), default=0) for n in (1, 7, 10, 12)]
    assert quotes == sorted(quotes, reverse=True)
    assert len(set(quotes)) == 4
    assert quotes[3] == 0
    assert "more items" not in listed(15)
    unsure = listed(40, certain=False)
    rows = re.findall(r"^\d+\. \*\*Person", unsure, re.MULTILINE)
    assert len(re.findall(r"^> “", unsure, re.MULTILINE)) == len(rows) > 5
    assert f"\nand {40 - len(rows)} more items\n" in unsure
    many = listed(40)
    rows = re.findall(r"^\d+\. \*\*Person", many, re.MULTILINE)
    assert f"\nand {40 - len(rows)} more items\n" in many
    assert re.findall(r"^\\\[(\d+)\\\] \[Talks", many, re.MULTILINE) == [str(n + 1) for n in range(len(rows))]


def test_a_quote_is_cut_around_the_answer() -> None:
    text = "Many words came before it. " * 30 + "Then Ana left.  " + "Many words came after it. " * 30
    start = text.index("Ana")
    assert excerpt(text, [(start, start + 3)], 60) == "… came before it. Then **Ana** left. Many words came …"
    assert excerpt("He met Maduro.", [(7, 13)], 99) == "He met **Maduro**."
    assert excerpt("He met Maduro.", [(6, 10), (10, 14)], 99) == "He met **Maduro.**"
    assert excerpt(text, [], 3) == ""


def test_a_passage_has_its_page_its_source_and_the_answers_words_bold() -> None:
    found = answer("hello")
    card = evidence_card(as_remembered(found), found.evidence.articles, 0)
    assert card == Card(
        title="Talks in Caracas",
        description="Example Wire · 20 February 2024\n\n"
        r"Ana met Bo in **Caracas**. \[31m\[bold\]Then they left.\[/bold\]",
        tone="notice",
        footer="Passage 1 of 2 · score 1.00",
        url=LINK,
    )
    with pytest.raises(IndexError):
        evidence_card(as_remembered(found), found.evidence.articles, 2)
    assert "No passage" in evidence_card(replace(as_remembered(found), places=()), {}, 0).description


def test_the_passage_stands_out_of_its_article() -> None:
    article = replace(answer("hello").evidence.articles["a1"], text="# One.\n\nTwo. Three.\n\n- Four.\n- Five.")
    card = context_card(article, 8, 19)
    assert card.description == ("Example Wire · 20 February 2024\n\n\\# One.\n> Two. Three.\n\\- Four.\n\\- Five.")
    text = "before " * 500 + "Here it is." + " after" * 500
    lines = context_card(replace(article, text=text), 3500, 3511).description.split("\n")
    assert lines[2].startswith("… before before")
    assert lines[3] == "> Here it is."
    assert lines[4].endswith("after after…")
    assert len(lines[2]) > 550 < len(lines[4])


@pytest.mark.parametrize("question", ["list", "unsure", "differ", "nowhere"])
def test_a_card_can_be_drawn_with_its_colour_and_its_links(question: str) -> None:
    card = answer_card(answer(question))
    image = picture(card)
    assert image.width == WIDTH * SCALE
    colours = {colour for _, colour in image.getcolors(1 << 20) or []}
    assert {ImageColor.getrgb(BARS[card.tone]), ImageColor.getrgb(LINKED)} <= colours
    taller = picture(replace(card, description=f"{card.description}\nmore"))
    assert taller.height > image.height


def test_a_notice_reads_as_it_was_written() -> None:
    card = notice_card("Run `dateline index` first; @everyone waits.")
    assert shown(card.description) == "Run `dateline index` first; @everyone waits."
    assert constructs(card.description) == set()


def test_the_real_answer_has_each_name_bold_in_its_sentence(
    sample: Assistant, tmp_path_factory: pytest.TempPathFactory
) -> None:
    found = sample.ask("Who attended the Caracas meeting?")
    card = answer_card(found)
    check_card(card)
    check_citations(found, found.answers, _rows(card))
    for item in found.answers:
        assert card.description.count(f"**{item.text}**") >= 2
    ledger = Ledger.open(tmp_path_factory.mktemp("ledger") / "discord.sqlite")
    remembered = ledger.load(ledger.save(found))
    assert remembered is not None
    articles = sample.articles(place.article_id for place in remembered.places)
    pages = [evidence_card(remembered, articles, page) for page in range(len(remembered.places))]
    for page in pages:
        check_card(page)
        assert page.footer.startswith("Passage ")
    assert any(f"**{found.answers[0].text}**" in page.description for page in pages)


def _rows(card: Card) -> list[str]:
    """The lines of a list's items, and what they cite below the last."""
    head, _, notes = card.description.partition("\n\n")
    rows = [row for row in head.split("\n") if re.match(r"\d+\. \*\*", row)]
    return [*rows[:-1], f"{rows[-1]}\n{notes}"]


@pytest.mark.parametrize("out", ["picture.gif", "nowhere/picture.png", "."])
def test_a_picture_needs_a_place(out: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit):
        draw(["Who met?", "--out", str(tmp_path / out)])
    assert "is not a place for a picture" in capsys.readouterr().err


def test_a_picture_of_what_cannot_be_answered_is_refused_in_a_sentence(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    assert draw(["Who met?", "--out", str(tmp_path / "picture.png")]) == 1
    error = capsys.readouterr().err
    assert error.startswith("dateline: ") and len(error.splitlines()) == 1 and "dateline index" in error
