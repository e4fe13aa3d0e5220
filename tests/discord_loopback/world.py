"""What there is in Discord: guilds, channels, users, messages; and how the bot is told about them."""

import itertools
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime

from tests.discord_loopback.pulse import Clock, Pulse
from tests.discord_loopback.rules import BUTTON, EPHEMERAL, LINK, LOADING, TEXT, Json, walk

VIEW, SEND, EMBED_LINKS, ATTACH_FILES = 1 << 10, 1 << 11, 1 << 14, 1 << 15
READ_HISTORY, USE_COMMANDS, START_THREADS, SEND_IN_THREADS = 1 << 16, 1 << 31, 1 << 35, 1 << 38
ADMINISTRATOR, MANAGE_GUILD = 1 << 3, 1 << 5
MEMBER = VIEW | SEND | EMBED_LINKS | ATTACH_FILES | READ_HISTORY | USE_COMMANDS | START_THREADS | SEND_IN_THREADS
TEXT_CHANNEL, PRIVATE_CHANNEL, PUBLIC_THREAD = 0, 1, 11


def moment(snowflake: int) -> str:
    """When an id was made, in ISO 8601."""
    return datetime.fromtimestamp(((snowflake >> 22) + 1_420_070_400_000) / 1000, UTC).isoformat()


@dataclass(frozen=True, slots=True)
class Upload:
    """A file on a message or in a command's option."""

    filename: str
    content: bytes
    content_type: str = "application/octet-stream"
    id: int = 0

    def payload(self, base: str) -> Json:
        """As an attachment, at the server's address."""
        url = f"{base}/attachments/1/{self.id}/{self.filename}"
        named = {"id": str(self.id), "filename": self.filename, "content_type": self.content_type}
        return {**named, "size": len(self.content), "url": url, "proxy_url": url}


@dataclass(frozen=True, slots=True)
class Role:
    """A guild's role."""

    id: int
    name: str
    permissions: int

    def payload(self) -> Json:
        """As in GUILD_CREATE."""
        named = {"id": str(self.id), "name": self.name, "permissions": str(self.permissions)}
        plain = {"color": 0, "hoist": False, "managed": False, "mentionable": True, "position": 1, "flags": 0}
        return {**named, **plain, "colors": {"primary_color": 0, "secondary_color": None, "tertiary_color": None}}


@dataclass(slots=True, eq=False)
class User:
    """An account: a person's, or the bot's. One that is `closed` takes no direct messages."""

    id: int
    name: str
    bot: bool = False
    guild: "Guild | None" = None
    permissions: int = MEMBER
    roles: tuple[Role, ...] = ()
    closed: bool = False

    @property
    def mention(self) -> str:
        """The words that ping them."""
        return f"<@{self.id}>"

    def payload(self) -> Json:
        """As a user."""
        named = {"id": str(self.id), "username": self.name.lower(), "global_name": self.name, "discriminator": "0"}
        return {**named, "avatar": None, "bot": self.bot, "public_flags": 0}

    def member(self) -> Json:
        """As a member of their guild, without the user."""
        roles = [str(role.id) for role in self.roles]
        plain = {"joined_at": moment(self.id), "deaf": False, "mute": False, "flags": 0, "nick": None, "pending": False}
        return {"roles": roles, "permissions": str(self.permissions), **plain}


@dataclass(slots=True, eq=False)
class Channel:
    """A guild's channel, a thread in one (`parent`), or a direct conversation (`recipient`)."""

    id: int
    name: str
    pulse: Pulse
    guild: "Guild | None" = None
    parent: "Channel | None" = None
    recipient: User | None = None
    bot_permissions: int = MEMBER
    messages: "list[Message]" = field(default_factory=list)
    threads: "list[Channel]" = field(default_factory=list)
    typing: list[float] = field(default_factory=list)

    def payload(self) -> Json:
        """As in GUILD_CREATE, THREAD_CREATE and interactions."""
        last = str(self.messages[-1].id) if self.messages else None
        named: Json = {"id": str(self.id), "name": self.name, "last_message_id": last, "flags": 0}
        if self.guild is None:
            assert self.recipient is not None
            return {**named, "type": PRIVATE_CHANNEL, "recipients": [self.recipient.payload()]}
        named |= {"guild_id": str(self.guild.id), "permissions": str(MEMBER), "rate_limit_per_user": 0}
        if self.parent is None:
            named |= {"position": 0, "nsfw": False, "topic": None, "parent_id": None}
            denied = str(MEMBER & ~self.bot_permissions)
            named["permission_overwrites"] = [{"id": str(self.guild.id), "type": 0, "allow": "0", "deny": denied}]
            return {**named, "type": TEXT_CHANNEL}
        life = {"archived": False, "auto_archive_duration": 1440, "archive_timestamp": moment(self.id), "locked": False}
        counts = {"message_count": len(self.messages), "total_message_sent": len(self.messages), "member_count": 2}
        named |= {"parent_id": str(self.parent.id), "owner_id": str(self.guild.bot.id), "thread_metadata": life}
        return {**named, **counts, "type": PUBLIC_THREAD}


@dataclass(slots=True, eq=False)
class Guild:
    """A server, as people call it, with the bot if it is `installed`. Channels are attributes too: `guild.general`."""

    id: int
    name: str
    bot: User
    clock: Clock
    pulse: Pulse
    announce: Callable[[str, Json], None]
    channels: dict[str, Channel] = field(default_factory=dict)
    roles: dict[str, Role] = field(default_factory=dict)
    installed: bool = True

    def __getattr__(self, name: str) -> Channel:
        try:
            return self.channels[name]
        except KeyError:
            raise AttributeError(f"no channel {name!r} in this guild") from None

    def channel(self, name: str, bot_permissions: int = MEMBER) -> Channel:
        """A new channel."""
        made = Channel(self.clock.snowflake(), name, self.pulse, guild=self, bot_permissions=bot_permissions)
        self.channels[name] = made
        self.announce("CHANNEL_CREATE", made.payload())
        return made

    def role(self, name: str, permissions: int = MEMBER) -> Role:
        """The role of this name, made if there is none yet."""
        if name not in self.roles:
            self.roles[name] = Role(self.clock.snowflake(), name, permissions)
            self.announce("GUILD_ROLE_CREATE", {"guild_id": str(self.id), "role": self.roles[name].payload()})
        return self.roles[name]

    def payload(self) -> Json:
        """As in GUILD_CREATE."""
        everyone = Role(self.id, "@everyone", MEMBER)
        return {
            "id": str(self.id),
            "name": self.name,
            "unavailable": False,
            "owner_id": "1",
            "member_count": 2,
            "roles": [role.payload() for role in (everyone, *self.roles.values())],
            "channels": [channel.payload() for channel in self.channels.values()],
            "threads": [thread.payload() for channel in self.channels.values() for thread in channel.threads],
            "members": [{**self.bot.member(), "user": self.bot.payload()}],
            "emojis": [],
            "features": [],
            "system_channel_flags": 0,
            "preferred_locale": "en-GB",
        }


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
    """A message, with all its earlier versions."""

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
