"""What the bot remembers: the same after a restart and in another process, and never who somebody is."""

import sqlite3
import subprocess
import sys
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from dataclasses import replace
from datetime import UTC, date, datetime, tzinfo
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from bot import databases
from bot.discord.ledger import LEDGER, Ledger
from bot.discord.types import Cited, Rating
from retrieval.errors import StoreError
from retrieval.types import SearchFilter
from tests.fakes import ARTICLES, TEXT, answer

if TYPE_CHECKING:
    from evaluation.server import Server

ROOT = Path(__file__).resolve().parent.parent
PERSON = 987654321012345678
ASKING = """
import sys
from pathlib import Path
from bot.discord.ledger import Ledger
from tests.fakes import answer
ledger = Ledger.open(Path(sys.argv[1]))
for number in range(20):
    print(ledger.save(answer(f"hello {sys.argv[2]} {number}")))
    ledger.rate(sys.argv[3], int(sys.argv[2]), number % 2 == 0)
"""


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "storage" / LEDGER


Opened = Callable[[], Ledger]


@pytest.fixture(params=["file", "postgres"])
def opened(request: pytest.FixtureRequest, path: Path) -> Opened:
    """Opens the same ledger again and again: that in a file, and that on a server."""
    if request.param == "file":
        return lambda: Ledger.open(path)
    server: Server = request.getfixturevalue("server")
    url = server.new_database()
    return lambda: Ledger.open(path, url)


def at(monkeypatch: pytest.MonkeyPatch, when: str, hour: int = 12) -> None:
    """From now on it is that day at that hour, for the ledger."""

    class Clock(datetime):
        @classmethod
        def now(cls, tz: tzinfo | None = None) -> Any:
            return datetime.fromisoformat(f"{when}T{hour}:00:00+00:00")

    monkeypatch.setattr(databases, "datetime", Clock)


def test_an_answer_is_recalled_after_a_restart(opened: Opened) -> None:
    where = SearchFilter("a1", date(2024, 2, 20), None, "Example Wire")
    id = opened().save(answer("list them"), where)
    remembered = opened().load(id)
    assert remembered is not None
    assert (remembered.question, remembered.where) == ("list them", where)
    assert remembered.answers == ("Ana", "Bo")
    assert [(place.article_id, place.start, place.end, place.score) for place in remembered.places] == [
        ("a1", 0, len(TEXT), 1.0),
        ("a2", 0, len(TEXT), 0.5),
    ]
    assert set(remembered.cited) == {Cited("a1", 0, 3), Cited("a1", 8, 10)}


def test_an_answer_that_was_not_found_has_its_passages(opened: Opened) -> None:
    ledger = opened()
    remembered = ledger.load(ledger.save(answer("nowhere")))
    assert remembered is not None
    assert (remembered.answers, remembered.cited) == ((), ())
    assert len(remembered.places) == 2
    assert remembered.where == SearchFilter()


def test_a_passage_knows_whether_its_article_still_has_it(opened: Opened) -> None:
    ledger = opened()
    remembered = ledger.load(ledger.save(answer("hello")))
    assert remembered is not None
    place = remembered.places[0]
    assert place.is_unchanged_in(ARTICLES["a1"])
    assert place.is_unchanged_in(replace(ARTICLES["a1"], text=f"{TEXT}More."))
    assert not place.is_unchanged_in(replace(ARTICLES["a1"], text=f"More. {TEXT}"))
    assert not place.is_unchanged_in(ARTICLES["a2"])


def test_ids_are_short_and_unlike(opened: Opened) -> None:
    ledger = opened()
    ids = {ledger.save(answer("hello")) for _ in range(50)}
    assert len(ids) == 50
    assert all(len(id) <= 16 and id.replace("-", "").replace("_", "").isalnum() and id.isascii() for id in ids)
    assert ledger.load("neverwas") is None
    assert ledger.rate("neverwas", PERSON, True) is None


def test_each_person_has_one_vote_which_can_be_changed(opened: Opened) -> None:
    ledger = opened()
    id, other = ledger.save(answer("hello")), ledger.save(answer("hello"))
    assert ledger.rate(id, PERSON, True) == Rating(1, 0, private=True)
    assert ledger.rate(id, PERSON, True) == Rating(1, 0, private=True)
    assert ledger.rate(id, PERSON + 1, True) == Rating(2, 0, private=True)
    assert opened().rate(id, PERSON, False) == Rating(1, 1, private=True)
    assert ledger.rate(other, PERSON, False) == Rating(0, 1, private=True)


def test_the_file_does_not_say_who_voted(path: Path) -> None:
    ledger = Ledger.open(path)
    ids = [ledger.save(answer("hello")) for _ in range(2)]
    for id in ids:
        ledger.rate(id, PERSON, False)
    stored = b"".join(file.read_bytes() for file in path.parent.iterdir())
    assert ids[0].encode() in stored
    ways = [str(PERSON).encode(), *(PERSON.to_bytes(8, order) for order in ("big", "little"))]
    assert not [way for way in ways if way in stored]
    connection = sqlite3.connect(path)
    hashes = {person for (person,) in connection.execute("SELECT person FROM votes")}
    connection.close()
    assert len(hashes) == 2, "one person's votes on two answers can be told to be theirs"


def test_the_worst_come_first_and_of_these_the_last(opened: Opened, monkeypatch: pytest.MonkeyPatch) -> None:
    ledger = opened()
    liked, mixed, older, newer, worst = (ledger.save(answer(f"list {number}"), server=7) for number in range(5))
    at(monkeypatch, "2024-02-20")
    for id, person, good in [
        (liked, 1, True),
        (older, 1, False),
        (worst, 1, False),
        (worst, 2, False),
        (mixed, 1, True),
    ]:
        ledger.rate(id, person, good)
    at(monkeypatch, "2024-02-21")
    ledger.rate(mixed, 2, False)
    ledger.rate(newer, 1, False)
    rated = ledger.badly_rated(7, 9)
    assert [each.id for each in rated] == [worst, newer, older, mixed]
    assert (rated[0].question, rated[0].answers, rated[0].generation) == ("list 4", ("Ana", "Bo"), 1)
    assert (rated[3].ups, rated[3].downs, rated[3].voted) == (1, 1, datetime(2024, 2, 21, 12, tzinfo=UTC))
    assert [each.id for each in ledger.badly_rated(7, 1)] == [worst]
    ledger.rate(worst, 1, True)
    ledger.rate(worst, 2, True)
    assert worst not in {each.id for each in ledger.badly_rated(7, 9)}


def test_each_server_has_what_was_asked_there_and_nobody_what_was_asked_in_private(opened: Opened) -> None:
    ledger = opened()
    here, there, private = (ledger.save(answer("hello"), server=server) for server in (7, 8, None))
    assert [ledger.rate(id, PERSON, False) for id in (here, private)] == [
        Rating(0, 1, private=False),
        Rating(0, 1, private=True),
    ]
    ledger.rate(there, PERSON, False)
    rated = [[each.id for each in opened().badly_rated(server, 9)] for server in (7, 8, 9)]
    assert rated == [[here], [there], []]


def test_a_server_may_add_so_many_times_in_24_hours(opened: Opened, monkeypatch: pytest.MonkeyPatch) -> None:
    ledger = opened()
    at(monkeypatch, "2024-02-20")
    assert [ledger.count_addition(7, 2) for _ in range(3)] == [True, True, False]
    assert ledger.count_addition(8, 2)
    at(monkeypatch, "2024-02-21", hour=11)
    assert not opened().count_addition(7, 2)
    at(monkeypatch, "2024-02-21", hour=13)
    assert [ledger.count_addition(7, most) for most in (2, 0, 2, 2)] == [True, False, True, False]


def test_old_answers_are_forgotten_unless_somebody_rated_them(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    ledger = Ledger.open(path)
    with monkeypatch.context() as patched:
        at(patched, "2024-02-20")
        old, rated = (ledger.save(answer("hello"), server=7) for _ in range(2))
    new = ledger.save(answer("hello"), server=7)
    ledger.rate(rated, PERSON, True)
    assert ledger.delete_older_than(30) == 1
    assert ledger.delete_older_than(30) == 0
    assert [ledger.load(id) is None for id in (old, rated, new)] == [True, False, False]
    connection = sqlite3.connect(path)
    tables = ("items", "places", "cited", "servers")
    left = {id for table in tables for (id,) in connection.execute(f"SELECT answer FROM {table}")}
    connection.close()
    assert left == {rated, new}


def test_two_processes_may_make_and_use_the_file_at_once(path: Path) -> None:
    shared = "none yet"
    for _ in range(2):  # first the file is made, then it is there
        arguments = [[sys.executable, "-c", ASKING, str(path), str(number), shared] for number in range(3)]
        running = [
            subprocess.Popen(each, cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
            for each in arguments
        ]
        ended = [process.communicate() for process in running]
        assert [(process.returncode, err) for process, (_, err) in zip(running, ended, strict=True)] == [(0, "")] * 3
        ids = {id for out, _ in ended for id in out.split()}
        assert len(ids) == 60
        shared = ended[0][0].split()[0]
    ledger = Ledger.open(path)
    assert all(ledger.load(id) is not None for id in ids)
    assert ledger.rate(shared, PERSON, True) is not None


def test_threads_may_share_a_ledger(opened: Opened) -> None:
    ledger = opened()
    id = ledger.save(answer("hello"))
    with ThreadPoolExecutor(8) as threads:
        list(threads.map(lambda person: ledger.rate(id, person, person % 2 == 0), range(40)))
    assert ledger.rate(id, 0, True) == Rating(20, 20, private=True)


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (b"this is no database at all " * 100, "file is not a database"),
        ("CREATE TABLE theirs (x)", "another program"),
        (f"PRAGMA application_id = {databases.APPLICATION}; PRAGMA user_version = 99", "format 99, expected 1"),
        (None, "unable to open"),
    ],
)
def test_a_file_that_is_no_ledger_is_refused_in_one_sentence(
    path: Path, content: bytes | str | None, words: str
) -> None:
    path.parent.mkdir()
    match content:
        case bytes():
            path.write_bytes(content)
        case str():
            with closing(sqlite3.connect(path)) as connection:
                connection.executescript(content)
        case None:
            path.mkdir()
    with pytest.raises(StoreError, match=words) as raised:
        Ledger.open(path)
    assert str(path) in str(raised.value)
    assert "\n" not in str(raised.value)


def test_a_file_that_is_lost_meanwhile_is_one_sentence_too(path: Path) -> None:
    ledger = Ledger.open(path)
    id = ledger.save(answer("hello"))
    for file in path.parent.iterdir():
        file.unlink()
    with pytest.raises(StoreError, match="no such table"):
        ledger.load(id)


def test_a_file_that_another_program_has_locked_is_said_to_be(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    ledger = Ledger.open(path)
    monkeypatch.setattr(databases, "BUSY_SECONDS", 0.01)
    with closing(sqlite3.connect(path, isolation_level=None)) as other:
        other.execute("BEGIN IMMEDIATE")
        with pytest.raises(StoreError, match="another program has it locked") as raised:
            ledger.save(answer("hello"))
    assert "full" not in str(raised.value) and "move it away" not in str(raised.value)


def test_a_folder_that_cannot_be_made_is_named(tmp_path: Path) -> None:
    (tmp_path / "storage").write_text("a file")
    with pytest.raises(StoreError, match="x cannot be created: "):
        Ledger.open(tmp_path / "storage" / "x" / LEDGER)


def test_each_message_of_a_person_is_taken_once(opened: Opened) -> None:
    ledgers = [opened() for _ in range(4)]
    with ThreadPoolExecutor(4) as pool:
        taken = list(pool.map(lambda number: ledgers[number % 4].claim(number // 4), range(40)))
    assert sum(taken) == 10
    assert all(any(taken[first : first + 4]) for first in range(0, 40, 4))


def test_what_another_process_may_be_answering_is_left_to_it(path: Path, server: "Server") -> None:
    now = int((datetime.now(UTC) - datetime(2015, 1, 1, tzinfo=UTC)).total_seconds() * 1000) << 22
    long_ago = now - (20 * 60 * 1000 << 22)
    shared, alone = Ledger.open(path, server.new_database()), Ledger.open(path)
    for ledger in (shared, alone):
        ledger.add_pending(7, long_ago)
        ledger.add_pending(7, now)
    assert (shared.pending(), alone.pending()) == (((7, long_ago),), ((7, long_ago), (7, now)))
