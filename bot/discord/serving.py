"""Runs the bot from the settings until it is stopped."""

import asyncio
import logging
import os
import signal
import sys

from bot.assistant import Assistant, Indexer
from bot.discord.client import DatelineClient
from bot.discord.connection import connect
from bot.discord.health import serve_health
from bot.discord.logs import RECORD, event
from bot.discord.parts import Parts
from bot.settings import Settings
from retrieval.progress import silent


def serve(settings: Settings, token: str, sync: bool) -> None:
    """Loads the models, then serves until SIGTERM or SIGINT. Raises DatelineError."""
    # All cores read: with one of two kept free for the event loop, that is up to 25 ms late all the same, and an answer
    # takes 1.6 times as long
    assistant, indexer = Assistant.open(settings, silent), Indexer.open(settings, silent)
    asyncio.run(_serve(Parts.open(settings, assistant, indexer), token, sync))


async def _serve(parts: Parts, token: str, sync: bool) -> None:
    client = DatelineClient(parts, sync)
    leaving = asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(number, leaving.set)
    async with serve_health(parts.health, parts.settings.discord.health_port):
        running = asyncio.create_task(connect(client, token))
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
        # a thread is still at work; no kill harms the store
        logging.shutdown()
        for stream in (sys.stdout, sys.stderr):
            stream.flush()
        os._exit(0)
