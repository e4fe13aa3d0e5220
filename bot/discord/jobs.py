"""What those who run the bot have it do: index the corpus, or add to it, in a thread beside the questions."""

import asyncio
from asyncio import FIRST_COMPLETED
from collections.abc import Awaitable, Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import Protocol, TypeVar

from bot.discord.refusals import ClosingError, OccupiedError
from retrieval.adding import AddReport
from retrieval.progress import Progress
from retrieval.types import IndexReport

T = TypeVar("T")
# Discord allows some five edits of a message in as many seconds
EDIT_SECONDS = 2.5


class Upkeep(Protocol):
    """The parts of Dateline that change the corpus and the index; each call may take minutes."""

    def refresh(self, progress: Progress) -> IndexReport:
        """Brings the index up to date. Raises DatelineError."""
        ...

    def add(self, names: Sequence[str]) -> AddReport:
        """Copies files and fetches pages into the corpus. Raises CorpusError."""
        ...


class Jobs:
    """One job at a time; its progress is told by way of an edited message."""

    def __init__(self, upkeep: Upkeep) -> None:
        self._upkeep = upkeep
        self._stage: Stage | None = None
        self._closing = asyncio.Event()

    @property
    def stage(self) -> str | None:
        """What is being done, None while there is no job; one that was stopped is there until its thread has ended."""
        return None if self._stage is None else self._stage.words()

    async def refresh(self, tell: Callable[[str], Awaitable[None]]) -> IndexReport:
        """Brings the index up to date. Raises OccupiedError, ClosingError, DatelineError."""
        return await self._run(self._upkeep.refresh, tell)

    async def add(
        self, names: Sequence[str], tell: Callable[[str], Awaitable[None]]
    ) -> tuple[AddReport, IndexReport | None]:
        """Adds, then indexes if anything is new. Raises as `refresh` does."""

        def work(progress: Progress) -> tuple[AddReport, IndexReport | None]:
            with progress("Adding", 0):
                added = self._upkeep.add(names)
            return added, self._upkeep.refresh(progress) if added.added else None

        return await self._run(work, tell)

    def stop(self) -> None:
        """Takes no other job, and gives ClosingError to whoever waits for the one that runs.

        Its thread ends at its next step, which may be far: a page can take long. A refresh that is ended changes
        nothing.
        """
        self._closing.set()
        if self._stage is not None:
            self._stage.stopped = True

    async def _run(self, work: Callable[[Progress], T], tell: Callable[[str], Awaitable[None]]) -> T:
        if self._closing.is_set():
            raise ClosingError
        if self._stage is not None:
            raise OccupiedError
        self._stage = stage = Stage()
        running = asyncio.ensure_future(asyncio.to_thread(work, stage))
        running.add_done_callback(self._ended)
        closing = asyncio.ensure_future(self._closing.wait())
        told = ""
        try:
            while not (await asyncio.wait({running, closing}, timeout=EDIT_SECONDS, return_when=FIRST_COMPLETED))[0]:
                if stage.words() != told:
                    told = stage.words()
                    await tell(told)
            if not running.done():
                raise ClosingError
            return running.result()
        finally:
            closing.cancel()

    def _ended(self, running: "asyncio.Future[T]") -> None:
        self._stage = None
        if not running.cancelled():
            running.exception()  # an error that nobody waits for any more is no news


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

        def advance(done: int) -> None:
            self._advance_to(task, self._done + done, total)

        yield advance

    def _advance_to(self, task: str, done: int, total: int) -> None:
        if self.stopped:
            raise ClosingError
        self._task, self._done, self._total = task, done, total
