"""Operators' jobs: indexing the corpus or adding to it, in a thread beside the questions."""

import asyncio
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager
from typing import TypeVar

from bot.discord.refusals import ClosingError, OccupiedError
from retrieval.progress import Progress

T = TypeVar("T")
# Discord allows some five edits of a message in as many seconds
EDIT_SECONDS = 2.5


class Jobs:
    """One job at a time; its progress is shown by editing a message."""

    def __init__(self) -> None:
        self._stage: Stage | None = None
        self._closing = False

    @property
    def stage(self) -> str | None:
        """What is being done, None while there is no job; one that was stopped is there until its thread has ended."""
        return None if self._stage is None else self._stage.words()

    async def run(self, work: Callable[[Progress], T], show: Callable[[str], Awaitable[object]]) -> T:
        """What `work` returns or raises, in a thread. Raises also OccupiedError and ClosingError."""
        if self._closing:
            raise ClosingError
        if self._stage is not None:
            raise OccupiedError
        self._stage = stage = Stage()
        running = asyncio.ensure_future(asyncio.to_thread(work, stage))
        running.add_done_callback(self._ended)
        shown = ""
        while not (await asyncio.wait({running}, timeout=EDIT_SECONDS))[0]:
            if self._closing:
                raise ClosingError
            if stage.words() != shown:
                shown = stage.words()
                await show(shown)
        return running.result()

    def stop(self) -> None:
        """Takes no other job, and raises ClosingError in `run`.

        Its thread ends at its next step, which may be far: a page can take long. A refresh that is ended changes
        nothing.
        """
        self._closing = True
        if self._stage is not None:
            self._stage.stopped = True

    def _ended(self, running: "asyncio.Future[T]") -> None:
        self._stage = None
        if not running.cancelled():
            running.exception()  # an error that nobody waits for is dropped


class Stage:
    """A `Progress` that is written by the job's thread, and read by the event loop; `stopped` goes the other way."""

    def __init__(self) -> None:
        self.stopped = False
        self._task = "Looking for changes"
        self._done = self._total = 0

    def words(self) -> str:
        """ "Embedding passages: 120 of 3,400" """
        counted = f": {self._done:,} of {self._total:,}" if self._total else ""
        return f"{self._task}{counted} …"

    @contextmanager
    def __call__(self, task: str, total: int) -> Iterator[Callable[[int], None]]:
        """See `retrieval.progress.Progress`. Raises ClosingError once it is stopped."""
        self._advance_to(task, 0, total)
        yield lambda done: self._advance_to(task, self._done + done, total)

    def _advance_to(self, task: str, done: int, total: int) -> None:
        if self.stopped:
            raise ClosingError
        self._task, self._done, self._total = task, done, total
