"""The benchmark of news over a few invented articles, with the real search and the real reader."""

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest

from evaluation import news
from evaluation.measuring import Given
from evaluation.newsfigures import Outcome
from evaluation.newsfiles import conversations, news_articles, questions
from reader.model import TransformersReader
from reader.pairs import RELATIONS
from reader.types import Answer, AnswerItem, Citation, Kind, Timing
from retrieval.encoder import Encoder
from retrieval.errors import CorpusError
from retrieval.question import parsed
from retrieval.types import Evidence, Turn

FERRY = (
    "The ferry Marisol ran aground off Talvik on Monday. Eleven passengers were hurt, the harbour office said. "
    "The captain, Ines Duarte, blamed thick fog. Rescue boats came from Talvik, Oksvik and Lerheim."
)
FERRY_LATER = "Fourteen passengers were hurt when the ferry Marisol ran aground off Talvik in thick fog, police said."
LIBRARY = "The town of Brevik opened its new library on Friday. Mayor Tomas Lind cut the ribbon before 300 guests."
TRAIN = "A night train will link Porto and Lyon from June, the railway company Noctis announced."
CASTLE = "Fire destroyed the roof of Ravna castle. Marek Dolny, the caretaker, raised the alarm. Nobody was killed."
BRIDGE = "Flooding closed the Old Bridge in Sorna. Engineer Pia Kost inspected the pillars."


def entry(key: str, text: str, asked: Sequence[dict[str, Any]] = (), cluster: str | None = None) -> dict[str, Any]:
    """An article with the questions about it, as the files have it."""
    about = {"id": key, "title": f"Title of {key}", "date": "2024-03-05", "source": "Gazette", "cluster": cluster}
    return about | {"paragraphs": [{"context": text, "qas": list(asked)}]}


def ask(question: str, *answers: str, text: str, article: str | None = None, **more: Any) -> dict[str, Any]:
    """A question answered by words of `text`."""
    places = [{"text": answer, "answer_start": text.index(answer)} for answer in answers]
    return {"id": question, "question": question, "is_impossible": not answers, "answers": places, **more}


@pytest.fixture
def data(tmp_path: Path) -> Path:
    """A folder of articles and questions of every kind."""
    folder = tmp_path / "data"
    folder.mkdir()
    articles = {
        "dev": [entry("f1", FERRY, cluster="ferry"), entry("f2", FERRY_LATER, cluster="ferry"), entry("l", LIBRARY)],
        "train": [entry("t", TRAIN)],
    }
    for split, entries in articles.items():
        lines = [json.dumps({**each, "text": each["paragraphs"][0]["context"]}) for each in entries]
        (folder / f"articles_{split}.jsonl").write_text("\n".join(lines))
    single = [
        ask("Who was the captain of the Marisol?", "Ines Duarte", "The captain, Ines Duarte", text=FERRY),
        ask("Who was the captain of the Albatros?", text=FERRY),
    ]
    lists = [ask("Where did the rescue boats come from?", "Talvik", "Oksvik", "Lerheim", text=FERRY)]
    hurt = ask("How many passengers of the Marisol were hurt off Talvik?", "Eleven", text=FERRY)
    hurt["answers"].append({"text": "Fourteen", "answer_start": 0, "article": "f2"})
    contrast = [
        ask("Who raised the alarm at Ravna castle?", "Marek Dolny", text=CASTLE, list=False),
        ask("Who was killed at Ravna castle?", text=CASTLE, list=False),
    ]
    broad = [
        ask("What happened to the ferry Marisol?", FERRY.split(". ")[0] + ".", text=FERRY, phrase=False),
        ask("Who is Ines Duarte?", "The captain", text=FERRY, phrase=True),
    ]
    captain = ask("Who was the captain of the Marisol?", "Ines Duarte", text=FERRY)
    cutting = ask("Who cut the ribbon of the library in Brevik?", "Tomas Lind", text=LIBRARY)
    talks = {
        "f1": [captain, ask("What did she blame?", "thick fog", text=FERRY, standalone="What did Ines Duarte blame?")],
        "l": [cutting, ask("and of what club is he?", text=LIBRARY, standalone="Of what club is Tomas Lind?")],
    }
    for turns in talks.values():
        turns[0]["standalone"] = turns[0]["question"]
    files = {
        "dev_turns": (
            "all",
            [
                entry("f1", FERRY, [{"id": "t1", "turns": talks["f1"]}], "ferry"),
                entry("l", LIBRARY, [{"id": "t2", "turns": talks["l"]}]),
            ],
        ),
        "dev_broad": ("sentences, all of them", [entry("f1", FERRY, broad, "ferry")]),
        "dev_single": ("alternatives", [entry("f1", FERRY, single, "ferry")]),
        "dev_lists": ("all", [entry("f1", FERRY, lists, "ferry")]),
        "dev_differing": ("versions", [entry("f1", FERRY, [hurt], "ferry")]),
        "dev_contrast": ('alternatives; all where "list" is true', [entry("c", CASTLE, contrast)]),
        "train_contrast": ('alternatives; all where "list" is true', [entry("b", BRIDGE)]),
    }
    for name, (answers_are, entries) in files.items():
        (folder / f"{name}.json").write_text(json.dumps({"answers_are": answers_are, "data": entries}))
    pair = {"question": "Who won?", "a": side("Kyiv", "Kyiv won."), "b": side("Kiev", "Kiev won."), "label": "same"}
    (folder / "dev_pairs.json").write_text(json.dumps([pair]))
    return folder


def side(answer: str, sentence: str) -> dict[str, str | None]:
    return {"answer": answer, "sentence": sentence, "date": None}


def test_every_kind_is_asked_and_figured(
    data: Path,
    encoder: Encoder,
    reader: TransformersReader,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.setattr(news, "shipped_reader", lambda adapter: reader)
    monkeypatch.setattr(news, "shipped_encoder", lambda: encoder)
    plot = data / "trust.png"
    news.main([str(data), "--json", "--cache", str(data / "cache"), "--plot", str(plot)])
    assert plot.read_bytes().startswith(b"\x89PNG\r\n\x1a\n")
    printed = json.loads(capsys.readouterr().out)
    assert list(printed) == ["read", "threshold", "unsure", "results"]
    results = {result["name"]: result for result in printed["results"]}
    assert list(results) == [
        "single",
        "lists",
        "differing",
        "broad",
        "contrast",
        "contrast, right article",
        "turns",
        "pairs",
    ]
    sections = {section["name"]: section for result in results.values() for section in result["sections"]}
    answered = sections["single, one answer"]["figures"]
    for name in ("forced: right", "forced: cited rightly", "said plainly", "right of these"):
        assert answered[name] == {"estimate": {"value": 1.0, "low": 1.0, "high": 1.0}, "of": 1}
    assert sections["single, no answer"]["figures"]["declined"]["of"] == 1
    assert sections["lists"]["figures"]["recall of items"]["of"] == 3
    assert sections["differing"]["figures"]["one version at least"]["estimate"]["value"] == 1.0
    assert sections["broad, broad questions"]["figures"]["a sentence due is shown"]["of"] == 1
    assert sections["broad, one answer"]["figures"]["taken for what is asked"]["of"] == 1
    taken = sections["pairs"]["figures"]
    assert sum(taken[f"same, taken for {relation}"]["estimate"]["value"] for relation in RELATIONS) == 1
    assert taken["both, taken for same"] == {"estimate": None, "of": 0}
    alone = sections["contrast, right article, one answer"]["figures"]
    assert alone["right of all"]["estimate"]["value"] == 1.0
    assert sections["turns, follow-ups"]["figures"]["right, conversing"] == {
        "estimate": {"value": 1.0, "low": 1.0, "high": 1.0},
        "of": 1,
    }
    assert sections["turns, follow-ups without an answer"]["questions"] == 1
    leaning = sections["turns, what leans"]["figures"]
    assert [leaning[name]["of"] for name in ("of those that lean", "of changes of subject")] == [2, 2]
    assert leaning["of those that lean"]["estimate"]["value"] == 1.0
    assert leaning["of changes of subject"]["estimate"]["value"] == 1.0
    assert [record["question"] for record in results["turns"]["questions"]][1::2] == [
        "What did she blame?",
        "and of what club is he?",
    ]
    assert results["lists"]["confidence"] is None
    assert len(results["single"]["confidence"]["risks"]) == 100
    (asked, missed) = results["single"]["questions"]
    assert (asked["wanted"], asked["given"], asked["cited"]) == (["Ines Duarte"], ["Ines Duarte"], "Title of f1")
    assert missed["wanted"] == []

    # nothing is said at this threshold, and all that is not said is shown
    arguments = [
        "--kinds",
        "single,differing",
        "--threshold",
        "1",
        "--unsure",
        "1",
        "--verbose",
        "--cache",
        str(data / "cache"),
    ]
    news.main([str(data), *arguments])
    out, err = capsys.readouterr()
    assert "Who was the captain of the Marisol? — wanted Ines Duarte; declined, likeliest Ines Duarte (" in err
    assert "How many passengers of the Marisol were hurt off Talvik? — wanted Eleven | Fourteen; declined" in err
    assert "Embedding" not in err
    assert "\nsingle, one answer: 1\n" in out
    assert "\ndiffering: 1\n" in out


def test_answers_are_read_as_their_file_means_them(data: Path) -> None:
    collection = news_articles(data)
    one, none = questions(data / "dev_single.json", collection)
    (many,) = questions(data / "dev_lists.json", collection)
    (both,) = questions(data / "dev_differing.json", collection)
    assert [asked.kind for asked in (one, none, many, both)] == ["span", "none", "list", "differing"]
    assert one.due == (("Ines Duarte", "The captain, Ines Duarte"),)
    assert many.due == (("Talvik",), ("Oksvik",), ("Lerheim",))
    assert both.due == (("Eleven",), ("Fourteen",))
    assert (one.event, sorted(one.same_event), str(one.day)) == ("ferry", ["f1", "f2"], "2024-03-05")


def test_before_a_turn_stand_those_of_its_conversation_and_before_a_first_one_another_conversation(data: Path) -> None:
    (captain, blamed), (ribbon, club) = conversations(data / "dev_turns.json", news_articles(data))
    asked = Turn("Who was the captain of the Marisol?", ("Ines Duarte",), ("f1",))
    assert blamed.before == (asked,) and ribbon.before == (asked, Turn("What did she blame?", ("thick fog",), ("f1",)))
    assert captain.before[-1] == Turn("and of what club is he?")
    assert [turn.leans for turn in (captain, blamed, ribbon, club)] == [False, True, False, True]
    assert [turn.first for turn in (captain, blamed, ribbon, club)] == [True, False, True, False]
    assert (blamed.typed.text, blamed.standalone.text) == ("What did she blame?", "What did Ines Duarte blame?")
    assert (blamed.typed.kind, club.typed.kind) == ("span", "none")


def citation(article: str, quote: str) -> Citation:
    return Citation(article, "", None, None, None, quote, 0, len(quote), 0, len(quote), article)


def test_another_article_may_be_cited_if_it_is_of_the_same_event_and_says_so(data: Path) -> None:
    asked = questions(data / "dev_single.json", news_articles(data))[0]
    outcome = Outcome(asked, shown("none"), Given("", 0.0, None), "span")

    def cited(article: str, quote: str) -> bool:
        return outcome.cited_rightly(Given("Duarte", 0.9, citation(article, quote)))

    assert cited("f1", "whatever it says")
    assert cited("f2", "It was Ines Duarte's fault, or fog: Ines Duarte.")
    assert not cited("f2", "Ines Duartes was there.")
    assert not cited("l", "Ines Duarte opened the library.")
    assert not outcome.cited_rightly(Given("", 0.0, None))


def shown(kind: Kind, *texts: str) -> Answer:
    items = tuple(AnswerItem(text, 0.9, None, (citation("f1", text),)) for text in texts)
    return Answer(kind, items, Evidence(parsed("?"), (), {}, {}, 1), Timing(0, 0, 0))


@pytest.mark.parametrize(
    ("file", "number", "answer", "right"),
    [
        ("single", 0, shown("span", "captain Ines Duarte"), True),
        ("single", 0, shown("none"), False),
        ("single", 1, shown("none"), True),
        ("single", 1, shown("span", "Ines Duarte"), False),
        ("lists", 0, shown("list", "Oksvik", "Talvik", "Lerheim"), True),
        ("lists", 0, shown("list", "Oksvik", "Talvik"), False),
        ("lists", 0, shown("list", "Oksvik", "Talvik", "Lerheim", "fog"), False),
        ("broad", 0, shown("passage", f"So it was. {FERRY}"), True),
        ("broad", 0, shown("passage", "The ferry ran aground."), False),
        ("differing", 0, shown("differing", "14", "eleven passengers"), True),
        ("differing", 0, shown("list", "Eleven", "11", "twelve"), False),
    ],
)
def test_what_is_right(data: Path, file: str, number: int, answer: Answer, right: bool) -> None:
    asked = questions(data / f"dev_{file}.json", news_articles(data))[number]
    assert Outcome(asked, answer, Given("", 0.0, None), "span").right is right


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ('"text": "Ines Duarte"', '"text": "Ines Duarta"', "answer 'Ines Duarta' of question Who was the captain"),
        ("Eleven", "Twelve", "the context of f1 is not the text of the article with this id"),
        ('"qas"', '"questions"', "'qas' is missing"),
        ('"id": "f1"', '"id": "f9"', "'f9' is missing"),
    ],
)
def test_a_file_that_is_wrong_is_an_error(data: Path, old: str, new: str, said: str) -> None:
    file = data / "dev_single.json"
    content = file.read_text()
    assert old in content
    file.write_text(content.replace(old, new))
    with pytest.raises(CorpusError) as error:
        news.main([str(data)])
    assert str(error.value).startswith(f"{file} does not have the format that this benchmark reads: {said}")
