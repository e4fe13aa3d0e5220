"""What a store is: three protocols that a folder with SQLite, FAISS and tantivy keeps, and that a server can keep."""

from collections.abc import Iterable, Mapping, Sequence
from contextlib import AbstractContextManager
from pathlib import Path
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from retrieval.encoder import Encoder
from retrieval.progress import Progress
from retrieval.storage.types import (
    Candidates,
    Counts,
    FileVersion,
    Generation,
    NewFile,
    Pending,
    Refused,
    Target,
    Verification,
)
from retrieval.types import Article, FileContents, Intake, SearchFilter, Skipped, StoreStatus


class Writer(Protocol):
    """The one that may write. Every method raises StoreError where the database fails, BusyError where it is locked.

    A version of a file is staged, in many small transactions, and seen by nobody until `publish` makes all that is
    staged live at once. Paths are those in the corpus; a file is known by the id of its version.
    """

    @property
    def generation(self) -> Generation | None:
        """The newest one; None before the first."""
        ...

    def transaction(self) -> AbstractContextManager[object]:
        """All that is written in the block or, if it raises, nothing."""
        ...

    def files(self, *, live: bool) -> Mapping[str, FileVersion]:
        """The versions that are live, or those that are staged, by path."""
        ...

    def refused(self) -> Mapping[str, Refused]:
        """The files that hold no article, by path."""
        ...

    def stage(self, files: Iterable[NewFile]) -> None:
        """Stages versions of different files, each in place of one staged before; an article whose id another file has
        is skipped."""
        ...

    def drop(self, files: Sequence[int]) -> None:
        """Deletes staged versions."""
        ...

    def confirm(self, file: int, stat: str | None) -> None:
        """Records that a file, whose stat is now `stat`, has the content of this version."""
        ...

    def add_refused(self, path: str, why: Refused) -> None:
        """Records that a file holds no article."""
        ...

    def clear_refused(self, paths: Iterable[str]) -> None:
        """Deletes the record that these files hold none."""
        ...

    def counts(self, leaving: Sequence[int]) -> Counts:
        """How the articles change when what is staged becomes live in place of the files `leaving`."""
        ...

    def pending(
        self, fingerprint: str, leaving: Sequence[int], *, all_files: bool, reembed: bool, batch: int
    ) -> Pending:
        """The texts of staged files, or of `all_files` but the files `leaving`, that have no vector of the encoder
        with this `fingerprint`; with `reembed`, those that have one too. At most `batch` of them come at a time."""
        ...

    def save_vectors(self, fingerprint: str, vectors: Mapping[bytes, NDArray[np.float32]]) -> None:
        """Stores the (dimension,) float32 unit vectors of texts by hash; an interruption loses one batch at most."""
        ...

    def is_intact(self) -> bool:
        """Whether the derived data are as they were written; if not, `publish` rebuilds them."""
        ...

    def publish(self, target: Target, leaving: Sequence[int], progress: Progress) -> Generation:
        """Makes what is staged live in place of the files `leaving`. Raises StoreError; then nothing has happened."""
        ...

    def skipped(self) -> Sequence[Skipped]:
        """The records of live files that are not articles, and why."""
        ...


class Snapshot(Protocol):
    """One generation, held: nothing of it changes until the block of `Store.snapshot` ends.

    Every method raises StoreError where the database fails. Passages are known by their ids.
    """

    @property
    def generation(self) -> Generation:
        """Its manifest."""
        ...

    def check(self, where: SearchFilter) -> None:
        """Raises UsageError if `where` names an article or a source that this generation does not hold."""
        ...

    def articles(self, ids: Iterable[str]) -> Mapping[str, Article]:
        """The articles with these ids, by id; an id that the generation does not hold is left out."""
        ...

    def intake(self, article_id: str) -> Intake | None:
        """One article with what was left out of its file; None if the generation does not hold it."""
        ...

    def source_groups(self, ids: Iterable[str], where: SearchFilter, most: int) -> dict[str, str]:
        """The source group of each of these articles, and of up to `most` of each group that pass `where`."""
        ...

    def sources(self) -> Sequence[str]:
        """The sources of the articles, each in its commonest spelling; that of the most articles first."""
        ...

    def status(self) -> StoreStatus:
        """What this generation holds."""
        ...

    def frequencies(self, terms: Sequence[str]) -> Mapping[str, int]:
        """In how many passages each term stands."""
        ...

    def nearest(self, vector: NDArray[np.float32], count: int, where: SearchFilter) -> list[int]:
        """The `count` passages, of those that pass `where`, with the highest cosine to `vector`, (dimension,)
        of unit length; best first. It may be an approximation."""
        ...

    def matching_terms(self, terms: Sequence[str], count: int, where: SearchFilter) -> list[int]:
        """The `count` passages, of those that pass `where`, with the most and the rarest of the terms, at least one;
        best first."""
        ...

    def candidates(self, ids: Sequence[int]) -> Candidates:
        """The live passages with these ids, with their exact vectors; in no particular order."""
        ...

    def arrivals(self, after: int) -> Sequence[tuple[int, bytes]]:
        """The live passages with ids above `after`, in their order, each with the hash of its text; a passage of a
        later generation has a higher id."""
        ...

    def versions(self) -> Mapping[str, FileVersion]:
        """The live versions of files, by path."""
        ...

    def contents(self, file: int) -> FileContents:
        """What a live version of a file holds."""
        ...

    def vectors(self, hashes: Sequence[bytes]) -> Mapping[bytes, NDArray[np.float32]]:
        """The (dimension,) vectors of texts by hash, as far as they are there."""
        ...

    def verify(self, progress: Progress) -> Verification:
        """Checks all that the generation holds, and changes nothing."""
        ...


class Store(Protocol):
    """Where everything is kept. Several threads may open snapshots at once."""

    def snapshot(self, encoder: str | None = None) -> AbstractContextManager[Snapshot]:
        """The newest generation, until the block ends; with the fingerprint of an `encoder`, ready to be searched by
        its vectors.

        Raises NoIndexError before the first `dateline index`, IndexMismatchError if another encoder made it,
        StoreError.
        """
        ...

    def embed_pending(self, encoder: Encoder) -> int:
        """Embeds texts that another process's writer waits for, until there are none; returns how many.

        Raises NoIndexError where there is no store yet, StoreError.
        """
        ...

    def files(self) -> Sequence[Path]:
        """The files on this machine that it is made of, there or not; a change of one is a change of the store."""
        ...

    def writer(self) -> AbstractContextManager[Writer]:
        """The one writer, until the block ends; a store that is not there yet is made.

        Raises BusyError while another process has it, StoreError where the store cannot be written.
        """
        ...
