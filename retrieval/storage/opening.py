"""Where a store is opened: the one place that knows which kinds there are."""

from pathlib import Path

from retrieval.storage.local import LocalStore
from retrieval.storage.store import Store


def open_store(folder: Path) -> Store:
    """The store in `folder`; nothing is read or written before it is asked for something."""
    return LocalStore(folder)
