"""The outbox of followed questions: news that waits to be shown, each by one process and once."""

import secrets
from collections.abc import Iterable
from datetime import timedelta

from bot.databases import Database, utc_text
from bot.following.tables import COLUMNS, Frontend, followed_of, shown_in
from bot.following.types import Claimed, PendingNews


class Outbox:
    """What is in a database of `bot.following.tables`. Every method raises StoreError where that fails."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def has_news(self, frontend: Frontend) -> bool:
        """Whether there is news to show."""
        query = f"SELECT 1 FROM news n JOIN questions q ON q.id = n.question WHERE {shown_in(frontend)} LIMIT 1"
        with self._database.reading() as connection:
            return connection.execute(query).fetchone() is not None

    def release(self, frontend: Frontend) -> None:
        """Lets news be taken that was taken and not shown: by a process that is known to have ended."""
        with self._database.writing() as connection:
            questions = f"SELECT id FROM questions WHERE {shown_in(frontend)}"
            connection.execute(f"UPDATE news SET taken = NULL WHERE question IN ({questions})")

    def claim(self, frontend: Frontend, timeout: timedelta, most: int) -> Claimed[PendingNews] | None:
        """News that goes to one place, oldest first; None where nothing waits.

        No other process takes it, unless it is still there after its `timeout`; it is then taken as it was, under the
        same name. `most` is how many at once.
        """
        with self._database.writing() as connection:
            connection.execute("UPDATE state SET news = news")  # one process at a time
            free = f"""SELECT n.message, q.channel, q.person, q.private
                       FROM news n JOIN questions q ON q.id = n.question
                       WHERE {shown_in(frontend)} AND (n.taken IS NULL OR n.taken <= ?) ORDER BY n.id LIMIT 1"""
            first = connection.execute(free, (utc_text(timeout),)).fetchone()
            if first is None:
                return None
            message, *place = first
            again = message is not None
            if message is None:
                message = secrets.token_hex(7)
                connection.execute(
                    f"""UPDATE news SET message = ? WHERE id IN (
                            SELECT n.id FROM news n JOIN questions q ON q.id = n.question
                            WHERE {shown_in(frontend)} AND n.message IS NULL AND q.channel IS NOT DISTINCT FROM ?
                            AND q.person IS NOT DISTINCT FROM ? AND q.private = ? ORDER BY n.id LIMIT ?)""",
                    (message, *place, most),
                )
            connection.execute("UPDATE news SET taken = ? WHERE message = ?", (utc_text(), message))
            columns = ", ".join(f"q.{column}" for column in COLUMNS.split(", "))
            query = f"""SELECT n.id, n.document, {columns} FROM news n JOIN questions q ON q.id = n.question
                        WHERE n.message = ? ORDER BY n.id"""
            rows = connection.execute(query, (message,)).fetchall()
        return Claimed(message, again, tuple(PendingNews(row[0], followed_of(row[2:]), row[1]) for row in rows))

    def remove(self, news: Iterable[int]) -> None:
        """Takes news out of the outbox: it was shown, or is no more."""
        with self._database.writing() as connection:
            connection.executemany("DELETE FROM news WHERE id = ?", [(id,) for id in news])
