"""Whether the files may have changed since the last refresh, without reading any of them."""

import os
from collections import Counter
from collections.abc import Iterable
from itertools import chain
from pathlib import Path

from retrieval.intake.files import walk
from retrieval.refresh import is_settled


def glance(corpus: Path, files: Iterable[Path]) -> int | None:
    """A number that stays the same while no article file below `corpus` changes, nor one of the `files` of the store.

    It is made of names, lengths and times, and means nothing to another process. None where that is unknown: a file
    has changed so recently that a further change might not show. Raises CorpusError.
    """
    seen = 0
    for entry in chain[os.PathLike[str]](walk(corpus, Counter()), files):
        path = os.fspath(entry)
        try:
            found = os.stat(path)  # noqa: PTH116 - an entry of a folder is no Path
        except OSError:  # a link that leads nowhere, or nowhere any more
            found = None
        if found is not None and not is_settled(found):
            return None
        # in whichever order the system lists them
        seen ^= hash((path, found and (found.st_size, found.st_mtime_ns, found.st_ctime_ns, found.st_ino)))
    return seen
