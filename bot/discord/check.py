"""`dateline discord --check`: all that the bot needs, tried one by one, without serving anybody."""

import asyncio
import time
from collections.abc import Iterator
from dataclasses import dataclass

import discord

from bot.assistant import Assistant, store_status
from bot.discord.client import INTENTS
from bot.discord.serving import run
from bot.overview import contents
from bot.settings import DiscordSettings, Settings
from retrieval.errors import DatelineError
from retrieval.progress import silent

NEEDED = discord.Permissions(
    view_channel=True,
    send_messages=True,
    send_messages_in_threads=True,
    embed_links=True,
    read_message_history=True,
)
READY_SECONDS = 60.0
QUESTION = "Who attended the meeting?"


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing that was tried, in a sentence."""

    fine: bool
    what: str


def findings(settings: Settings, token: str) -> Iterator[Finding]:
    """What is found, as it is found; the configuration has been read already."""
    yield Finding(True, "The configuration can be read.")
    try:
        status = store_status(settings)
        yield Finding(True, f"The index is there: generation {status.generation}, {contents(status)}.")
        began = time.perf_counter()
        assistant = Assistant.open(settings, silent)
        loaded = time.perf_counter()
        assistant.ask(QUESTION)
        answered = time.perf_counter()
        yield Finding(True, f"The models load in {loaded - began:.1f} s and answer in {answered - loaded:.1f} s.")
    except DatelineError as error:
        yield Finding(False, str(error))
    try:
        yield from asyncio.run(_connected(settings.discord, token))
    except DatelineError as error:
        yield Finding(False, str(error))


class _Visitor(discord.AutoShardedClient):
    """Connects, looks around, and leaves."""

    def __init__(self, settings: DiscordSettings) -> None:
        super().__init__(intents=INTENTS, chunk_guilds_at_startup=False, max_messages=None)
        self._settings = settings
        self.findings: list[Finding] = []

    async def on_ready(self) -> None:
        """Called by discord.py when all servers are known."""
        self.findings.append(Finding(True, f"Discord takes the token, of {self.user}, and the intents."))
        served = [guild for guild in self.guilds if not self._settings.guilds or guild.id in self._settings.guilds]
        for id in self._settings.guilds:
            if self.get_guild(id) is None:
                self.findings.append(Finding(False, f"The server {id} of [discord] guilds has not invited the bot."))
        if not self.guilds:
            self.findings.append(Finding(False, "No server has invited the bot; README.md, “Discord”, has the link."))
        self.findings += [finding for guild in served for finding in permissions(guild, self._settings)]
        await self.close()


def permissions(guild: discord.Guild, settings: DiscordSettings) -> Iterator[Finding]:
    """What the bot may not do in the channels that it can see, or that it is meant to answer in."""
    seen = 0
    for channel in guild.text_channels:
        granted = channel.permissions_for(guild.me)
        meant = channel.id in settings.channels
        if settings.channels and not meant:
            continue
        if not granted.view_channel and not meant:
            continue  # private channels are none of the bot's business
        seen += 1
        lacking = [name.replace("_", " ") for name, needed in NEEDED if needed and not getattr(granted, name)]
        if lacking:
            yield Finding(False, f"In #{channel.name} of {guild.name} the bot lacks: {', '.join(lacking)}.")
    if not seen:
        yield Finding(False, f"The bot sees no channel of {guild.name} that it could answer in.")
    else:
        yield Finding(True, f"In {guild.name} the bot sees {seen} channel{'' if seen == 1 else 's'} to answer in.")


async def _connected(settings: DiscordSettings, token: str) -> list[Finding]:
    visitor = _Visitor(settings)
    try:
        async with asyncio.timeout(READY_SECONDS):
            await run(visitor, token)
    except TimeoutError:
        visitor.findings.append(Finding(False, f"Discord was not ready within {READY_SECONDS:.0f} s; try again."))
    finally:
        if not visitor.is_closed():
            await visitor.close()
    return visitor.findings
