"""The figures for the index: the commands run, and measure what they say."""

import json
from pathlib import Path

import pytest

from evaluation import freshness, indexing
from evaluation.phases import BETWEEN, RandomEncoder, run
from evaluation.recombined import Recombination, write
from retrieval.progress import silent
from retrieval.storage.local import LocalStore
from retrieval.storage.verify import verify


def test_articles_are_indexed_whole_and_none_looks_like_a_reprint(tmp_path: Path) -> None:
    collection = Recombination.of_news()
    articles = [collection.article(number) for number in range(200)]
    write(tmp_path / "corpus", articles)
    store = LocalStore(tmp_path / "store")
    done = run(tmp_path / "corpus", store, RandomEncoder(), "stand-in")
    assert (done.report.added, done.report.skipped) == (200, ())
    assert verify(store, silent).findings == ()
    with store.snapshot() as snapshot:
        status = snapshot.status()
    assert {(each.title, each.source) for each in status.articles} == {(each.title, each.source) for each in articles}
    # the first real one comes later
    assert len({each.source_group for each in status.articles}) == 200
    # the phases are all that a refresh does, and each is named once
    names = [phase.name for phase in done.phases]
    assert sorted(names) == sorted({*BETWEEN, *BETWEEN.values()} - {None}, key=str)
    assert done.spent(*names) == pytest.approx(done.seconds, rel=0.02, abs=0.05)
    assert done.peak >= max(phase.peak for phase in done.phases[:-1]) > 0


def test_nothing_is_embedded_again_for_a_name_or_a_title(capsys: pytest.CaptureFixture[str]) -> None:
    indexing.main(["--articles", "6", "--repeat", "1", "--json"])
    measured = json.loads(capsys.readouterr().out)
    assert [each["run"]["report"]["embedded"] for each in measured["again"]] == [0, 0, 0, 0]
    assert [each["headings"] for each in measured["again"]] == [0, 0, 0, 6]
    assert [each["run"]["report"]["added"] for each in measured["again"]] == [0, 0, 6, 0]
    assert measured["texts"] == measured["turns"][0]["index"]["report"]["embedded"] + 6
    assert measured["ratio"] > 0


def test_what_comes_is_answerable(capsys: pytest.CaptureFixture[str]) -> None:
    freshness.main(["--articles", "10", "--drops", "2", "--burst", "3", "--json"])
    measured = json.loads(capsys.readouterr().out)
    assert list(measured["waits"]) == ["drop, renamed", "drop, written", "edit", "deletion", "burst of 3"]
    assert all(len(measured["searches"][when]) > 3 for when in ("quiet", "while files come"))
