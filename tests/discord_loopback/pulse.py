"""Waiting for what the bot does, without asking again and again; and ids as Discord makes them."""

import asyncio
import time
from collections.abc import Callable
from typing import TypeVar

T = TypeVar("T")


class Pulse:
    """Wakes whoever waits whenever something has changed."""

    def __init__(self) -> None:
        self._changed = asyncio.Event()
        self.explain: Callable[[], str] = str

    def beat(self) -> None:
        """Something has changed."""
        self._changed.set()
        self._changed = asyncio.Event()

    async def until(self, ready: Callable[[], T | None], timeout: float, what: str) -> T:
        """The first true value of `ready`.

        Raises:
            AssertionError: if there is none within `timeout` seconds; with what the bot printed.
        """
        end = time.monotonic() + timeout
        while True:
            if value := ready():
                return value
            changed = self._changed
            try:
                await asyncio.wait_for(changed.wait(), max(0.0, end - time.monotonic()))
            except TimeoutError:
                raise AssertionError(f"not within {timeout} s: {what}\n{self.explain()}") from None


class Clock:
    """The server's time, which tests move forward, and its ids: snowflakes, of this moment and always increasing."""

    def __init__(self) -> None:
        self.shifted = 0.0
        self._last = 0

    def now(self) -> float:
        """Seconds; only differences mean anything."""
        return time.monotonic() + self.shifted

    def snowflake(self) -> int:
        """A new id."""
        self._last = max(self._last + 1, int((time.time() + self.shifted) * 1000 - 1_420_070_400_000) << 22)
        return self._last
