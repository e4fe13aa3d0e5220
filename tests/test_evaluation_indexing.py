"""The figures for the index: the commands run, and measure what they say."""

import json
from pathlib import Path

import pytest

from evaluation import freshness, indexing, memory_of_indexing
from evaluation.newsroom import PARAGRAPHS, Newsroom, write
from evaluation.phases import BETWEEN, RandomEncoder, run
from retrieval.progress import silent
from retrieval.storage.local import LocalStore
from retrieval.storage.verify import verify
from tests.test_evaluation_retrieval import squad


def test_a_newsroom_is_indexed_whole_and_no_article_is_a_reprint(tmp_path: Path) -> None:
    newsroom = Newsroom.open()
    stories = list(newsroom.stories(200))
    assert Newsroom.open().story(150) == stories[150]
    assert all(PARAGRAPHS[0] <= len(story.paragraphs) <= PARAGRAPHS[1] for story in stories)
    assert write(tmp_path / "corpus", stories) == sum(path.stat().st_size for path in tmp_path.rglob("*.*"))
    store = LocalStore(tmp_path / "store")
    done = run(tmp_path / "corpus", store, RandomEncoder(), "stand-in")
    assert (done.report.added, done.report.skipped) == (200, ())
    assert verify(store, silent).findings == ()
    with store.snapshot() as snapshot:
        status = snapshot.status()
    assert {(each.title, each.source) for each in status.articles} == {(each.title, each.source) for each in stories}
    assert len({each.source_group for each in status.articles}) == 200
    # the phases are all that a refresh does, and each is named once
    names = [phase.name for phase in done.phases]
    assert sorted(names) == sorted({*BETWEEN, *BETWEEN.values()} - {None}, key=str)
    assert done.spent(*names) == pytest.approx(done.seconds, abs=0.05)
    assert done.peak >= max(phase.peak for phase in done.phases[:-1]) > 0


def test_a_newsroom_of_question_files(tmp_path: Path) -> None:
    paragraph = "Ann Lee met 12 ministers in Oslo on Monday. They then talked with Bo Ek for two hours."
    squad(tmp_path / "talks.json", {paragraph: [("Who met?", ["Ann Lee"])]})
    words = " ".join(Newsroom.open(tmp_path).story(0).paragraphs).split()
    assert {"ministers", "hours."} & set(words)


def test_nothing_is_embedded_again_for_a_name_or_a_title(capsys: pytest.CaptureFixture[str]) -> None:
    assert indexing.main(["--articles", "6", "--repeat", "1", "--json"]) == 0
    measured = json.loads(capsys.readouterr().out)
    assert [each["run"]["report"]["embedded"] for each in measured["again"]] == [0, 0, 0, 0]
    assert [each["headings"] for each in measured["again"]] == [0, 0, 0, 6]
    assert [each["run"]["report"]["added"] for each in measured["again"]] == [0, 0, 6, 0]
    assert measured["texts"] == measured["turns"][0]["index"]["report"]["embedded"] + 6
    assert measured["ratio"] > 0


def test_memory_is_that_of_a_fresh_process(capsys: pytest.CaptureFixture[str]) -> None:
    memory_of_indexing.main(["--articles", "20"])
    shown = capsys.readouterr().out
    assert shown.startswith("20 articles, ")
    assert all(name in shown for name in ("first index", "nothing new", "one article more", "search", "database"))


def test_what_comes_is_answerable(capsys: pytest.CaptureFixture[str]) -> None:
    freshness.main(["--articles", "10", "--drops", "2", "--burst", "3", "--json"])
    measured = json.loads(capsys.readouterr().out)
    assert list(measured["waits"]) == ["drop, renamed", "drop, written", "edit", "deletion", "burst of 3"]
    assert all(len(measured["searches"][when]) > 3 for when in ("quiet", "while files come"))
