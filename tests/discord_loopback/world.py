"""What there is in Discord: guilds, channels, threads, users; and how the bot is told about them."""

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from tests.discord_loopback.pulse import Clock, Pulse
from tests.discord_loopback.rules import Json

if TYPE_CHECKING:
    from tests.discord_loopback.messages import Message

VIEW, SEND, EMBED_LINKS, ATTACH_FILES = 1 << 10, 1 << 11, 1 << 14, 1 << 15
READ_HISTORY, CONNECT, USE_COMMANDS, START_THREADS, SEND_IN_THREADS = 1 << 16, 1 << 20, 1 << 31, 1 << 35, 1 << 38
ADMINISTRATOR, MANAGE_GUILD = 1 << 3, 1 << 5
MEMBER = (
    VIEW | SEND | EMBED_LINKS | ATTACH_FILES | READ_HISTORY | CONNECT | USE_COMMANDS | START_THREADS | SEND_IN_THREADS
)
TEXT_CHANNEL, PRIVATE_CHANNEL, VOICE, PUBLIC_THREAD, FORUM = 0, 1, 2, 11, 15
OF_ITS_KIND: dict[int, Json] = {
    VOICE: {"bitrate": 64_000, "user_limit": 0, "rtc_region": None, "video_quality_mode": 1},
    FORUM: {
        "available_tags": [],
        "default_reaction_emoji": None,
        "default_sort_order": None,
        "default_forum_layout": 0,
    },
}


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
    """A guild's role; Discord makes one for a bot that joins, of its name: `bot` is whose."""

    id: int
    name: str
    permissions: int
    bot: int | None = None

    @property
    def mention(self) -> str:
        """What mentions everybody who has it."""
        return f"<@&{self.id}>"

    def payload(self) -> Json:
        """As in GUILD_CREATE."""
        named = {"id": str(self.id), "name": self.name, "permissions": str(self.permissions)}
        plain: Json = {"color": 0, "hoist": False, "managed": False, "mentionable": True, "position": 1, "flags": 0}
        if self.bot is not None:
            plain |= {"managed": True, "tags": {"bot_id": str(self.bot)}}
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
    """A guild's channel of some `kind`, a thread in one (`parent`), or a direct conversation (`recipient`).

    A thread that is `archived` comes back when something is written in it, unless it is `locked` too.
    """

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
    kind: int = TEXT_CHANNEL
    archived: bool = False
    locked: bool = False

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
            return {**named, **OF_ITS_KIND.get(self.kind, {}), "type": self.kind}
        life = {"archived": self.archived, "locked": self.locked, "auto_archive_duration": 1440}
        counts = {"message_count": len(self.messages), "total_message_sent": len(self.messages), "member_count": 2}
        named |= {"parent_id": str(self.parent.id), "owner_id": str(self.guild.bot.id)}
        named["thread_metadata"] = {**life, "archive_timestamp": moment(self.id)}
        return {**named, **counts, "type": PUBLIC_THREAD}

    def archive(self, archived: bool = True, locked: bool = False) -> None:
        """Closes a thread, so that only a moderator may open it again if it is `locked`; or opens it."""
        assert self.guild is not None and self.parent is not None, f"{self.name!r} is no thread"
        self.archived, self.locked = archived, locked
        self.guild.announce("THREAD_UPDATE", self.payload())


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

    def channel(self, name: str, bot_permissions: int = MEMBER, kind: int = TEXT_CHANNEL) -> Channel:
        """A new channel."""
        made = Channel(self.clock.snowflake(), name, self.pulse, guild=self, bot_permissions=bot_permissions, kind=kind)
        self.channels[name] = made
        self.announce("CHANNEL_CREATE", made.payload())
        return made

    def thread(self, channel: Channel, name: str, bot_permissions: int, thread_id: int | None = None) -> Channel:
        """A new thread in a channel, or a post in a forum; one that begins with a message has its id."""
        number = self.clock.snowflake() if thread_id is None else thread_id
        made = Channel(number, name, self.pulse, self, channel, bot_permissions=bot_permissions)
        channel.threads.append(made)
        self.announce("THREAD_CREATE", {**made.payload(), "newly_created": True})
        return made

    def role(self, name: str, permissions: int = MEMBER) -> Role:
        """The role of this name, made if there is none yet; one of the bot's name is its own."""
        if name not in self.roles:
            whose = self.bot.id if name == self.bot.name else None
            self.roles[name] = Role(self.clock.snowflake(), name, permissions, whose)
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
