"""Requests to Discord are made again where the network or Discord fails: here, and nowhere else.

discord.py itself waits out rate limits and repeats what Discord answers with 500, 502 or 504; it does not repeat a 503,
a lost connection, or a request that is never answered. Discord takes about five messages, and as many edits, of a
channel in five seconds. discord.py waits for its turn inside the request, where it would use up the time that a try may
take: so the tries of one channel wait for a lock here, where nobody's time runs.
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
# the answer waits for progress that is being shown: Discord could take the two in another order
PROGRESS = (10.0,)
# the network's; another OSError is of the disk
FAILURES = (discord.HTTPException, TimeoutError, ConnectionError, aiohttp.ClientError)

log = logging.getLogger(__name__)


class ChannelLocks:
    """A lock for requests of the same kind to the same channel; first come, first served."""

    def __init__(self) -> None:
        self._locks: WeakValueDictionary[tuple[str, int], asyncio.Lock] = WeakValueDictionary()

    def of(self, kind: str, channel: int) -> asyncio.Lock:
        """To be held for one try."""
        return self._locks.setdefault((kind, channel), asyncio.Lock())


async def retry(
    attempt: Callable[[], Awaitable[T]], limits: Sequence[float] = PATIENTLY, lock: asyncio.Lock | None = None
) -> T:
    """What `attempt` gives, tried once for each of the `limits` (seconds) while the network or Discord fails.

    Raises one of FAILURES: what the last try raised, and at once what no repetition mends.
    """
    for left, seconds in zip(reversed(range(len(limits))), limits, strict=True):
        try:
            async with lock or nullcontext():
                return await asyncio.wait_for(attempt(), seconds)
        except FAILURES as error:
            if left == 0 or is_refusal(error):
                raise
            log.info(event("retry", error=type(error).__name__, status=getattr(error, "status", "none")))
    raise ValueError("There is no limit.")


def is_refusal(error: BaseException) -> bool:
    """Whether Discord has answered, and will not answer otherwise; else it may do what it was asked, even later."""
    return isinstance(error, discord.HTTPException) and error.status < 500
