"""What Dateline promises, kept by the real encoder and the real reader over real articles."""

import dataclasses
import json
import re
import sqlite3
import subprocess
import sys
from collections.abc import Callable, Iterable
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from bot.assistant import Assistant, index_corpus
from bot.settings import Settings
from reader.aggregate import Threshold
from reader.answering import Answerer
from reader.confidence import Calibration
from reader.model import TransformersReader
from reader.names import folded
from reader.types import Answer
from retrieval.encoder import CompiledEncoder
from retrieval.errors import CitationError, UsageError
from retrieval.progress import silent
from retrieval.search import Query, search
from retrieval.storage.database import DATABASE
from retrieval.storage.reading import Snapshot
from retrieval.types import Evidence, SearchFilter
from tests.conftest import ROOT, settings_for
from tests.stores import write

QUESTIONS = json.loads((Path(__file__).resolve().parent.parent / "evaluation" / "questions.json").read_text("utf-8"))
CARACAS = "Who attended the Caracas meeting?"


def said(answer: Answer) -> str:
    return " | ".join(" ".join(folded(item.text)) for item in answer.answers)


def names(answer: Answer, wanted: Iterable[str]) -> None:
    for name in wanted:
        assert re.search(name, said(answer)), f"{name} is not in {said(answer)}"


def verbatim(answer: Answer, assistant: Assistant) -> None:
    """Every quote and every answer is an exact slice of the stored article."""
    assert (answer.kind == "none") == (answer.answers == ())
    stored = assistant.articles({citation.article_id for citation in answer.citations})
    if answer.nearest is not None:
        near = answer.nearest
        assert stored[near.article_id].text[near.quote_start : near.quote_end] == near.quote
    for item in answer.answers:
        assert item.citations
        for citation in item.citations:
            article = stored[citation.article_id]
            assert article.text[citation.quote_start : citation.quote_end] == citation.quote
            assert citation.quote_start <= citation.answer_start < citation.answer_end <= citation.quote_end
            assert (citation.title, citation.published) == (article.title, article.published)
        first = item.citations[0]
        assert stored[first.article_id].text[first.answer_start : first.answer_end] == item.text
        assert 0 <= item.confidence <= 1


@pytest.mark.parametrize("question", [item["question"] for item in QUESTIONS[::6]])
def test_a_citation_cannot_be_wrong(question: str, sample: Assistant) -> None:
    verbatim(sample.ask(question), sample)


def test_a_list_names_everybody_at_the_meeting_and_nobody_from_another(sample: Assistant) -> None:
    answer = sample.ask(CARACAS)
    assert answer.kind == "list"
    names(answer, ["maduro", "lavrov", "cilia flores", "melik bagdasarov"])
    assert not re.search("placencia|plasencia|delcy|gil|americans", said(answer))
    assert {answer.article(c).path for item in answer.answers for c in item.citations} == {
        "2024-02-21-maduro-lavrov-caracas.md"
    }
    verbatim(answer, sample)


def test_capitals_make_no_difference_to_a_list(sample: Assistant) -> None:
    answer = sample.ask(CARACAS.lower())
    names(answer, ["maduro", "lavrov", "cilia flores", "melik bagdasarov"])
    assert not re.search("placencia|plasencia|delcy|gil|americans", said(answer))


def test_so_it_does_over_articles_as_they_come_from_the_web(seeds: Assistant) -> None:
    answer = seeds.ask(CARACAS)
    assert answer.kind == "list"
    names(answer, ["maduro", "lavrov", "cilia flores", "melik bagdasarov"])
    assert not re.search("placencia|delcy|gil", said(answer))
    verbatim(answer, seeds)


@pytest.mark.parametrize(
    "question", ["Who attended the Havana meeting?", "What is the capital of France?", "qwrtz plmk?"]
)
def test_it_says_when_the_articles_do_not_say(question: str, sample: Assistant) -> None:
    answer = sample.ask(question)
    assert (answer.kind, answer.answers) == ("none", ())
    assert answer.evidence.hits
    assert answer.nearest is not None
    verbatim(answer, sample)


def test_a_near_miss_is_no_hit_over_raw_articles_either(seeds: Assistant) -> None:
    assert seeds.ask("Who attended the Havana meeting?").kind == "none"


def test_an_answer_that_is_not_certain_enough_is_offered_as_unsure_with_its_quote(
    sample: Assistant, reader: TransformersReader
) -> None:
    plainly = sample.ask("How long did the meeting between Maduro and Lavrov last?")
    strict = Answerer(reader, Calibration.load(), Threshold(answer=1.0, unsure=0.3, items=20))
    unsure = strict.answer(plainly.evidence, 0.0)
    assert (plainly.kind, plainly.certain, unsure.certain) == ("span", True, False)
    assert said(unsure) == said(plainly) == "45 minutes"
    verbatim(unsure, sample)


COACHES = {
    "kern.md": """---
title: Ravna starts with a win
date: 2022-08-01
---
Ravna FC won 2-0 at home on Sunday. Coach Milos Kern praised his defenders after the game.
""",
    "rate.md": """---
title: Fewer jobs in Marnia
date: 2021-10-10
---
The unemployment rate in Marnia is 9.4 percent, the statistics office said on Monday.
""",
    "sund.md": """---
title: Ravna loses again
date: 2024-08-12
---
Ravna FC lost 3-1 on Saturday, and coach Petra Sund said that she would change the side.
""",
    "growth.md": """---
title: Marnia grows
date: 2025-01-10
---
Marnia's unemployment rate stands at 6.1 percent, the lowest in a decade, the statistics office said. The unemployment
rate in Dorna is 7.3 percent.
""",
}


def test_how_things_are_now_the_newest_article_says_and_shows_what_was(tmp_path: Path) -> None:
    for name, text in COACHES.items():
        write(tmp_path / "corpus", name, text)
    settings = settings_for(tmp_path / "corpus", tmp_path / "storage")
    index_corpus(settings, silent)
    assistant = Assistant.open(settings, silent)
    for question, versions in {
        "What is the unemployment rate in Marnia?": ["6.1 percent", "9.4 percent"],
        "Who is the coach of Ravna FC?": ["Petra Sund", "Milos Kern"],
        "What is the unemployment rate in Dorna?": ["7.3 percent"],
        "Who was the coach of Ravna FC in August 2022?": ["Milos Kern"],
    }.items():
        answer = assistant.ask(question)
        assert [item.text for item in answer.answers] == versions, question
        assert (answer.kind, answer.certain) == ("differing" if versions[1:] else "span", True)
        verbatim(answer, assistant)


def test_articles_that_differ_are_set_side_by_side_the_newest_first(sample: Assistant) -> None:
    answer = sample.ask("How many people died in Turkey in the February 2023 earthquakes?")
    assert answer.kind == "differing"
    assert [item.text for item in answer.answers] == ["20,213", "3,549"]
    dates = [citation.published for item in answer.answers for citation in item.citations[:1]]
    assert [str(published)[:10] for published in dates] == ["2023-02-10", "2023-02-07"]
    verbatim(answer, sample)


def test_no_answer_is_taken_from_a_heading(tmp_path: Path) -> None:
    front = "---\ntitle: Mayor Ana Ruiz opens the new bridge in Porto\ndate: 2024-05-06\n---\n"
    write(tmp_path / "corpus", "a.md", f"{front}It was opened after three years of work. Many people came to see it.")
    settings = settings_for(tmp_path / "corpus", tmp_path / "store")
    index_corpus(settings, silent)
    assistant = Assistant.open(settings, silent)
    for question in ("Who opened the new bridge in Porto?", "When was the bridge in Porto opened?"):
        answer = assistant.ask(question)
        assert not re.search("ruiz|2024|may|porto", said(answer))
        verbatim(answer, assistant)


def test_what_the_store_does_not_say_is_never_shown(bridge: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    assistant = Assistant.open(bridge, silent)

    def garbled(held: Snapshot, query: Query, k: int, where: SearchFilter) -> Evidence:
        evidence = search(held, query, k, where)
        wrong = {key: dataclasses.replace(each, text=each.text.upper()) for key, each in evidence.articles.items()}
        return dataclasses.replace(evidence, articles=wrong)

    monkeypatch.setattr("retrieval.search.search", garbled)
    with pytest.raises(CitationError, match="no longer says"):
        assistant.ask("Who opened the bridge in Porto?")


@pytest.fixture
def bridge(tmp_path: Path) -> Settings:
    """The settings of a store over one article, whose corpus a test changes while a question is answered."""
    settings = settings_for(tmp_path / "corpus", tmp_path / "store")
    settings.corpus.path.mkdir()
    opens(settings, "The mayor, Ana Ruiz,")
    index_corpus(settings, silent)
    return settings


def opens(settings: Settings, who: str) -> None:
    (settings.corpus.path / "a.txt").write_text(f"Bridge opens\n\n{who} opened the bridge in Porto on Monday.")


def overtaken(
    assistant: Assistant, settings: Settings, change: Callable[[], object], monkeypatch: pytest.MonkeyPatch
) -> Answer:
    """What is answered where `change` is made, and indexed, while the passages are read."""

    def changed(*arguments: Any) -> None:
        change()
        index_corpus(settings, silent)

    with monkeypatch.context() as patched:
        patched.setattr(Answerer, "answer", preceded(Answerer.answer, changed))
        return assistant.ask("Who opened the bridge in Porto?")


def preceded(method: Callable[..., Any], first: Callable[..., None]) -> Callable[..., Any]:
    """The method, before which `first` is called."""

    def both(*arguments: Any, **options: Any) -> Any:
        first()
        return method(*arguments, **options)

    return both


def test_an_article_that_changes_while_it_is_read_is_read_again(
    bridge: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    assistant = Assistant.open(bridge, silent)
    answer = overtaken(assistant, bridge, lambda: opens(bridge, "The minister, Bo Lund,"), monkeypatch)
    assert said(answer).endswith("bo lund")
    assert answer.evidence.generation == 2
    verbatim(answer, assistant)


def test_what_is_published_while_a_question_is_read_is_for_the_next_one(
    bridge: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    assistant = Assistant.open(bridge, silent)
    other = bridge.corpus.path / "b.txt"
    answer = overtaken(assistant, bridge, lambda: other.write_text("The ferry to Lisbon was late."), monkeypatch)
    assert said(answer).endswith("ana ruiz")
    assert (len(answer.evidence.hits), answer.evidence.generation) == (1, 1)
    second = assistant.ask("Who opened the bridge in Porto?")
    assert (len(second.evidence.hits), second.evidence.generation) == (2, 2)


def test_a_question_does_not_hold_the_database_while_a_model_runs(
    bridge: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    assistant = Assistant.open(bridge, silent)
    held: list[bool] = []

    def tidy(*arguments: Any) -> None:
        with closing(sqlite3.connect(bridge.storage.path / DATABASE, timeout=0, isolation_level=None)) as connection:
            # something new, or there would be nothing to tidy up
            connection.execute("UPDATE generations SET created = created")
            held.append(bool(connection.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchone()[0]))

    for model, method in ((CompiledEncoder, "encode"), (TransformersReader, "read")):
        monkeypatch.setattr(model, method, preceded(getattr(model, method), tidy))
    assistant.ask("Who opened the bridge in Porto?")
    assert held == [False, False]


def test_filters_and_k_reach_the_search(sample: Assistant) -> None:
    article_id = sample.ask(CARACAS).evidence.hits[0].passage.article_id
    answer = sample.ask(CARACAS, SearchFilter(article_id=article_id), k=2)
    assert {hit.passage.article_id for hit in answer.evidence.hits} == {article_id}
    assert len(answer.evidence.hits) <= 2


@pytest.mark.parametrize("question", ["", " \n", "?!", "x" * 100_000, "Who\x00came?"])
def test_a_question_that_is_none_is_one_clear_sentence(question: str, sample: Assistant) -> None:
    with pytest.raises(UsageError, match=r"^The question "):
        sample.ask(question)


def test_the_command_from_an_empty_folder_to_an_answer(tmp_path: Path) -> None:
    (tmp_path / "corpus").mkdir()
    (tmp_path / "corpus" / "a.txt").write_text("Bridge opens\n\nThe mayor, Ana Ruiz, opened the bridge on Monday.")
    (tmp_path / "corpus" / "empty.txt").write_text("")
    (tmp_path / "config.toml").touch()

    def dateline(*arguments: str, stdin: str = "") -> subprocess.CompletedProcess[str]:
        command = [sys.executable, "-m", "bot", *arguments, "--config", str(tmp_path / "config.toml")]
        return subprocess.run(command, cwd=ROOT, input=stdin, capture_output=True, encoding="utf-8", check=False)

    assert (dateline("ask", "Who?").returncode, dateline("status").returncode) == (1, 1)
    indexed = dateline("index", "--json")
    assert indexed.returncode == 1
    assert json.loads(indexed.stdout)["articles"]["added"] == 1
    assert "skipped empty.txt: is empty" in indexed.stderr
    assert json.loads(dateline("status", "--json").stdout)["passages"] == 1
    answered = dateline("ask", "--json", "-", stdin="Who opened the bridge?\n\nWhen did the mayor open it?\n")
    assert (answered.returncode, answered.stderr) == (0, "")
    first, second = (json.loads(line) for line in answered.stdout.splitlines())
    assert "Ana Ruiz" in first["answers"][0]["citations"][0]["quote"]
    assert "Monday" in second["answers"][0]["text"]
