"""What a writer does to the rows of a store, whichever database keeps them.

Each store derives from the rows what it searches.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

import numpy as np
from numpy.typing import NDArray

from retrieval.progress import Progress
from retrieval.storage.grouping import articles_to_regroup, insert_bands, join_groups
from retrieval.storage.reading import file_versions
from retrieval.storage.sql import Connection, fill_temp_table
from retrieval.storage.staging import delete_files, passage_text, stage
from retrieval.storage.types import Counts, FileVersion, Generation, NewFile, Refused, Target
from retrieval.storage.vectors import packed
from retrieval.types import Skipped

_SAVE_VECTOR = """INSERT INTO embeddings VALUES (?, ?, ?)
                  ON CONFLICT (text_hash, fingerprint) DO UPDATE SET vector = excluded.vector"""


@dataclass(frozen=True, slots=True)
class Change:
    """What a generation changes: live articles, by number, that are `gone` and that are `fresh`."""

    gone: Sequence[int]
    fresh: Sequence[int]


class SqlWriter:
    """The part of a `retrieval.storage.store.Writer` that is the same in every database."""

    def __init__(self, connection: Connection) -> None:
        self.connection = connection

    @property
    def generation(self) -> Generation | None:
        """See `Writer`."""
        return newest_generation(self.connection)

    def files(self, *, live: bool) -> dict[str, FileVersion]:
        """See `Writer`."""
        return file_versions(self.connection, live=live)

    def refused(self) -> dict[str, Refused]:
        """See `Writer`."""
        rows = self.connection.execute("SELECT path, stat, reason FROM refused")
        return {path: Refused(*rest) for path, *rest in rows}

    def stage(self, files: Iterable[NewFile]) -> None:
        """See `Writer`."""
        stage(self.connection, files)

    def drop(self, files: Sequence[int]) -> None:
        """See `Writer`."""
        delete_files(self.connection, files)

    def confirm(self, file: int, stat: str | None) -> None:
        """See `Writer`."""
        self.connection.execute("UPDATE files SET stat = ? WHERE id = ?", (stat, file))

    def add_refused(self, path: str, why: Refused) -> None:
        """See `Writer`."""
        self.clear_refused([path])
        self.connection.execute("INSERT INTO refused VALUES (?, ?, ?)", (path, why.stat, why.reason))

    def clear_refused(self, paths: Iterable[str]) -> None:
        """See `Writer`."""
        self.connection.executemany("DELETE FROM refused WHERE path = ?", [(path,) for path in paths])

    def counts(self, leaving: Sequence[int]) -> Counts:
        """See `Writer`."""
        fill_temp_table(self.connection, "leaving", leaving)
        (staged, same, replaced), (left, live) = (
            self.connection.execute(query).fetchone()
            for query in (
                """SELECT count(*), count(*) FILTER (WHERE old.digest = new.digest), count(old.id)
                   FROM articles new JOIN files f ON f.id = new.file AND NOT f.live
                   LEFT JOIN articles old ON old.id = new.id AND old.file IN (SELECT id FROM leaving)""",
                "SELECT count(*) FILTER (WHERE file IN (SELECT id FROM leaving)), count(*) FROM live_articles",
            )
        )
        return Counts(
            added=staged - replaced, changed=replaced - same, removed=left - replaced, unchanged=live - left + same
        )

    def skipped(self) -> list[Skipped]:
        """See `Writer`."""
        query = "SELECT s.path, s.reason FROM skipped s JOIN files f ON f.id = s.file WHERE f.live"
        return [Skipped(*row) for row in self.connection.execute(query)]

    def _make_live(self, leaving: Sequence[int], progress: Progress) -> Change:
        """Staged files take the place of those `leaving`; part of the caller's transaction."""
        connection = self.connection
        apart = articles_to_regroup(connection, leaving)
        gone = self._articles_of(leaving)
        delete_files(connection, leaving)
        staged = connection.execute("SELECT id FROM files WHERE NOT live ORDER BY id")
        fresh = self._articles_of([row[0] for row in staged])
        connection.execute("UPDATE files SET live = TRUE WHERE NOT live")
        insert_bands(connection, fresh)
        self._filled(len(fresh))
        join_groups(connection, (*apart, *fresh), progress)
        return Change(gone, fresh)

    def _filled(self, articles: int) -> None:
        """Called when so many articles have become live and have bands, inside the transaction."""

    def _articles_of(self, files: Sequence[int]) -> list[int]:
        fill_temp_table(self.connection, "chosen", files)
        query = "SELECT number FROM articles WHERE file IN (SELECT id FROM chosen) ORDER BY number"
        return [row[0] for row in self.connection.execute(query)]

    def _begin_generation(self, target: Target) -> Generation:
        """Adds the next generation; only its manifest is kept, what older ones held is gone."""
        connection, created = self.connection, datetime.now(UTC)
        (passages,) = connection.execute("SELECT count(*) FROM passages").fetchone()
        connection.execute("DELETE FROM generations")
        (number,) = connection.execute(
            """INSERT INTO generations (created, model, fingerprint, dimension, passages) VALUES (?, ?, ?, ?, ?)
               RETURNING id""",
            (created.isoformat(), target.model, target.fingerprint, target.dimension, passages),
        ).fetchone()
        return Generation(number, created, target.model, target.fingerprint, target.dimension, passages)


def newest_generation(connection: Connection) -> Generation | None:
    """The generation to answer from, or None before the first."""
    row = connection.execute(
        "SELECT id, created, model, fingerprint, dimension, passages FROM generations ORDER BY id DESC LIMIT 1"
    ).fetchone()
    return None if row is None else Generation(row[0], datetime.fromisoformat(row[1]), *row[2:])


def fill_pending(
    connection: Connection, fingerprint: str, leaving: Sequence[int], *, all_files: bool, reembed: bool
) -> None:
    """Lists the texts to embed in the empty table `pending`, each once, by length; headings have no `start`.

    Texts of like length go together: what is short is not padded to what is long.
    """
    fill_temp_table(connection, "leaving", leaving)
    files = "a.file NOT IN (SELECT id FROM leaving)" if all_files else "a.file IN (SELECT id FROM files WHERE NOT live)"
    missing = "NOT EXISTS (SELECT 1 FROM embeddings e WHERE e.text_hash = {} AND e.fingerprint = :own)"
    missing = f"(:reembed OR {missing})"
    values = {"own": fingerprint, "reembed": reembed}
    connection.execute(
        f"""INSERT INTO pending (text_hash, fingerprint, article, start, "end")
            SELECT p.text_hash, :own, p.article, p.start, p.end
            FROM articles a JOIN passages p ON p.article = a.number
            WHERE {files} AND {missing.format("p.text_hash")} ORDER BY p.end - p.start, p.id
            ON CONFLICT DO NOTHING""",
        values,
    )
    connection.execute(
        f"""INSERT INTO pending (text_hash, fingerprint, article) SELECT a.heading_hash, :own, a.number FROM articles a
            WHERE {files} AND {missing.format("a.heading_hash")} ORDER BY length(a.heading), a.number
            ON CONFLICT DO NOTHING""",
        values,
    )


def pending_texts(connection: Connection, chosen: str, values: Sequence[Any]) -> tuple[dict[bytes, str], int]:
    """The texts of the rows of `pending` that `chosen` (WHERE and what follows) lets through, by hash, in the order of
    their ids; and the greatest id.

    The database cuts them out, so that no article, which may have 20 MB, comes here whole.
    """
    query = f"""SELECT p.id, p.text_hash, p.start IS NULL, CASE WHEN p.start IS NULL THEN a.heading
                    ELSE substr(a.text, p.start + 1, p."end" - p.start) END
                FROM (SELECT * FROM pending {chosen}) AS p JOIN articles a ON a.number = p.article ORDER BY p.id"""
    rows = connection.execute(query, values).fetchall()
    texts = {bytes(key): text if whole else passage_text(text, 0, len(text)) for _, key, whole, text in rows}
    return texts, max((row[0] for row in rows), default=0)


def save_vectors(connection: Connection, fingerprint: str, vectors: Mapping[bytes, NDArray[np.float32]]) -> None:
    """Stores the (dimension,) vectors of texts by hash, in place of those that they have. Part of the caller's
    transaction."""
    connection.executemany(_SAVE_VECTOR, [(key, fingerprint, packed(each)) for key, each in vectors.items()])
