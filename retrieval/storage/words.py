"""The word index of a generation: which folder it is, and what stands in it."""

import sqlite3
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date
from pathlib import Path

from retrieval.storage.bm25 import Update, WordEntry, WordIndex, words_digest, write_words
from retrieval.storage.staging import passage_text
from retrieval.terms import terms


@dataclass(frozen=True, slots=True)
class WordsRecord:
    """What the database knows of the word index."""

    id: int
    digest: bytes


def words_path(folder: Path, words: int) -> Path:
    """Where a word index lies."""
    return folder / f"words-{words}"


def words_record(connection: sqlite3.Connection) -> WordsRecord | None:
    """The word index of this generation; None before the first."""
    row = connection.execute("SELECT id, digest FROM words").fetchone()
    return None if row is None else WordsRecord(*row)


def words_damaged(folder: Path, record: WordsRecord) -> bool:
    """Whether the folder of a word index is lost or is not what was written."""
    try:
        return words_digest(words_path(folder, record.id)) != record.digest
    except OSError:
        return True


def update_words(
    connection: sqlite3.Connection, folder: Path, gone: Sequence[int], new: Sequence[int], *, anew: bool
) -> None:
    """Makes the word index of the next generation: without the articles `gone`, with the `new` ones, by number; `anew`
    from all live articles.

    Part of the caller's transaction; the files are on disk when this returns. Raises StoreError.
    """
    before = words_record(connection)
    if before is not None and not (gone or new or anew):
        return
    connection.execute("DELETE FROM words")
    number = connection.execute("INSERT INTO words (digest) VALUES (x'')").lastrowid
    assert number is not None
    if before is None or anew:
        digest = write_words(words_path(folder, number), None, Update((), all_entries(connection)))
    else:
        update = Update(gone, _entries(connection, new))
        digest = write_words(words_path(folder, number), words_path(folder, before.id), update)
    connection.execute("UPDATE words SET digest = ?", (digest,))


def load_words(connection: sqlite3.Connection, folder: Path) -> WordIndex:
    """The word index of this generation; one that is lost or damaged is made again, in memory. Raises StoreError."""
    record = words_record(connection)
    if record is None or words_damaged(folder, record):
        return WordIndex.in_memory(all_entries(connection))
    return WordIndex.load(words_path(folder, record.id))


def all_entries(connection: sqlite3.Connection) -> Iterator[WordEntry]:
    """The words of every live passage."""
    numbers = [row[0] for row in connection.execute("SELECT number FROM live_articles ORDER BY number")]
    return _entries(connection, numbers)


def _entries(connection: sqlite3.Connection, articles: Sequence[int]) -> Iterator[WordEntry]:
    for number in articles:
        source, published, heading, text = connection.execute(
            "SELECT source, published_utc, heading, text FROM articles WHERE number = ?", (number,)
        ).fetchone()
        day = None if published is None else date.fromisoformat(published[:10])
        headed = terms(heading)
        passages = connection.execute("SELECT id, start, end FROM passages WHERE article = ? ORDER BY id", (number,))
        for passage, start, end in passages:
            yield WordEntry(passage, number, source, day, [*headed, *terms(passage_text(text, start, end))])
