"""The client: what reaches it from Discord becomes a question for the handler, or a command.

Nothing here waits for a model, a disk or a page: that is done in threads.
"""

import asyncio
import re
import sys
from collections.abc import Iterable
from contextlib import suppress
from typing import Any

import discord

from bot.discord.admin import AdminCommands
from bot.discord.cards import notice_card
from bot.discord.commands import Tree, add_commands, answer, without_mention
from bot.discord.connection import INTENTS
from bot.discord.errors import log_error
from bot.discord.following import Following
from bot.discord.handler import Question, waiting_message
from bot.discord.logs import RECORD, event, log_store_errors
from bot.discord.parts import Parts
from bot.discord.permissions import Location, check_location
from bot.discord.refusals import TooSoonError
from bot.discord.replies import Interaction, InteractionReply, MessageReply, embed_of
from bot.discord.requests import FAILURES, PROGRESS, retry
from bot.discord.views import FORM, Act, AnswerButton, Form, StopButton, answer_in, submitted_question
from retrieval.errors import UsageError
from retrieval.types import EVERYTHING

INTERRUPTED = "Dateline was interrupted before it could answer; ask again."
# answers are kept so many days for their buttons; what somebody rated stays
KEPT_DAYS = 90
DAY_SECONDS = 86_400.0
# a connection on which no heartbeat is acknowledged for so long is dead, and reopened; one is due every 41 s
HEARTBEAT_SECONDS = 60.0


class DatelineClient(discord.AutoShardedClient):
    """Serves as many servers as have invited it; `sync` sends Discord the commands again."""

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
        self.following = Following(self, parts)
        self.tree = Tree(self, parts)
        self._sync = sync
        self._background: list[asyncio.Task[None]] = []
        self._leaving = False
        parts.health.ready = self.serving

    def serving(self) -> bool:
        """Whether questions are taken: every shard is connected, and nobody has asked the bot to leave."""
        connected = self.shards and not any(shard.is_closed() for shard in self.shards.values())
        return bool(connected) and self.is_ready() and not self._leaving

    async def setup_hook(self) -> None:
        """Called by discord.py after the login, before the connection. Raises DatelineError."""
        parts = self.parts
        self.add_dynamic_items(AnswerButton, StopButton)
        add_commands(self.tree, parts, self.following)
        self.tree.add_command(AdminCommands(parts, self.following))
        await self.tree.sync_changed(self._sync)
        await parts.catalogue.read()
        parts.health.seen(parts.catalogue.generation)
        pending = await asyncio.to_thread(parts.ledger.pending)
        self._background = [asyncio.create_task(self._tidy(pending)), asyncio.create_task(self.following.run())]

    async def on_ready(self) -> None:
        """Called by discord.py when all servers are known, and again after a session was lost."""
        RECORD.info(event("ready", name=self.user, servers=len(self.guilds), shards=len(self.shards)))

    async def on_message(self, message: discord.Message) -> None:
        """Called by discord.py. A mention of the bot, or a private message, asks."""
        # "… added Dateline to the thread" is a message too, and mentions it
        if self.user is None or message.author.bot or message.is_system():
            return
        # Discord offers the role with the bot's name beside it; the roles of a server are sorted at each look
        own_role = message.guild.self_role if message.guild is not None and message.role_mentions else None
        by_role = own_role is not None and own_role in message.role_mentions
        if message.guild is not None and self.user not in message.mentions and not by_role:
            return
        parts = self.parts
        reply = MessageReply(message, notice_card(waiting_message(0)), parts.locks, parts.ledger)
        # before the ledger is asked: a bot that leaves meanwhile does not forget this person
        async with parts.replying(reply, "mention"):
            ours = True
            with log_store_errors("take"):
                # no other process answers it; Discord itself takes one answer only to a command
                ours = await asyncio.to_thread(parts.ledger.claim, message.id)
            if not ours:
                return
            location = Location.of(message)
            check_location(parts.settings.discord, location)
            if by_role and not message.content:
                raise UsageError(
                    "Discord hides from the bot what is said to its role; mention the bot itself, or use /ask."
                )
            replied = message.reference.resolved if message.reference is not None else None
            own = replied if isinstance(replied, discord.Message) and replied.author == self.user else None
            question = Question(
                without_mention(re.sub(r"<@&\d+>", " ", message.content) if by_role else message.content, self.user),
                EVERYTHING,
                message.author.id,
                location.channel,
                reply_to=None if own is None else answer_in(own),
                server=location.guild,
                continues=location.own or isinstance(message.channel, discord.Thread),
            )
            try:
                await parts.handler.answer(question, reply)
            except TooSoonError as error:
                # one is enough: more would be a way of making the bot fill the channel
                if not error.again:
                    raise

    async def on_interaction(self, interaction: Interaction) -> None:
        """Called by discord.py for each interaction. Only forms are left to do here; they come after a restart, too."""
        data: Any = interaction.data
        if interaction.type is discord.InteractionType.modal_submit and data.get("custom_id") == FORM:
            async with self.parts.replying(InteractionReply(interaction, private=True), "ask") as reply:
                await answer(self.parts, interaction, reply, submitted_question(data), private=True)

    async def pressed(self, interaction: Interaction, act: Act, id: str, page: int) -> None:
        """Does what a button below an answer says."""
        handler = self.parts.handler
        reply = InteractionReply(interaction, private=True, turning=act == "turn")
        async with self.parts.replying(reply, act):
            # places may have been taken off the list since the answer was given
            check_location(self.parts.settings.discord, Location.of(interaction))
            if act == "private":
                await reply.open(Form())
                return
            await reply.acknowledge()
            if act in ("good", "bad"):
                await handler.rate(id, interaction.user.id, act == "good", reply)
            else:
                await handler.show_passage(id, page, reply, in_context=act == "context")

    async def on_error(self, event_method: str, /, *args: Any, **kwargs: Any) -> None:
        """Called by discord.py inside an `except`: what escaped from an event."""
        error = sys.exc_info()[1]
        if error is not None:
            log_error(error, event_method)

    async def leave(self) -> None:
        """Finishes what is running, replies to those who wait, and closes the connection."""
        self._leaving = True
        RECORD.info(event("leaving", waiting=self.parts.queue.depth))
        self.following.leave()
        await self.parts.finish()
        for task in self._background:
            task.cancel()
        await self.close()

    async def _tidy(self, pending: Iterable[tuple[int, int]]) -> None:
        for channel, message in pending:
            await self._mark_interrupted(channel, message)
        while True:
            with log_store_errors("forget"):
                await asyncio.to_thread(self.parts.ledger.delete_older_than, KEPT_DAYS)
            await asyncio.sleep(DAY_SECONDS)

    async def _mark_interrupted(self, channel: int, message: int) -> None:
        """Edits a message that was to become an answer before a restart."""
        posted = self.get_partial_messageable(channel).get_partial_message(message)
        with suppress(*FAILURES):
            await retry(lambda: posted.edit(embed=embed_of(notice_card(INTERRUPTED))), PROGRESS)
        with log_store_errors("clear_pending"):
            await asyncio.to_thread(self.parts.ledger.clear_pending, message)
