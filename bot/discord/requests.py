"""Requests to Discord: tried again where the network or Discord fails, and in line where Discord limits them.

Discord takes about five messages, and as many edits, of a channel in five seconds. discord.py waits for its turn inside
the request, where it would use up the time that a try may take: so the tries of one channel stand in line here, where
nobody's time runs.
"""

import asyncio
import logging
from collections.abc import Awaitable, Callable, Sequence
from contextlib import nullcontext
from typing import TypeVar
from weakref import WeakValueDictionary

import aiohttp
import discord

from bot.discord.logs import event

T = TypeVar("T")
# how long each try may take, in seconds: an acknowledgement must be there within 3
AT_ONCE = (1.3, 1.1)
# the first is longer than the five seconds for which a channel may be closed
PATIENTLY = (7.0, 10.0, 20.0)
# the last word waits for progress that is being shown: Discord could take the two in another order
PROGRESS = (10.0,)
# so long after it was lost an edit is expected to take effect, if it ever does
LATE_SECONDS = 5.0
# of the network; another OSError is of the disk
FAILURES = (TimeoutError, ConnectionError, aiohttp.ClientError)

log = logging.getLogger(__name__)


class Lines:
    """The lines in which requests of the same kind to the same channel wait."""

    def __init__(self) -> None:
        self._locks: WeakValueDictionary[tuple[str, int], asyncio.Lock] = WeakValueDictionary()

    def line(self, kind: str, channel: int) -> asyncio.Lock:
        """To be held for one try; first come, first served."""
        return self._locks.setdefault((kind, channel), asyncio.Lock())


class Edits:
    """The edits of one message, of which the last one is to stay."""

    def __init__(self, line: asyncio.Lock | None = None) -> None:
        self._line = asyncio.Lock() if line is None else line
        self._lost = False
        self._last: Callable[[], Awaitable[object]] | None = None

    async def progress(self, attempt: Callable[[], Awaitable[object]]) -> None:
        """Tries once, and leaves it at that: it is soon overtaken. Where others wait in line, they go first."""
        if not self._line.locked():
            self._lost |= not await leniently(attempt, self._line)

    async def last(self, attempt: Callable[[], Awaitable[object]]) -> None:
        """Tries until it works. Raises as `persistently` does."""
        await persistently(attempt, PATIENTLY, self._line)
        self._last = attempt

    async def settle(self) -> None:
        """Makes the last edit once more if progress was lost on the way, and may have come after it."""
        if self._lost and self._last is not None:
            await asyncio.sleep(LATE_SECONDS)
            await leniently(self._last, self._line)


async def persistently(
    attempt: Callable[[], Awaitable[T]], limits: Sequence[float], line: asyncio.Lock | None = None
) -> T:
    """What `attempt` gives, tried once for each of the `limits` (seconds) while the network or Discord fails.

    Raises what the last try raised, and at once what no repetition mends.
    """
    for seconds in limits[:-1]:
        try:
            return await _tried(attempt, seconds, line)
        except discord.HTTPException as error:
            if error.status < 500:
                raise
            log.info(event("retry", status=error.status))
        except FAILURES as error:
            log.info(event("retry", error=type(error).__name__))
    return await _tried(attempt, limits[-1], line)


async def leniently(attempt: Callable[[], Awaitable[object]], line: asyncio.Lock | None = None) -> bool:
    """Tries once; False if it is not known whether it took effect, or still will: its answer was lost."""
    try:
        await persistently(attempt, PROGRESS, line)
    except (discord.HTTPException, *FAILURES) as error:
        log.info(event("progress_failed", error=type(error).__name__))
        return isinstance(error, discord.HTTPException) and error.status < 500
    return True


async def _tried(attempt: Callable[[], Awaitable[T]], seconds: float, line: asyncio.Lock | None) -> T:
    async with nullcontext() if line is None else line:
        return await asyncio.wait_for(attempt(), seconds)
