"""The word index of a generation: which folder it is, and what stands in it."""

import sqlite3
from collections.abc import Iterator, Sequence
from datetime import date
from pathlib import Path

from retrieval.storage.bm25 import WordEntry, WordIndex, Written, word_files, write_words
from retrieval.storage.integrity import FileRecord, check_record
from retrieval.storage.staging import passage_text
from retrieval.terms import terms


def words_record(connection: sqlite3.Connection, folder: Path) -> Written | None:
    """The word index of this generation as the database knows it; None before the first."""
    row = connection.execute("SELECT id FROM words").fetchone()
    if row is None:
        return None
    files = connection.execute("SELECT name, bytes, modified, digest FROM word_files WHERE words = ?", row)
    return Written(_path(folder, row[0]), {name: FileRecord(*file) for name, *file in files})


def check_words(record: Written, *, full: bool = False) -> dict[str, FileRecord] | None:
    """The files of a word index with their times of today; None if its folder is lost or is not what was written (see
    `retrieval.storage.integrity`)."""
    folder = record.folder
    if not folder.is_dir() or {file.name for file in word_files(folder)} != record.files.keys():
        return None
    found = {name: check_record(folder / name, file, full=full) for name, file in record.files.items()}
    whole = {name: file for name, file in found.items() if file is not None}
    return whole if len(whole) == len(found) else None


def words_lost(connection: sqlite3.Connection, folder: Path) -> bool:
    """Whether it is damaged. Files that are whole and of another time are not read again for the next look."""
    record = words_record(connection, folder)
    if record is None:
        return False
    found = check_words(record)
    if found is None:
        return True
    times = [(file.modified, name) for name, file in found.items() if file != record.files[name]]
    connection.executemany("UPDATE word_files SET modified = ? WHERE name = ?", times)
    return False


def update_words(
    connection: sqlite3.Connection, folder: Path, gone: Sequence[int], new: Sequence[int], *, rebuild: bool
) -> None:
    """Makes the word index of the next generation: without the articles `gone`, with the `new` ones, by number;
    `rebuild` makes it from all live articles.

    Part of the caller's transaction; the files are on disk when this returns. Raises StoreError.
    """
    before = words_record(connection, folder)
    if before is not None and not (gone or new or rebuild):
        return
    connection.execute("DELETE FROM words")
    (number,) = connection.execute("INSERT INTO words DEFAULT VALUES RETURNING id").fetchone()
    if before is None or rebuild:
        written = write_words(_path(folder, number), None, (), _all_entries(connection))
    else:
        written = write_words(_path(folder, number), before, gone, _entries(connection, new))
    rows = [(number, name, file.length, file.modified, file.digest) for name, file in written.files.items()]
    connection.executemany("INSERT INTO word_files VALUES (?, ?, ?, ?, ?)", rows)


def load_words(connection: sqlite3.Connection, folder: Path) -> WordIndex:
    """The word index of this generation; one that is lost or damaged is made again, in memory. Raises StoreError."""
    record = words_record(connection, folder)
    if record is None or check_words(record) is None:
        return WordIndex.in_memory(_all_entries(connection))
    return WordIndex.load(record.folder)


def _path(folder: Path, words: int) -> Path:
    return folder / f"words-{words}"


def _all_entries(connection: sqlite3.Connection) -> Iterator[WordEntry]:
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
