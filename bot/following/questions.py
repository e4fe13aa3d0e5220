"""Followed questions in their database, with the answers that were reported and the news to be shown."""

import json
from collections.abc import Iterable, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from itertools import count
from pathlib import Path
from typing import Literal

from bot.databases import Database, database_of
from bot.following.documents import statement_document, statement_of
from bot.following.outbox import Outbox
from bot.following.tables import COLUMNS, FOLLOWED, TABLES, Frontend, followed_of, shown_in
from bot.following.types import Arrivals, Asker, DueQuestion, Followed, Limits, Outcome
from bot.json import scope_json
from reader.novelty import Statement
from retrieval.errors import UsageError
from retrieval.storage.reading import Snapshot
from retrieval.storage.sql import Connection, marks
from retrieval.storage.store import Store

# so many hashes are looked up at once
HASHES = 500


class TooManyError(UsageError):
    """The limit of followed questions, `most`, is reached for a person or a server."""

    def __init__(self, whose: str, most: int) -> None:
        super().__init__(f"{whose} {most} followed questions, the most allowed; remove one first.")


@dataclass(frozen=True, slots=True)
class _Known:
    """What this process has seen of its store: the generation, the passage with the highest id, and the batch then."""

    generation: int
    passage: int
    batch: int


class FollowedQuestions:
    """What is kept in a database. Every method raises StoreError where that fails."""

    def __init__(self, database: Database) -> None:
        """Makes the tables that are not there."""
        database.prepare()
        self._database = database
        self.outbox = Outbox(database)
        self._known = _Known(0, 0, 0)

    @classmethod
    def open(cls, folder: Path, url: str | None = None) -> "FollowedQuestions":
        """Those on the server at `url` or, without one, in `folder`. Raises StoreError."""
        return cls(database_of(TABLES, folder / FOLLOWED, url))

    @classmethod
    def find(cls, folder: Path, url: str | None = None) -> "FollowedQuestions | None":
        """The same where somebody has followed a question before; None else, and nothing is made. Raises StoreError."""
        database = database_of(TABLES, folder / FOLLOWED, url)
        return cls(database) if database.exists() else None

    @property
    def shared(self) -> bool:
        """Whether several machines have them."""
        return self._database.shared

    def add(self, due: DueQuestion, told: Sequence[Statement], limits: Limits | None = None) -> Followed:
        """Follows a question (the id in `due` is ignored); the answers in `told` were reported.

        A suspended copy of the same question is deleted. Raises TooManyError where the person or the server has
        reached the `limits`, UsageError where the question is followed there already.
        """
        followed, by = due.followed, due.followed.by
        with self._database.writing() as connection:
            # first, so that nobody else counts at the same time
            id = _next(connection, "question")
            scope = scope_json(followed.where)
            place = (None, None, None) if by is None else (by.person, by.channel, by.server)
            private = int(by is not None and by.private)
            same = """question = ? AND scope = ? AND person IS NOT DISTINCT FROM ? AND channel IS NOT DISTINCT FROM ?
                      AND server IS NOT DISTINCT FROM ? AND private = ?"""
            values = (followed.question, scope, *place, private)
            connection.execute(f"DELETE FROM questions WHERE {same} AND suspended = 1", values)
            known = connection.execute(f"SELECT id FROM questions WHERE {same}", values).fetchone()
            if known is not None:
                raise UsageError(f"This question is already followed here, as {known[0]}.")
            if by is not None and limits is not None:
                _check_limits(connection, by, limits)
            connection.execute(
                f"INSERT INTO questions VALUES ({marks(range(14))})",
                (
                    *(id, followed.question, scope, followed.followed.isoformat(), *place, private),
                    *(0, due.batch, followed.generation),
                    *(due.fingerprint, due.vector, json.dumps(due.scores)),
                ),
            )
            _tell(connection, id, told)
        return Followed(id, followed.question, followed.where, by, followed.followed, followed.generation)

    def all(self, *, person: int | None = None, server: int | None = None) -> tuple[Followed, ...]:
        """The questions, or those of a `person` or of a `server` in Discord; in the order of following."""
        condition, values = "id > 0", []
        for column, value in (("person", person), ("server", server)):
            if value is not None:
                condition += f" AND {column} = ?"
                values.append(value)
        with self._database.reading() as connection:
            rows = connection.execute(f"SELECT {COLUMNS} FROM questions WHERE {condition} ORDER BY id", values)
            return tuple(followed_of(row) for row in rows)

    def get(self, id: int) -> Followed | None:
        """The question with this id."""
        with self._database.reading() as connection:
            row = connection.execute(f"SELECT {COLUMNS} FROM questions WHERE id = ?", (id,)).fetchone()
            return None if row is None else followed_of(row)

    def told(self, id: int) -> tuple[Statement, ...]:
        """The answers that were reported for a question, in order."""
        with self._database.reading() as connection:
            rows = connection.execute("SELECT statement FROM told WHERE question = ? ORDER BY position", (id,))
            return tuple(statement_of(row[0]) for row in rows)

    def remove(self, id: int) -> bool:
        """Whether there was a question with this id; it and its unsent news are removed."""
        with self._database.writing() as connection:
            removed = connection.execute("DELETE FROM questions WHERE id = ? RETURNING id", (id,)).fetchone()
            if connection.execute("SELECT 1 FROM questions LIMIT 1").fetchone() is None:
                # nobody asks which passages are new; the next followed question starts from all that are there
                connection.execute("DELETE FROM arrived")
            return removed is not None

    def suspend(self, id: int) -> bool:
        """Stops asking a question; False where it was suspended before."""
        with self._database.writing() as connection:
            query = "UPDATE questions SET suspended = 1 WHERE id = ? AND suspended = 0 RETURNING id"
            done = connection.execute(query, (id,)).fetchone() is not None
            connection.execute("DELETE FROM news WHERE question = ?", (id,))
            return done

    def due(self, frontend: Frontend) -> tuple[DueQuestion, ...]:
        """The questions to ask, with what is needed for it."""
        query = f"""SELECT {COLUMNS}, batch, fingerprint, vector, scores FROM questions
                    WHERE {shown_in(frontend)} AND suspended = 0 ORDER BY id"""
        with self._database.reading() as connection:
            return tuple(
                DueQuestion(followed_of(row[:10]), row[10], row[11], bytes(row[12]), tuple(json.loads(row[13])))
                for row in connection.execute(query)
            )

    def arrivals(self, store: Store, fingerprint: str, after: int, stack: ExitStack) -> tuple[Snapshot, Arrivals]:
        """The newest generation of a store, held until the `stack` is closed, and its passages of later batches than
        `after`.

        Texts that no earlier generation held become the next batch. Raises as `Store.snapshot` does.
        """
        with self._database.writing() as connection:
            # locks the row, so that of two processes the later one sees the newer generation
            batch = _next(connection, "batch")
            snapshot = stack.enter_context(store.snapshot(fingerprint))
            known, generation = self._known, snapshot.generation.id
            # a lower generation means that the store was rebuilt
            is_later = known.batch <= after and known.generation <= generation
            found = snapshot.arrivals(known.passage if is_later else 0)
            batches = _batches(connection, found)
            new = {text_hash for _, text_hash in found if text_hash not in batches}
            connection.executemany("INSERT INTO arrived VALUES (?, ?)", [(text_hash, batch) for text_hash in new])
            if not new:
                connection.execute("UPDATE state SET batch = batch - 1")
                batch -= 1
        if found:
            self._known = _Known(generation, found[-1][0], batch)
        late = {id: batches.get(text_hash, batch) for id, text_hash in found}
        late = {id: batch for id, batch in late.items() if batch > after}
        return snapshot, Arrivals(generation, batch, late)

    def newest(self) -> int:
        """The batch that came last."""
        with self._database.reading() as connection:
            (batch,) = connection.execute("SELECT batch FROM state").fetchone()
            return int(batch)

    def record_asked(self, due: DueQuestion, arrivals: Arrivals, outcome: Outcome) -> bool:
        """Stores what asking a question gave, and its news; False where another process did so before."""
        id = due.followed.id
        with self._database.writing() as connection:
            done = connection.execute(
                """UPDATE questions SET batch = ?, generation = ?, scores = ? WHERE id = ? AND batch = ?
                   RETURNING id""",
                (arrivals.newest, arrivals.generation, json.dumps(outcome.scores), id, due.batch),
            ).fetchone()
            if done is None:
                return False
            if outcome.told:
                connection.execute("DELETE FROM told WHERE question = ?", (id,))
                _tell(connection, id, outcome.told)
            for document in outcome.news:
                number = _next(connection, "news")
                connection.execute("INSERT INTO news VALUES (?, ?, ?, NULL, NULL)", (number, id, document))
            return True

    def record_skipped(self, several: Iterable[DueQuestion], arrivals: Arrivals) -> None:
        """Stores that questions were asked of passages that have nothing for them."""
        with self._database.writing() as connection:
            connection.executemany(
                "UPDATE questions SET batch = ?, generation = ? WHERE id = ? AND batch = ?",
                [(arrivals.newest, arrivals.generation, due.followed.id, due.batch) for due in several],
            )

    def record_embedding(self, id: int, fingerprint: str, vector: bytes, scores: Sequence[float]) -> None:
        """Stores a question's vector by another encoder."""
        with self._database.writing() as connection:
            connection.execute(
                "UPDATE questions SET fingerprint = ?, vector = ?, scores = ? WHERE id = ?",
                (fingerprint, vector, json.dumps(list(scores)), id),
            )

    def copy_to(self, other: "FollowedQuestions") -> int:
        """Copies everything into another database, unless that has questions already; how many questions."""
        tables = ("arrived", "questions", "told", "news")
        with self._database.reading() as connection:
            rows = {table: connection.execute(f"SELECT * FROM {table}").fetchall() for table in tables}
            state = connection.execute("SELECT batch, question, news FROM state").fetchone()
        with other._database.writing() as connection:
            connection.execute("UPDATE state SET batch = batch")
            if connection.execute("SELECT 1 FROM questions LIMIT 1").fetchone() is not None:
                return 0
            connection.execute("DELETE FROM arrived")
            connection.execute("UPDATE state SET batch = ?, question = ?, news = ?", tuple(state))
            for table in tables:
                if rows[table]:
                    insert = f"INSERT INTO {table} VALUES ({marks(rows[table][0])})"
                    connection.executemany(insert, [tuple(row) for row in rows[table]])
        return len(rows["questions"])


def _next(connection: Connection, counted: Literal["batch", "question", "news"]) -> int:
    (number,) = connection.execute(f"UPDATE state SET {counted} = {counted} + 1 RETURNING {counted}").fetchone()
    return int(number)


def _check_limits(connection: Connection, by: Asker, limits: Limits) -> None:
    count = "SELECT count(*) FROM questions WHERE {} = ?"
    if connection.execute(count.format("person"), (by.person,)).fetchone()[0] >= limits.person:
        raise TooManyError("You have", limits.person)
    if (
        by.server is not None
        and connection.execute(count.format("server"), (by.server,)).fetchone()[0] >= limits.server
    ):
        raise TooManyError("This server has", limits.server)


def _tell(connection: Connection, id: int, told: Sequence[Statement]) -> None:
    rows = [(id, position, statement_document(each)) for position, each in zip(count(), told, strict=False)]
    connection.executemany("INSERT INTO told VALUES (?, ?, ?)", rows)


def _batches(connection: Connection, found: Sequence[tuple[int, bytes]]) -> dict[bytes, int]:
    """The batches of those texts that were seen before, by hash."""
    hashes = list({text_hash for _, text_hash in found})
    known: dict[bytes, int] = {}
    for first in range(0, len(hashes), HASHES):
        some = hashes[first : first + HASHES]
        query = f"SELECT text_hash, batch FROM arrived WHERE text_hash IN ({marks(some)})"
        known |= {bytes(text_hash): batch for text_hash, batch in connection.execute(query, some)}
    return known
