"""Where questions are answered, and who may run the bot: a refusal, or nothing."""

from dataclasses import dataclass

import discord

from bot.discord.refusals import CannotWriteError, NotAllowedError, NotHereError, NotNamedError
from bot.discord.replies import Interaction
from bot.settings import DiscordSettings


@dataclass(frozen=True, slots=True)
class Location:
    """Where somebody asks: ids, None for `guild` outside servers, `parent` the channel of a thread.

    `own` is the private conversation with the bot itself; `installed` says that the server has the bot, and not only
    the person who asks.
    """

    guild: int | None
    channel: int
    parent: int | None = None
    own: bool = False
    installed: bool = True

    @classmethod
    def of(cls, source: Interaction | discord.Message) -> "Location":
        """Where an interaction or a message comes from."""
        parent = getattr(source.channel, "parent_id", None)
        if isinstance(source, discord.Message):
            guild = None if source.guild is None else source.guild.id
            return cls(guild, source.channel.id, parent, own=guild is None)
        installed = source.is_guild_integration() or not source.is_user_integration()
        return cls(source.guild_id, source.channel_id or 0, parent, source.context.dm_channel, installed)


@dataclass(frozen=True, slots=True)
class Member:
    """What somebody may do in a server: ids of their roles, and whether they may manage it."""

    roles: frozenset[int]
    manages: bool

    @classmethod
    def of(cls, interaction: Interaction) -> "Member":
        """The person of an interaction."""
        roles = frozenset(role.id for role in getattr(interaction.user, "roles", ()))
        return cls(roles, interaction.permissions.manage_guild or interaction.permissions.administrator)


def check_location(settings: DiscordSettings, location: Location) -> None:
    """Raises NotHereError where questions are not answered."""
    if location.guild is None:
        if location.own and not settings.direct_messages:
            raise NotHereError("Dateline does not answer private messages; ask in a channel of a server.")
        if not location.own and not settings.user_install:
            raise NotHereError("Dateline does not answer in conversations that it is not part of; ask it in a server.")
        return
    if not location.installed:
        if not settings.user_install:
            raise NotHereError("Dateline answers only in servers that have invited it.")
        return  # the lists below are of those servers
    if settings.guilds and location.guild not in settings.guilds:
        raise NotHereError("Dateline does not serve this server.")
    if settings.channels and not {location.channel, location.parent} & set(settings.channels):
        named = ", ".join(f"<#{channel}>" for channel in settings.channels[:10])
        raise NotHereError(f"Dateline answers in {named} only.")


def check_operator(settings: DiscordSettings, location: Location, member: Member, *, changes: bool) -> int:
    """The server. Raises NotAllowedError, NotHereError or NotNamedError for anyone who does not run the bot.

    A server that is not served has its own managers, who have no say over these articles. Nor has one that has merely
    invited the bot where the command `changes` what all servers share.
    """
    if location.guild is None or not location.installed:
        raise NotAllowedError
    if settings.guilds and location.guild not in settings.guilds:
        raise NotHereError("Dateline does not serve this server.")
    if not member.roles & set(settings.admin_roles):
        if not member.manages:
            raise NotAllowedError
        if changes and not settings.guilds:
            raise NotNamedError(location.guild)
    return location.guild


def check_posting(interaction: Interaction) -> None:
    """Raises CannotWriteError where the bot could not post news later."""
    may = interaction.app_permissions
    in_thread = isinstance(interaction.channel, discord.Thread)
    writes = may.send_messages_in_threads if in_thread else may.send_messages
    if not (Location.of(interaction).installed and may.view_channel and writes and may.embed_links):
        raise CannotWriteError
