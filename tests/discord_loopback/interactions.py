"""One thing that a person asked of the bot, and what became of it."""

import secrets
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import TypeVar

from simcord.components import validate_modal

from tests.discord_loopback.messages import EPHEMERAL, Message
from tests.discord_loopback.rules import ApiError, Json, check
from tests.discord_loopback.world import Channel, User

T = TypeVar("T")
# what Discord allows, in seconds
DEADLINE, TOKEN_LIFE = 3.0, 900.0
COMMAND, COMPONENT, MODAL_SUBMIT = 2, 3, 5
DEFER, DEFER_UPDATE, MODAL = 5, 6, 9


@dataclass(slots=True, eq=False)
class Interaction:
    """What a command, a click in a `message` or a form led to: a message (`original`), or a form (`shown`).

    The application "did not respond" to one that `failed`.
    """

    kind: int
    label: str
    person: User
    channel: Channel
    message: Message | None = None
    acknowledged_after: float | None = None
    callback: int | None = None
    original: Message | None = None
    shown: Json | None = None
    failed: bool = False
    edits_before: int = -1
    id: int = field(init=False)
    token: str = field(init=False)
    created: float = field(init=False)

    def __post_init__(self) -> None:
        discord = self.channel.discord
        self.id, self.token, self.created = discord.snowflake(), secrets.token_urlsafe(40), discord.now()
        discord.interactions[self.id] = self

    @property
    def age(self) -> float:
        """Seconds since it was sent."""
        return self.channel.discord.now() - self.created

    @property
    def thinking(self) -> bool:
        """Whether the person still sees that the bot is thinking."""
        return self.original is not None and self.original.loading

    async def acknowledged(self) -> float:
        """The seconds after which the bot acknowledged it."""
        return await self._until(lambda: self.acknowledged_after, 10, "was acknowledged")

    async def finally_(self, timeout: float = 60.0, until: Callable[[Message], bool] = bool) -> Message:
        """The message that it leads to, once the thinking is over and `until` is true of it."""

        def found() -> Message | None:
            said = self.original
            over = said is not None and not said.loading and len(said.edits) > self.edits_before
            return said if over and said is not None and until(said) else None

        return await self._until(found, timeout, "was answered")

    async def form(self) -> Json:
        """The form that the bot opens."""
        return await self._until(lambda: self.shown, 10, "opened a form")

    async def _until(self, ready: Callable[[], T | None], timeout: float, what: str) -> T:
        def checked() -> T | None:
            value = ready()
            assert value or not self.failed, f"{self.label}: The application did not respond"
            return value

        return await self.channel.discord.until(checked, timeout, f"{self.label} {what}")

    def expire(self, delivered: bool) -> None:
        """Shows the person that nothing has come in time: the bot's fault if it was there."""
        self.failed = self.callback is None
        if self.failed and delivered:
            self.channel.discord.violations.append(f"not acknowledged within {DEADLINE} s: {self.label}")
        self.channel.discord.beat()

    def acknowledge(self, kind: int, data: Json) -> None:
        """Takes the bot's first response, which may be a message, thinking or a form. Raises ApiError."""
        if self.callback is not None:
            raise ApiError(400, 40060, "Interaction has already been acknowledged.")
        if self.failed or self.age > DEADLINE:
            raise ApiError(404, 10062, "Unknown interaction", fair=self.failed)
        if kind == MODAL:
            check(validate_modal, data)
            self.shown = data
        elif kind == DEFER_UPDATE and self.message is not None:
            self.original, self.edits_before = self.message, len(self.message.edits)
        else:
            viewer, bot = self.person if data.get("flags", 0) & EPHEMERAL else None, self.channel.discord.bot
            self.original = Message(self.channel, bot, viewer=viewer, from_interaction=True, loading=kind == DEFER)
            self.original.publish() if kind == DEFER else self.original.write(data)
        self.acknowledged_after, self.callback = self.age, kind
        self.channel.discord.beat()
