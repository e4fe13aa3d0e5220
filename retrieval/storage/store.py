"""What a store is: three protocols that a folder with SQLite, FAISS and tantivy keeps, and that a server can keep."""

from collections.abc import Iterable, Mapping, Sequence
from contextlib import AbstractContextManager
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from retrieval.progress import Progress
from retrieval.storage.types import (
    Counts,
    FileVersion,
    Generation,
    Pending,
    Refused,
    Target,
)
from retrieval.types import FileContents, Skipped


class Writer(Protocol):
    """The one that may write. Every method raises StoreError where the database fails, BusyError where it is locked.

    A version of a file is staged, in many small transactions, and seen by nobody until `publish` makes all that is
    staged live at once. Paths are those in the corpus; a file is known by the id of its version.
    """

    @property
    def generation(self) -> Generation | None:
        """The newest one; None before the first."""
        ...

    def transaction(self) -> AbstractContextManager[None]:
        """All that is written in the block or, if it raises, nothing."""
        ...

    def files(self, *, live: bool) -> Mapping[str, FileVersion]:
        """The versions that are live, or those that are staged, by path."""
        ...

    def refused(self) -> Mapping[str, Refused]:
        """The files that hold no article, by path."""
        ...

    def stage(self, path: str, content_hash: bytes, stat: str | None, contents: FileContents) -> None:
        """Stages a version of a file in place of one staged before; an article whose id another file has is skipped."""
        ...

    def drop(self, files: Sequence[int]) -> None:
        """Deletes staged versions."""
        ...

    def confirm(self, file: int, stat: str | None) -> None:
        """Notes that a file, of which the file system says `stat` now, has the content of this version."""
        ...

    def refuse(self, path: str, why: Refused) -> None:
        """Notes that a file holds no article."""
        ...

    def forgive(self, paths: Iterable[str]) -> None:
        """Forgets that these files hold none."""
        ...

    def counts(self, leaving: Sequence[int]) -> Counts:
        """What it will mean for the articles that what is staged becomes live in place of the files `leaving`."""
        ...

    def pending(
        self, fingerprint: str, leaving: Sequence[int], *, everything: bool, again: bool, batch: int
    ) -> Pending:
        """The texts of staged files, or of `everything` but the files `leaving`, that have no vector of the encoder
        with this `fingerprint`; with `again`, those that have one too. At most `batch` of them come at a time."""
        ...

    def save_vectors(self, fingerprint: str, vectors: Mapping[bytes, NDArray[np.float32]]) -> None:
        """Stores the (dimension,) float32 unit vectors of texts by hash; they are there for good when it returns."""
        ...

    def is_whole(self) -> bool:
        """Whether what is derived from the rows is there as it was written; if not, `publish` makes it again."""
        ...

    def publish(self, target: Target, leaving: Sequence[int], progress: Progress) -> Generation:
        """Makes what is staged live in place of the files `leaving`. Raises StoreError; then nothing has happened."""
        ...

    def skipped(self) -> Sequence[Skipped]:
        """The records of live files that are no articles, and why."""
        ...


class Store(Protocol):
    """Where everything is kept."""

    def writer(self) -> AbstractContextManager[Writer]:
        """The one writer, until the block ends; a store that is not there yet is made.

        Raises BusyError while another process has it, StoreError where the store cannot be written.
        """
        ...
