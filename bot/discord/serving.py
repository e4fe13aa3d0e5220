"""From settings to a serving bot, and its end: one sentence where it cannot start, status 0 where it is told to."""

import asyncio
import logging
import os
import signal
import sys
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import NoReturn

import aiohttp
import discord

from bot.assistant import Assistant, Indexer, add_articles, open_checker
from bot.discord import health as endpoint
from bot.discord.catalogue import Catalogue
from bot.discord.client import INTENTS, DatelineClient, Parts
from bot.discord.databases import LEDGER
from bot.discord.desk import PATIENCE_SECONDS, Answers, Desk
from bot.discord.following import Followers
from bot.discord.health import Health
from bot.discord.jobs import Jobs, Upkeep
from bot.discord.ledger import Ledger
from bot.discord.logs import RECORD, event
from bot.discord.queue import Queue
from bot.following.questions import FollowedQuestions
from bot.serving import TOKEN_VARIABLE
from bot.settings import Settings
from retrieval.adding import AddReport
from retrieval.errors import ConfigError, DatelineError
from retrieval.progress import Progress, silent
from retrieval.types import IndexReport

REFUSED_TOKEN = 4004
REFUSED_INTENTS = (4013, 4014)


@dataclass(frozen=True, slots=True)
class Library:
    """`bot.discord.jobs.Upkeep` of the configured corpus."""

    settings: Settings
    indexer: Indexer

    def refresh(self, progress: Progress) -> IndexReport:
        """See `Upkeep`."""
        return self.indexer.refresh(progress)

    def add(self, names: Sequence[str]) -> AddReport:
        """See `Upkeep`."""
        return add_articles(self.settings, names)


def assembled(settings: Settings, assistant: Answers, upkeep: Upkeep) -> Parts:
    """The parts of a client over the configured folders. Raises StoreError."""
    health = Health()
    queue = Queue(settings.discord.queue_size, PATIENCE_SECONDS)
    kept = settings.storage.path, settings.storage.url
    ledger = Ledger.open(settings.storage.path / LEDGER, settings.storage.url)
    return Parts(
        desk=Desk(assistant, ledger, queue, health, settings.discord),
        queue=queue,
        ledger=ledger,
        jobs=Jobs(upkeep),
        catalogue=Catalogue(assistant.sources),
        status=assistant.status,
        health=health,
        followers=Followers(
            lambda: FollowedQuestions.find(*kept),
            lambda: open_checker(settings, FollowedQuestions.open(*kept), silent),
            assistant.ask,
            lambda: assistant.sources().generation,
        ),
        settings=settings.discord,
        folder=settings.storage.path,
    )


def serve(settings: Settings, token: str, sync: bool) -> None:
    """Loads the models, then serves until SIGTERM or SIGINT. Raises DatelineError."""
    assistant = Assistant.open(settings, silent)
    library = Library(settings, Indexer.open(settings, silent))
    asyncio.run(_serve(assembled(settings, assistant, library), token, settings.discord.health_port, sync))


async def _serve(parts: Parts, token: str, port: int, sync: bool) -> None:
    client = DatelineClient(parts, sync)
    leaving = asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(number, leaving.set)
    async with _watched(parts.health, port):
        running = asyncio.create_task(run(client, token))
        asked_to = asyncio.create_task(leaving.wait())
        await asyncio.wait({running, asked_to}, return_when=asyncio.FIRST_COMPLETED)
        asked_to.cancel()
        try:
            if running.done():
                await running
            else:
                await client.leave()
                # interrupted while it logs in it fails, and that is as it should be
                running.cancel()
                await asyncio.gather(running, return_exceptions=True)
        finally:
            if not client.is_closed():
                await client.close()
    RECORD.info(event("left"))
    if parts.queue.depth or parts.jobs.stage is not None:
        _end()


async def run(client: discord.Client, token: str) -> None:
    """Connects, and returns when the client is closed. Raises ConfigError and DatelineError."""
    try:
        await client.start(token)
    except discord.LoginFailure as error:
        raise _refused_token() from error
    except discord.PrivilegedIntentsRequired as error:
        raise _refused_intents() from error
    except discord.ConnectionClosed as error:
        if error.code == REFUSED_TOKEN:
            raise _refused_token() from error
        if error.code in REFUSED_INTENTS:
            raise _refused_intents() from error
        raise DatelineError(f"Discord ended the connection with code {error.code}; try again.") from error
    except discord.HTTPException as error:
        raise DatelineError(
            f"Discord answers with HTTP status {error.status}; wait a few minutes and try again."
        ) from error
    except (discord.GatewayNotFound, aiohttp.ClientError, OSError) as error:
        raise DatelineError(
            f"Discord cannot be reached ({str(error) or type(error).__name__}); check the network and try again."
        ) from error


@asynccontextmanager
async def _watched(health: Health, port: int) -> AsyncIterator[None]:
    runner = await endpoint.serve(health, port) if port else None
    try:
        yield
    finally:
        if runner is not None:
            await runner.cleanup()


def _refused_token() -> ConfigError:
    return ConfigError(
        f"Discord refused the token in {TOKEN_VARIABLE}; copy it again from the page “Bot” of the application, where "
        "“Reset Token” makes one."
    )


def _refused_intents() -> ConfigError:
    names = ", ".join(name for name, on in INTENTS if on)
    return ConfigError(
        f"Discord refused the intents {names}, none of which is privileged; check on the page “Bot” of the application "
        "that it is a bot and not limited."
    )


def _end() -> NoReturn:
    """Ends the process though a thread of it is still at work; no kill harms the store."""
    logging.shutdown()
    for stream in (sys.stdout, sys.stderr):
        stream.flush()
    os._exit(0)
