"""Where a store is opened: the one place that knows which kinds there are."""

from pathlib import Path

from retrieval.errors import ConfigError
from retrieval.storage.store import Store


def open_store(folder: Path, url: str | None = None) -> Store:
    """The store on the server at `url`, or in `folder`; nothing is read or written before it is asked for something.

    Raises ConfigError if what a server needs is not installed.
    """
    # each is imported where it is used: the one brings FAISS and tantivy along, the other need not be installed
    if url is None:
        from retrieval.storage.local import LocalStore

        return LocalStore(folder)
    try:
        from retrieval.storage.postgres.store import PostgresStore
    except ImportError as error:
        raise ConfigError(
            f"[storage] url names a PostgreSQL server, and {error.name} is not installed; install Dateline with "
            "`pip install .[postgres]`, or remove that line."
        ) from error
    return PostgresStore(url)
