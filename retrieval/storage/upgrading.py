"""A database of a format that is read no more: it is emptied, and the next refresh reads the articles again.

The articles are files of the corpus, so nothing is lost but time. Vectors stay, and numbers of generations, passages
and segments go on, so that none is ever given twice. Formats that need less are in `retrieval.storage.database`.
"""

import logging
import sqlite3
from pathlib import Path

VECTORS = "embeddings"
_log = logging.getLogger(__name__)


def empty_if_old(connection: sqlite3.Connection, folder: Path) -> None:
    """Drops all but the vectors, with what SQLite keeps of numbers given; foreign keys must be off."""
    if not _is_old(connection):
        return
    _log.warning("The index in %s was made by an earlier version of Dateline, so all articles are read again.", folder)
    connection.execute("BEGIN IMMEDIATE")
    given = connection.execute("SELECT name, seq FROM sqlite_sequence").fetchall()
    query = """SELECT type, name FROM sqlite_master
               WHERE type IN ('table', 'view') AND name NOT LIKE 'sqlite_%' AND name != ?"""
    parts = connection.execute(query, (VECTORS,)).fetchall()
    for kind, name in sorted(parts, reverse=True):  # views first
        connection.execute(f'DROP {kind} "{name}"')
    connection.executemany("INSERT INTO sqlite_sequence VALUES (?, ?)", given)
    connection.execute("PRAGMA user_version = 0")
    connection.execute("COMMIT")


def _is_old(connection: sqlite3.Connection) -> bool:
    (version,) = connection.execute("PRAGMA user_version").fetchone()
    if version != 3:
        return version in (1, 2)
    # two formats had this number; the first did not know which passages are an article's
    columns = {row[1] for row in connection.execute("PRAGMA table_info(articles)")}
    return "first_passage" not in columns
