"""What an earlier Dateline stored is taken over: from each format that there was, as tests/formats has its tables."""

import json
import logging
import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from bot.databases import APPLICATION
from bot.discord.ledger import LATER, LEDGER, Ledger
from bot.discord.types import Rating
from bot.settings import Settings
from evaluation.phases import RandomEncoder
from evaluation.server import Server
from retrieval.errors import StoreError
from retrieval.progress import silent
from retrieval.question import parsed
from retrieval.refresh import refresh
from retrieval.search import Retriever
from retrieval.storage.database import DATABASE
from retrieval.storage.local import LocalStore
from retrieval.storage.opening import open_feed_states
from retrieval.storage.verify import verify
from retrieval.types import EVERYTHING
from tests.stores import Counting, write

FORMATS = Path(__file__).resolve().parent / "formats"
ENCODER = RandomEncoder()
# the file of the tables, and the number that the format had
STORES = {"store-1": 1, "store-2": 2, "store-3-early": 3, "store-3": 3}
GENERATION = 7


def opened(file: Path) -> closing[sqlite3.Connection]:
    return closing(sqlite3.connect(file, isolation_level=None))


@pytest.fixture
def corpus(tmp_path: Path) -> Path:
    folder = tmp_path / "corpus"
    write(folder, "ferry.txt", "The ferry to Lisbon was late again.")
    write(folder, "harbour.txt", "The harbour of Porto is closed until Monday.")
    return folder


@pytest.fixture(params=STORES)
def earlier(request: pytest.FixtureRequest, tmp_path: Path, corpus: Path) -> LocalStore:
    """A store of an earlier format with the vectors of these articles, and what stands beside it."""
    present = LocalStore(tmp_path / "present")
    refresh(corpus, present, ENCODER, "model")
    store = LocalStore(tmp_path / "store")
    store.folder.mkdir()
    with opened(store.folder / DATABASE) as connection:
        connection.executescript((FORMATS / f"{request.param}.sql").read_text())
        columns = len(connection.execute("PRAGMA table_info(generations)").fetchall())
        values = [GENERATION, "2024-02-20T12:00:00+00:00", *["passages-7.faiss"] * (columns == 7), "model", "x", 3, 0]
        connection.execute(f"INSERT INTO generations VALUES ({', '.join('?' * columns)})", values)
        connection.execute("ATTACH ? AS present", (str(present.folder / DATABASE),))
        connection.execute("INSERT INTO embeddings SELECT * FROM present.embeddings")
        connection.execute(f"PRAGMA user_version = {STORES[request.param]}")
    (store.folder / "passages-7.faiss").write_bytes(b"of that time")
    (store.folder / "history").write_text("+Who was late?\n")
    return store


def test_a_store_is_taken_over_by_the_next_index(
    earlier: LocalStore, corpus: Path, caplog: pytest.LogCaptureFixture, request: pytest.FixtureRequest
) -> None:
    with pytest.raises(
        StoreError, match="made by an earlier version of Dateline; bring the index up to date, which keeps"
    ):
        Retriever.open(earlier, ENCODER)
    counting = Counting(ENCODER)
    with caplog.at_level(logging.WARNING):
        report = refresh(corpus, earlier, counting, "model")
    told = [record.getMessage() for record in caplog.records if record.name.startswith("retrieval.storage")]
    reads_again = request.node.callspec.params["earlier"] != "store-3"
    assert [sentence.endswith("so all articles are read again.") for sentence in told] == [True] * reads_again
    assert (report.generation, report.added, report.skipped) == (GENERATION + 1, 2, ())
    assert (report.embedded, counting.embedded) == (0, 0), "the vectors were lost"
    assert verify(earlier, silent).findings == ()
    hits = Retriever.open(earlier, ENCODER).search(parsed("ferry Lisbon"), 3, EVERYTHING).hits
    assert "ferry" in hits[0].text
    assert (earlier.folder / "history").read_text() == "+Who was late?\n"
    assert refresh(corpus, earlier, ENCODER, "model").generation == GENERATION + 1


def test_an_upgrade_that_was_interrupted_goes_on(earlier: LocalStore, corpus: Path) -> None:
    with pytest.raises(KeyboardInterrupt), earlier.writer():
        raise KeyboardInterrupt
    assert refresh(corpus, earlier, ENCODER, "model").embedded == 0
    assert verify(earlier, silent).findings == ()


@pytest.mark.parametrize("later", range(len(LATER) + 1))
def test_a_ledger_of_each_time_keeps_answers_votes_and_promises(tmp_path: Path, later: int) -> None:
    file, person = tmp_path / LEDGER, 4711
    with opened(file) as connection:
        connection.executescript((FORMATS / "ledger-1.sql").read_text())
        for statement in LATER[:later]:
            connection.execute(statement)
        connection.execute(f"PRAGMA application_id = {APPLICATION}")
        connection.execute("PRAGMA user_version = 1")
        connection.execute("INSERT INTO secret VALUES (?)", (bytes(32),))
        connection.execute(
            "INSERT INTO answers VALUES ('abc', '2024-02-20T12:00:00.000000+00:00', 'Who?', 'span', 3, ?)",
            ('{"article_id": null, "source": null}',),
        )
        connection.execute("INSERT INTO items VALUES ('abc', 0, 'Ana', 0.9)")
        connection.execute("INSERT INTO places VALUES ('abc', 0, 'a1', 0, 5, 0.5, x'00')")
        connection.execute("INSERT INTO cited VALUES ('abc', 'a1', 0, 3)")
        connection.execute("INSERT INTO votes VALUES ('abc', x'01', 0, '2024-02-20T12:00:00.000000+00:00')")
        if later > 0:
            connection.execute("INSERT INTO unanswered VALUES (12, 34)")
    ledger = Ledger.open(file)
    remembered = ledger.load("abc")
    assert remembered is not None and remembered.answers == ("Ana",)
    assert len(remembered.places) == len(remembered.cited) == 1
    assert ledger.rate("abc", person, True) == Rating(1, 1, private=True)
    assert ledger.pending() == (((34, 12),) if later > 0 else ())
    assert ledger.count_addition(1, 1) and ledger.claim(5) and not ledger.claim(5)
    assert ledger.delete_older_than(1) == 0, "an answer that was voted on is gone"
    assert Ledger.open(file).rate("abc", person + 1, True) == Rating(2, 1, private=True)


def test_a_server_of_before_feeds_were_kept_there_gets_their_table(
    server: Server, corpus: Path, tmp_path: Path
) -> None:
    import psycopg

    url = server.new_database()
    memories = open_feed_states(tmp_path / "unused", url)
    assert memories.load() == {}
    with psycopg.connect(url) as connection:
        connection.execute("DROP TABLE feeds")
    memories = open_feed_states(tmp_path / "unused", url)
    assert memories.load() == {}
    memories.save("https://example.org/rss", {"taken": ["1"]})
    assert memories.load() == {"https://example.org/rss": {"taken": ["1"]}}


def test_what_was_taken_from_feeds_is_remembered(tmp_path: Path) -> None:
    file = tmp_path / "feeds.json"
    taken = {"https://example.org/rss": {"etag": '"1"', "modified": None, "taken": ["https://example.org/1"]}}
    file.write_text(json.dumps(taken, indent=1))
    assert open_feed_states(file, None).load() == taken


def test_a_configuration_of_the_first_version_still_means_the_same(tmp_path: Path) -> None:
    file = tmp_path / "config.toml"
    file.write_text(
        """[corpus]
        path = "articles"
        [storage]
        path = "index"
        [encoder]
        model = "sentence-transformers/all-MiniLM-L6-v2"
        [reader]
        model = "sentence-transformers/all-mpnet-base-v2"
        adapter = "reader/weights"
        [retrieval]
        passages = 12
        [answers]
        threshold = 0.4
        max_items = 10
        [discord]
        guilds = []
        cooldown_seconds = 5
        queue_size = 20
        admin_roles = []
        [logging]
        level = "info"
        """
    )
    settings = Settings.load(file)
    assert (settings.corpus.path, settings.storage.path) == (tmp_path / "articles", tmp_path / "index")
    assert (settings.retrieval.passages, settings.answers.max_items, settings.discord.queue_size) == (12, 10, 20)
