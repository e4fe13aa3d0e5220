"""Watching the corpus folder: a change is noticed within a second."""

import os
import stat
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path

from watchfiles import Change, watch

# changes are waited for until there has been none for so long, at most so long (milliseconds)
QUIET_MS = 100
PATIENCE_MS = 1000
LOOK_MS = 250
# the folder itself is looked for, and an update that could not be done is tried again, after so many seconds
RETRY_SECONDS = 1.0
# where the files themselves are looked at, the pause is so many times as long as the look
REST = 20
# a network file system tells nobody what other machines write to it
RESCAN_SECONDS = 60.0

Changes = set[tuple[Change, str]]


def follow(corpus: Path, update: Callable[[], bool], stop: threading.Event) -> None:
    """Calls `update` once, and again whenever something below `corpus` has changed, until `stop` is set.

    An update that returns False is tried again a little later. Nothing that changes while an update runs is missed: it
    is followed by another. What is hidden does not count. The folder may go away and come back, or another may take its
    place.
    """
    while not stop.is_set():
        for due in _moments(corpus, stop):
            while due and not update() and not stop.wait(RETRY_SECONDS):
                pass


def _moments(corpus: Path, stop: threading.Event) -> Iterator[bool]:
    """Yields, every now and then, whether an update is due; ends when the folder is no longer the same one."""
    folder = _identity(corpus)
    if folder is None:
        yield True  # the update says what is wrong with it
        while _identity(corpus) is None and not stop.wait(RETRY_SECONDS):
            pass
        return
    rescan = time.monotonic()  # the first moment is at once, and after the watching has begun
    for changes in _changes(corpus, stop):
        # a new folder may have been given the number of the one deleted, but that one said that it was
        gone = any(change == Change.deleted and not _parts(corpus, path) for change, path in changes)
        if gone or _identity(corpus) != folder:
            return
        due = time.monotonic() >= rescan or any(not _hidden(corpus, path) for _, path in changes)
        yield due
        rescan = time.monotonic() + RESCAN_SECONDS if due else rescan


def _changes(corpus: Path, stop: threading.Event) -> Iterator[Changes]:
    """What has changed, every `LOOK_MS` or sooner; where the system cannot watch so many folders, that it may have."""
    try:
        yield from watch(
            corpus,
            watch_filter=None,
            debounce=PATIENCE_MS,
            step=QUIET_MS,
            rust_timeout=LOOK_MS,
            yield_on_timeout=True,
            stop_event=stop,
        )
    except (OSError, RuntimeError):
        # out of watches, or the folder went away: looking at the files themselves needs neither
        took = 0.0
        while not stop.wait(max(RETRY_SECONDS, took * REST)):
            began = time.monotonic()
            yield {(Change.modified, str(corpus))}
            took = time.monotonic() - began


def _hidden(corpus: Path, path: str) -> bool:
    return any(part.startswith(".") for part in _parts(corpus, path))


def _parts(corpus: Path, path: str) -> tuple[str, ...]:
    """The folders below `corpus` on the way to `path`, and its name; none for the corpus itself."""
    return Path(os.path.relpath(path, corpus)).parts


def _identity(folder: Path) -> tuple[int, int] | None:
    """What stays the same while the folder is the same one; None if there is no folder of this name."""
    try:
        found = folder.stat()
    except OSError:
        return None
    return (found.st_dev, found.st_ino) if stat.S_ISDIR(found.st_mode) else None
