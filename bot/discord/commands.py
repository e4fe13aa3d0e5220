"""The commands of members: /ask, /follow, /following, and "Ask Dateline about this" on any message."""

import hashlib
import json
import logging
import re
from typing import Any

import discord
from discord import app_commands

from bot.days import first_day, last_day
from bot.discord.following import Following
from bot.discord.handler import Question
from bot.discord.logs import RECORD, event
from bot.discord.parts import Parts
from bot.discord.permissions import Location, check_location
from bot.discord.refusals import NotHereError
from bot.discord.replies import Interaction, InteractionReply
from bot.discord.requests import FAILURES, retry
from bot.discord.text import visible
from bot.question import MAX_CHARACTERS
from retrieval.errors import DatelineError, StoreError, UsageError
from retrieval.types import EVERYTHING, SearchFilter

SYNCED = "discord-commands.sha256"
LIMITS = {
    "since": "Only articles of this day, month or year or later, such as 2024-02-20, 2024-02 or 2024",
    "until": "Only articles of this day, month or year or earlier, such as 2024-02-20, 2024-02 or 2024",
    "source": "Only articles of this source",
}
QuestionText = app_commands.Range[str, 1, MAX_CHARACTERS]

log = logging.getLogger(__name__)


class Tree(app_commands.CommandTree[Any]):
    """The commands, where they can be used, and what is said when one fails before it has begun."""

    def __init__(self, client: discord.Client, parts: Parts) -> None:
        settings = parts.settings.discord
        super().__init__(
            client,
            allowed_installs=app_commands.AppInstallationType(guild=True, user=settings.user_install),
            allowed_contexts=app_commands.AppCommandContext(
                guild=True, dm_channel=settings.direct_messages, private_channel=settings.user_install
            ),
        )
        self._parts = parts

    async def on_error(self, interaction: Interaction, error: app_commands.AppCommandError, /) -> None:
        """Called by discord.py, for example for a command whose new definition Discord does not have yet."""
        async with self._parts.replying(InteractionReply(interaction, private=True), "command"):
            raise error.original if isinstance(error, app_commands.CommandInvokeError) else error

    async def sync_changed(self, always: bool) -> None:
        """Sends Discord the definitions if they have changed since the last time, or `always`. Raises DatelineError.

        Discord allows few such calls, and remembers what it has. If it cannot take them just now, the bot serves with
        those, and tries when it starts again.
        """
        definitions = [command.to_dict(self) for command in self.get_commands()]
        text = json.dumps([self.client.application_id, definitions], sort_keys=True)
        digest, file = hashlib.sha256(text.encode()).hexdigest(), self._parts.settings.storage.path / SYNCED
        try:
            known = file.read_text(encoding="ascii")
        except (OSError, UnicodeDecodeError):
            known = None
        if known == digest and not always:
            return
        try:
            await retry(self.sync)
            file.write_text(digest, encoding="ascii")
        except app_commands.CommandSyncFailure as error:
            raise DatelineError(
                f"Discord refused the commands ({' '.join(str(error).split())}); report this as a bug in Dateline."
            ) from error
        except FAILURES as error:
            log.error(event("commands_not_synced", error=type(error).__name__, said=str(error)))
        except OSError as error:
            raise StoreError("%s cannot be written (%s); fix the folder's permissions.", file) from error
        else:
            RECORD.info(event("commands_synced", commands=len(definitions)))


def add_commands(tree: Tree, parts: Parts, following: Following) -> None:
    """Adds the commands that anybody may use."""

    @tree.command(name="ask", description="Ask the news articles a question.")
    @app_commands.describe(question="Who attended the Caracas meeting?", **LIMITS)
    async def ask(
        interaction: Interaction,
        question: QuestionText,
        since: str | None = None,
        until: str | None = None,
        source: str | None = None,
    ) -> None:
        async with parts.replying(InteractionReply(interaction), "ask") as reply:
            await answer(parts, interaction, reply, question, filter_of(since, until, source))

    @tree.command(name="follow", description="Keep a question open; news about it is posted here, or sent privately.")
    @app_commands.describe(
        question="Who is Venezuela's foreign minister?",
        private="Whether to send the news to you alone, in a private message",
        **LIMITS,
    )
    async def follow(
        interaction: Interaction,
        question: QuestionText,
        private: bool = False,
        since: str | None = None,
        until: str | None = None,
        source: str | None = None,
    ) -> None:
        location = Location.of(interaction)
        reply = InteractionReply(interaction, private and not location.own)
        async with parts.replying(reply, "follow"):
            where = filter_of(since, until, source)
            await following.follow(
                interaction, reply, without_mention(question, interaction.client.user), where, private
            )

    @ask.autocomplete("source")
    @follow.autocomplete("source")
    async def sources(interaction: Interaction, typed: str) -> list[app_commands.Choice[str]]:
        try:
            check_location(parts.settings.discord, Location.of(interaction))
        except NotHereError:
            return []
        names = parts.catalogue.choices(typed)
        return [app_commands.Choice(name=visible(name).strip(), value=name) for name in names]

    @tree.command(name="following", description="List the questions that you follow, and stop some.")
    async def list_followed(interaction: Interaction) -> None:
        async with parts.replying(InteractionReply(interaction, private=True), "following") as reply:
            check_location(parts.settings.discord, Location.of(interaction))
            await reply.acknowledge()
            await following.show_list(reply, "You follow", person=interaction.user.id)

    @tree.context_menu(name="Ask Dateline about this")
    async def ask_about(interaction: Interaction, message: discord.Message) -> None:
        async with parts.replying(InteractionReply(interaction), "ask_about") as reply:
            text = question_in(
                without_mention(message.content, interaction.client.user), parts.settings.discord.max_question_length
            )
            await answer(parts, interaction, reply, text)


async def answer(
    parts: Parts,
    interaction: Interaction,
    reply: InteractionReply,
    text: str,
    where: SearchFilter = EVERYTHING,
    private: bool = False,
) -> None:
    """Answers a command, a context menu or a form."""
    location = Location.of(interaction)
    check_location(parts.settings.discord, location)
    server = location.guild if location.installed and not private else None
    # others could read in a later answer what was asked in private
    words, person = without_mention(text, interaction.client.user), interaction.user.id
    question = Question(words, where, person, location.channel, server=server, kept=not private)
    await parts.handler.answer(question, reply)


def without_mention(text: str, bot: discord.ClientUser | None) -> str:
    """A question without the bot's mention."""
    return text if bot is None else re.sub(rf"<@!?{bot.id}>", " ", text)


def question_in(content: str, longest: int) -> str:
    """A message as a question. Raises UsageError in the words of somebody who may not have written it."""
    words = " ".join(content.split())
    if not words:
        raise UsageError("This message has no words of its own to ask about; choose one that has, or use /ask.")
    if len(words) > longest:
        raise UsageError(f"This message is longer than {longest} characters; ask about a part of it with /ask.")
    return words


def filter_of(since: str | None, until: str | None, source: str | None) -> SearchFilter:
    """The filter that the options of /ask mean. Raises UsageError."""
    first = None if since is None else first_day(since.strip())
    last = None if until is None else last_day(until.strip())
    if first is not None and last is not None and first > last:
        raise UsageError(f"The day {first} in `since` is later than {last} in `until`; swap them.")
    return SearchFilter(since=first, until=last, source=source)
