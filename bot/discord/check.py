"""`dateline discord --check`: checks all that the bot needs, one by one, without serving."""

import asyncio
import os
import time
from collections import defaultdict
from collections.abc import AsyncIterator, Callable, Iterable, Iterator
from contextlib import suppress
from functools import partial

import discord

from bot.assistant import Assistant, store_status
from bot.discord import health
from bot.discord.connection import INTENTS, connect
from bot.discord.ledger import LEDGER, Ledger
from bot.discord.requests import FAILURES
from bot.doctor.types import Finding
from bot.mends import terminal_message
from bot.overview import contents
from bot.phrases import counted, listed
from bot.settings import DiscordSettings, Settings
from retrieval.errors import CorpusError, DatelineError, StoreError
from retrieval.progress import silent

READY_SECONDS = 60.0
QUESTION = "Who attended the meeting?"

# where messages can be written, and what the bot answers in: a forum has messages only in its posts, which are threads
Speaking = discord.TextChannel | discord.VoiceChannel | discord.StageChannel
Writable = Speaking | discord.ForumChannel | discord.Thread
NEEDED = ("view_channel", "send_messages", "send_messages_in_threads", "embed_links", "read_message_history")
SPEAKING = frozenset(NEEDED) - {"send_messages_in_threads"}
IN_THREADS = frozenset(NEEDED) - {"send_messages"}


ok, problem = partial(Finding, "Discord", "ok"), partial(Finding, "Discord", "problem")


def findings(settings: Settings, token: Callable[[], str]) -> Iterator[Finding]:
    """What is found, as it is found; the configuration has been read already. `token` raises ConfigError without."""
    yield ok("The configuration can be read.")
    if not settings.discord.guilds and not settings.discord.admin_roles:
        yield ok("Nobody may use /dateline add and refresh: [discord] guilds and admin_roles are empty.")
    try:
        status = store_status(settings)
        yield ok(f"The index exists: generation {status.generation}, {contents(status)}.")
        began = time.perf_counter()
        assistant = Assistant.open(settings, silent)
        loaded = time.perf_counter()
        assistant.ask(QUESTION)
        answered = time.perf_counter()
        yield ok(f"The models load in {loaded - began:.1f} s and answer in {answered - loaded:.1f} s.")
    except DatelineError as error:
        yield problem(terminal_message(error))
    yield _tried(lambda: _corpus(settings))
    yield _tried(lambda: _ledger(settings))
    if settings.discord.health_port:
        yield _tried(lambda: asyncio.run(_port(settings.discord.health_port)))
    try:
        yield from asyncio.run(_connected(settings.discord, token()))
    except DatelineError as error:
        yield problem(terminal_message(error))


async def check_servers(client: discord.Client, settings: DiscordSettings) -> AsyncIterator[Finding]:
    """Settings that name nothing in Discord, and permissions that the bot lacks.

    Raises one of FAILURES.
    """
    served = [guild for guild in client.guilds if not settings.guilds or guild.id in settings.guilds]
    for id in settings.guilds:
        if client.get_guild(id) is None:
            yield _unknown("server", id, "guilds", "has not invited the bot")
    if not client.guilds and not settings.user_install:
        yield problem("No server has invited the bot; docs/discord.md has the link.")
    named: dict[int, object] = dict.fromkeys(settings.channels)
    for id in named:
        # a thread that is archived is not among what Discord tells of
        with suppress(discord.NotFound, discord.Forbidden, discord.InvalidData):
            named[id] = client.get_channel(id) or await client.fetch_channel(id)
        yield _configured(named[id], id, settings)
    homes = {channel.guild.id for channel in named.values() if isinstance(channel, Writable)}
    for guild in served:
        if guild.unavailable:
            yield problem(f"The server {guild.id} cannot be reached just now; check again when Discord has it.")
        elif not settings.channels:
            for finding in _server(guild):
                yield finding
        elif guild.id not in homes:
            yield ok(f"No question is answered in {guild.name}: none of [discord] channels is in it.")
    for id in settings.admin_roles:
        found = [(role, guild) for guild in served if (role := guild.get_role(id)) is not None]
        for role, guild in found:
            yield ok(f"In {guild.name} the role {role.name} may run the bot.")
        if not found:
            yield _unknown("role", id, "admin_roles", "is in no server that the bot serves")


def missing_permissions(channel: Writable, threads: bool = True) -> str:
    """The permissions that the bot lacks in a channel, and in its threads too if they count: "embed links"."""
    needed = SPEAKING if isinstance(channel, Speaking) else IN_THREADS
    if threads and isinstance(channel, discord.TextChannel):
        needed |= IN_THREADS
    place = channel.parent if isinstance(channel, discord.Thread) else channel
    granted = discord.Permissions.none()
    if place is not None:
        # the channel's own method takes more away where nothing can be sent, and that can be used in threads
        granted = discord.abc.GuildChannel.permissions_for(place, channel.guild.me)
    return _words(name for name in NEEDED if name in needed and not getattr(granted, name))


def _server(guild: discord.Guild) -> Iterator[Finding]:
    """Where in a server the bot can answer; private channels are left out."""
    seen = [c for c in guild.channels if isinstance(c, Writable) and "view channel" not in missing_permissions(c)]
    usable = [channel for channel in seen if not missing_permissions(channel, threads=False)]
    if not usable:
        needs = _words(name for name in NEEDED if name in SPEAKING)
        yield problem(
            f"In {guild.name} there is no channel in which the bot can answer; it needs the permissions {needs}."
        )
        return
    yield ok(f"In {guild.name} the bot can answer in {counted(len(usable), 'channel')}.")
    lacks: defaultdict[str, list[str]] = defaultdict(list)
    for channel in seen:
        lacks[missing_permissions(channel)].append(f"#{channel.name}")
    for names, channels in lacks.items():
        if names:
            where = f"{listed(channels)} of {guild.name}"
            yield ok(f"In {where} some mentions cannot be answered in place; missing permissions: {names}.")


def _configured(channel: object, id: int, settings: DiscordSettings) -> Finding:
    """One of [discord] channels."""
    if channel is None:
        return _unknown("channel", id, "channels", "cannot be seen by the bot")
    if not isinstance(channel, Writable):
        return _unknown("channel", id, "channels", "is not a channel that messages can be written in")
    if channel.guild.unavailable:
        return problem(f"The channel {id} cannot be reached just now; check again when Discord has it.")
    name = f"#{channel.name} of {channel.guild.name}"
    if settings.guilds and channel.guild.id not in settings.guilds:
        return _unknown("channel", id, "channels", f"is {name}, a server that is not in [discord] guilds")
    if lacks := missing_permissions(channel):
        return problem(f"In {name}, one of [discord] channels, the bot lacks permissions: {lacks}.")
    return ok(f"In {name} the bot can answer.")


def _unknown(what: str, id: int, key: str, fault: str) -> Finding:
    return problem(
        f"The {what} {id} in [discord] {key} of config.toml {fault}; correct the id (“Copy {what.title()} ID” "
        f"in the {what}'s menu, in Discord's developer mode), or remove it.",
    )


def _words(permissions: Iterable[str]) -> str:
    return ", ".join(permissions).replace("_", " ")


def _tried(attempt: Callable[[], str]) -> Finding:
    try:
        return ok(attempt())
    except DatelineError as error:
        return problem(terminal_message(error))


def _corpus(settings: Settings) -> str:
    folder = settings.corpus.path
    if not folder.is_dir():
        raise CorpusError(f"The folder of articles {folder} does not exist; create it, or correct [corpus] path.")
    return f"The articles are in {folder}."


def _ledger(settings: Settings) -> str:
    path = settings.storage.path / LEDGER
    # it is not created here: the check may run as another user than the bot
    if path.exists() or settings.storage.url is not None:
        Ledger.open(path, settings.storage.url)
        return "Answers and ratings can be stored."
    there = next(folder for folder in path.absolute().parents if folder.exists())
    if not there.is_dir() or not os.access(there, os.W_OK):
        raise StoreError(
            f"{path} cannot be created in {there}; fix that folder's permissions, or correct [storage] path."
        )
    return "Answers and ratings can be stored."


async def _port(port: int) -> str:
    if await health.answers(port):
        return f"A bot is running already, and answers on health_port {port}."
    async with health.serve_health(health.Health(), port):
        return f"/health and /metrics can be answered on health_port {port}."


async def _connected(settings: DiscordSettings, token: str) -> list[Finding]:
    """What is found once the bot is connected. Raises DatelineError if that cannot be."""
    async with discord.AutoShardedClient(intents=INTENTS, chunk_guilds_at_startup=False, max_messages=None) as client:
        running = asyncio.create_task(connect(client, token))
        ready = asyncio.create_task(client.wait_until_ready())
        try:
            async with asyncio.timeout(READY_SECONDS):
                await asyncio.wait({running, ready}, return_when=asyncio.FIRST_COMPLETED)
                if running.done():
                    await running  # raises why it could not
                greeting = ok(f"Discord accepts the token (of {client.user}) and the intents.")
                return [greeting, *[finding async for finding in check_servers(client, settings)]]
        except TimeoutError as error:
            raise DatelineError(f"Discord was not ready within {READY_SECONDS:.0f} s; try again.") from error
        except FAILURES as error:
            raise DatelineError(f"Discord's answer is incomplete ({type(error).__name__}); try again.") from error
        finally:
            ready.cancel()
            await client.close()
            await asyncio.gather(running, return_exceptions=True)
