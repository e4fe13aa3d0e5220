"""What a question costs, counted: seconds differ from machine to machine, these figures do not.

Each budget is what was counted when it was written, and a little more. Whoever has to raise one should know why: it is
what everybody waits for, with every question. What is embedded when articles come is counted in tests/test_refresh.py,
what is read and hashed when nothing changes in tests/test_idle.py, what is imported in tests/test_engine.py.
"""

import sqlite3
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from bot.assistant import Assistant
from evaluation.answers import QUESTIONS, load
from evaluation.phases import RandomEncoder
from reader.inputs import Window
from retrieval.engine import CompiledNetwork, Outputs, Tokens
from retrieval.question import parsed
from retrieval.refresh import refresh
from retrieval.search import Retriever
from retrieval.storage.opening import open_store
from retrieval.storage.sql import Rows, Values
from retrieval.types import EVERYTHING
from tests.conftest import ROOT

if TYPE_CHECKING:
    from evaluation.server import Server

ASKED = [each.question for each in load(QUESTIONS)][::9]
PASSAGES = 8
# of the reader, on average: passages of at most 120 words, each with question and heading, without those that need not
# be read, and answers side by side; and of the question with the most of these
TOKENS, MOST_TOKENS = 1_100, 5_000
TOKENS_AT_ONCE = 240
# of SQL, with what begins a transaction and chooses the generation, twice: to search, and to check what is cited
STATEMENTS = 16
# without the check
STATEMENTS_OF_A_SERVER = 18


@pytest.fixture
def read(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """The tokens of each input of the reader."""
    lengths: list[int] = []
    run = CompiledNetwork.run

    def counting(network: CompiledNetwork, inputs: Sequence[Tokens]) -> list[Outputs]:
        lengths.extend(len(each.ids) for each in inputs if isinstance(each, Window))
        return run(network, inputs)

    monkeypatch.setattr(CompiledNetwork, "run", counting)
    return lengths


def test_tokens_read_for_a_question(sample: Assistant, read: list[int]) -> None:
    counted = []
    for question in ASKED:
        read.clear()
        sample.ask(question, k=PASSAGES)
        counted.append(sum(read))
        assert max(read) <= TOKENS_AT_ONCE
    assert max(counted) <= MOST_TOKENS
    assert 0 < sum(counted) / len(counted) <= TOKENS


@pytest.fixture
def said(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The statements that SQLite is given, PRAGMA and BEGIN too."""
    statements: list[str] = []
    connect = sqlite3.connect

    def traced(*args: Any, **kwargs: Any) -> sqlite3.Connection:
        connection: sqlite3.Connection = connect(*args, **kwargs)
        connection.set_trace_callback(statements.append)
        return connection

    monkeypatch.setattr(sqlite3, "connect", traced)
    return statements


def test_statements_for_a_question(sample: Assistant, said: list[str]) -> None:
    for question in ASKED[:4]:
        said.clear()
        sample.ask(question, k=1)
        assert 0 < len(said) <= STATEMENTS


def test_statements_of_a_server_for_a_question(server: "Server", monkeypatch: pytest.MonkeyPatch) -> None:
    from retrieval.storage.postgres.database import Connection

    statements: list[str] = []
    execute = Connection.execute

    def counting(connection: Connection, statement: str, values: Values = ()) -> Rows:
        statements.append(statement)
        return execute(connection, statement, values)

    store, encoder = open_store(Path(), server.new_database()), RandomEncoder()
    refresh(ROOT / "corpus", store, encoder, "model")
    retriever = Retriever.open(store, encoder)
    monkeypatch.setattr(Connection, "execute", counting)
    for question in ASKED:
        statements.clear()
        retriever.search(parsed(question), PASSAGES, EVERYTHING)
        assert 0 < len(statements) <= STATEMENTS_OF_A_SERVER
