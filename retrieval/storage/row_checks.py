"""Checks of a store's rows, whichever database keeps them."""

from collections.abc import Iterator, Sequence

import numpy as np
from numpy.typing import NDArray

from retrieval.heading import heading
from retrieval.progress import Progress
from retrieval.storage.reading import ARTICLE_COLUMNS, stored_article
from retrieval.storage.sql import Connection
from retrieval.storage.staging import digest, passage_text, text_hash
from retrieval.storage.types import Finding
from retrieval.storage.vectors import passage_vectors, unpacked

TOLERANCE = 1e-4
REBUILD = "{bring the index up to date}, which embeds nothing again"
EMBED_AGAIN = "{embed all articles again}"


def row_findings(connection: Connection, progress: Progress) -> Iterator[Finding]:
    """What is wrong with the articles and passages."""
    (astray,) = connection.execute(
        """SELECT count(*) FROM (SELECT a.number FROM live_articles a LEFT JOIN passages p ON p.article = a.number
           GROUP BY a.number, a.first_passage, a.last_passage HAVING min(p.id) IS DISTINCT FROM a.first_passage
           OR max(p.id) IS DISTINCT FROM a.last_passage
           OR count(p.id) != coalesce(a.last_passage - a.first_passage + 1, 0)) AS chosen"""
    ).fetchone()
    if astray:
        yield Finding(f"{astray} articles have passages outside the range of ids that filters use", EMBED_AGAIN)
    (misnamed,) = connection.execute(
        """SELECT count(*) FROM (SELECT source_group FROM live_articles GROUP BY source_group HAVING min(id) !=
           source_group) AS chosen"""
    ).fetchone()
    if misnamed:
        yield Finding(f"{misnamed} source groups are not named after their first article", EMBED_AGAIN)
    numbers = [row[0] for row in connection.execute("SELECT number FROM live_articles ORDER BY number")]
    with progress("Checking articles", len(numbers)) as advance:
        for number in numbers:
            yield from _article(connection, number)
            advance(1)


def _article(connection: Connection, number: int) -> Iterator[Finding]:
    """An article is what was read, and its passages are slices of it that together leave no word out."""
    query = f"SELECT digest, heading_hash, {ARTICLE_COLUMNS} FROM articles WHERE number = ?"
    stored_digest, heading_hash, *columns = connection.execute(query, (number,)).fetchone()
    article = stored_article(columns)
    if digest(article) != stored_digest:
        yield Finding(f"The article {article.id} ({article.path}) is not what was read from its file", EMBED_AGAIN)
    if text_hash(heading(article)) != heading_hash:
        yield Finding(f"The heading of {article.id} ({article.path}) is not the one that was embedded", EMBED_AGAIN)
    covered = 0
    for passage, start, end, stored_hash in connection.execute(
        'SELECT id, start, "end", text_hash FROM passages WHERE article = ? ORDER BY start', (number,)
    ):
        slice_of_it = 0 <= start < end <= len(article.text)
        if not slice_of_it or text_hash(passage_text(article.text, start, end)) != stored_hash:
            yield Finding(f"Passage {passage} is not a slice of its article {article.id} ({article.path})", EMBED_AGAIN)
        elif article.text[covered:start].strip():
            yield Finding(f"The passages of {article.id} ({article.path}) leave words out", EMBED_AGAIN)
        covered = max(covered, end)
    if article.text[covered:].strip():
        yield Finding(f"The passages of {article.id} ({article.path}) leave words out", EMBED_AGAIN)


def is_made_of(
    indexed: NDArray[np.float32] | NDArray[np.float16], stored: Sequence[bytes | None], dimension: int, tolerance: float
) -> bool:
    """Whether the stored vectors, of a passage and of its heading, are whole, finite and of unit length, and make up
    the indexed one, (dimension,)."""
    whole = [each for each in stored if each is not None and len(each) == 4 * dimension]
    if len(whole) < len(stored) or len(indexed) != dimension:
        return False
    vectors = unpacked(whole, dimension)
    if not np.isfinite(vectors).all() or np.abs(np.linalg.norm(vectors, axis=1) - 1).max() > TOLERANCE:
        return False
    return bool(np.abs(passage_vectors(vectors[:1], vectors[1:])[0] - indexed).max() <= tolerance)
