"""Where a store is opened: the one place that knows which kinds there are."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from retrieval.errors import ConfigError
from retrieval.storage.store import Store

if TYPE_CHECKING:
    from retrieval.feeds import FeedStates


def open_feed_states(file: Path, url: str | None) -> "FeedStates":
    """What is remembered of feeds: on the server at `url`, or in `file`."""
    if url is None:
        from retrieval.feeds import FileFeedStates

        return FileFeedStates(file)
    with _needed():
        from retrieval.storage.postgres.feeds import ServerFeedStates

    return ServerFeedStates(url)


def open_store(folder: Path, url: str | None = None) -> Store:
    """The store on the server at `url`, or in `folder`; nothing is read or written before it is asked for something.

    Raises ConfigError if what a server needs is not installed.
    """
    # each is imported where it is used: the one brings FAISS and tantivy along, the other need not be installed
    if url is None:
        from retrieval.storage.local import LocalStore

        return LocalStore(folder)
    with _needed():
        from retrieval.storage.postgres.store import PostgresStore

    return PostgresStore(url)


@contextmanager
def _needed() -> Iterator[None]:
    try:
        yield
    except ImportError as error:
        raise ConfigError(
            f"The store is on a PostgreSQL server, and {error.name} is not installed; {{install what a server needs}}, "
            "or remove {the server's address}."
        ) from error
