"""Files become rows: staged while nobody sees them, made live together, deleted with all that only they needed."""

import hashlib
from collections.abc import Sequence
from dataclasses import fields
from datetime import UTC

from retrieval.heading import heading
from retrieval.passages import split
from retrieval.reprints import signature
from retrieval.storage.sql import Connection, fill_temp_table
from retrieval.types import Article, FileContents, Intake, Skipped


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


def stage(connection: Connection, path: str, content_hash: bytes, stat: str | None, contents: FileContents) -> None:
    """Writes a version of a file, with its articles and passages, that nobody sees until it is published.

    It takes the place of one staged before. An article whose id another file's article has is skipped.
    """
    delete_files(connection, [row[0] for row in connection.execute(_STAGED_AT, (path,))])
    (file,) = connection.execute(
        "INSERT INTO files (path, content_hash, stat, live) VALUES (?, ?, ?, ?) RETURNING id",
        (path, content_hash, stat, False),
    ).fetchone()
    skipped = list(contents.skipped)
    for intake in contents.intakes:
        other = connection.execute(_SAME_ID_ELSEWHERE, (intake.article.id, path)).fetchone()
        if other is None:
            _insert(connection, file, intake)
        else:
            skipped.append(Skipped(path, f"has by chance the same id as {other[0]}; rename one of the two"))
    connection.executemany(
        "INSERT INTO skipped VALUES (?, ?, ?)", [(file, record.path, record.reason) for record in skipped]
    )


_STAGED_AT = "SELECT id FROM files WHERE path = ? AND NOT live"
_SAME_ID_ELSEWHERE = "SELECT f.path FROM articles a JOIN files f ON f.id = a.file WHERE a.id = ? AND f.path != ?"


def _insert(connection: Connection, file: int, intake: Intake) -> None:
    article = intake.article
    published = article.published
    headed = heading(article)
    values = {
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
    names = ", ".join(values)
    marks = ", ".join(f":{name}" for name in values)
    insert = f"INSERT INTO articles ({names}) VALUES ({marks}) RETURNING number"
    (number,) = connection.execute(insert, values).fetchone()
    connection.executemany(
        "INSERT INTO dropped VALUES (?, ?, ?, ?)",
        [(number, line.line, line.text, line.reason) for line in intake.dropped],
    )
    connection.executemany(
        'INSERT INTO passages (article, start, "end", text_hash) VALUES (?, ?, ?, ?)',
        [
            (number, start, end, text_hash(passage_text(article.text, start, end)))
            for start, end in split(article.text, article.language)
        ],
    )
    connection.execute(
        """UPDATE articles SET (first_passage, last_passage) =
           (SELECT min(id), max(id) FROM passages WHERE article = :number) WHERE number = :number""",
        {"number": number},
    )


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
