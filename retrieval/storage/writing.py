"""What a writer does to the rows of a store, whichever database keeps them.

Each store derives from the rows what it searches.
"""

from abc import ABC, abstractmethod
from collections.abc import Iterable, Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

import numpy as np
from numpy.typing import NDArray

from retrieval.progress import Progress
from retrieval.storage.grouping import articles_to_regroup, insert_bands, join_groups
from retrieval.storage.reading import file_versions, newest_generation
from retrieval.storage.sql import Connection, fill_temp_table
from retrieval.storage.staging import delete_files, passage_text, stage
from retrieval.storage.types import Counts, FileVersion, Generation, NewFile, Pending, Refused, Target
from retrieval.storage.vectors import packed
from retrieval.types import Skipped


@dataclass(frozen=True, slots=True)
class Change:
    """What a generation changes: live articles, by number, that are `gone` and that are `fresh`."""

    gone: Sequence[int]
    fresh: Sequence[int]


class Writer(ABC):
    """The one that may write. Every method raises StoreError where the database fails, BusyError where it is locked.

    A version of a file is staged, in many small transactions, and seen by nobody until `publish` makes all that is
    staged live at once. Paths are those in the corpus; a file is known by the id of its version.
    """

    def __init__(self, connection: Connection) -> None:
        self.connection = connection

    @abstractmethod
    def transaction(self) -> AbstractContextManager[object]:
        """All that is written in the block or, if it raises, nothing."""

    @abstractmethod
    def pending(
        self, fingerprint: str, leaving: Sequence[int], *, all_files: bool, reembed: bool, batch: int
    ) -> Pending:
        """The texts of staged files, or of `all_files` but the files `leaving`, that have no vector of the encoder
        with this `fingerprint`; with `reembed`, those that have one too. At most `batch` of them come at a time."""

    @abstractmethod
    def is_intact(self) -> bool:
        """Whether the derived data are as they were written; if not, `publish` rebuilds them."""

    @abstractmethod
    def publish(self, target: Target, leaving: Sequence[int], progress: Progress) -> Generation:
        """Makes what is staged live in place of the files `leaving`. Raises StoreError; then nothing has happened."""

    @property
    def generation(self) -> Generation | None:
        """The newest one; None before the first."""
        return newest_generation(self.connection)

    def files(self, *, live: bool) -> dict[str, FileVersion]:
        """The versions that are live, or those that are staged, by path."""
        return file_versions(self.connection, live=live)

    def refused(self) -> dict[str, Refused]:
        """The files that hold no article, by path."""
        rows = self.connection.execute("SELECT path, stat, reason FROM refused")
        return {path: Refused(*rest) for path, *rest in rows}

    def stage(self, files: Iterable[NewFile]) -> None:
        """Stages versions of different files, each in place of one staged before; an article whose id another file has
        is skipped."""
        stage(self.connection, files)

    def drop(self, files: Sequence[int]) -> None:
        """Deletes staged versions."""
        delete_files(self.connection, files)

    def confirm(self, file: int, stat: str | None) -> None:
        """Records that a file, whose stat is now `stat`, has the content of this version."""
        self.connection.execute("UPDATE files SET stat = ? WHERE id = ?", (stat, file))

    def add_refused(self, path: str, why: Refused) -> None:
        """Records that a file holds no article."""
        self.clear_refused([path])
        self.connection.execute("INSERT INTO refused VALUES (?, ?, ?)", (path, why.stat, why.reason))

    def clear_refused(self, paths: Iterable[str]) -> None:
        """Deletes the record that these files hold none."""
        self.connection.executemany("DELETE FROM refused WHERE path = ?", [(path,) for path in paths])

    def counts(self, leaving: Sequence[int]) -> Counts:
        """How the articles change when what is staged becomes live in place of the files `leaving`."""
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

    def save_vectors(self, fingerprint: str, vectors: Mapping[bytes, NDArray[np.float32]]) -> None:
        """Stores the (dimension,) float32 unit vectors of texts by hash, in place of those that they have; an
        interruption loses one batch at most."""
        with self.transaction():
            self.connection.executemany(
                """INSERT INTO embeddings VALUES (?, ?, ?)
                   ON CONFLICT (text_hash, fingerprint) DO UPDATE SET vector = excluded.vector""",
                [(key, fingerprint, packed(each)) for key, each in vectors.items()],
            )

    def skipped(self) -> list[Skipped]:
        """The records of live files that are not articles, and why."""
        query = "SELECT s.path, s.reason FROM skipped s JOIN files f ON f.id = s.file WHERE f.live"
        return [Skipped(*row) for row in self.connection.execute(query)]

    def _make_live(self, target: Target, leaving: Sequence[int], progress: Progress) -> Change:
        """Staged files take the place of those `leaving`; vectors of other encoders go where all is rebuilt.

        Part of the caller's transaction.
        """
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
        if target.rebuild:
            connection.execute("DELETE FROM embeddings WHERE fingerprint != ?", (target.fingerprint,))
        return Change(gone, fresh)

    def _filled(self, articles: int) -> None:  # noqa: B027 - only a server plans by statistics
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
