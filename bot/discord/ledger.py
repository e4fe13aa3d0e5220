"""The bot's record of its answers, so that buttons work after a restart, and of their ratings.

It is in a SQLite file beside the index, or on the server that has the index (`bot.databases`). Each call opens
its own connection, so any thread may call, and another process too. A person is kept only as a keyed hash that differs
from answer to answer: it lets a vote be changed, and says neither who voted nor what else they voted on to anyone
without the key, which stays in the database.
"""

import hmac
import secrets
from datetime import UTC, datetime, timedelta
from pathlib import Path

from bot.databases import Database, Tables, database_of, utc_text
from bot.discord.types import Cited, Place, Rated, Rating, StoredAnswer, digest
from bot.json import scope_json, scope_of
from reader.types import Answer
from retrieval.storage.sql import Connection
from retrieval.types import EVERYTHING, SearchFilter

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
# a question is answered or given up within this time; what is younger may be another process's to answer
LONGEST_ANSWER = timedelta(minutes=15)
# Discord counts from here (https://discord.com/developers/docs/reference#snowflakes)
EPOCH_MS = 1420070400000


def _fill(connection: Connection) -> None:
    connection.execute("INSERT INTO secret VALUES (?)", (secrets.token_bytes(32),))


TABLES = Tables("discord", 1, "the bot keeps its answers and ratings", 1, SCHEMA, _fill, LATER)


class Ledger:
    """What is kept in a database. Every method raises StoreError where that fails."""

    def __init__(self, database: Database) -> None:
        """Makes the tables that are not there. Raises StoreError if the database is damaged or holds no ledger."""
        database.prepare()
        self._database = database
        with database.reading() as connection:
            self._key: bytes = connection.execute("SELECT key FROM secret").fetchone()[0]

    @classmethod
    def open(cls, path: Path, url: str | None = None) -> "Ledger":
        """The ledger on the server at `url` or, without one, in the file `path`. Raises StoreError."""
        return cls(database_of(TABLES, path, url))

    def save(self, answer: Answer, where: SearchFilter = EVERYTHING, server: int | None = None) -> str:
        """Keeps what the buttons below an answer need; its id: 12 characters of [A-Za-z0-9_-].

        `server` is the one whose managers may be shown it, None where it was given in private.
        """
        id = secrets.token_urlsafe(9)
        head = (id, utc_text(), answer.question, answer.kind, answer.evidence.generation, scope_json(where))
        items = [(id, n, item.text, float(item.confidence)) for n, item in enumerate(answer.answers)]
        places = [
            (id, n, hit.passage.article_id, hit.passage.start, hit.passage.end, float(hit.score), digest(hit.text))
            for n, hit in enumerate(answer.evidence.hits)
        ]
        cited = {
            (id, citation.article_id, citation.answer_start, citation.answer_end)
            for item in answer.answers
            for citation in item.citations
        }
        with self._database.writing() as connection:
            connection.execute("INSERT INTO answers VALUES (?, ?, ?, ?, ?, ?)", head)
            connection.executemany("INSERT INTO items VALUES (?, ?, ?, ?)", items)
            connection.executemany("INSERT INTO places VALUES (?, ?, ?, ?, ?, ?, ?)", places)
            connection.executemany("INSERT INTO cited VALUES (?, ?, ?, ?)", cited)
            if server is not None:
                connection.execute("INSERT INTO servers VALUES (?, ?)", (id, server))
        return id

    def load(self, id: str) -> StoredAnswer | None:
        """The answer with this id; None if it was forgotten, or never was."""
        with self._database.reading() as connection:
            head = connection.execute("SELECT question, scope FROM answers WHERE id = ?", (id,)).fetchone()
            if head is None:
                return None
            items = connection.execute("SELECT text FROM items WHERE answer = ? ORDER BY position", (id,))
            answers = tuple(text for (text,) in items)
            read = 'SELECT article, start, "end", score, digest FROM places WHERE answer = ? ORDER BY position'
            places = tuple(Place(*row) for row in connection.execute(read, (id,)))
            stands = 'SELECT article, start, "end" FROM cited WHERE answer = ?'
            cited = tuple(Cited(*row) for row in connection.execute(stands, (id,)))
        return StoredAnswer(head[0], scope_of(head[1]), answers, places, cited)

    def rate(self, id: str, person: int, good: bool) -> Rating | None:
        """One person's vote on an answer, in place of the one they gave before; None if the answer was forgotten."""
        voter = hmac.digest(self._key, f"{id} {person}".encode(), "sha256")
        with self._database.writing() as connection:
            query = "SELECT server FROM answers LEFT JOIN servers ON answer = id WHERE id = ?"
            answered = connection.execute(query, (id,)).fetchone()
            if answered is None:
                return None
            connection.execute(
                "INSERT INTO votes VALUES (?, ?, ?, ?) "
                "ON CONFLICT (answer, person) DO UPDATE SET good = excluded.good, voted = excluded.voted",
                (id, voter, int(good), utc_text()),
            )
            ups, downs = connection.execute(
                "SELECT SUM(good), SUM(1 - good) FROM votes WHERE answer = ?", (id,)
            ).fetchone()
        return Rating(int(ups), int(downs), private=answered[0] is None)

    def badly_rated(self, server: int, limit: int) -> tuple[Rated, ...]:
        """At most `limit` answers of a server that somebody called bad, the most disliked first, of these the last
        voted on."""
        with self._database.reading() as connection:
            rows = connection.execute(
                "SELECT a.id, a.question, a.generation, SUM(v.good) AS ups, SUM(1 - v.good) AS downs, MAX(v.voted) "
                "FROM answers a JOIN servers s ON s.answer = a.id JOIN votes v ON v.answer = a.id WHERE s.server = ? "
                "GROUP BY a.id, a.question, a.generation HAVING SUM(1 - v.good) > 0 "
                "ORDER BY SUM(1 - v.good) - SUM(v.good) DESC, MAX(v.voted) DESC LIMIT ?",
                (server, limit),
            ).fetchall()
            read = "SELECT text FROM items WHERE answer = ? ORDER BY position"
            texts = {row[0]: tuple(text for (text,) in connection.execute(read, row[:1])) for row in rows}
        return tuple(
            Rated(id, question, texts[id], generation, ups, downs, datetime.fromisoformat(voted))
            for id, question, generation, ups, downs, voted in rows
        )

    def count_addition(self, server: int, most: int) -> bool:
        """Counts a server's try to add an article; False, and not counted, where it has made `most` in 24 hours."""
        with self._database.writing() as connection:
            connection.execute("DELETE FROM additions WHERE tried < ?", (utc_text(timedelta(days=1)),))
            count = "SELECT count(*) FROM additions WHERE server = ?"
            if connection.execute(count, (server,)).fetchone()[0] >= most:
                return False
            connection.execute("INSERT INTO additions VALUES (?, ?)", (server, utc_text()))
            return True

    def claim(self, message: int) -> bool:
        """Whether a message of a person (Discord's id) is this process's to answer: each is, of one process only."""
        with self._database.writing() as connection:
            taken = "INSERT INTO taken VALUES (?, ?) ON CONFLICT DO NOTHING RETURNING message"
            return connection.execute(taken, (message, utc_text())).fetchone() is not None

    def add_pending(self, channel: int, message: int) -> None:
        """Notes that a message of the bot (Discord's ids) has yet to become an answer."""
        with self._database.writing() as connection:
            connection.execute(
                "INSERT INTO unanswered VALUES (?, ?) ON CONFLICT (message) DO UPDATE SET channel = excluded.channel",
                (message, channel),
            )

    def clear_pending(self, message: int) -> None:
        """It has become one."""
        with self._database.writing() as connection:
            connection.execute("DELETE FROM unanswered WHERE message = ?", (message,))

    def pending(self) -> tuple[tuple[int, int], ...]:
        """Channel and id of the messages that never became an answer; after a start: those of a run that was killed.

        On a server, only such as are too old for another process to be at work on them.
        """
        with self._database.reading() as connection:
            rows = connection.execute("SELECT channel, message FROM unanswered ORDER BY message").fetchall()
        latest = datetime.now(UTC) - (LONGEST_ANSWER if self._database.shared else timedelta(0))
        before = (int(latest.timestamp() * 1000) - EPOCH_MS) << 22
        return tuple((channel, message) for channel, message in rows if message < before or not self._database.shared)

    def delete_older_than(self, days: float) -> int:
        """Forgets the answers given longer ago than that, except those that somebody rated; how many they were."""
        oldest = utc_text(timedelta(days=days))
        with self._database.writing() as connection:
            connection.execute("DELETE FROM taken WHERE at < ?", (oldest,))
            forgotten = "DELETE FROM answers WHERE asked < ? AND id NOT IN (SELECT answer FROM votes) RETURNING id"
            return len(connection.execute(forgotten, (oldest,)).fetchall())
