"""One thing that a person asked of the bot, and what became of it."""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import NamedTuple, TypeVar

from tests.discord_loopback.messages import Message
from tests.discord_loopback.pulse import Pulse
from tests.discord_loopback.rules import TEXT_INPUT, Json, walk
from tests.discord_loopback.world import Channel, User

T = TypeVar("T")

COMMAND, COMPONENT, AUTOCOMPLETE, MODAL_SUBMIT = 2, 3, 4, 5
REPLY, DEFER, DEFER_UPDATE, UPDATE, CHOICES, MODAL = 4, 5, 6, 7, 8, 9
ANSWERS = {
    COMMAND: (REPLY, DEFER, MODAL),
    COMPONENT: (REPLY, DEFER, DEFER_UPDATE, UPDATE, MODAL),
    AUTOCOMPLETE: (CHOICES,),
    MODAL_SUBMIT: (REPLY, DEFER, DEFER_UPDATE, UPDATE),
}


class Choice(NamedTuple):
    """One offered completion."""

    name: str
    value: str | int | float


@dataclass(frozen=True, slots=True)
class Modal:
    """A form that the bot has opened. `fields` are its text inputs as Discord got them."""

    title: str
    custom_id: str
    components: list[Json]
    interaction: "Interaction"

    @property
    def fields(self) -> list[Json]:
        """The text inputs, each with its label."""
        labels = {c["component"]["custom_id"]: c["label"] for c in self.components if "component" in c}
        found = [component for component in walk(self.components) if component["type"] == TEXT_INPUT]
        return [{**one, "label": labels.get(one["custom_id"]) or one.get("label")} for one in found]


@dataclass(slots=True, eq=False)
class Interaction:
    """What a command, a click, a form or a completion led to."""

    id: int
    token: str
    kind: int
    label: str
    person: User
    channel: Channel
    created: float
    pulse: Pulse
    message: Message | None = None
    message_edits: int = 0
    acknowledged_after: float | None = None
    callback: int | None = None
    original: Message | None = None
    followups: list[Message] = field(default_factory=list)
    choices: list[Json] = field(default_factory=list)
    shown: Json | None = None
    failed: bool = False
    disturbed: bool = False

    @property
    def thinking(self) -> bool:
        """Whether the person still sees that the bot is thinking."""
        return self.original is not None and self.original.loading

    @property
    def messages(self) -> list[Message]:
        """What the bot has said to it so far; not the thinking."""
        unchanged = self.callback == DEFER_UPDATE and self.message_edits == len(
            self.message.edits if self.message else []
        )
        first = [] if self.original is None or self.thinking or unchanged else [self.original]
        return [message for message in [*first, *self.followups] if not message.deleted]

    async def acknowledged(self, timeout: float = 10.0) -> float:
        """The seconds after which the bot acknowledged it."""
        await self._until(lambda: self.callback is not None, timeout, "was acknowledged")
        assert self.acknowledged_after is not None
        return self.acknowledged_after

    async def finally_(self, timeout: float = 60.0, until: Callable[[Message], bool] | None = None) -> Message:
        """The first message (of those that it satisfies, with `until`) once the thinking is over."""

        def found() -> Message | None:
            return next((message for message in self.messages if until is None or until(message)), None)

        return await self._until(found, timeout, "was answered")

    async def followup(self, number: int = 0, timeout: float = 60.0) -> Message:
        """A follow-up, counted from 0."""
        await self._until(lambda: len(self.followups) > number, timeout, f"got follow-up {number}")
        return self.followups[number]

    async def modal(self, timeout: float = 10.0) -> Modal:
        """The form that the bot opens."""
        await self._until(lambda: self.shown is not None, timeout, "opened a form")
        assert self.shown is not None
        return Modal(self.shown["title"], self.shown["custom_id"], self.shown["components"], self)

    async def _until(self, ready: Callable[[], T | None], timeout: float, what: str) -> T:
        def checked() -> T | None:
            value = ready()
            if not value and self.failed:
                raise AssertionError(f"{self.label}: The application did not respond\n{self.pulse.explain()}")
            return value

        return await self.pulse.until(checked, timeout, f"{self.label} {what}")
