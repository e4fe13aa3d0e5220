"""Worker processes that embed texts for an index on a server."""

import os
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from multiprocessing import get_context

from bot.settings import Settings
from retrieval.errors import NoIndexError, UsageError
from retrieval.progress import silent

LOOK_SECONDS = 1.0


@contextmanager
def embedding_workers(settings: Settings, workers: int) -> Iterator[None]:
    """While the block runs, `workers` processes embed pending texts; this process is one of them.

    Raises UsageError for more than one without a server.
    """
    if workers == 1:
        yield
        return
    if settings.storage.url is None:
        raise UsageError(
            f"--workers is {workers}, which needs a store on a server; leave it out, as one process uses all cores, or "
            "set [storage] url."
        )
    context, cores = get_context("spawn"), os.sched_getaffinity(0)
    own, *others = shares(sorted(cores), workers)
    processes = [context.Process(target=_work, args=(settings, os.getpid()), daemon=True) for _ in others]
    try:
        for process, share in zip(processes, others, strict=True):
            # a process begins with the cores of the one that starts it, and whatever it loads keeps to them
            os.sched_setaffinity(0, share)
            process.start()
        os.sched_setaffinity(0, own)
        yield
    finally:
        os.sched_setaffinity(0, cores)
        for process in processes:
            process.terminate()


def shares(cores: Sequence[int], workers: int) -> list[set[int]]:
    """The cores of each worker; where there are too few, several share one.

    cores 0 1 2 3 4, 2 workers -> {0, 2, 4} {1, 3}
    cores 0 1,       3 workers -> {0} {1} {0}
    """
    return [set(cores[number::workers]) or {cores[number % len(cores)]} for number in range(workers)]


def _work(settings: Settings, parent: int) -> None:
    """Embeds pending texts until the parent process has ended."""
    from bot.assistant import Indexer

    indexer = Indexer.open(settings, silent)
    while os.getppid() == parent:
        with suppress(NoIndexError):  # there are no tables yet
            indexer.embed_pending()
        time.sleep(LOOK_SECONDS)
