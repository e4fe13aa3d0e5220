"""Where questions are answered, and who may run the bot: plain values in, a refusal out."""

from dataclasses import dataclass

from bot.discord.refusals import NotAllowedError, NotHereError, NotNamedError
from bot.settings import DiscordSettings


@dataclass(frozen=True, slots=True)
class Origin:
    """Where somebody asks: ids, None for `guild` outside servers, `parent` the channel of a thread.

    `own` is the private conversation with the bot itself; `installed` says that the server has the bot, and not only
    the person who asks.
    """

    guild: int | None
    channel: int
    parent: int | None = None
    own: bool = False
    installed: bool = True


@dataclass(frozen=True, slots=True)
class Standing:
    """What somebody may do in a server: ids of their roles, and whether they may manage it."""

    roles: frozenset[int]
    manages: bool


def check_place(settings: DiscordSettings, origin: Origin) -> None:
    """Raises NotHereError where questions are not answered."""
    if origin.guild is None:
        if origin.own and not settings.direct_messages:
            raise NotHereError("Dateline does not answer private messages; ask in a channel of a server.")
        if not origin.own and not settings.user_install:
            raise NotHereError("Dateline does not answer in conversations that it is not part of; ask it in a server.")
        return
    if not origin.installed:
        if not settings.user_install:
            raise NotHereError("Dateline answers only in servers that have invited it.")
        return  # the lists below are of those servers
    if settings.guilds and origin.guild not in settings.guilds:
        raise NotHereError("Dateline does not serve this server.")
    if settings.channels and not {origin.channel, origin.parent} & set(settings.channels):
        named = ", ".join(f"<#{channel}>" for channel in settings.channels[:10])
        raise NotHereError(f"Dateline answers in {named} only.")


def check_operator(settings: DiscordSettings, origin: Origin, standing: Standing, *, changes: bool) -> None:
    """Raises NotAllowedError, NotHereError or NotNamedError for whoever does not run the bot.

    A server that is not served has its own managers, who have no say over these articles. Nor has one that has merely
    invited the bot where the command `changes` what all servers share.
    """
    if origin.guild is None or not origin.installed:
        raise NotAllowedError
    if settings.guilds and origin.guild not in settings.guilds:
        raise NotHereError("Dateline does not serve this server.")
    if standing.roles & set(settings.admin_roles):
        return
    if not standing.manages:
        raise NotAllowedError
    if changes and not settings.guilds:
        raise NotNamedError(origin.guild)
