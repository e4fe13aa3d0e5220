"""One worker thread behind a bounded queue: the event loop never waits for a model, and nobody waits for nothing.

queue.join(work)   a place, or QueueFullError or ClosingError, at once
place.done         a future of what the work returns or raises; OverdueError if that takes too long
queue.close()      those who wait get ClosingError; what is running is finished
"""

import asyncio
from collections import deque
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any, Generic, TypeVar

from bot.discord.refusals import ClosingError, OverdueError, QueueFullError

T = TypeVar("T")
FINISHING_SECONDS = 30.0


class Place(Generic[T]):
    """One person's place in the queue."""

    def __init__(self, queue: "Queue", work: Callable[[], T]) -> None:
        self.work = work
        self.done: asyncio.Future[T] = asyncio.get_running_loop().create_future()
        # an error that nobody fetches is no news: whoever waited for it has gone
        self.done.add_done_callback(_fetched)
        self._queue = queue

    @property
    def ahead(self) -> int:
        """How many are answered before this one; 0 while it is being worked on."""
        return self._queue.ahead(self)

    async def settled(self, seconds: float) -> bool:
        """Whether `done` is, after so many seconds at most."""
        await asyncio.wait({self.done}, timeout=seconds)
        return self.done.done()

    def leave(self) -> None:
        """Gives the place up, for whoever is behind; what is being worked on is finished all the same."""
        self._queue.leave(self)

    def fail(self, error: Exception) -> None:
        """Ends the waiting, unless it has ended."""
        if not self.done.done():
            self.done.set_exception(error)


class Queue:
    """Works through places one at a time, first come, first served.

    Used from one event loop. `size` places may wait; `patience` is how many seconds any place may take in all, from
    joining to its result.
    """

    def __init__(self, size: int, patience: float) -> None:
        self._size = size
        self._patience = patience
        self._waiting: deque[Place[Any]] = deque()
        self._running: Place[Any] | None = None
        self._closing = False
        self._worker: asyncio.Task[None] | None = None
        self._thread = ThreadPoolExecutor(max_workers=1, thread_name_prefix="answering")

    @property
    def depth(self) -> int:
        """How many wait or are being worked on."""
        return len(self._waiting) + (self._running is not None)

    def join(self, work: Callable[[], T]) -> Place[T]:
        """The last place. Raises QueueFullError if as many as may wait do already, ClosingError after `close`."""
        if self._closing:
            raise ClosingError
        # one is worked on, or will be as soon as the worker wakes
        if self.depth > self._size:
            raise QueueFullError(self._size)
        place = Place(self, work)
        timer = asyncio.get_running_loop().call_later(self._patience, self._expire, place)
        place.done.add_done_callback(lambda done: timer.cancel())
        self._waiting.append(place)
        if self._worker is None:
            self._worker = asyncio.create_task(self._work())
        return place

    async def close(self, seconds: float = FINISHING_SECONDS) -> None:
        """Refuses those who wait and those who come, and returns when nothing runs any more, or after `seconds`."""
        self._closing = True
        while self._waiting:
            self._waiting.popleft().fail(ClosingError())
        if self._running is not None:
            await asyncio.wait({self._running.done}, timeout=seconds)
        if self._running is not None:
            self._running.fail(ClosingError())
        if self._worker is not None:
            self._worker.cancel()
        self._thread.shutdown(wait=False)

    def ahead(self, place: Place[Any]) -> int:
        """See `Place.ahead`."""
        return self._waiting.index(place) + (self._running is not None) if place in self._waiting else 0

    def leave(self, place: Place[Any]) -> None:
        """See `Place.leave`."""
        if place in self._waiting:
            self._waiting.remove(place)
        place.done.cancel()

    async def _work(self) -> None:
        while self._waiting:
            place = self._running = self._waiting.popleft()
            work = asyncio.get_running_loop().run_in_executor(self._thread, _worked, place.work)
            work.add_done_callback(_fetched)
            # waited for to its end even when it is overdue: the thread is busy with it
            await asyncio.wait({work})
            error = work.exception()
            if not place.done.done():
                if error is None:
                    place.done.set_result(work.result())
                else:
                    place.done.set_exception(error)
            self._running = None
        self._worker = None

    def _expire(self, place: Place[Any]) -> None:
        if place in self._waiting:
            self._waiting.remove(place)
        place.fail(OverdueError())


def _worked(work: Callable[[], T]) -> T:
    """What the work returns or raises."""
    try:
        return work()
    except StopIteration as error:
        # no future takes it, and everybody would wait for ever
        raise RuntimeError("a question ended in StopIteration") from error


def _fetched(done: "asyncio.Future[Any]") -> None:
    if not done.cancelled():
        done.exception()
