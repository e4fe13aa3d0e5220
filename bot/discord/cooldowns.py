"""How often one person, or one channel, may ask: slash commands and mentions alike."""

from collections.abc import Callable, Hashable

from bot.discord.refusals import TooSoonError


class Cooldowns:
    """Remembers when each key asked last. `clock` gives monotonic seconds; 0 `seconds` is no cooldown."""

    def __init__(self, whose: str, seconds: float, clock: Callable[[], float]) -> None:
        self._whose = whose
        self._seconds = seconds
        self._clock = clock
        self._last: dict[Hashable, float] = {}  # in the order of asking, so that the oldest come first

    def check(self, key: Hashable) -> None:
        """Raises TooSoonError while the key's cooldown is running."""
        now = self._clock()
        while self._last and now - next(iter(self._last.values())) >= self._seconds:
            del self._last[next(iter(self._last))]
        if key in self._last:
            raise TooSoonError(self._whose, self._last[key] + self._seconds - now)

    def start(self, key: Hashable) -> None:
        """The key has asked: its cooldown begins."""
        if self._seconds > 0:
            self._last.pop(key, None)
            self._last[key] = self._clock()
