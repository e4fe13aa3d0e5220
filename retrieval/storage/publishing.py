"""What was staged becomes the next generation: rows, source groups, index files, manifest, in one transaction.

Index files are written and flushed, under names that nothing refers to yet, before the transaction commits; those that
the new generation does not name are swept away after it.
"""

import shutil
import sqlite3
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from retrieval.progress import Progress
from retrieval.storage.database import transaction
from retrieval.storage.grouping import bereaved, join_groups
from retrieval.storage.segments import (
    SegmentRecord,
    find_lost_segments,
    segment_path,
    segment_records,
    to_rewrite,
    write_segment,
)
from retrieval.storage.staging import delete_files, remember
from retrieval.storage.store import Generation, insert_generation
from retrieval.storage.words import update_words, words_lost, words_path, words_record


@dataclass(frozen=True, slots=True)
class Target:
    """What a generation is made with; `anew` if nothing of the indexes before can stay."""

    model: str
    fingerprint: str
    dimension: int
    anew: bool = False


@dataclass(frozen=True, slots=True)
class Lost:
    """Index files that are missing, or are not what was written."""

    segments: tuple[SegmentRecord, ...] = ()
    words: bool = False

    def __bool__(self) -> bool:
        return self.words or bool(self.segments)


NOTHING_LOST = Lost()


def find_lost(connection: sqlite3.Connection, folder: Path) -> Lost:
    """Looks at every index file that the database names; reads those whose time is another than it says."""
    return Lost(find_lost_segments(connection, folder), words_lost(connection, folder))


def publish(
    connection: sqlite3.Connection,
    folder: Path,
    target: Target,
    progress: Progress,
    leaving: Sequence[int] = (),
    lost: Lost = NOTHING_LOST,
) -> Generation:
    """Makes the staged files live in place of those `leaving`, by id. Raises StoreError; then nothing has happened."""
    with transaction(connection):
        apart = bereaved(connection, leaving)
        gone = _articles_of(connection, leaving)
        delete_files(connection, leaving)
        staged = [row[0] for row in connection.execute("SELECT id FROM files WHERE live = 0 ORDER BY id")]
        fresh = _articles_of(connection, staged)
        connection.execute("UPDATE files SET live = 1 WHERE live = 0")
        join_groups(connection, apart, fresh, progress)
        if target.anew:
            connection.execute("DELETE FROM embeddings WHERE fingerprint != ?", (target.fingerprint,))
        unplaced: int = connection.execute("SELECT count(*) FROM passages WHERE segment IS NULL").fetchone()[0]
        records = segment_records(connection)
        chosen = {record.id for record in (*to_rewrite(records, unplaced), *lost.segments)}
        rewritten = [record for record in records if target.anew or record.id in chosen]
        write_segment(connection, folder, rewritten, target.fingerprint, target.dimension)
        update_words(connection, folder, gone, fresh, anew=target.anew or lost.words)
        passages: int = connection.execute("SELECT count(*) FROM passages").fetchone()[0]
        return insert_generation(connection, target.model, target.fingerprint, target.dimension, passages)


def sweep(connection: sqlite3.Connection, folder: Path) -> None:
    """Deletes index files that the database does not name. A reader that has one open keeps it."""
    named = {segment_path(folder, record.id) for record in segment_records(connection)}
    words = words_record(connection)
    if words is not None:
        named.add(words_path(folder, words.id))
    for path in (*folder.glob("passages-*.faiss*"), *folder.glob("words-*")):
        if path in named:
            continue
        if path.is_dir():
            shutil.rmtree(path, ignore_errors=True)
        else:
            path.unlink(missing_ok=True)


def _articles_of(connection: sqlite3.Connection, files: Sequence[int]) -> list[int]:
    remember(connection, "chosen", files)
    query = "SELECT number FROM articles WHERE file IN chosen ORDER BY number"
    return [row[0] for row in connection.execute(query)]
