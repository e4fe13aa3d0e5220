"""Kills, full disks, second writers and endless refreshes: whatever happens, the store is whole and answers go on."""

import json
import subprocess
import sys
import threading
from pathlib import Path

from bot.assistant import Indexer
from bot.settings import Settings
from retrieval.encoder import Encoder
from retrieval.errors import StoreError
from retrieval.intake.language import detect
from retrieval.progress import silent
from retrieval.refresh import refresh
from retrieval.storage.database import DATABASE
from retrieval.storage.local import LocalStore
from tests.stores import contents, no_file_above, write, write_reports

ROOT = Path(__file__).resolve().parent.parent
REFRESHES = 20


def test_an_index_run_can_be_killed_at_any_moment() -> None:
    command = [sys.executable, "-m", "evaluation.crashes", "--kills", "60", "--json"]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, encoding="utf-8", check=False)
    assert done.returncode == 0, done.stderr
    outcome = json.loads(done.stdout)
    assert outcome["kills"] == 60
    assert outcome["held_before"] > 30  # most are killed before they publish


def test_a_disk_that_is_full_at_any_point_loses_nothing(tmp_path: Path, encoder: Encoder) -> None:
    corpus, store = tmp_path / "corpus", LocalStore(tmp_path / "store")
    write(corpus, "short.txt", "The ferry to Lisbon was late again.")
    refresh(corpus, store, encoder, "model")
    before = contents(store)
    detect("The language model is unpacked into the folder for temporary files, once, for a text of some length. " * 3)
    for number in range(40):
        write(corpus, f"{number}.txt", " ".join(f"Line {line} of report {number} is here." for line in range(30)))
    failed = 0
    size = (store.folder / DATABASE).stat().st_size
    for room in (0, 4096, 8192, 12_288, 20_000, 40_000, 80_000):
        try:
            with no_file_above(size + room):
                refresh(corpus, store, encoder, "model")
        except StoreError as error:
            failed += 1
            assert "free some disk space" in str(error)
            assert contents(store) == before
    assert failed >= 3
    refresh(corpus, store, encoder, "model")
    fresh = LocalStore(tmp_path / "fresh")
    refresh(corpus, fresh, encoder, "model")
    assert contents(store) == contents(fresh)
    assert len(contents(store)) > len(before)


def test_of_two_writers_one_is_told_to_wait_and_the_store_is_whole(tmp_path: Path) -> None:
    write_reports(tmp_path / "corpus", 60)
    (tmp_path / "config.toml").touch()
    command = [sys.executable, "-m", "bot", "index", "--json", "--config", str(tmp_path / "config.toml")]
    runs = [
        subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.PIPE, encoding="utf-8")
        for _ in range(2)
    ]
    ends = []
    for run in runs:
        output, complaints = run.communicate()
        ends.append((run.returncode, json.loads(output)["articles"]["added"] if output else complaints))
    done = [added for status, added in ends if status == 0]
    refused = [complaint for status, complaint in ends if status != 0]
    # the second may come after the first has ended, and then finds nothing to do
    assert sorted(done) in ([60], [0, 60])
    assert all("Another process is indexing" in complaint for complaint in refused)
    assert len(contents(LocalStore(tmp_path / ".dateline"))) == 60


def test_questions_are_answered_from_one_generation_while_refreshes_go_by(tmp_path: Path) -> None:
    """Two articles always carry the same number: an answer that saw two generations would show two numbers."""
    corpus = tmp_path / "corpus"
    config = tmp_path / "config.toml"
    config.touch()
    settings = Settings.load(config)
    indexer = Indexer.open(settings, silent)

    def publish(number: int) -> None:
        write(corpus, "north.txt", f"The north bridge of Porto was opened by engine number {number} on Monday.")
        write(corpus, "south.txt", f"The south bridge of Porto was opened by engine number {number} on Monday.")
        indexer.refresh(silent)

    publish(1000)
    command = [sys.executable, "-m", "bot", "ask", "--json", "-", "--config", str(config)]
    seen: list[set[str]] = []
    quoted: list[str] = []

    def ask(asking: subprocess.Popen[str]) -> None:
        assert asking.stdin is not None and asking.stdout is not None
        asking.stdin.write("Which engine number opened the north bridge of Porto?\n")
        asking.stdin.flush()
        answer = json.loads(asking.stdout.readline())
        texts = [hit["text"] for hit in answer["evidence"]]
        seen.append({text.split("number ")[1].split()[0] for text in texts})
        cited = [citation["quote"] for item in answer["answers"] for citation in item["citations"]]
        assert len(texts) == 2 and set(cited) <= {text.strip() for text in texts}
        quoted.extend(cited)

    pipe = subprocess.PIPE
    with subprocess.Popen(command, cwd=ROOT, stdin=pipe, stdout=pipe, encoding="utf-8") as asking:
        try:
            ask(asking)
            for number in range(1001, 1001 + REFRESHES):
                publishing = threading.Thread(target=publish, args=(number,))
                publishing.start()
                ask(asking)
                publishing.join()
            ask(asking)
        except BaseException:
            asking.kill()
            raise
    assert asking.returncode == 0
    assert all(len(numbers) == 1 for numbers in seen)
    assert seen[-1] == {str(1000 + REFRESHES)}
    assert len({number for numbers in seen for number in numbers}) > 2  # it saw some of them go by
    assert any(str(1000 + REFRESHES) in quote for quote in quoted)
