"""Following a folder: no change is missed, none is answered too often, and it ends when it is told to."""

import errno
import shutil
import signal
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from retrieval import watch
from retrieval.watch import Changes
from tests.following import PATIENCE, Command, Files, Follower, following

NEVER = 3600.0


@pytest.fixture
def corpus(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder with one file; nothing is looked for by chance."""
    monkeypatch.setattr(watch, "RESCAN_SECONDS", NEVER)
    monkeypatch.setattr(watch, "RETRY_SECONDS", 0.02)
    folder = tmp_path / "corpus"
    folder.mkdir()
    (folder / "a.txt").write_text("A")
    return folder


@pytest.fixture
def follower(corpus: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Follower]:
    with following(corpus, monkeypatch) as running:
        running.until_seen({"a.txt": "A"})
        yield running


def added(corpus: Path) -> None:
    (corpus / "b.txt").write_text("B")


def edited(corpus: Path) -> None:
    (corpus / "a.txt").write_text("C")


def replaced(corpus: Path) -> None:
    (corpus / ".a.tmp").write_text("C")
    (corpus / ".a.tmp").replace(corpus / "a.txt")


def deleted(corpus: Path) -> None:
    (corpus / "a.txt").unlink()


def renamed(corpus: Path) -> None:
    (corpus / "a.txt").rename(corpus / "b.txt")


def nested(corpus: Path) -> None:
    (corpus / "2024" / "may").mkdir(parents=True)
    (corpus / "2024" / "may" / "b.txt").write_text("B")


def test_the_first_update_needs_no_change_and_others_do(follower: Follower) -> None:
    follower.until_idle()
    assert follower.seen == [{"a.txt": "A"}]


@pytest.mark.parametrize(
    ("change", "left"),
    [
        (added, {"a.txt": "A", "b.txt": "B"}),
        (edited, {"a.txt": "C"}),
        (replaced, {"a.txt": "C"}),
        (deleted, {}),
        (renamed, {"b.txt": "A"}),
        (nested, {"a.txt": "A", "2024/may/b.txt": "B"}),
    ],
)
def test_whatever_changes_is_seen(change: Callable[[Path], None], left: Files, follower: Follower) -> None:
    change(follower.corpus)
    follower.until_seen(left)


def test_a_file_that_is_added_to_a_new_folder_later_is_seen(follower: Follower) -> None:
    nested(follower.corpus)
    follower.until_idle()
    (follower.corpus / "2024" / "may" / "c.txt").write_text("C")
    follower.until_seen({"a.txt": "A", "2024/may/b.txt": "B", "2024/may/c.txt": "C"})


@pytest.mark.parametrize("name", [".hidden.txt", ".git/a.txt"])
def test_what_is_hidden_is_passed_over(name: str, follower: Follower) -> None:
    hidden = follower.corpus / name
    hidden.parent.mkdir(exist_ok=True)
    hidden.write_text("H")
    follower.until(lambda: any(".hidden" in path or ".git" in path for batch in follower.handled for _, path in batch))
    follower.until_idle()
    assert len(follower.seen) == 1


def test_many_quick_changes_are_few_updates(follower: Follower) -> None:
    for number in range(500):
        (follower.corpus / f"{number}.txt").write_text("N")
    follower.until(lambda: len(follower.seen[-1] or ()) == 501)
    follower.until_idle()
    assert len(follower.seen) < 50


def test_a_change_during_an_update_leads_to_another(follower: Follower) -> None:
    running, go_on = threading.Event(), threading.Event()

    def slow() -> bool:
        running.set()
        return go_on.wait(PATIENCE)

    follower.answers = slow
    edited(follower.corpus)
    assert running.wait(PATIENCE)
    follower.until_seen({"a.txt": "C"})
    added(follower.corpus)
    go_on.set()
    follower.until_seen({"a.txt": "C", "b.txt": "B"})


def test_a_folder_that_is_away_is_told_of_once_and_followed_when_it_is_back(follower: Follower) -> None:
    away = follower.corpus.rename(follower.corpus.with_name("away"))
    follower.until_seen(None)
    away.rename(follower.corpus)
    follower.until_seen({"a.txt": "A"})
    added(follower.corpus)
    follower.until_seen({"a.txt": "A", "b.txt": "B"})
    assert follower.seen.count(None) == 1


def test_a_folder_that_was_away_for_an_instant_is_followed(follower: Follower) -> None:
    follower.corpus.rename(follower.corpus.with_name("away")).rename(follower.corpus)
    follower.until_idle()
    added(follower.corpus)
    follower.until_seen({"a.txt": "A", "b.txt": "B"})


def test_a_folder_that_takes_the_place_of_another_is_followed(follower: Follower) -> None:
    other = follower.corpus.with_name("other")
    other.mkdir()
    (other / "o.txt").write_text("O")
    follower.corpus.rename(follower.corpus.with_name("away"))
    other.rename(follower.corpus)
    follower.until_seen({"o.txt": "O"})
    added(follower.corpus)
    follower.until_seen({"o.txt": "O", "b.txt": "B"})


def test_so_is_one_that_a_link_leads_to_instead(corpus: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    link, fresh = corpus.with_name("link"), corpus.with_name("fresh")
    link.symlink_to(corpus)
    fresh.symlink_to(corpus.parent / "other")
    (corpus.parent / "other").mkdir()
    with following(link, monkeypatch) as follower:
        follower.until_seen({"a.txt": "A"})
        fresh.replace(link)
        follower.until_seen({})
        added(link)
        follower.until_seen({"b.txt": "B"})


def test_so_is_one_that_the_system_gives_the_number_of_the_deleted_one(follower: Follower) -> None:
    shutil.rmtree(follower.corpus)
    follower.corpus.mkdir()
    follower.until_seen({})
    follower.until_idle()
    added(follower.corpus)
    follower.until_seen({"b.txt": "B"})


def test_a_folder_that_is_made_later_is_followed(corpus: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    shutil.rmtree(corpus)
    with following(corpus, monkeypatch) as follower:
        follower.until_seen(None)
        corpus.mkdir()
        follower.until_seen({})
        added(corpus)
        follower.until_seen({"b.txt": "B"})
        assert follower.seen.count(None) == 1


def test_an_update_that_could_not_be_done_is_tried_again_until_it_is(follower: Follower) -> None:
    outcomes = iter([False, False, True])
    follower.answers = lambda: next(outcomes)
    edited(follower.corpus)
    follower.until(lambda: len(follower.seen) == 4)
    follower.until_idle()
    assert len(follower.seen) == 4


@pytest.mark.parametrize("waiting_for", ["a change", "the folder", "another try"])
def test_stop_ends_it_whatever_it_waits_for(waiting_for: str, corpus: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(watch, "RETRY_SECONDS", NEVER)
    if waiting_for == "the folder":
        shutil.rmtree(corpus)
    with following(corpus, monkeypatch, answers=lambda: waiting_for != "another try") as follower:
        follower.until(lambda: len(follower.seen) == 1)


@pytest.mark.parametrize("error", [OSError(errno.ENOSPC, "no watches left"), RuntimeError("the queue broke")])
@pytest.mark.parametrize("rounds", [0, 1])
def test_where_the_system_cannot_watch_it_looks(
    error: Exception, rounds: int, corpus: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fails(*args: Any, **kwargs: Any) -> Iterator[Changes]:
        yield from [set()] * rounds
        raise error

    with following(corpus, monkeypatch, watching=fails) as follower:
        follower.until_seen({"a.txt": "A"})
        shutil.rmtree(corpus)
        follower.until_seen(None)
        corpus.mkdir()
        follower.until_seen({})
        added(corpus)
        follower.until_seen({"b.txt": "B"})


def test_what_nobody_tells_of_is_found_by_looking_now_and_then(corpus: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def deaf(*args: Any, stop_event: threading.Event, **kwargs: Any) -> Iterator[Changes]:
        while not stop_event.wait(0.01):
            yield set()

    monkeypatch.setattr(watch, "RESCAN_SECONDS", 0.05)
    with following(corpus, monkeypatch, watching=deaf) as follower:
        follower.until_seen({"a.txt": "A"})
        added(corpus)
        follower.until_seen({"a.txt": "A", "b.txt": "B"})


def test_the_command_indexes_what_is_dropped_into_the_folder_until_it_is_told_to_end(tmp_path: Path) -> None:
    corpus, config = tmp_path / "corpus", tmp_path / "config.toml"
    config.touch()
    corpus.mkdir()
    (corpus / "bridge.txt").write_text("The bridge in Porto was opened on Friday by the mayor, Ana Ruiz.")
    with Command(config) as command:
        assert command.report()["generation"] == 1
        (corpus / "ferry.txt").write_text("The ferry to Lisbon was late again on Tuesday because of the storm.")
        report = command.report()
        assert (report["generation"], report["articles"]["added"], report["passages"]["embedded"]) == (2, 1, 1)
        away = corpus.rename(tmp_path / "away")
        assert command.complaint().startswith(f"dateline: The corpus folder {corpus} does not exist; create it")
        away.rename(corpus)
        (corpus / "strike.txt").write_text("The dockers of Porto went back to work on Monday after a long strike.")
        report = command.report()
        assert (report["generation"], report["articles"]["added"], report["articles"]["unchanged"]) == (3, 1, 2)
        command.ends(signal.SIGTERM)
    with Command(config) as command:
        assert command.report()["articles"] == {"added": 0, "changed": 0, "removed": 0, "unchanged": 3}
        command.ends(signal.SIGINT)
