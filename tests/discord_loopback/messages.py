"""Messages as people see them, with all that they said before."""

import itertools
from collections.abc import Callable
from dataclasses import dataclass, field

from tests.discord_loopback.rules import BUTTON, EPHEMERAL, LINK, LOADING, TEXT, Json, walk
from tests.discord_loopback.world import Channel, Upload, User

SAID, RECIPIENT_ADD, PINNED, REPLIED = 0, 1, 6, 19


def shown_on(button: Json) -> str:
    """What a button says."""
    return str(button.get("label") or (button.get("emoji") or {}).get("name") or "")


@dataclass(frozen=True, slots=True)
class Button:
    """A button as it is seen; an emoji is its label where it has no words. `style`: 1 to 4 are colours, 5 is a link."""

    label: str
    custom_id: str | None
    url: str | None
    disabled: bool
    style: int


@dataclass(frozen=True, slots=True)
class Version:
    """What a message said before it was edited, and until when."""

    content: str
    embeds: list[Json]
    components: list[Json]
    at: float


@dataclass(slots=True, eq=False)
class Message:
    """A message, with all its earlier versions; of another `kind` than `SAID` if Discord wrote it for its author."""

    id: int
    channel: Channel
    author: User
    content: str = ""
    embeds: list[Json] = field(default_factory=list)
    components: list[Json] = field(default_factory=list)
    attachments: list[Upload] = field(default_factory=list)
    flags: int = 0
    reference: "Message | None" = None
    mentions: list[User] = field(default_factory=list)
    pings: list[str] = field(default_factory=list)
    viewer: User | None = None
    from_interaction: bool = False
    nonce: str | None = None
    thread: Channel | None = None
    edits: list[Version] = field(default_factory=list)
    edited: bool = False
    deleted: bool = False
    kind: int = SAID

    @property
    def ephemeral(self) -> bool:
        """Whether only the person who asked sees it."""
        return bool(self.flags & EPHEMERAL)

    @property
    def loading(self) -> bool:
        """Whether it only says that the bot is thinking."""
        return bool(self.flags & LOADING)

    @property
    def buttons(self) -> list[Button]:
        """The buttons, in the order in which they are seen."""
        return [
            Button(shown_on(c), c.get("custom_id"), c.get("url"), bool(c.get("disabled")), c["style"])
            for c in walk(self.components)
            if c["type"] == BUTTON
        ]

    @property
    def links(self) -> list[str]:
        """The addresses behind link buttons."""
        return [button.url for button in self.buttons if button.style == LINK and button.url is not None]

    @property
    def text(self) -> str:
        """All that is read: content, then each embed's title, description, fields and footer, then text components."""
        parts = [self.content]
        for embed in self.embeds:
            fields = [(one["name"], one["value"]) for one in embed.get("fields", [])]
            parts += [embed.get("title", ""), embed.get("description", ""), *itertools.chain.from_iterable(fields)]
            parts.append((embed.get("footer") or {}).get("text", ""))
        parts += [component["content"] for component in walk(self.components) if component["type"] == TEXT]
        return "\n".join(part for part in parts if part)

    async def answered(self, timeout: float = 30.0, until: "Callable[[Message], bool] | None" = None) -> "Message":
        """The bot's answer to this message: a reply, or else its first message after it, here or in its thread."""

        def found() -> "Message | None":
            threads = [self.thread] if self.thread is not None else []
            later = [m for c in (self.channel, *threads) for m in c.messages if m.id > self.id and m.author.bot]
            later = [m for m in later if not m.deleted and not m.from_interaction and (until is None or until(m))]
            replies = [m for m in later if m.reference is self]
            free = [m for m in later if m.reference is None]
            return next(iter([*replies, *free]), None)

        return await self.channel.pulse.until(found, timeout, f"an answer to {self.content!r}")
