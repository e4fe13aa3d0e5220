"""Following the corpus folder: whatever changes in it is noticed within a second."""

import os
import threading
from collections.abc import Callable, Iterator
from pathlib import Path

from watchfiles import watch

# changes are waited for until there has been none for so long, at most so long (milliseconds)
QUIET_MS = 100
PATIENCE_MS = 1000
LOOK_MS = 250
# the folder itself is looked for, and an update that could not be done is tried again, after so many seconds
RETRY_SECONDS = 1.0
# a network file system tells nobody what other machines write to it
RESCAN_SECONDS = 60.0


def follow(corpus: Path, update: Callable[[], bool], stop: threading.Event) -> None:
    """Calls `update` once, and again whenever something below `corpus` has changed, until `stop` is set.

    An update that returns False is tried again a little later. Nothing that changes while an update runs is missed: it
    is followed by another. The folder may go away and come back, or another may take its place.
    """
    while not stop.is_set():
        for moment in _moments(corpus, stop):
            while moment and not update() and not stop.wait(RETRY_SECONDS):
                pass
        # the folder is gone: the update says so, and whatever comes to its place is followed
        if not stop.is_set():
            update()
            while _identity(corpus) is None and not stop.wait(RETRY_SECONDS):
                pass


def _moments(corpus: Path, stop: threading.Event) -> Iterator[bool]:
    """Yields, every now and then, whether it is time to look at the folder; ends when that is no longer the same."""
    folder = _identity(corpus)
    if folder is None:
        return
    waited = RESCAN_SECONDS  # the first moment is at once, and after the watching has begun
    for changes in _changes(corpus, stop):
        if _identity(corpus) != folder:
            return
        due = bool(changes) or waited >= RESCAN_SECONDS
        waited = 0.0 if due else waited + LOOK_MS / 1000
        yield due


def _changes(corpus: Path, stop: threading.Event) -> Iterator[bool]:
    """Whether anything has changed, every `LOOK_MS` or sooner; never, where the system cannot watch so many folders."""
    try:
        for changes in watch(
            corpus,
            watch_filter=lambda change, path: not _hidden(corpus, path),
            debounce=PATIENCE_MS,
            step=QUIET_MS,
            rust_timeout=LOOK_MS,
            yield_on_timeout=True,
            stop_event=stop,
            raise_interrupt=True,
        ):
            yield bool(changes)
    except (OSError, RuntimeError):
        # out of watches, or the folder went away: looking at the files themselves needs neither
        while not stop.wait(RETRY_SECONDS):
            yield True


def _hidden(corpus: Path, path: str) -> bool:
    return any(part.startswith(".") for part in Path(os.path.relpath(path, corpus)).parts if part != "..")


def _identity(folder: Path) -> tuple[int, int] | None:
    """What stays the same while the folder is the same one; None if there is no folder of this name."""
    try:
        found = folder.stat()
    except OSError:
        return None
    return (found.st_dev, found.st_ino) if folder.is_dir() else None
