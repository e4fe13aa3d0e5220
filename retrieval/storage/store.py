"""What a store is: a folder with SQLite, FAISS and tantivy, or a server."""

from collections.abc import Sequence
from contextlib import AbstractContextManager
from pathlib import Path
from typing import Protocol

from retrieval.encoder import Encoder
from retrieval.storage.reading import Snapshot
from retrieval.storage.writing import Writer


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
