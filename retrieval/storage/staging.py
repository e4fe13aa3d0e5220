"""Files become rows: staged while nobody sees them, made live together, deleted with all that only they needed."""

import hashlib
from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import fields
from datetime import UTC
from typing import Any

from retrieval.heading import heading
from retrieval.passages import split
from retrieval.reprints import signature
from retrieval.storage.sql import Connection, fill_temp_table, marks, select_among
from retrieval.storage.types import NewFile
from retrieval.types import Article, Intake

# so many are written together; fewer where they are long: an article may have 20 MB
FILES_AT_ONCE = 64
CHARACTERS_AT_ONCE = 1_000_000


def text_hash(text: str) -> bytes:
    """The key of a text's vector, 16 bytes."""
    return hashlib.blake2b(text.encode(), digest_size=16).digest()


def passage_text(article: str, start: int, end: int) -> str:
    """What is embedded for a passage: its words, without the white space around them."""
    return article[start:end].strip()


def digest(article: Article) -> bytes:
    """16 bytes that differ for articles that differ in text or metadata."""
    values = [getattr(article, field.name) for field in fields(article)]
    told = [value.isoformat() if hasattr(value, "isoformat") else value for value in values]
    return hashlib.blake2b(repr(told).encode(), digest_size=16).digest()


def stage(connection: Connection, files: Iterable[NewFile]) -> None:
    """Writes versions of files, with their articles and passages, that nobody sees until they are published.

    Each takes the place of one staged before. An article whose id another file's article has is skipped.
    """
    some: list[NewFile] = []
    characters = 0
    for file in files:
        some.append(file)
        characters += sum(len(intake.article.text) for intake in file.contents.intakes)
        if len(some) == FILES_AT_ONCE or characters > CHARACTERS_AT_ONCE:
            _stage(connection, some)
            some, characters = [], 0
    if some:
        _stage(connection, some)


def _stage(connection: Connection, files: Sequence[NewFile]) -> None:
    """So many statements, however many files and articles there are."""
    paths = [file.path for file in files]
    staged = "SELECT path, id FROM files WHERE NOT live AND path IN ({})"
    delete_files(connection, [row[1] for row in select_among(connection, staged, paths)])
    connection.executemany(
        "INSERT INTO files (path, content_hash, stat, live) VALUES (?, ?, ?, ?)",
        [(file.path, file.content_hash, file.stat, False) for file in files],
    )
    numbers: dict[str, int] = dict(select_among(connection, staged, paths))
    ids = [intake.article.id for file in files for intake in file.contents.intakes]
    same_id = "SELECT a.id, f.path FROM articles a JOIN files f ON f.id = a.file WHERE a.id IN ({})"
    known: dict[str, set[str]] = defaultdict(set)
    for id, path in select_among(connection, same_id, ids):
        known[id].add(path)
    intakes: list[tuple[int, Intake]] = []
    skipped: list[tuple[int, str, str]] = []
    for file in files:
        number = numbers[file.path]
        skipped += [(number, record.path, record.reason) for record in file.contents.skipped]
        for intake in file.contents.intakes:
            others = known[intake.article.id] - {file.path}
            if others:
                reason = f"has by chance the same id as {min(others)}; rename one of the two"
                skipped.append((number, file.path, reason))
            else:
                known[intake.article.id].add(file.path)
                intakes.append((number, intake))
    _insert(connection, intakes)
    connection.executemany("INSERT INTO skipped VALUES (?, ?, ?)", skipped)


def _insert(connection: Connection, intakes: Sequence[tuple[int, Intake]]) -> None:
    """Each with the number of its file."""
    if not intakes:
        return
    rows = [_row(file, intake.article) for file, intake in intakes]
    connection.executemany(
        f"INSERT INTO articles ({', '.join(rows[0])}) VALUES ({', '.join('?' * len(rows[0]))})",
        [tuple(row.values()) for row in rows],
    )
    files = sorted({file for file, _ in intakes})
    query = f"SELECT number, file, id FROM articles WHERE file IN ({marks(files)})"
    numbers = {(file, id): number for number, file, id in connection.execute(query, files)}
    articles = [(numbers[file, intake.article.id], intake) for file, intake in intakes]
    connection.executemany(
        "INSERT INTO dropped VALUES (?, ?, ?, ?)",
        [(number, line.line, line.text, line.reason) for number, intake in articles for line in intake.dropped],
    )
    connection.executemany(
        'INSERT INTO passages (article, start, "end", text_hash) VALUES (?, ?, ?, ?)',
        [
            (number, start, end, text_hash(passage_text(intake.article.text, start, end)))
            for number, intake in articles
            for start, end in split(intake.article.text, intake.article.language)
        ],
    )
    connection.execute(
        f"""UPDATE articles SET first_passage = first, last_passage = last
            FROM (SELECT article, min(p.id) AS first, max(p.id) AS last FROM passages p
                  JOIN articles a ON a.number = p.article WHERE a.file IN ({marks(files)}) GROUP BY article) AS ranges
            WHERE number = ranges.article""",
        files,
    )


def _row(file: int, article: Article) -> dict[str, Any]:
    """The columns of an article's row."""
    published = article.published
    headed = heading(article)
    return {
        "file": file,
        "id": article.id,
        "title": article.title,
        "source": article.source,
        "url": article.url,
        "published": None if published is None else published.isoformat(),
        "published_utc": None if published is None else published.astimezone(UTC).isoformat(timespec="seconds"),
        "language": article.language,
        "path": article.path,
        "text": article.text,
        "digest": digest(article),
        "heading": headed,
        "heading_hash": text_hash(headed),
        "signature": signature(article.text).astype("<u4").tobytes(),
        "source_group": article.id,
    }


def delete_files(connection: Connection, files: Sequence[int]) -> None:
    """Deletes files with their articles and passages, and the vectors that nothing else needs.

    Part of the caller's transaction.
    """
    if not files:
        return
    fill_temp_table(connection, "doomed", files)
    connection.execute(
        """DELETE FROM embeddings WHERE text_hash IN (
               SELECT p.text_hash FROM passages p JOIN articles a ON a.number = p.article
               WHERE a.file IN (SELECT id FROM doomed)
               UNION SELECT heading_hash FROM articles WHERE file IN (SELECT id FROM doomed))
           AND NOT EXISTS (SELECT 1 FROM passages p JOIN articles a ON a.number = p.article
               WHERE p.text_hash = embeddings.text_hash AND a.file NOT IN (SELECT id FROM doomed))
           AND NOT EXISTS (SELECT 1 FROM articles a
               WHERE a.heading_hash = embeddings.text_hash AND a.file NOT IN (SELECT id FROM doomed))"""
    )
    connection.execute("DELETE FROM files WHERE id IN (SELECT id FROM doomed)")
