"""Copying a store into another, of whichever kind: nothing is read from the corpus, and nothing is embedded again.

An interrupted copy resumes: files are staged, and vectors saved, in batches that are committed. What is
copied becomes live in one transaction at the end.
"""

from collections.abc import Mapping

from retrieval.errors import StoreError
from retrieval.progress import Progress
from retrieval.refresh import STAGE_BATCH
from retrieval.storage.embedding import BATCH
from retrieval.storage.reading import Snapshot
from retrieval.storage.store import Store
from retrieval.storage.types import FileVersion, Generation, NewFile, Target
from retrieval.storage.writing import Writer


def migrate(source: Store, target: Store, progress: Progress) -> Generation:
    """Makes the newest generation of `source` that of `target`, which holds nothing else.

    Raises StoreError and its kinds; StoreError also if `target` has other articles already.
    """
    with source.snapshot() as snapshot, target.writer() as writer:
        _copy_files(snapshot, writer, progress)
        _copy_vectors(snapshot, writer, progress)
        published, generation = writer.generation, snapshot.generation
        if published is not None and not writer.files(live=False):
            return published
        return writer.publish(
            Target(generation.model, generation.fingerprint, generation.dimension), leaving=(), progress=progress
        )


def _copy_files(snapshot: Snapshot, writer: Writer, progress: Progress) -> None:
    wanted, live, staged = snapshot.versions(), writer.files(live=True), writer.files(live=False)
    others = [path for path, version in live.items() if not _same(path, version.content_hash, wanted)]
    if others:
        raise StoreError(
            f"The store to copy into holds other articles already, such as {others[0]}; name an empty one."
        )
    with writer.transaction():
        writer.drop([version.id for path, version in staged.items() if not _same(path, version.content_hash, wanted)])
    done = {*live, *(path for path, version in staged.items() if _same(path, version.content_hash, wanted))}
    left = sorted(wanted.keys() - done)
    with progress("Copying articles", len(left)) as advance:
        for first in range(0, len(left), STAGE_BATCH):
            batch = left[first : first + STAGE_BATCH]
            with writer.transaction():
                versions = ((path, wanted[path]) for path in batch)
                writer.stage(
                    NewFile(path, each.content_hash, each.stat, snapshot.contents(each.id)) for path, each in versions
                )
            advance(len(batch))


def _copy_vectors(snapshot: Snapshot, writer: Writer, progress: Progress) -> None:
    fingerprint = snapshot.generation.fingerprint
    pending = writer.pending(fingerprint, (), all_files=False, reembed=False, batch=BATCH)
    with progress("Copying vectors", pending.texts) as advance:
        for batch in pending.batches:
            vectors = snapshot.vectors(list(batch.texts))
            if len(vectors) < len(batch.texts):
                raise StoreError(
                    f"{len(batch.texts) - len(vectors)} texts of the store to copy have no vector; "
                    "{embed all articles again} before."
                )
            writer.save_vectors(fingerprint, vectors)
            advance(len(batch.texts))


def _same(path: str, content_hash: bytes, wanted: Mapping[str, FileVersion]) -> bool:
    return path in wanted and wanted[path].content_hash == content_hash
