"""More processes that embed: here, and wherever else an index is brought up to date on the same server."""

import os
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from multiprocessing import get_context

from bot.settings import Settings
from retrieval.errors import NoIndexError, UsageError
from retrieval.progress import silent

LOOK_SECONDS = 1.0


@contextmanager
def working(settings: Settings, workers: int) -> Iterator[None]:
    """While the block runs, `workers` processes embed what it waits for; the one that runs the block is one of them.

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
    # read when a process loads its libraries: together they use what there is
    os.environ.setdefault("OMP_NUM_THREADS", str(max(1, len(os.sched_getaffinity(0)) // workers)))
    context = get_context("spawn")
    processes = [context.Process(target=_work, args=(settings, os.getpid()), daemon=True) for _ in range(workers - 1)]
    try:
        for process in processes:
            process.start()
        yield
    finally:
        for process in processes:
            process.terminate()


def _work(settings: Settings, parent: int) -> None:
    """Embeds whatever is waited for, until the process that asked for it has ended."""
    from bot.assistant import Indexer

    indexer = Indexer.open(settings, silent)
    while os.getppid() == parent:
        with suppress(NoIndexError):  # there are no tables yet
            indexer.assist()
        time.sleep(LOOK_SECONDS)
