"""What there is in Discord: files, roles, accounts, channels, threads and guilds; a `payload` is as the bot gets it."""

from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from tests.discord_loopback.rules import ApiError, Json

if TYPE_CHECKING:
    from tests.discord_loopback.messages import Message
    from tests.discord_loopback.server import Loopback

VIEW, SEND, EMBED_LINKS, READ_HISTORY, SEND_IN_THREADS = 1 << 10, 1 << 11, 1 << 14, 1 << 16, 1 << 38
MANAGE_GUILD = 1 << 5
MEMBER = VIEW | SEND | EMBED_LINKS | READ_HISTORY | SEND_IN_THREADS


def moment(snowflake: int) -> str:
    """When an id was made, in ISO 8601."""
    return datetime.fromtimestamp(((snowflake >> 22) + 1_420_070_400_000) / 1000, UTC).isoformat()


@dataclass(frozen=True, slots=True)
class Upload:
    """A file on a message or in a command's option."""

    filename: str
    content: bytes

    def payload(self, discord: "Loopback") -> Json:
        """With an address, where the bot can fetch it."""
        number = discord.snowflake()
        discord.uploads[number] = self
        url = f"http://{discord.host}/attachments/{number}"
        return {"id": str(number), "filename": self.filename, "size": len(self.content), "url": url, "proxy_url": url}


@dataclass(frozen=True, slots=True)
class Role:
    """A guild's role; Discord makes one for a bot that joins, of its name: `bot` is whose."""

    id: int
    name: str
    bot: int | None = None

    def payload(self) -> Json:
        tags = {} if self.bot is None else {"tags": {"bot_id": str(self.bot)}}
        return {"id": str(self.id), "name": self.name, "permissions": str(MEMBER), **tags}


@dataclass(slots=True, eq=False)
class User:
    """An account: a person's, or the bot's. One that is `closed` takes no direct messages."""

    discord: "Loopback"
    name: str
    bot: bool = False
    permissions: int = MEMBER
    roles: tuple[Role, ...] = ()
    closed: bool = False
    id: int = field(init=False)

    def __post_init__(self) -> None:
        self.id = self.discord.snowflake()
        self.discord.users[self.id] = self

    @property
    def mention(self) -> str:
        """The words that ping them."""
        return f"<@{self.id}>"

    @property
    def direct(self) -> "Channel":
        """Their direct conversation with the bot."""
        known = (one for one in self.discord.channels.values() if one.recipient is self)
        return next(known, None) or Channel(self.discord, self.name, recipient=self)

    def payload(self) -> Json:
        return {"id": str(self.id), "username": self.name, "discriminator": "0", "avatar": None, "bot": self.bot}

    def member(self) -> Json:
        """As a member of a guild, without the user."""
        roles = [str(role.id) for role in self.roles]
        return {"roles": roles, "permissions": str(self.permissions), "joined_at": moment(self.id), "flags": 0}


@dataclass(slots=True, eq=False)
class Channel:
    """A guild's channel, a thread in one (`parent`), or a direct conversation (`recipient`).

    What is not among the bot's permissions there it may not do. A `locked` thread takes nothing more.
    """

    discord: "Loopback"
    name: str
    bot_permissions: int = MEMBER
    guild: "Guild | None" = None
    parent: "Channel | None" = None
    recipient: User | None = None
    locked: bool = False
    id: int = field(init=False)
    messages: "list[Message]" = field(default_factory=list)

    def __post_init__(self) -> None:
        self.id = self.discord.snowflake()
        self.discord.channels[self.id] = self

    def lock(self) -> None:
        """Closes a thread, so that only a moderator may open it again."""
        self.locked = True
        self.discord.dispatch("THREAD_UPDATE", self.payload())

    def check_write(self, data: Json) -> None:
        """Raises ApiError where the bot cannot write this."""
        needed = (SEND if self.parent is None else SEND_IN_THREADS) | (EMBED_LINKS if data.get("embeds") else 0)
        if self.bot_permissions & needed != needed:
            raise ApiError(403, 50013, "Missing Permissions", fair=True)
        if self.recipient is not None and self.recipient.closed:
            raise ApiError(403, 50007, "Cannot send messages to this user", fair=True)
        if data.get("message_reference") and not self.bot_permissions & READ_HISTORY:
            raise ApiError(403, 160002, "Cannot reply without permission to read message history", fair=True)

    def payload(self) -> Json:
        named: Json = {"id": str(self.id), "name": self.name, "type": 0, "position": 0}
        if self.recipient is not None:
            return {**named, "type": 1, "recipients": [self.recipient.payload()]}
        assert self.guild is not None
        named["guild_id"] = str(self.guild.id)
        if self.parent is not None:
            life = {"archived": self.locked, "locked": self.locked, "auto_archive_duration": 1440}
            named |= {
                "type": 11,
                "parent_id": str(self.parent.id),
                "owner_id": "1",
                "message_count": 1,
                "member_count": 2,
            }
            return {**named, "thread_metadata": {**life, "archive_timestamp": moment(self.id)}}
        denied = {"id": str(self.guild.id), "type": 0, "allow": "0", "deny": str(MEMBER & ~self.bot_permissions)}
        return {**named, "permission_overwrites": [denied]}


@dataclass(slots=True, eq=False)
class Guild:
    """A server, as people call it, with a first channel."""

    discord: "Loopback"
    name: str
    id: int = field(init=False)
    general: Channel = field(init=False)
    roles: dict[str, Role] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.id = self.discord.snowflake()
        self.discord.guilds[self.id] = self
        self.general = self.channel("general")

    def channel(self, name: str, bot_permissions: int = MEMBER, parent: Channel | None = None) -> Channel:
        """A new channel, or a thread in one."""
        made = Channel(self.discord, name, bot_permissions, self, parent)
        self.discord.dispatch("CHANNEL_CREATE" if parent is None else "THREAD_CREATE", made.payload())
        return made

    def role(self, name: str) -> Role:
        """The role of this name, made if there is none yet; one of the bot's name is its own."""
        if name not in self.roles:
            bot = self.discord.bot
            self.roles[name] = made = Role(self.discord.snowflake(), name, bot.id if name == bot.name else None)
            self.discord.dispatch("GUILD_ROLE_CREATE", {"guild_id": str(self.id), "role": made.payload()})
        return self.roles[name]

    def payload(self) -> Json:
        bot, ours = self.discord.bot, [one for one in self.discord.channels.values() if one.guild is self]
        roles = (Role(self.id, "@everyone"), *self.roles.values())
        named = {"id": str(self.id), "name": self.name, "owner_id": "1", "member_count": 2}
        return {
            **named,
            "roles": [role.payload() for role in roles],
            "channels": [one.payload() for one in ours if one.parent is None],
            "threads": [one.payload() for one in ours if one.parent is not None],
            "members": [{**bot.member(), "user": bot.payload()}],
        }
