"""Verifies a store: what is wrong with it, and which command repairs it."""

from retrieval.progress import Progress
from retrieval.storage.store import Store
from retrieval.storage.types import Verification

ATTEMPTS = 3


def verify(store: Store, progress: Progress) -> Verification:
    """Checks one generation: every article and passage, every vector, all that is derived. Changes nothing.

    Raises NoIndexError, and StoreError for a database that cannot be read at all.
    """
    for _ in range(ATTEMPTS):
        with store.snapshot() as snapshot:
            found = snapshot.verify(progress)
        with store.snapshot() as snapshot:
            if snapshot.generation.id == found.generation:
                break  # else a refresh may have replaced index files meanwhile
    return found
