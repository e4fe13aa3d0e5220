"""Bringing the store up to date with the corpus folder.

The order of events is what makes it safe to kill at any moment:

    1. read the files that changed and stage their articles    seen by nobody; a run that follows finds them
    2. embed the texts that have no vector yet                 each batch is committed, so it is never done twice
    3. in one transaction: staged files become live, what they
       replace is deleted, the new index files are
       written and flushed, the generation is inserted         readers see the old one until here, the new one after
    4. delete files that the database does not name            harmless if it never happens
"""

import hashlib
import os
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from stat import S_ISLNK

from retrieval.encoder import Encoder
from retrieval.errors import ArticleError, CorpusError, OutsideCorpusError, VanishedError
from retrieval.intake.articles import parse
from retrieval.intake.files import find, is_utf8, leads_out, read_bytes
from retrieval.progress import Progress, silent
from retrieval.storage.embedding import embed_missing
from retrieval.storage.store import Store
from retrieval.storage.types import FileVersion, NewFile, Refused, Target
from retrieval.storage.writing import Writer
from retrieval.types import IndexReport, Skipped

# part of every content hash: raise it, and every file is read, cleaned and split again
READING_VERSION = b"5"
STAGE_BATCH = 64
# a file that changes twice within this time may look the same afterwards: it is read again
CLOCK_GRAIN_NS = 2_000_000_000
# between an origin and the path of a file there; no path has two slashes together
OF_ORIGIN = "//"


@dataclass(frozen=True, slots=True)
class _Before:
    """What the database holds of a file: the live version, the staged one, and why it was refused."""

    live: FileVersion | None
    staged: FileVersion | None
    refused: Refused | None


@dataclass(frozen=True, slots=True)
class _Reading:
    """Whether `full`: also what has not changed, and whether to follow links that lead out of the corpus; and the
    `origin` of its files, "" for the one that has no name."""

    full: bool
    follow_links: bool
    origin: str

    def path(self, relative: str) -> str:
        """The path by which a store knows a file of the corpus: "berlin" and "talks/a.txt" -> "berlin//talks/a.txt"."""
        return f"{self.origin}{OF_ORIGIN}{relative}" if self.origin else relative

    def owns(self, path: str) -> bool:
        """Whether a path of the store is of this origin."""
        origin, separator, _ = path.partition(OF_ORIGIN)
        return (origin if separator else "") == self.origin


@dataclass(frozen=True, slots=True)
class _Scan:
    """What the corpus folder holds, beside what the store holds; of other origins all stays, or becomes live.

    `staged` files wait to become live; the live files `leaving`, by id, go then; `kept` of them stay.
    """

    staged: int
    leaving: tuple[int, ...]
    kept: int
    skipped: tuple[Skipped, ...]


def refresh(
    corpus: Path,
    store: Store,
    encoder: Encoder,
    model: str,
    *,
    full: bool = False,
    follow_links: bool = False,
    origin: str = "",
    progress: Progress = silent,
    on_notice: Callable[[str], None] = lambda sentence: None,
) -> IndexReport:
    """Publishes a generation that holds what `corpus` holds now, or none where nothing has changed.

    Only texts without a vector of this encoder are embedded; with `full`, every file is read and embedded again. A file
    that cannot be read is reported in `skipped`, and what the store had of it stays; so is a link that leads out of the
    corpus, unless it is to be followed, and nothing stays of it. What the store has of another `origin`, a folder of
    another name, is left alone. `model` is the encoder's name, for the manifest; `on_notice` is called with
    messages for the operator while it runs. Raises CorpusError, BusyError, StoreError.
    """
    began = time.monotonic()
    found = find(corpus)
    files = list(found.files)
    if not files:
        text = "The corpus folder %s holds no article; put some in it. An index made before is kept."
        raise CorpusError(text, corpus)
    with store.writer() as writer:
        reading = _Reading(full, follow_links, origin)
        scan = _scan(corpus, files, writer, reading, progress)
        if not scan.staged and not scan.kept:
            first = "; ".join(f"{skip.path} {skip.reason}" for skip in scan.skipped[:1])
            raise CorpusError(f"None of the {len(files)} files in %s can be used; {first}.", corpus)
        before = writer.generation
        other = before is not None and before.fingerprint != encoder.fingerprint
        if before is not None and other:
            on_notice(
                f"The encoder has changed from {before.model} to {model}, so all passages are embedded again; "
                "until that is done, questions are answered from the old index."
            )
        embedded = embed_missing(
            writer, encoder, all_files=other, leaving=scan.leaving, reembed=full, progress=progress
        )
        counts = writer.counts(scan.leaving)
        generation = before
        if generation is None or other or scan.staged or scan.leaving or not writer.is_intact():
            # known from the manifest where it is the same encoder, which need not be loaded then
            dimension = encoder.dimension if before is None or other else before.dimension
            target = Target(model, encoder.fingerprint, dimension, rebuild=full or other)
            generation = writer.publish(target, scan.leaving, progress)
        skipped = (*scan.skipped, *(skip for skip in writer.skipped() if reading.owns(skip.path)))
    return IndexReport(
        generation=generation.id,
        added=counts.added,
        changed=counts.changed,
        removed=counts.removed,
        unchanged=counts.unchanged,
        skipped=tuple(sorted(skipped, key=lambda skip: (skip.path, skip.reason))),
        passages=generation.passages,
        embedded=embedded,
        reused=generation.passages - embedded,
        seconds=time.monotonic() - began,
        unread=found.unread,
    )


def _scan(corpus: Path, files: list[Path], writer: Writer, reading: _Reading, progress: Progress) -> _Scan:
    """Stages what is new or has changed."""
    live, staged, refused = writer.files(live=True), writer.files(live=False), writer.refused()
    absent = set(filter(reading.owns, live))
    # what another origin had staged when it was interrupted becomes live, too
    wanted = {path for path in staged if not reading.owns(path)}
    skipped: list[Skipped] = []

    def new_files(batch: Sequence[Path]) -> Iterator[NewFile]:
        for file in batch:
            path = reading.path(file.relative_to(corpus).as_posix())
            try:
                stat = _stat(file, None if reading.follow_links else corpus)
                before = _Before(live.get(path), staged.get(path), refused.get(path))
                version = _replacement(writer, file, path, stat, before, reading.full)
                if version is not None:
                    wanted.add(path)
                if isinstance(version, NewFile):
                    yield version
            except VanishedError:
                continue
            except ArticleError as error:
                skipped.append(Skipped(path, error.text()))
                if isinstance(error, OutsideCorpusError):
                    continue
            absent.discard(path)

    with progress("Reading articles", len(files)) as advance:
        for first in range(0, len(files), STAGE_BATCH):
            batch = files[first : first + STAGE_BATCH]
            with writer.transaction():
                writer.stage(new_files(batch))
            advance(len(batch))
    with writer.transaction():
        writer.drop([version.id for path, version in staged.items() if path not in wanted])
        writer.clear_refused(set(filter(reading.owns, refused)) - {skip.path for skip in skipped})
    leaving = tuple(live[path].id for path in sorted(absent | (wanted & live.keys())))
    return _Scan(len(wanted), leaving, len(live) - len(leaving), tuple(skipped))


def _replacement(
    writer: Writer, file: Path, path: str, stat: str | None, before: _Before, full: bool
) -> FileVersion | NewFile | None:
    """The version, staged or new, that is to replace the live one; None if that stays. Raises ArticleError."""
    live, staged = before.live, before.staged
    if not full and stat is not None:
        if before.refused is not None and before.refused.stat == stat:
            raise ArticleError(before.refused.reason)
        if live is not None and live.stat == stat:
            return None
    data = read_bytes(file)
    content_hash = hashlib.blake2b(data, digest_size=16, person=READING_VERSION).digest()
    if live is not None and live.content_hash == content_hash and not full:
        writer.confirm(live.id, stat)
        return None
    if staged is not None and staged.content_hash == content_hash and not full:
        return staged
    try:
        return NewFile(path, content_hash, stat, parse(data, path))
    except ArticleError as error:
        # not looked into again until it changes; what could not even be read may be readable the next time
        if stat is not None and is_utf8(path):
            writer.add_refused(path, Refused(stat, error.text()))
        raise


def _stat(file: Path, corpus: Path | None) -> str | None:
    """What changes when a file is written, another takes its place, or files are read in another way; None if a further
    change might not show in it. Raises OutsideCorpusError for a link that leads out of a given `corpus`."""
    try:
        found = file.lstat()
        is_link = S_ISLNK(found.st_mode)
        found = file.stat() if is_link else found
    except OSError:
        return None  # reading it says why
    if is_link and corpus is not None and leads_out(file, corpus):
        raise OutsideCorpusError
    if not is_settled(found):
        return None
    version = READING_VERSION.decode()
    return f"{version} {found.st_size} {found.st_mtime_ns} {found.st_ctime_ns} {found.st_ino}"


def is_settled(found: os.stat_result) -> bool:
    """Whether a further change of a file would show in its stat, since the file system's clock is coarse."""
    now = time.time_ns()
    return all(abs(now - when) >= CLOCK_GRAIN_NS for when in (found.st_mtime_ns, found.st_ctime_ns))
