"""The client: what reaches it from Discord becomes a question for the desk or a job for those who run it.

Nothing here waits for a model, a disk or a page: the desk and the jobs do that in threads.
"""

import asyncio
import re
import sys
from collections.abc import AsyncIterator, Callable, Iterable
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import discord

from bot.discord import commands, syncing
from bot.discord.admin import admin_group
from bot.discord.cards import notice_card
from bot.discord.catalogue import Catalogue
from bot.discord.desk import Asked, Desk, waiting
from bot.discord.door import Origin, check_place
from bot.discord.embeds import embed_of
from bot.discord.following import Followers, Following
from bot.discord.health import Health
from bot.discord.jobs import Jobs
from bot.discord.ledger import Ledger
from bot.discord.logs import RECORD, event
from bot.discord.queue import Queue
from bot.discord.refusals import TooSoonError
from bot.discord.replies import Interaction, InteractionReply, MessageReply, Reply, origin_of
from bot.discord.requests import Lines, leniently
from bot.discord.stopping import StopButton
from bot.discord.views import FORM, Act, AnswerButton, Form, answer_id, submitted_question
from bot.discord.words import note, told
from bot.settings import DiscordSettings
from retrieval.errors import StoreError, UsageError
from retrieval.types import SearchFilter, StoreStatus

INTENTS = discord.Intents(guilds=True, guild_messages=True, dm_messages=True)
EVERYTHING = SearchFilter()
INTERRUPTED = "Dateline was interrupted before it could answer; ask again."
# answers are kept so many days for their buttons; what somebody rated stays
KEPT_DAYS = 90
DAY_SECONDS = 86_400.0
# to tell those who wait in one channel, of whom Discord takes about one a second; systemd allows 90 in all
FAREWELL_SECONDS = 45.0
# a connection on which no heartbeat is acknowledged for so long is dead, and taken up anew; one is due every 41 s
HEARTBEAT_SECONDS = 60.0


@dataclass(frozen=True, slots=True)
class Parts:
    """What the client is made of, finished.

    `folder` is where it notes which commands Discord knows.
    """

    desk: Desk
    queue: Queue
    ledger: Ledger
    jobs: Jobs
    catalogue: Catalogue
    status: Callable[[], StoreStatus]
    health: Health
    followers: Followers
    settings: DiscordSettings
    folder: Path


class DatelineClient(discord.AutoShardedClient):
    """Serves as many servers as have invited it; `sync` makes Discord learn the commands anew."""

    def __init__(self, parts: Parts, sync: bool = False) -> None:
        super().__init__(
            intents=INTENTS,
            allowed_mentions=discord.AllowedMentions.none(),
            member_cache_flags=discord.MemberCacheFlags.none(),
            chunk_guilds_at_startup=False,
            max_messages=None,
            heartbeat_timeout=HEARTBEAT_SECONDS,
        )
        self.parts = parts
        self.tree = commands.Tree(self, parts.settings)
        self._sync = sync
        self._at_work: set[asyncio.Event] = set()
        self.lines = Lines()
        self.following = Following(self, parts.followers)
        self._background: list[asyncio.Task[None]] = []
        self._leaving = False
        parts.health.ready = self.serving
        parts.health.depth = lambda: parts.queue.depth

    def serving(self) -> bool:
        """Whether questions are taken: every shard is connected, and nobody has asked the bot to leave."""
        connected = self.shards and not any(shard.is_closed() for shard in self.shards.values())
        return bool(connected) and self.is_ready() and not self._leaving

    async def setup_hook(self) -> None:
        """Called by discord.py after the login, before the connection. Raises DatelineError."""
        self.add_dynamic_items(AnswerButton, StopButton)
        commands.add_to(self.tree, self, self.parts.settings)
        self.tree.add_command(admin_group(self, self.parts.settings))
        await syncing.sync(self.tree, self.application_id, self.parts.folder, self._sync)
        await self.parts.catalogue.read()
        self.parts.health.seen(self.parts.catalogue.generation)
        left = await asyncio.to_thread(self.parts.ledger.unanswered)
        self._background = [asyncio.create_task(self._tidy(left)), asyncio.create_task(self.following.run())]

    async def on_ready(self) -> None:
        """Called by discord.py when all servers are known, and again after a session was lost."""
        RECORD.info(event("ready", name=self.user, servers=len(self.guilds), shards=len(self.shards)))

    async def on_message(self, message: discord.Message) -> None:
        """Called by discord.py. A mention of the bot, or a private message, asks."""
        user = self.user
        # "… added Dateline to the thread" is a message too, and mentions it
        if user is None or message.author.bot or message.is_system():
            return
        if message.guild is not None and user not in message.mentions and not _mentions_role_of_bot(message):
            return
        reply = MessageReply(message, notice_card(waiting(0)), self.lines, self.parts.ledger)
        # before the ledger is asked: a bot that leaves meanwhile does not forget this person
        async with self.at_work(reply, "mention"):
            if not await self._is_ours(message):
                return
            check_place(self.parts.settings, _origin_of(message))
            person, channel = message.author.id, message.channel.id
            server = None if message.guild is None else message.guild.id
            goes_on = server is None or isinstance(message.channel, discord.Thread)
            follows = self._follows(message)
            asked = Asked(self._question_in(message), EVERYTHING, person, channel, follows, server, goes_on)
            try:
                await self.parts.desk.answer(asked, reply)
            except TooSoonError as error:
                # one is enough: more would be a way of making the bot fill the channel
                if not error.again:
                    raise

    async def _is_ours(self, message: discord.Message) -> bool:
        """Whether no other process answers it; Discord itself takes one answer only to a command."""
        try:
            return await asyncio.to_thread(self.parts.ledger.take, message.id)
        except StoreError as error:
            note(error, "take")
            return True

    async def on_interaction(self, interaction: Interaction) -> None:
        """Called by discord.py for each interaction. Only forms are left to do here; they come after a restart, too."""
        data: Any = interaction.data
        if interaction.type is discord.InteractionType.modal_submit and data.get("custom_id") == FORM:
            await self.ask(interaction, submitted_question(data), EVERYTHING, private=True)

    async def ask(self, interaction: Interaction, question: str, where: SearchFilter, private: bool = False) -> None:
        """Answers a command, a context menu or a form."""
        reply = InteractionReply(interaction, private)
        async with self.at_work(reply, "ask"):
            origin = origin_of(interaction)
            check_place(self.parts.settings, origin)
            server = origin.guild if origin.installed and not private else None
            asked = Asked(
                self.unmentioned(question),
                where,
                interaction.user.id,
                origin.channel,
                server=server,
                # others could read in a later answer what was asked in private
                kept=not private,
            )
            await self.parts.desk.answer(asked, reply)

    async def pressed(self, interaction: Interaction, act: Act, answer: str, page: int) -> None:
        """Does what a button says."""
        desk = self.parts.desk
        if act == "private":
            asking = InteractionReply(interaction, private=True)
            async with self.at_work(asking, act):
                check_place(self.parts.settings, origin_of(interaction))
                await asking.open(Form())
            return
        reply = InteractionReply(interaction, private=True, turning=act == "turn")
        async with self.at_work(reply, act):
            # places may have been taken off the list since the answer was given
            check_place(self.parts.settings, origin_of(interaction))
            await reply.acknowledge()
            match act:
                case "evidence" | "turn":
                    await desk.evidence(answer, page, reply)
                case "context":
                    await desk.context(answer, page, reply)
                case "good" | "bad":
                    await desk.rate(answer, interaction.user.id, act == "good", reply)

    async def stop_following(self, interaction: Interaction, id: int) -> None:
        """Does what a button says."""
        await self.following.stop(interaction, id)

    @asynccontextmanager
    async def at_work(self, reply: Reply, doing: str, operator: bool = False) -> AsyncIterator[None]:
        """Errors inside are told to the person (see `told`), and the bot does not leave before they are."""
        done = asyncio.Event()
        self._at_work.add(done)
        try:
            async with told(reply, doing, operator):
                yield
            await reply.settle()
        finally:
            self._at_work.discard(done)
            done.set()

    async def on_error(self, event_method: str, /, *args: Any, **kwargs: Any) -> None:
        """Called by discord.py inside an `except`: what escaped from an event."""
        error = sys.exc_info()[1]
        if error is not None:
            note(error, event_method)

    async def leave(self) -> None:
        """Finishes what is running, tells those who wait, and closes the connection."""
        self._leaving = True
        RECORD.info(event("leaving", waiting=self.parts.queue.depth))
        self.parts.jobs.stop()
        self.parts.followers.leave()
        await self.parts.queue.close()
        with suppress(TimeoutError):
            async with asyncio.timeout(FAREWELL_SECONDS):
                while self._at_work:
                    await next(iter(self._at_work)).wait()
        for task in self._background:
            task.cancel()
        await self.close()

    def _question_in(self, message: discord.Message) -> str:
        """What a message asks. Raises UsageError where Discord does not show it."""
        # its role bears the bot's name and is offered beside it
        if not _mentions_role_of_bot(message):
            return self.unmentioned(message.content)
        if not message.content:
            raise UsageError(
                "Discord hides from the bot what is said to its role; mention the bot itself, or use /ask."
            )
        return self.unmentioned(re.sub(r"<@&\d+>", " ", message.content))

    def unmentioned(self, text: str) -> str:
        """A question without the bot's mention."""
        return text if self.user is None else text.replace(self.user.mention, " ").replace(f"<@!{self.user.id}>", " ")

    def _follows(self, message: discord.Message) -> str | None:
        """The id of the answer that a message replies to."""
        answered = message.reference.resolved if message.reference is not None else None
        if not isinstance(answered, discord.Message) or self.user is None or answered.author.id != self.user.id:
            return None
        return answer_id(answered)

    async def _tidy(self, left: Iterable[tuple[int, int]]) -> None:
        for channel, message in left:
            await self._excuse(channel, message)
        while True:
            try:
                await asyncio.to_thread(self.parts.ledger.forget_older_than, KEPT_DAYS)
            except StoreError as error:
                note(error, "tidy")
            await asyncio.sleep(DAY_SECONDS)

    async def _excuse(self, channel: int, message: int) -> None:
        """Ends the waiting below a question that was never answered."""
        posted = self.get_partial_messageable(channel).get_partial_message(message)
        await leniently(lambda: posted.edit(embed=embed_of(notice_card(INTERRUPTED))))
        try:
            await asyncio.to_thread(self.parts.ledger.met, message)
        except StoreError as error:
            note(error, "excuse")


def _mentions_role_of_bot(message: discord.Message) -> bool:
    # the roles of a server are sorted each time that they are asked for
    own = message.guild.self_role if message.guild is not None and message.role_mentions else None
    return own is not None and own in message.role_mentions


def _origin_of(message: discord.Message) -> Origin:
    guild = None if message.guild is None else message.guild.id
    return Origin(guild, message.channel.id, getattr(message.channel, "parent_id", None), own=guild is None)
