"""The tables of followed questions: a file beside the index, or a schema on the server that has it.

A file of its own: rebuilding the index does not touch it, and following a question waits
for no publication. Passages are known by the hash of their text, so that it does not matter in which store they are.
"""

from collections.abc import Sequence
from datetime import datetime
from typing import Any, Literal

from bot.databases import Tables
from bot.following.types import Asker, Followed
from bot.json import scope_of
from retrieval.storage.sql import Connection

# where news of a question is shown
Frontend = Literal["terminal", "discord"]
COLUMNS = "id, question, scope, person, channel, server, private, followed, generation, suspended"
FOLLOWED = "followed.sqlite"
SCHEMA = """
-- the numbers given last; its one row is locked while a process looks for new passages
CREATE TABLE state (batch INTEGER NOT NULL, question INTEGER NOT NULL, news INTEGER NOT NULL);
-- in which batch each text was seen first
CREATE TABLE arrived (text_hash BLOB PRIMARY KEY, batch INTEGER NOT NULL) WITHOUT ROWID;
CREATE TABLE questions (
    id INTEGER PRIMARY KEY, question TEXT NOT NULL, scope TEXT NOT NULL, followed TEXT NOT NULL,
    person INTEGER, channel INTEGER, server INTEGER, private INTEGER NOT NULL, suspended INTEGER NOT NULL,
    batch INTEGER NOT NULL, generation INTEGER NOT NULL,
    fingerprint TEXT NOT NULL, vector BLOB NOT NULL, scores TEXT NOT NULL
);
CREATE TABLE told (
    question INTEGER NOT NULL REFERENCES questions(id) ON DELETE CASCADE, position INTEGER NOT NULL,
    statement TEXT NOT NULL, PRIMARY KEY (question, position)
) WITHOUT ROWID;
-- the outbox
CREATE TABLE news (
    id INTEGER PRIMARY KEY, question INTEGER NOT NULL REFERENCES questions(id) ON DELETE CASCADE,
    document TEXT NOT NULL, message TEXT, taken TEXT  -- the message that it goes into, and when that was decided
);
CREATE INDEX news_by_question ON news(question);
"""


def _fill(connection: Connection) -> None:
    connection.execute("INSERT INTO state VALUES (0, 0, 0)")


TABLES = Tables("followed", 2, "followed questions are kept", 1, SCHEMA, _fill)


def shown_in(frontend: Frontend) -> str:
    """The condition for questions whose news is shown there."""
    return "person IS NULL" if frontend == "terminal" else "person IS NOT NULL"


def followed_of(row: Sequence[Any]) -> Followed:
    """The question of a row of `COLUMNS`."""
    id, question, scope, person, channel, server, private, followed, generation, suspended = row
    by = None if person is None else Asker(person, channel, server, bool(private))
    when = datetime.fromisoformat(followed)
    return Followed(id, question, scope_of(scope), by, when, generation, bool(suspended))
