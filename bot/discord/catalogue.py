"""The sources offered while somebody types, cached because Discord waits only a moment."""

import asyncio
import time
from collections.abc import Callable

from bot.discord.logs import log_store_errors
from bot.discord.text import units, visible
from retrieval.filters import folded
from retrieval.types import Sources

FRESH_SECONDS = 15.0
# https://discord.com/developers/docs/interactions/application-commands: of a choice's name and value, and of choices
MAX_CHOICE = 100
MAX_CHOICES = 25


class Catalogue:
    """Caches the sources, and reloads them in a thread from time to time."""

    def __init__(self, sources: Callable[[], Sources], clock: Callable[[], float] = time.monotonic) -> None:
        self._sources_now = sources
        self._clock = clock
        # what each is found by, and its name
        self._sources: tuple[tuple[str, str], ...] = ()
        self._read_at = float("-inf")
        self._reading: asyncio.Task[None] | None = None
        self.generation = 0

    def choices(self, typed: str) -> list[str]:
        """At most 25 sources whose names contain `typed`, whatever the case and accents, the commonest first.

        Invisible names are left out, and those that are too long for Discord.
        """
        reading = self._reading is not None and not self._reading.done()
        if self._clock() - self._read_at > FRESH_SECONDS and not reading:
            self._reading = asyncio.create_task(self.read())
        asked = folded(visible(typed))
        return [name for key, name in self._sources if asked in key][:MAX_CHOICES]

    async def read(self) -> None:
        """Reads the sources again; if that fails, the old ones stay."""
        self._read_at = self._clock()
        with log_store_errors("sources"):
            self._sources, self.generation = await asyncio.to_thread(self._now)

    def _now(self) -> tuple[tuple[tuple[str, str], ...], int]:
        sources = self._sources_now()
        # folded here and not while somebody types: there may be thousands
        keyed = ((folded(visible(name)), name) for name in sources.names if units(name) <= MAX_CHOICE)
        return tuple((key, name) for key, name in keyed if key), sources.generation
