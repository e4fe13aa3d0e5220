"""Who asked what just now, and where: in memory only, so that a question can lean on those before it."""

from collections import OrderedDict
from collections.abc import Callable, Sequence

from retrieval.conversation import TURNS
from retrieval.types import Turn

FORGOTTEN_SECONDS = 900.0
MOST = 1000


class Conversations:
    """The last turns of each person in each place (Discord's ids), forgotten when nothing was added for
    `FORGOTTEN_SECONDS`; of more than `MOST`, those that rested longest go first.

    Used from one thread. `clock` gives monotonic seconds.
    """

    def __init__(self, clock: Callable[[], float]) -> None:
        self._clock = clock
        self._kept: OrderedDict[tuple[int, int], tuple[float, tuple[Turn, ...]]] = OrderedDict()

    def __len__(self) -> int:
        return len(self._kept)

    def of(self, person: int, place: int) -> tuple[Turn, ...]:
        """The turns, oldest first."""
        self._forget()
        return self._kept.get((person, place), (0.0, ()))[1]

    def up_to(self, turn: Turn, person: int, place: int) -> tuple[Turn, ...]:
        """The person's turns as far as this one, which is not the last where somebody replies to an older answer; the
        turn alone where it is not theirs."""
        own = self.of(person, place)
        same = [n for n, each in enumerate(own) if (each.question, each.answers) == (turn.question, turn.answers)]
        return own[: same[-1] + 1] if same else (turn,)

    def keep(self, person: int, place: int, turns: Sequence[Turn]) -> None:
        """The person's conversation is this one now."""
        self._kept.pop((person, place), None)
        self._kept[person, place] = (self._clock(), tuple(turns[-TURNS:]))
        self._forget()

    def _forget(self) -> None:
        oldest = self._clock() - FORGOTTEN_SECONDS
        while self._kept and (len(self._kept) > MOST or next(iter(self._kept.values()))[0] <= oldest):
            self._kept.popitem(last=False)
