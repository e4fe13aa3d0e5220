"""What can be read of one generation, whichever database keeps it."""

from abc import ABC, abstractmethod
from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from retrieval.errors import IndexMismatchError, NoIndexError
from retrieval.filters import folded, merged, unknown_article, unknown_source
from retrieval.progress import Progress
from retrieval.storage.sql import Connection, marks
from retrieval.storage.types import Candidates, FileVersion, Finding, Generation, Row, Verification
from retrieval.storage.vectors import passage_vectors, unpacked
from retrieval.types import (
    Article,
    ArticleSummary,
    Dropped,
    FileContents,
    Intake,
    Passage,
    SearchFilter,
    Skipped,
    StoreStatus,
)

ARTICLE_COLUMNS = "id, title, source, url, published, language, path, text"


class Snapshot(ABC):
    """The newest generation, held: nothing of it changes until the block of `Store.snapshot` ends.

    Every method raises StoreError where the database fails. Passages are known by their ids. Raises NoIndexError, which
    names the `place`, before the first generation.
    """

    def __init__(self, connection: Connection, place: object) -> None:
        generation = newest_generation(connection)
        if generation is None:
            raise NoIndexError(place)
        self.connection = connection
        self.generation = generation

    @abstractmethod
    def frequencies(self, terms: Sequence[str]) -> dict[str, int]:
        """In how many passages each term stands."""

    @abstractmethod
    def nearest(self, vector: NDArray[np.float32], count: int, where: SearchFilter) -> list[int]:
        """The `count` passages, of those that pass `where`, with the highest cosine to `vector`, (dimension,)
        of unit length; best first. It may be an approximation."""

    @abstractmethod
    def matching_terms(self, terms: Sequence[str], count: int, where: SearchFilter) -> list[int]:
        """The `count` passages, of those that pass `where`, with the most and the rarest of the terms, at least one;
        best first."""

    @abstractmethod
    def _size(self) -> int:
        """In bytes, on disk."""

    @abstractmethod
    def _findings(self, progress: Progress) -> Iterator[Finding]:
        """What is wrong with anything that the generation holds."""

    def check_encoder(self, fingerprint: str) -> None:
        """Raises IndexMismatchError if the vectors of this generation are another encoder's."""
        generation = self.generation
        if generation.fingerprint != fingerprint:
            made, mend = generation.fingerprint, "{bring the index up to date}, or set {the encoder} back"
            text = (
                f"The index was made with the encoder %s ({made}), and another ({fingerprint}) is configured; {mend}."
            )
            raise IndexMismatchError(text, Path(generation.model))

    def articles(self, ids: Iterable[str]) -> dict[str, Article]:
        """The articles with these ids, by id; an id that the generation does not hold is left out."""
        asked = list(dict.fromkeys(ids))
        query = f"SELECT {ARTICLE_COLUMNS} FROM live_articles WHERE id IN ({marks(asked)})"
        found = {row[0]: stored_article(row) for row in self.connection.execute(query, asked)}
        return {article_id: found[article_id] for article_id in asked if article_id in found}

    def intake(self, article_id: str) -> Intake | None:
        """One article with what was left out of its file; None if the generation does not hold it."""
        article = self.articles([article_id]).get(article_id)
        if article is None:
            return None
        query = """SELECT d.line, d.text, d.reason FROM dropped d JOIN live_articles a ON a.number = d.article
                   WHERE a.id = ? ORDER BY d.line"""
        return Intake(article, tuple(Dropped(*row) for row in self.connection.execute(query, (article_id,))))

    def source_groups(self, ids: Iterable[str], where: SearchFilter, most: int) -> dict[str, str]:
        """The source group of each of these articles, and of up to `most` of each group that pass `where`."""
        asked = list(dict.fromkeys(ids))
        query = f"SELECT id, source_group FROM live_articles WHERE id IN ({marks(asked)}) ORDER BY id"
        groups = dict(self.connection.execute(query, asked).fetchall())
        named, condition = sorted(set(groups.values())), self.condition(where)
        query = f"""SELECT id, source_group FROM (
                        SELECT id, source_group, row_number() OVER (
                            PARTITION BY source_group ORDER BY published_utc NULLS FIRST, id) AS place
                        FROM live_articles a WHERE source_group IN ({marks(named)}) {condition.sql}) AS chosen
                    WHERE place <= ? ORDER BY source_group, place"""
        for article_id, group in self.connection.execute(query, (*named, *condition.values, most)):
            groups.setdefault(article_id, group)
        return groups

    def sources(self) -> list[str]:
        """The sources of the articles, each in its commonest spelling; that of the most articles first."""
        return list(merged(self._sources))

    def check(self, where: SearchFilter) -> None:
        """Raises UsageError if `where` names an article or a source that this generation does not hold."""
        one = "SELECT 1 FROM live_articles WHERE id = ?"
        if where.article_id is not None and self.connection.execute(one, (where.article_id,)).fetchone() is None:
            known = [row[0] for row in self.connection.execute("SELECT id FROM live_articles")]
            raise unknown_article(where.article_id, known)
        if where.source is not None and not self.spelt(where.source):
            raise unknown_source(where.source, self.sources())

    def spelt(self, source: str) -> list[str]:
        """The sources as the articles have them that are this one; there are few, so they are compared here."""
        wanted = folded(source)
        return [spelt for spelt in self._sources if wanted and folded(spelt) == wanted]

    @cached_property
    def _sources(self) -> dict[str, int]:
        query = "SELECT source, count(*) FROM live_articles WHERE source IS NOT NULL GROUP BY source"
        return dict(self.connection.execute(query).fetchall())

    def condition(self, where: SearchFilter) -> "Condition":
        """`where` as SQL. An article without a date is in no period, and one without a source from none."""
        parts = {
            " AND a.id = ?": where.article_id,
            " AND a.published_utc >= ?": None if where.since is None else where.since.isoformat(),
            # "2024-02-20T..." comes before "2024-02-20U"
            " AND a.published_utc < ?": None if where.until is None else f"{where.until.isoformat()}U",
        }
        given = {sql: value for sql, value in parts.items() if value is not None}
        spellings = [] if where.source is None else self.spelt(where.source)
        among = "" if where.source is None else f" AND a.source IN ({marks(spellings)})"
        return Condition("".join(given) + among, (*given.values(), *spellings))

    def candidates(self, ids: Sequence[int]) -> Candidates:
        """The live passages with these ids, with their exact vectors; in no particular order."""
        connection, fingerprint, dimension = self.connection, self.generation.fingerprint, self.generation.dimension
        # an article is read once for all of its passages
        passages: defaultdict[int, list[tuple[int, int, int, bytes]]] = defaultdict(list)
        query = f"""SELECT p.article, p.id, p.start, p.end, e.vector FROM passages p
                    JOIN embeddings e ON e.text_hash = p.text_hash AND e.fingerprint = ? WHERE p.id IN ({marks(ids)})"""
        for article, *passage in connection.execute(query, (fingerprint, *ids)):
            passages[article].append(tuple(passage))
        query = f"""SELECT a.number, a.id, a.published_utc, a.text, a.heading, h.vector FROM live_articles a
                    JOIN embeddings h ON h.text_hash = a.heading_hash AND h.fingerprint = ?
                    WHERE a.number IN ({marks(passages)})"""
        rows: list[Row] = []
        text_vectors: list[bytes] = []
        heading_vectors: list[bytes] = []
        for number, id, published, text, heading, heading_vector in connection.execute(query, (fingerprint, *passages)):
            day = None if published is None else date.fromisoformat(published[:10])
            for passage_id, start, end, vector in passages[number]:
                rows.append(Row(Passage(passage_id, id, start, end), text[start:end], heading, day))
                text_vectors.append(vector)
                heading_vectors.append(heading_vector)
        vectors = passage_vectors(unpacked(text_vectors, dimension), unpacked(heading_vectors, dimension))
        return Candidates(tuple(rows), vectors)

    def arrivals(self, after: int) -> list[tuple[int, bytes]]:
        """The live passages with ids above `after`, in their order, each with the hash of its text; a passage of a
        later generation has a higher id."""
        query = "SELECT id, text_hash FROM live_passages WHERE id > ? ORDER BY id"
        return [(id, bytes(text_hash)) for id, text_hash in self.connection.execute(query, (after,))]

    def versions(self) -> dict[str, FileVersion]:
        """The live versions of files, by path."""
        return file_versions(self.connection, live=True)

    def contents(self, file: int) -> FileContents:
        """What a live version of a file holds."""
        rows = self.connection.execute("SELECT id FROM articles WHERE file = ? ORDER BY number", (file,)).fetchall()
        intakes = (self.intake(article_id) for (article_id,) in rows)
        skipped = self.connection.execute("SELECT path, reason FROM skipped WHERE file = ?", (file,))
        return FileContents(
            tuple(intake for intake in intakes if intake is not None), tuple(Skipped(*row) for row in skipped)
        )

    def vectors(self, hashes: Sequence[bytes]) -> dict[bytes, NDArray[np.float32]]:
        """The (dimension,) vectors of texts by hash, as far as they are there."""
        generation = self.generation
        query = f"SELECT text_hash, vector FROM embeddings WHERE fingerprint = ? AND text_hash IN ({marks(hashes)})"
        rows = self.connection.execute(query, (generation.fingerprint, *hashes))
        return {key: unpacked([vector], generation.dimension)[0] for key, vector in rows}

    def verify(self, progress: Progress) -> Verification:
        """Checks all that the generation holds, and changes nothing."""
        (articles,) = self.connection.execute("SELECT count(*) FROM live_articles").fetchone()
        return Verification(self.generation.id, articles, self.generation.passages, tuple(self._findings(progress)))

    def status(self) -> StoreStatus:
        """What this generation holds."""
        query = """SELECT a.id, a.title, a.source, a.published, a.language, a.path, a.source_group,
                   (SELECT count(*) FROM passages p WHERE p.article = a.number),
                   (SELECT count(*) FROM dropped d WHERE d.article = a.number)
                   FROM live_articles a ORDER BY a.published_utc DESC NULLS LAST, a.path, a.id"""
        rows = self.connection.execute(query)
        articles = tuple(
            ArticleSummary(id, title, source, _moment(published), *rest) for id, title, source, published, *rest in rows
        )
        generation = self.generation
        return StoreStatus(
            generation=generation.id,
            created=generation.created,
            model=generation.model,
            fingerprint=generation.fingerprint,
            dimension=generation.dimension,
            articles=articles,
            passages=generation.passages,
            bytes=self._size(),
        )


@dataclass(frozen=True, slots=True)
class Condition:
    """What follows WHERE for articles called `a`, and the values of its question marks."""

    sql: str
    values: tuple[str, ...]


def newest_generation(connection: Connection) -> Generation | None:
    """The generation to answer from, or None before the first."""
    row = connection.execute(
        "SELECT id, created, model, fingerprint, dimension, passages FROM generations ORDER BY id DESC LIMIT 1"
    ).fetchone()
    return None if row is None else Generation(row[0], datetime.fromisoformat(row[1]), *row[2:])


def file_versions(connection: Connection, *, live: bool) -> dict[str, FileVersion]:
    """The versions of files that are live, or those that are staged, by path."""
    query = f"SELECT path, id, content_hash, stat FROM files WHERE {'' if live else 'NOT '}live"
    return {path: FileVersion(*rest) for path, *rest in connection.execute(query)}


def stored_article(row: Sequence[Any]) -> Article:
    """The article of a row of `ARTICLE_COLUMNS`."""
    article_id, title, source, url, published, language, path, text = row
    return Article(article_id, title, source, url, _moment(published), language, path, text)


def _moment(iso: str | None) -> datetime | None:
    return None if iso is None else datetime.fromisoformat(iso)
