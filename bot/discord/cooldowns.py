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
        self._told: dict[Hashable, set[int]] = {}

    def check(self, key: Hashable, person: int) -> None:
        """Raises TooSoonError while the key's cooldown is running; it says whether this person was told so before."""
        now = self._clock()
        while self._last and now - next(iter(self._last.values())) >= self._seconds:
            self._forget(next(iter(self._last)))
        if key in self._last:
            told = self._told.setdefault(key, set())
            again = person in told
            told.add(person)
            raise TooSoonError(self._whose, self._last[key] + self._seconds - now, again)

    def start(self, key: Hashable) -> None:
        """The key has asked: its cooldown begins."""
        if self._seconds > 0:
            self._forget(key)
            self._last[key] = self._clock()

    def _forget(self, key: Hashable) -> None:
        self._last.pop(key, None)
        self._told.pop(key, None)
