"""The sources that can be chosen from while somebody types: kept at hand, since Discord waits only a moment."""

import asyncio
import logging
import time
from collections.abc import Callable

from bot.discord.logs import event
from bot.overview import sources
from retrieval.errors import StoreError
from retrieval.filters import folded
from retrieval.types import StoreStatus

FRESH_SECONDS = 15.0
# https://discord.com/developers/docs/interactions/application-commands: of a choice's value, and of choices
MAX_VALUE = 100
MAX_CHOICES = 25

log = logging.getLogger(__name__)


class Catalogue:
    """Asks `status` in a thread, now and then, and answers from what it said last."""

    def __init__(self, status: Callable[[], StoreStatus], clock: Callable[[], float] = time.monotonic) -> None:
        self._status = status
        self._clock = clock
        self._sources: tuple[str, ...] = ()
        self._read_at = float("-inf")
        self._reading: asyncio.Task[None] | None = None
        self.generation = 0

    def choices(self, typed: str) -> list[str]:
        """At most 25 sources in whose names `typed` stands, the commonest first; without regard to case and accents."""
        if self._clock() - self._read_at > FRESH_SECONDS and self._reading is None:
            self._reading = asyncio.create_task(self.read())
            self._reading.add_done_callback(self._has_read)
        asked = folded(typed)
        found = (name for name in self._sources if asked in folded(name))
        return [name for name in found if len(name) <= MAX_VALUE][:MAX_CHOICES]

    async def read(self) -> None:
        """Reads the sources anew; what cannot be read leaves them as they were."""
        self._read_at = self._clock()
        try:
            self._sources, self.generation = await asyncio.to_thread(self._now)
        # OSError: a file of the folder may vanish while they are counted
        except (StoreError, OSError) as error:
            log.warning(event("sources_unread", said=str(error)))

    def _now(self) -> tuple[tuple[str, ...], int]:
        status = self._status()
        return tuple(sources(status)), status.generation

    def _has_read(self, task: "asyncio.Task[None]") -> None:
        self._reading = None
