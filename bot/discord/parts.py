"""The parts of the bot that commands, mentions and buttons share, and its unfinished work."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from typing import TypeVar

from bot.assistant import Assistant, Indexer
from bot.discord.catalogue import Catalogue
from bot.discord.errors import report_error
from bot.discord.handler import QuestionHandler
from bot.discord.health import Health
from bot.discord.jobs import Jobs
from bot.discord.ledger import LEDGER, Ledger
from bot.discord.queue import Queue
from bot.discord.replies import Reply
from bot.discord.requests import ChannelLocks
from bot.settings import Settings

R = TypeVar("R", bound=Reply)
# to tell those who wait in one channel, of whom Discord takes about one a second; systemd allows 90 in all
FAREWELL_SECONDS = 45.0


@dataclass(frozen=True, slots=True)
class Parts:
    """The parts that make up the client; `tasks` are those that people wait for."""

    settings: Settings
    assistant: Assistant
    indexer: Indexer
    handler: QuestionHandler
    queue: Queue
    ledger: Ledger
    catalogue: Catalogue
    health: Health
    jobs: Jobs = field(default_factory=Jobs)
    locks: ChannelLocks = field(default_factory=ChannelLocks)
    tasks: set["asyncio.Task[None]"] = field(default_factory=set)

    @classmethod
    def open(cls, settings: Settings, assistant: Assistant, indexer: Indexer) -> "Parts":
        """Those over the configured folders. Raises StoreError."""
        folder, health = settings.storage.path, Health()
        queue = Queue(settings.discord.queue_size)
        ledger = Ledger.open(folder / LEDGER, settings.storage.url)
        health.depth = lambda: queue.depth
        handler = QuestionHandler(assistant, ledger, queue, health, settings.discord)
        return cls(settings, assistant, indexer, handler, queue, ledger, Catalogue(assistant.sources), health)

    @asynccontextmanager
    async def replying(self, reply: R, doing: str, operator: bool = False) -> AsyncIterator[R]:
        """Reports errors inside to the person, to an `operator` precisely; the bot does not exit before that."""
        task = asyncio.current_task()
        assert task is not None
        self.tasks.add(task)
        try:
            try:
                yield reply
            # the last resort, where every error ends: not one may be lost, or somebody waits for ever
            except Exception as error:
                await report_error(error, reply, doing, operator)
            await reply.settle()
        finally:
            self.tasks.discard(task)

    async def finish(self) -> None:
        """Takes no more work, finishes what is running, and waits until everybody has a reply."""
        self.jobs.stop()
        await self.queue.close()
        with suppress(TimeoutError):
            async with asyncio.timeout(FAREWELL_SECONDS):
                while self.tasks:
                    await asyncio.wait(set(self.tasks))
