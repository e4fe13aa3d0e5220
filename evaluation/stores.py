"""Stores for benchmarks, of each kind: in a folder, or on a PostgreSQL server that is started for it."""

import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from retrieval.storage.opening import open_store
from retrieval.storage.store import Store

# of a server for a large collection on an ordinary machine; in all else it is as PostgreSQL comes
SETTINGS = {
    "shared_buffers": "2GB",
    "maintenance_work_mem": "2GB",
    "effective_cache_size": "8GB",
    "max_wal_size": "4GB",
    "random_page_cost": "1.1",
}


@contextmanager
def new_store(kind: str) -> Iterator[str]:
    """Where an empty store of this kind is, for `opened`; gone when the block ends.

    Raises ConfigError where a server cannot be started, StoreError.
    """
    if kind == "folder":
        with tempfile.TemporaryDirectory(prefix="dateline-") as folder:
            yield folder
        return
    from evaluation.server import Server  # brings psycopg along

    with Server.running(SETTINGS) as server:
        yield server.new_database()


@contextmanager
def kept_folder(keep: Path | None) -> Iterator[Path]:
    """The folder `keep`, created if needed; without one, a temporary folder that is gone when the block ends."""
    if keep is not None:
        keep.mkdir(parents=True, exist_ok=True)
        yield keep.resolve()
        return
    with tempfile.TemporaryDirectory(prefix="dateline-") as folder:
        yield Path(folder)


def opened(where: str) -> Store:
    """The store in a folder, or at the address of a database."""
    return open_store(Path(), where) if where.startswith("postgresql:") else open_store(Path(where))
