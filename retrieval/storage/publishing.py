"""The writer of a folder: what was staged becomes the next generation, in one transaction.

Index files are written and flushed, under names that nothing refers to yet, before the transaction commits; those that
the new generation does not name are swept away after it.
"""

import shutil
import sqlite3
from collections.abc import Iterator, Sequence
from contextlib import AbstractContextManager
from pathlib import Path

from retrieval.progress import Progress
from retrieval.storage.database import transaction
from retrieval.storage.segments import find_lost_segments, segment_path, segment_records, to_rewrite, write_segment
from retrieval.storage.sql import fill_temp_table
from retrieval.storage.types import Batch, Generation, Pending, Target
from retrieval.storage.words import update_words, words_lost, words_record
from retrieval.storage.writing import Writer, fill_pending, pending_texts


class LocalWriter(Writer):
    """The `Writer` of a folder."""

    connection: sqlite3.Connection

    def __init__(self, connection: sqlite3.Connection, folder: Path) -> None:
        super().__init__(connection)
        self.folder = folder
        self.sweep()

    def transaction(self) -> AbstractContextManager[None]:
        """See `Writer`."""
        return transaction(self.connection)

    def pending(
        self, fingerprint: str, leaving: Sequence[int], *, all_files: bool, reembed: bool, batch: int
    ) -> Pending:
        """See `Writer`."""
        connection = self.connection
        connection.execute("DROP TABLE IF EXISTS temp.pending")
        connection.execute(
            """CREATE TEMP TABLE pending (id INTEGER PRIMARY KEY, text_hash BLOB UNIQUE, fingerprint TEXT,
                   article INTEGER, start INTEGER, "end" INTEGER)"""
        )
        fill_pending(connection, fingerprint, leaving, all_files=all_files, reembed=reembed)
        texts, passages = connection.execute("SELECT count(*), count(start) FROM pending").fetchone()

        def batches() -> Iterator[Batch]:
            for first in range(0, texts, batch):
                chosen = "WHERE id > ? AND id <= ?"
                yield Batch(pending_texts(connection, chosen, (first, first + batch))[0], min(first + batch, texts))

        return Pending(texts, passages, batches())

    def is_intact(self) -> bool:
        """Checks every index file that the database names; reads those whose time differs."""
        lost_words = words_lost(self.connection, self.folder)
        return not find_lost_segments(self.connection, self.folder) and not lost_words

    def publish(self, target: Target, leaving: Sequence[int], progress: Progress) -> Generation:
        """See `Writer`."""
        connection, folder = self.connection, self.folder
        lost, lost_words = find_lost_segments(connection, folder), words_lost(connection, folder)
        with self.transaction():
            self._bury(leaving)
            change = self._make_live(target, leaving, progress)
            unplaced: int = connection.execute("SELECT count(*) FROM passages WHERE segment IS NULL").fetchone()[0]
            records = segment_records(connection)
            chosen = {record.id for record in (*to_rewrite(records, unplaced), *lost)}
            rewritten = [record for record in records if target.rebuild or record.id in chosen]
            write_segment(connection, folder, rewritten, target.fingerprint, target.dimension)
            update_words(connection, folder, change.gone, change.fresh, rebuild=target.rebuild or lost_words)
            generation = self._begin_generation(target)
        self.sweep()
        return generation

    def sweep(self) -> None:
        """Deletes index files that the database does not name. A reader that has one open keeps it."""
        folder = self.folder
        named = {segment_path(folder, record.id) for record in segment_records(self.connection)}
        words = words_record(self.connection, folder)
        if words is not None:
            named.add(words.folder)
        for path in (*folder.glob("passages-*.faiss*"), *folder.glob("words-*")):
            if path in named:
                continue
            if path.is_dir():
                shutil.rmtree(path, ignore_errors=True)
            else:
                path.unlink(missing_ok=True)

    def _bury(self, leaving: Sequence[int]) -> None:
        """Notes as dead what the segments' files hold of the files `leaving`."""
        fill_temp_table(self.connection, "leaving", leaving)
        self.connection.execute(
            """INSERT INTO dead SELECT p.segment, p.id FROM passages p JOIN articles a ON a.number = p.article
               WHERE a.file IN (SELECT id FROM leaving) AND p.segment IS NOT NULL"""
        )
