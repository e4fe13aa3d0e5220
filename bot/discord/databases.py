"""The tables of the bot's ledger."""

import secrets

from bot.databases import Tables
from retrieval.storage.sql import Connection

LEDGER = "discord.sqlite"
SCHEMA = """
CREATE TABLE secret (key BLOB NOT NULL);
CREATE TABLE answers (
    id TEXT PRIMARY KEY, asked TEXT NOT NULL, question TEXT NOT NULL, kind TEXT NOT NULL, generation INTEGER NOT NULL,
    scope TEXT NOT NULL  -- the filter, as JSON
) WITHOUT ROWID;
CREATE INDEX answers_by_time ON answers(asked);
CREATE TABLE items (
    answer TEXT NOT NULL REFERENCES answers(id) ON DELETE CASCADE, position INTEGER NOT NULL,
    text TEXT NOT NULL, confidence REAL NOT NULL, PRIMARY KEY (answer, position)
) WITHOUT ROWID;
CREATE TABLE places (
    answer TEXT NOT NULL REFERENCES answers(id) ON DELETE CASCADE, position INTEGER NOT NULL,
    article TEXT NOT NULL, start INTEGER NOT NULL, "end" INTEGER NOT NULL, score REAL NOT NULL, digest BLOB NOT NULL,
    PRIMARY KEY (answer, position)
) WITHOUT ROWID;
CREATE TABLE cited (
    answer TEXT NOT NULL REFERENCES answers(id) ON DELETE CASCADE, article TEXT NOT NULL,
    start INTEGER NOT NULL, "end" INTEGER NOT NULL, PRIMARY KEY (answer, article, start, "end")
) WITHOUT ROWID;
CREATE TABLE votes (
    answer TEXT NOT NULL REFERENCES answers(id) ON DELETE CASCADE, person BLOB NOT NULL,
    good INTEGER NOT NULL, voted TEXT NOT NULL, PRIMARY KEY (answer, person)
) WITHOUT ROWID;
"""
# these came later: files that were made before get them too
LATER = (
    "CREATE TABLE IF NOT EXISTS unanswered (message INTEGER PRIMARY KEY, channel INTEGER NOT NULL)",
    # where an answer was given to all; there is none for a private one
    "CREATE TABLE IF NOT EXISTS servers (answer TEXT PRIMARY KEY REFERENCES answers(id) ON DELETE CASCADE, "
    "server INTEGER NOT NULL) WITHOUT ROWID",
    # messages of people, each of which one process answers
    "CREATE TABLE IF NOT EXISTS taken (message INTEGER PRIMARY KEY, at TEXT NOT NULL)",
    "CREATE TABLE IF NOT EXISTS additions (server INTEGER NOT NULL, tried TEXT NOT NULL)",
)


def _fill(connection: Connection) -> None:
    connection.execute("INSERT INTO secret VALUES (?)", (secrets.token_bytes(32),))


TABLES = Tables("discord", 1, "the bot keeps its answers and ratings", 1, SCHEMA, _fill, LATER)
