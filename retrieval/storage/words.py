"""The word index of a generation: which folder it is, and what stands in it."""

import sqlite3
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from pathlib import Path

from retrieval.storage.bm25 import Update, WordEntry, WordIndex, Written, word_files, write_words
from retrieval.storage.integrity import FileRecord, check_record
from retrieval.storage.staging import passage_text
from retrieval.terms import terms


@dataclass(frozen=True, slots=True)
class WordsRecord:
    """What the database knows of the word index: the files in its folder, by name."""

    id: int
    files: Mapping[str, FileRecord]


def words_path(folder: Path, words: int) -> Path:
    """Where a word index lies."""
    return folder / f"words-{words}"


def words_record(connection: sqlite3.Connection) -> WordsRecord | None:
    """The word index of this generation; None before the first."""
    row = connection.execute("SELECT id FROM words").fetchone()
    if row is None:
        return None
    files = connection.execute("SELECT name, bytes, modified, digest FROM word_files WHERE words = ?", row)
    return WordsRecord(row[0], {name: FileRecord(*file) for name, *file in files})


def words_damaged(folder: Path, record: WordsRecord, *, full: bool = False) -> bool:
    """Whether the folder of a word index is lost or is not what was written (see `retrieval.storage.integrity`)."""
    return _looked_at(folder, record, full=full) is None


def words_lost(connection: sqlite3.Connection, folder: Path) -> bool:
    """Whether it is damaged. Files that are whole and of another time are not read again for the next look."""
    record = words_record(connection)
    if record is None:
        return False
    found = _looked_at(folder, record)
    if found is None:
        return True
    times = [(file.modified, record.id, name) for name, file in found.items() if file != record.files[name]]
    connection.executemany("UPDATE word_files SET modified = ? WHERE words = ? AND name = ?", times)
    return False


def _looked_at(folder: Path, record: WordsRecord, *, full: bool = False) -> dict[str, FileRecord] | None:
    """The files with their times of today; None if one is lost, changed, or not among them."""
    path = words_path(folder, record.id)
    if not path.is_dir() or {file.name for file in word_files(path)} != record.files.keys():
        return None
    found = {name: check_record(path / name, file, full=full) for name, file in record.files.items()}
    whole = {name: file for name, file in found.items() if file is not None}
    return whole if len(whole) == len(found) else None


def update_words(
    connection: sqlite3.Connection, folder: Path, gone: Sequence[int], new: Sequence[int], *, rebuild: bool
) -> None:
    """Makes the word index of the next generation: without the articles `gone`, with the `new` ones, by number;
    `rebuild` makes it from all live articles.

    Part of the caller's transaction; the files are on disk when this returns. Raises StoreError.
    """
    before = words_record(connection)
    if before is not None and not (gone or new or rebuild):
        return
    connection.execute("DELETE FROM words")
    number = connection.execute("INSERT INTO words DEFAULT VALUES").lastrowid
    assert number is not None
    path = words_path(folder, number)
    if before is None or rebuild:
        files = write_words(path, None, Update((), all_entries(connection)))
    else:
        update = Update(gone, _entries(connection, new))
        files = write_words(path, Written(words_path(folder, before.id), before.files), update)
    rows = [(number, name, file.length, file.modified, file.digest) for name, file in files.items()]
    connection.executemany("INSERT INTO word_files VALUES (?, ?, ?, ?, ?)", rows)


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
