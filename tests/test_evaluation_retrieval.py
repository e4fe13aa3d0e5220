"""The figures for retrieval: worked by hand, then measured over a small file with the real encoder."""

import json
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from evaluation import calibration, retrieval
from evaluation.paragraphs import article_id, as_articles, searchable
from evaluation.ranking import FIGURES, Found, Outcome, Sought, judge, report
from evaluation.retrieval import DEPTH, ask
from reader.model import TransformersReader
from reader.train.data import Paragraph, Place, Question, paragraphs_of, read_file
from retrieval.encoder import Encoder
from retrieval.question import parsed
from retrieval.types import Hit, Passage, SearchFilter
from tests.stores import Counting

if TYPE_CHECKING:
    from evaluation.server import Server

FERRY = "The ferry to Lisbon sails at noon. It carries forty cars and a post van."
BRIDGE = "Anna Berg opened the new bridge in Oslo. The old one had stood since 1931."
BAKERY = "Three bakers of Porto share one oven. They are Rui, Ines and Tiago."
CHOIR = "The choir of Graz sang in the rain. Nobody had brought an umbrella."
# of each paragraph: questions, each with its answers
Questions = dict[str, list[tuple[str, list[str]]]]


def hit(name: str, start: int, end: int, dense: int | None = None, lexical: int | None = None) -> Hit:
    passage = Passage(0, name, start, end)
    return Hit(passage, "", score=0.0, dense_rank=dense, lexical_rank=lexical, cosine=0.0, coverage=0.0)


def in_all(rank: int | None, read: bool = False) -> Outcome:
    found = Found(rank, read, read)
    return Outcome(found, found, found)


def ranked(dense: int | None, lexical: int | None, fused: int | None) -> Outcome:
    return Outcome(*(Found(rank, False, False) for rank in (dense, lexical, fused)))


def squad(path: Path, answered: Questions, listed: bool = False) -> str:
    """Writes a question file, and returns its path."""
    paragraphs = [
        {
            "context": text,
            "qas": [
                {
                    "id": f"{number}-{place}",
                    "question": question,
                    "answers": [{"text": answer, "answer_start": text.index(answer)} for answer in answers],
                }
                for place, (question, answers) in enumerate(questions)
            ],
        }
        for number, (text, questions) in enumerate(answered.items())
    ]
    kind = "all required (a list)" if listed else "alternatives"
    data = [{"title": f"Report_{path.stem}", "paragraphs": paragraphs}]
    path.write_text(json.dumps({"answers_are": kind, "data": data}), encoding="utf-8")
    return str(path)


@pytest.fixture
def ports(tmp_path: Path) -> str:
    answered: Questions = {
        FERRY: [("When does the ferry to Lisbon sail?", ["noon"]), ("How many passengers were seasick?", [])],
        BRIDGE: [("Who opened the bridge in Oslo?", ["Anna Berg"]), ("Which year?", ["1931"])],
    }
    return squad(tmp_path / "ports.json", answered)


@pytest.fixture
def bakers(tmp_path: Path) -> str:
    answered: Questions = {
        BAKERY: [("Who are the bakers of Porto?", ["Rui", "Ines", "Tiago"])],
        FERRY: [("What sails?", [])],
    }
    return squad(tmp_path / "bakers.json", answered, listed=True)


def test_a_paragraph_comes_where_its_best_passage_does() -> None:
    hits = [
        hit("B", 0, 10, dense=1, lexical=0),
        hit("B", 10, 20, dense=0),
        hit("A", 0, 10, lexical=2),
        hit("C", 0, 10, dense=2, lexical=1),
        hit("A", 10, 20, dense=3),
    ]
    asked = Sought("A", (Place(12, 14),), listed=False)
    # dense B B C A, lexical B C A, fused B B A C A
    assert judge(hits, asked, DEPTH, read=3) == Outcome(
        dense=Found(3, False, False), lexical=Found(3, True, False), fused=Found(2, True, False)
    )
    assert judge(hits, asked, DEPTH, read=5).fused == Found(2, True, True)
    assert judge(hits, asked, 2, read=5) == in_all(None)


def test_an_answer_is_read_if_it_is_wholly_in_one_hit() -> None:
    hits = [hit("A", 0, 10), hit("A", 10, 20), hit("B", 0, 90)]
    apart, inside, other = Place(8, 12), Place(10, 20), Place(30, 40)

    def read(places: tuple[Place, ...], listed: bool) -> bool:
        return judge(hits, Sought("A", places, listed), DEPTH, read=8).fused.answer_read

    assert [read((place,), False) for place in (apart, inside, other)] == [False, True, False]
    assert read((apart, inside), listed=False)  # alternatives
    assert not read((apart, inside), listed=True)  # items
    assert read((Place(0, 3), inside), listed=True)


def test_recall_and_mrr() -> None:
    made = report("x", 7, [in_all(1, read=True), in_all(2), in_all(10, read=True), in_all(None)])
    assert (made.file, made.paragraphs, made.questions) == ("x", 7, 4)
    for figures in made.rankings.values():
        assert [figures[name].value for name in FIGURES] == [0.25, 0.5, 0.75, 0.4, 0.5, 0.5]
        assert figures["mrr"].low < 0.4 < figures["mrr"].high
    assert made.curves["fused"] == (0.25, *[0.5] * 8, *[0.75] * 11)
    assert made.gain["mrr"].value == made.gain["mrr"].low == made.gain["mrr"].high == 0


def test_the_gain_is_paired() -> None:
    outcomes = [ranked(1, None, 1)] * 50 + [ranked(None, None, 1)] * 10 + [ranked(None, None, None)] * 40
    made = report("x", 1, outcomes)
    # each interval alone is too wide to tell 50 of 100 from 60 of 100; that of the difference is not
    assert made.rankings["dense"]["recall_at_1"].high > made.rankings["fused"]["recall_at_1"].low
    gain = made.gain["recall_at_1"]
    assert gain.value == pytest.approx(0.1)
    assert 0.03 < gain.low < gain.high < 0.18


def test_the_gain_is_over_the_half_that_is_better_in_each_resample() -> None:
    made = report("x", 1, [ranked(1, None, 1), ranked(None, 1, None)] * 20)
    gain = made.gain["recall_at_1"]
    assert gain.value == gain.high == 0
    assert gain.low < -0.1


def test_paragraphs_of_the_same_words_are_one_article() -> None:
    first, again = Paragraph("dev:0", "Sea_ports", FERRY), Paragraph("train:0", "Other", FERRY)
    articles = as_articles([first, again, Paragraph("dev:1", "nfl_1184", BRIDGE)])
    assert [(article.title, article.text) for article in articles] == [("Sea ports", FERRY), ("", BRIDGE)]
    # the same name in two files is no reason to be one
    assert len(as_articles([first, Paragraph("dev:0", "Sea_ports", BRIDGE)])) == 2


def test_what_several_ask_in_the_same_words_is_searched_for_once() -> None:
    paragraphs = [Paragraph("a:0", "", FERRY), Paragraph("a:1", "", BRIDGE)]
    questions = [Question(str(n), "When?", paragraph, (Place(0, 3),)) for n, paragraph in enumerate(paragraphs)]
    searched = []

    def search(text: str) -> list[Hit]:
        searched.append(text)
        return [hit(article_id(paragraphs[1]), 0, 9, dense=0)]

    assert [outcome.dense.rank for outcome in ask(questions, search, read=8)] == [None, 1]
    assert searched == ["When?"]


def test_the_figures_of_two_files(ports: str, bakers: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    distractors = squad(tmp_path / "rain.json", {CHOIR: [("What was missing?", ["an umbrella"])], FERRY: [("?", [])]})
    plot = tmp_path / "curves.png"
    retrieval.main([ports, bakers, "--distractors", distractors, "--json", "--plot", str(plot)])
    assert plot.read_bytes().startswith(b"\x89PNG\r\n\x1a\n")
    out, err = capsys.readouterr()
    assert "Asking questions: 4 of 4" in err
    measured = json.loads(out)
    assert [measured[name] for name in ("paragraphs", "passages", "questions", "read")] == [4, 4, 4, 8]
    reports = [*measured["files"], measured["all"]]
    for made in reports:
        # four paragraphs that are as different as these: each is found, and all are read
        assert made["rankings"]["dense"]["recall_at_5"]["value"] == 1
        assert made["rankings"]["fused"]["answer_read"]["value"] == 1
    folder = tmp_path.name
    assert [(made["file"], made["paragraphs"], made["questions"]) for made in reports] == [
        (f"{folder}/ports", 2, 3),
        (f"{folder}/bakers", 2, 1),
        ("all files", 3, 4),
    ]
    # "Which year?" has no word in common with anything; the others name what they ask for
    assert measured["files"][0]["rankings"]["lexical"]["recall_at_1"]["value"] == pytest.approx(2 / 3, abs=0.01)


def test_a_copy_on_a_server_is_compared_with_the_folder(
    ports: str, bakers: str, server: "Server", capsys: pytest.CaptureFixture[str]
) -> None:
    retrieval.main([ports, bakers, "--json", "--url", server.new_database()])
    here, there = map(json.loads, capsys.readouterr().out.splitlines())
    assert (here.pop("same_first"), there.pop("same_first")) == (None, 4)
    # in the order of the words' weight, not of BM25, which only the ranks of the words alone show
    for made in (*here["files"], here["all"], *there["files"], there["all"]):
        del made["rankings"]["lexical"], made["curves"]["lexical"], made["gain"]
    assert here == there


def test_a_store_in_a_cache_is_made_once(tmp_path: Path, encoder: Encoder) -> None:
    articles = as_articles(Paragraph(f"a:{number}", "", text) for number, text in enumerate((FERRY, BRIDGE)))
    counting = Counting(encoder)

    def nearest(cache: Path | None) -> str:
        with searchable(articles, counting, cache) as retriever:
            return retriever.search(parsed("Who opened the bridge?"), 1, SearchFilter()).hits[0].passage.article_id

    interrupted = Counting(encoder, fail_after=0)
    with pytest.raises(KeyboardInterrupt), searchable(articles, interrupted, tmp_path):
        pass
    found = nearest(tmp_path)
    first = counting.embedded
    assert found == articles[1].id
    assert nearest(tmp_path) == found
    assert counting.embedded == first + 1  # the question
    assert len(list(tmp_path.iterdir())) == 1
    articles = as_articles([Paragraph("a:0", "", CHOIR), Paragraph("a:1", "", BRIDGE)])
    assert nearest(tmp_path) == found
    assert len(list(tmp_path.iterdir())) == 2
    assert nearest(None) == found


def test_the_confidence_is_fitted_on_what_the_search_finds(
    ports: str, encoder: Encoder, reader: TransformersReader
) -> None:
    questions = read_file(Path(ports))
    with searchable(as_articles(paragraphs_of(questions)), encoder) as retriever:
        data = calibration.examples(questions[:1], retriever, reader, 2, "span")
    assert data.features.shape[1] == 4
    assert data.right[0]  # the likeliest candidate comes first
    assert not data.right.all()
    assert set(data.question.tolist()) == {0}
