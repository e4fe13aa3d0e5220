"""The operator's commands: what came in, what was left out and why, what is wrong and what mends it."""

import json
import multiprocessing
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from bot import workers
from bot.operating import Updates
from bot.settings import Settings, StorageSettings
from bot.terminal import Terminal
from bot.workers import shares
from retrieval.encoder import prepared_encoder
from retrieval.engine import CompiledNetwork
from retrieval.errors import BusyError, CorpusError, DatelineError
from retrieval.progress import silent
from retrieval.types import IndexReport, Skipped
from tests.conftest import ROOT, Run, configured
from tests.web import site

INDEXED = "Articles    2 added, 0 changed, 0 removed, 0 unchanged\n"
PAGE = "https://example.org/feed.xml"


def test_index_reports_what_it_did(run: Run) -> None:
    outcome = run("index")
    assert outcome.out.startswith(INDEXED)
    assert (outcome.status, outcome.err) == (0, "")
    assert json.loads(run("index", "--json", "--full").out)["passages"] == {"total": 2, "embedded": 2, "reused": 0}


def test_a_skipped_file_is_named_and_the_status_says_so(run: Run, tmp_path: Path) -> None:
    skips = configured(tmp_path, '[corpus]\npath = "skips"\n')
    outcome = run("index", "--json", "--config", skips)
    assert outcome.status == 1
    assert json.loads(outcome.out)["skipped"] == [{"path": "bad\x1b.txt", "reason": "it is empty."}]
    assert outcome.err.splitlines() == [
        "dateline: skipped bad�.txt: it is empty.",
        "dateline: 1 skipped; the other articles are indexed.",
    ]


def test_what_is_added_is_named_and_indexed_and_what_is_not_makes_the_status_1(run: Run) -> None:
    outcome = run("add", "new.txt", "old.txt", "bad\x1b.pdf")
    assert outcome.out.startswith(f"Added       new.txt\nUnchanged   old.txt\n{INDEXED}")
    assert outcome.err == "dateline: skipped bad�.pdf: is no article\n"
    assert outcome.status == 1


def test_as_json_it_is_what_was_added_and_then_what_was_indexed(run: Run) -> None:
    outcome = run("add", "new.txt", "--json")
    added, indexed = map(json.loads, outcome.out.splitlines())
    assert added == {"added": ["new.txt"], "unchanged": [], "skipped": [], "unread": []}
    assert indexed["articles"]["added"] == 2
    assert (outcome.status, outcome.err) == (0, "")


def test_nothing_is_indexed_where_nothing_is_added(run: Run) -> None:
    outcome = run("add", "old.txt")
    assert (outcome.status, outcome.out, outcome.err) == (0, "Unchanged   old.txt\n", "")
    outcome = run("add", "bad.pdf")
    assert (outcome.status, outcome.out, outcome.err) == (1, "", "dateline: skipped bad.pdf: is no article\n")


def test_a_bad_file_that_was_there_before_makes_the_status_1_too(run: Run, tmp_path: Path) -> None:
    outcome = run("add", "new.txt", "--config", configured(tmp_path, '[corpus]\npath = "skips"\n'))
    assert outcome.status == 1
    assert "skipped bad�.txt" in outcome.err


def test_a_feed_is_taken_and_indexed(run: Run) -> None:
    outcome = run("feed", PAGE)
    assert outcome.out.startswith(f"Added       example.org/new.html\n{INDEXED}")
    assert (outcome.status, outcome.err) == (0, "")
    assert json.loads(run("feed", PAGE, "--json").out.splitlines()[0])["added"] == ["example.org/new.html"]


@pytest.mark.parametrize(("name", "missing"), [("add", "PATH|URL..."), ("feed", "URL...")])
def test_what_to_take_must_be_named(name: str, missing: str, run: Run) -> None:
    outcome = run(name)
    assert (outcome.status, outcome.out) == (2, "")
    assert outcome.err == f"dateline: Missing argument '{missing}'. See `dateline {name} --help`.\n"


def test_a_whole_index_is_said_to_be_whole(run: Run) -> None:
    outcome = run("verify")
    assert outcome.out == "The index is intact: generation 1, 2 articles, 2 passages\n"
    assert (outcome.status, outcome.err) == (0, "")


def test_a_damaged_one_is_named_with_its_mend_and_the_status_says_so(run: Run, tmp_path: Path) -> None:
    damaged = configured(tmp_path, '[storage]\npath = "damaged"\n')
    outcome = run("verify", "--config", damaged)
    assert outcome.out.splitlines() == [
        "1 problem in the index: generation 1, 2 articles, 2 passages",
        "• The index file x.faiss is lost; run `dateline index`.",
    ]
    assert (outcome.status, outcome.err) == (1, "")
    outcome = run("verify", "--json", "--config", damaged)
    assert [each["mend"] for each in json.loads(outcome.out)["problems"]] == ["run `dateline index`"]
    assert outcome.status == 1


def test_status_and_prepare(run: Run) -> None:
    assert "2 articles, 20 February 2024\nSources     Example Wire 1\n" in run("status").out
    assert json.loads(run("status", "--json").out)["dimension"] == 4
    assert run("prepare").out == "The models are ready.\n"


def test_an_article_is_shown_with_what_was_left_out_of_it_and_acts_on_no_terminal(run: Run) -> None:
    outcome = run("status", "--article", "a2")
    assert outcome.out.splitlines() == [
        "Title       not given",
        "Source      not given",
        "Published   not given",
        "Link        not given",
        "Language    not given",
        "File        untitled.txt",
        "Text        57 characters, 1 passage",
        "",
        "Left out of the file: 1 line",
        "     3  Share� this — a prompt to share",
    ]
    assert (outcome.status, outcome.err) == (0, "")
    assert "Published   20 February 2024\n" in run("status", "--article", "a1").out
    outcome = run("status", "--article", "a2", "--json")
    assert "\x1b" not in outcome.out
    assert json.loads(outcome.out)["left_out"][0]["text"] == "Share\x1b this"


@pytest.mark.parametrize(("id", "mend"), [("a11", "did you mean a1?"), ("x", "`dateline status` lists the ids.")])
def test_an_article_that_is_not_there(id: str, mend: str, run: Run) -> None:
    outcome = run("status", "--article", id)
    assert (outcome.status, outcome.out) == (2, "")
    assert outcome.err == f"dateline: There is no article '{id}' in the index; {mend}\n"


class Scripted:
    """An indexer whose runs end as they are told to."""

    def __init__(self, *outcomes: IndexReport | DatelineError) -> None:
        self._outcomes = iter(outcomes)

    def glance(self) -> None:
        """It cannot be told whether anything has changed."""

    def refresh(self, progress: object, *, on_notice: object) -> IndexReport:
        outcome = next(self._outcomes)
        if isinstance(outcome, DatelineError):
            raise outcome
        return outcome

    def warm_up(self) -> None:
        pass


def report(generation: int, *skipped: str) -> IndexReport:
    skips = tuple(Skipped(path, "is empty") for path in skipped)
    return IndexReport(generation, 0, 0, 0, 2, skips, 2, 0, 2, 0.1)


def test_watch_shows_each_generation_once_and_complains_of_nothing_twice_in_a_row(
    capsys: pytest.CaptureFixture[str],
) -> None:
    busy, gone = BusyError("Another process is indexing."), CorpusError("The folder does not exist.")
    indexer: Any = Scripted(report(1), busy, busy, report(1), gone, gone, report(2, "a"), report(2, "a", "b"), gone)
    update = Updates(indexer, Terminal(as_json=True))
    done = [update() for _ in range(9)]
    assert done == [True, False, False, True, True, True, True, True, True]
    out, err = capsys.readouterr()
    assert [json.loads(line)["generation"] for line in out.splitlines()] == [1, 2]
    assert err.splitlines() == [
        "dateline: Another process is indexing. Waiting until that changes.",
        "dateline: The folder does not exist. Waiting until that changes.",
        "dateline: skipped a: is empty",
        "dateline: skipped b: is empty",
        "dateline: The folder does not exist. Waiting until that changes.",
    ]


Real = Callable[..., "subprocess.CompletedProcess[str]"]


@pytest.fixture
def real(tmp_path: Path) -> Real:
    """Runs the real command, with the real parts, over a corpus of its own."""
    config = configured(tmp_path, "[fetch]\nprivate_addresses = true\n")

    def call(*args: str) -> "subprocess.CompletedProcess[str]":
        command = [sys.executable, "-m", "bot", *args, "--config", config]
        return subprocess.run(command, cwd=ROOT, capture_output=True, encoding="utf-8", check=False)

    return call


def test_what_came_in_can_be_seen_and_what_is_lost_is_found_and_mended(tmp_path: Path, real: Real) -> None:
    file = tmp_path / "bridge.txt"
    file.write_text("Bridge opens\n\nThe mayor, Ana Ruiz, opened the bridge in Porto.\n\nShare this article\n")
    with site() as web:
        page = web.story("/2024/02/20/talks.html", "Ministers meet in Geneva")
        missing = web.fails("/gone.html", 404)
        done = real("add", str(file), page, missing)
        assert done.returncode == 1
        assert done.stderr.startswith(f"dateline: skipped {missing}: ")
        assert len(done.stderr.splitlines()) == 1
        assert "2 added, 0 changed, 0 removed, 0 unchanged" in done.stdout
        assert real("add", str(file), page).stdout.count("Unchanged ") == 2
    articles = {each["title"]: each for each in json.loads(real("status", "--json").stdout)["articles"]}
    shown = real("status", "--article", articles["Bridge opens"]["id"]).stdout
    assert "Title       Bridge opens\n" in shown
    assert "Left out of the file: 1 line\n     5  Share this article — " in shown
    talks = json.loads(real("status", "--json", "--article", articles["Ministers meet in Geneva"]["id"]).stdout)
    assert (talks["url"], talks["published"]) == (page, "2024-02-20T00:00:00+00:00")
    assert talks["text"].count("agreed to open a second border crossing") == 5
    passages = sum(each["passages"] for each in articles.values())
    assert real("verify").stdout == f"The index is intact: generation 1, 2 articles, {passages} passages\n"
    (lost,) = (tmp_path / ".dateline").glob("*.faiss")
    lost.unlink()
    done = real("verify")
    assert (done.returncode, done.stderr) == (1, "")
    assert f"• The index file {lost} is missing" in done.stdout
    assert "; run `dateline index`" in done.stdout
    assert real("index").returncode == 0
    assert real("verify").returncode == 0


def test_workers_share_the_cores() -> None:
    assert shares([0, 1, 2, 3, 4], 2) == [{0, 2, 4}, {1, 3}]
    assert shares([0, 1], 3) == [{0}, {1}, {0}]
    assert shares([4, 7], 1) == [{4, 7}]


def count_threads(settings: Settings, parent: int) -> None:
    """Writes down with how many threads, and how many inputs at once, a worker's compiled encoder runs."""
    network = CompiledNetwork.load(prepared_encoder(settings.encoder.model, silent), "float32", keep=False)
    (settings.storage.path / f"{os.getpid()}").write_text(f"{network.threads} {network.inputs_at_once}")


def test_a_compiled_model_of_a_worker_keeps_to_its_cores(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(workers, "_work", count_threads)
    cores = os.sched_getaffinity(0)
    settings = Settings(storage=StorageSettings(path=tmp_path, url="postgresql://db.example/news"))
    with workers.embedding_workers(settings, 3):
        own = os.sched_getaffinity(0)
        for process in multiprocessing.active_children():
            process.join()
    assert os.sched_getaffinity(0) == cores
    expected = [len(share) for share in shares(sorted(cores), 3)]
    assert len(own) == expected[0]
    told = sorted(path.read_text() for path in tmp_path.iterdir())
    assert told == sorted(f"{count} {count}" for count in expected[1:])


def test_more_workers_need_a_server(run: Run) -> None:
    outcome = run("index", "--workers", "2")
    assert outcome.status == 2
    assert "--workers is 2, which needs a store on a server" in outcome.err and "[storage] url" in outcome.err
