"""One worker thread behind a bounded queue: the event loop never waits for a model.

queue.submit(work)  a future of what the work returns or raises; QueueFullError or ClosingError at once
future.cancel()     gives the place up; work that is being done is finished all the same
queue.close()       cancels the futures of those who wait; what is running is finished
"""

import asyncio
import concurrent.futures
from collections.abc import Callable
from typing import Any, TypeVar

from bot.discord.refusals import ClosingError, QueueFullError

T = TypeVar("T")
FINISHING_SECONDS = 30.0


class Queue:
    """Does work one at a time, first come, first served. Used from one event loop; `size` may wait."""

    def __init__(self, size: int) -> None:
        self._size = size
        self._closing = False
        self._thread = concurrent.futures.ThreadPoolExecutor(max_workers=1, thread_name_prefix="answering")
        # in their order; work whose future was cancelled stays until its thread ends
        self._jobs: dict[concurrent.futures.Future[Any], asyncio.Future[Any]] = {}

    @property
    def depth(self) -> int:
        """How many wait or are being worked on."""
        return len(self._jobs)

    def ahead(self, future: "asyncio.Future[Any]") -> int:
        """How many come before this one; 0 while it is being worked on, and afterwards."""
        futures = list(self._jobs.values())
        return futures.index(future) if future in futures else 0

    def submit(self, work: Callable[[], T]) -> "asyncio.Future[T]":
        """Takes the last place. Raises QueueFullError if the queue is full, ClosingError after `close`."""
        if self._closing:
            raise ClosingError
        # one is worked on
        if self.depth > self._size:
            raise QueueFullError(self._size)
        loop, job = asyncio.get_running_loop(), self._thread.submit(_worked, work)
        # the place is free before the caller gets the result; a thread may outlast the loop
        job.add_done_callback(lambda job: loop.is_closed() or loop.call_soon_threadsafe(self._jobs.pop, job))
        future = self._jobs[job] = asyncio.wrap_future(job)
        # an error that nobody fetches is dropped: the caller has gone
        future.add_done_callback(lambda done: done.cancelled() or done.exception())
        return future

    async def close(self, seconds: float = FINISHING_SECONDS) -> None:
        """Refuses those who come, and returns when nothing runs any more, or after `seconds`."""
        self._closing = True
        running = [future for job, future in list(self._jobs.items()) if not job.cancel()]
        if running:
            await asyncio.wait(running, timeout=seconds)
        for future in running:
            future.cancel()
        self._thread.shutdown(wait=False)


def _worked(work: Callable[[], T]) -> T:
    try:
        return work()
    except StopIteration as error:
        # no future takes it, and everybody would wait for ever
        raise RuntimeError("the work ended in StopIteration") from error
