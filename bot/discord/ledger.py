"""What the bot remembers of its answers, so that buttons work after a restart, and how people rated them.

One SQLite file (WAL) beside the index. Each call opens its own connection, so any thread may call, and a second process
too. A person is kept only as a keyed hash that differs from answer to answer: it lets a vote be changed, and says
neither who voted nor what else they voted on to anyone without the key, which stays in the file.
"""

import hmac
import json
import secrets
import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

from bot.discord.types import Cited, Given, Place, Rated, Rating, Remembered, digest
from reader.types import Answer
from retrieval.errors import StoreError, reason
from retrieval.storage.database import BUSY_SECONDS, mend_of, transaction
from retrieval.types import SearchFilter

LEDGER = "discord.sqlite"
EVERYWHERE = SearchFilter()
APPLICATION = 0x44415445  # "DATE": tells our file from another program's
SCHEMA_VERSION = 1
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
    article TEXT NOT NULL, start INTEGER NOT NULL, end INTEGER NOT NULL, score REAL NOT NULL, digest BLOB NOT NULL,
    PRIMARY KEY (answer, position)
) WITHOUT ROWID;
CREATE TABLE cited (
    answer TEXT NOT NULL REFERENCES answers(id) ON DELETE CASCADE, article TEXT NOT NULL,
    start INTEGER NOT NULL, end INTEGER NOT NULL, PRIMARY KEY (answer, article, start, end)
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
    "CREATE TABLE IF NOT EXISTS additions (server INTEGER NOT NULL, tried TEXT NOT NULL)",
)


class Ledger:
    """The file at `path`; open it with `Ledger.open`. Every method raises StoreError where the file fails."""

    def __init__(self, path: Path, key: bytes) -> None:
        self._path = path
        self._key = key

    @classmethod
    def open(cls, path: Path) -> "Ledger":
        """The ledger in the file `path`, made if there is none. Raises StoreError if it is damaged or no ledger."""
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise StoreError(f"The folder {path.parent} cannot be made: {reason(error)}.") from error
        with _connected(path) as connection:
            _prepare(connection, path)
            (key,) = connection.execute("SELECT key FROM secret").fetchone()
        return cls(path, key)

    def remember(self, answer: Answer, where: SearchFilter = EVERYWHERE, server: int | None = None) -> str:
        """Keeps what the buttons below an answer need; its id: 12 characters of [A-Za-z0-9_-].

        `server` is the one whose managers may be shown it, None where it was given in private.
        """
        id = secrets.token_urlsafe(9)
        head = (id, _now(), answer.question, answer.kind, answer.evidence.generation, _scope_json(where))
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
        with _connected(self._path) as connection, transaction(connection):
            connection.execute("INSERT INTO answers VALUES (?, ?, ?, ?, ?, ?)", head)
            connection.executemany("INSERT INTO items VALUES (?, ?, ?, ?)", items)
            connection.executemany("INSERT INTO places VALUES (?, ?, ?, ?, ?, ?, ?)", places)
            connection.executemany("INSERT INTO cited VALUES (?, ?, ?, ?)", cited)
            if server is not None:
                connection.execute("INSERT INTO servers VALUES (?, ?)", (id, server))
        return id

    def recall(self, id: str) -> Remembered | None:
        """The answer with this id; None if it was forgotten, or never was."""
        with _connected(self._path) as connection:
            connection.execute("BEGIN")  # one state for all that is read; it waits for no writer
            head = connection.execute(
                "SELECT asked, question, kind, generation, scope FROM answers WHERE id = ?", (id,)
            ).fetchone()
            if head is None:
                return None
            items = connection.execute("SELECT text, confidence FROM items WHERE answer = ? ORDER BY position", (id,))
            answers = tuple(Given(*row) for row in items)
            read = "SELECT article, start, end, score, digest FROM places WHERE answer = ? ORDER BY position"
            places = tuple(Place(*row) for row in connection.execute(read, (id,)))
            stands = "SELECT article, start, end FROM cited WHERE answer = ?"
            cited = tuple(Cited(*row) for row in connection.execute(stands, (id,)))
        asked, question, kind, generation, scope = head
        where = _scope(scope)
        return Remembered(id, datetime.fromisoformat(asked), question, kind, generation, where, answers, places, cited)

    def rate(self, id: str, person: int, good: bool) -> Rating | None:
        """One person's vote on an answer, in place of the one they gave before; None if the answer was forgotten."""
        voter = hmac.digest(self._key, f"{id} {person}".encode(), "sha256")
        with _connected(self._path) as connection, transaction(connection):
            query = "SELECT server FROM answers LEFT JOIN servers ON answer = id WHERE id = ?"
            answered = connection.execute(query, (id,)).fetchone()
            if answered is None:
                return None
            connection.execute("INSERT OR REPLACE INTO votes VALUES (?, ?, ?, ?)", (id, voter, good, _now()))
            ups, downs = connection.execute(
                "SELECT TOTAL(good), TOTAL(NOT good) FROM votes WHERE answer = ?", (id,)
            ).fetchone()
        return Rating(int(ups), int(downs), good, private=answered[0] is None)

    def badly_rated(self, server: int, limit: int) -> tuple[Rated, ...]:
        """At most `limit` answers of a server that somebody called bad, the most disliked first, of these the last
        voted on."""
        with _connected(self._path) as connection:
            connection.execute("BEGIN")  # as in `recall`
            rows = connection.execute(
                "SELECT a.id, a.question, a.generation, SUM(v.good) AS ups, SUM(NOT v.good) AS downs, MAX(v.voted) "
                "FROM answers a JOIN servers s ON s.answer = a.id JOIN votes v ON v.answer = a.id WHERE s.server = ? "
                "GROUP BY a.id HAVING downs > 0 ORDER BY downs - ups DESC, MAX(v.voted) DESC LIMIT ?",
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
        now = datetime.now(UTC)
        with _connected(self._path) as connection, transaction(connection):
            connection.execute("DELETE FROM additions WHERE tried < ?", (_iso(now - timedelta(days=1)),))
            count = "SELECT count(*) FROM additions WHERE server = ?"
            if connection.execute(count, (server,)).fetchone()[0] >= most:
                return False
            connection.execute("INSERT INTO additions VALUES (?, ?)", (server, _iso(now)))
            return True

    def expect(self, channel: int, message: int) -> None:
        """Notes that a message of the bot (Discord's ids) has yet to become an answer."""
        with _connected(self._path) as connection, transaction(connection):
            connection.execute("INSERT OR REPLACE INTO unanswered VALUES (?, ?)", (message, channel))

    def met(self, message: int) -> None:
        """It has become one."""
        with _connected(self._path) as connection, transaction(connection):
            connection.execute("DELETE FROM unanswered WHERE message = ?", (message,))

    def unanswered(self) -> tuple[tuple[int, int], ...]:
        """Channel and id of the messages that never became an answer; after a start: those of a run that was killed."""
        with _connected(self._path) as connection:
            return tuple(connection.execute("SELECT channel, message FROM unanswered ORDER BY message"))

    def forget_older_than(self, days: float) -> int:
        """Forgets the answers given longer ago than that, except those that somebody rated; how many they were."""
        oldest = _iso(datetime.now(UTC) - timedelta(days=days))
        with _connected(self._path) as connection, transaction(connection):
            return connection.execute(
                "DELETE FROM answers WHERE asked < ? AND id NOT IN (SELECT answer FROM votes)", (oldest,)
            ).rowcount


@contextmanager
def _connected(path: Path) -> Iterator[sqlite3.Connection]:
    """A connection for one call; SQLite's errors as StoreError."""
    try:
        connection = sqlite3.connect(path, timeout=BUSY_SECONDS, isolation_level=None)
        try:
            connection.execute("PRAGMA foreign_keys = ON")
            yield connection
        finally:
            connection.close()
    except sqlite3.Error as error:
        mend = mend_of(error, "move it away for the bot to start a new one")
        raise StoreError(f"{path}, where the bot keeps its answers and ratings, failed ({error}); {mend}.") from error


def _prepare(connection: sqlite3.Connection, path: Path) -> None:
    """Gives an empty file its tables; two processes may do so at once. Raises StoreError if the file is no ledger."""
    if _format(connection) == (0, 0) and _empty(connection):
        connection.execute("PRAGMA journal_mode = WAL")
        with transaction(connection):
            if _empty(connection):
                for statement in SCHEMA.split(";\n"):
                    connection.execute(statement)
                connection.execute("INSERT INTO secret VALUES (?)", (secrets.token_bytes(32),))
                connection.execute(f"PRAGMA application_id = {APPLICATION}")
                connection.execute(f"PRAGMA user_version = {SCHEMA_VERSION}")
    application, version = _format(connection)
    if application != APPLICATION:
        raise StoreError(
            f"{path} is not the file where the bot keeps its answers and ratings, but another program's; move it away."
        )
    if version != SCHEMA_VERSION:
        raise StoreError(
            f"{path} has format {version}, expected {SCHEMA_VERSION}; move it away for the bot to start a new one."
        )
    for statement in LATER:
        connection.execute(statement)


def _format(connection: sqlite3.Connection) -> tuple[int, int]:
    (application,), (version,) = (
        connection.execute(f"PRAGMA {name}").fetchone() for name in ("application_id", "user_version")
    )
    return application, version


def _empty(connection: sqlite3.Connection) -> bool:
    return connection.execute("SELECT 1 FROM sqlite_master").fetchone() is None


def _scope_json(where: SearchFilter) -> str:
    days = {name: day.isoformat() for name, day in (("since", where.since), ("until", where.until)) if day is not None}
    return json.dumps({"article_id": where.article_id, "source": where.source, **days})


def _scope(document: str) -> SearchFilter:
    parts = json.loads(document)
    since, until = (date.fromisoformat(parts[name]) if name in parts else None for name in ("since", "until"))
    return SearchFilter(parts["article_id"], since, until, parts["source"])


def _now() -> str:
    return _iso(datetime.now(UTC))


def _iso(when: datetime) -> str:
    """Of equal length, so that they can be compared as they are."""
    return when.isoformat(timespec="microseconds")
