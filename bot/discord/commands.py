"""The commands of members: /ask, /follow, /following, and "Ask Dateline about this" on any message."""

from typing import TYPE_CHECKING, Any

import discord
from discord import app_commands

from bot.discord.door import check_place
from bot.discord.refusals import NotHereError
from bot.discord.replies import Interaction, InteractionReply, origin_of
from bot.discord.text import visible
from bot.discord.words import told, unwrapped
from bot.question import MAX_CHARACTERS
from bot.scope import first_day, last_day
from bot.settings import DiscordSettings
from retrieval.errors import UsageError
from retrieval.types import SearchFilter

if TYPE_CHECKING:
    from bot.discord.client import DatelineClient


class Tree(app_commands.CommandTree[Any]):
    """The commands, where they can be used, and what is said when one fails before it has begun."""

    def __init__(self, client: discord.Client, settings: DiscordSettings) -> None:
        super().__init__(
            client,
            allowed_installs=app_commands.AppInstallationType(guild=True, user=settings.user_install),
            allowed_contexts=app_commands.AppCommandContext(
                guild=True, dm_channel=settings.direct_messages, private_channel=settings.user_install
            ),
        )

    async def on_error(self, interaction: Interaction, error: app_commands.AppCommandError, /) -> None:
        """Called by discord.py: a command whose definition Discord has not learnt yet, for one."""
        async with told(InteractionReply(interaction, private=True), "command"):
            raise unwrapped(error)


def add_to(tree: app_commands.CommandTree[Any], client: "DatelineClient", settings: DiscordSettings) -> None:
    """Adds the commands that anybody may use."""

    @tree.command(name="ask", description="Ask the news articles a question.")
    @app_commands.describe(
        question="Who attended the Caracas meeting?",
        since="Only articles of this day, month or year or later, such as 2024-02-20, 2024-02 or 2024",
        until="Only articles of this day, month or year or earlier, such as 2024-02-20, 2024-02 or 2024",
        source="Only articles of this source",
    )
    async def ask(
        interaction: Interaction,
        question: app_commands.Range[str, 1, MAX_CHARACTERS],
        since: str | None = None,
        until: str | None = None,
        source: str | None = None,
    ) -> None:
        async with told(InteractionReply(interaction, private=True), "ask"):
            where = limits(since, until, source)
            await client.ask(interaction, question, where)

    @ask.autocomplete("source")
    async def sources(interaction: Interaction, typed: str) -> list[app_commands.Choice[str]]:
        try:
            check_place(settings, origin_of(interaction))
        except NotHereError:
            return []
        names = client.parts.catalogue.choices(typed)
        return [app_commands.Choice(name=visible(name).strip(), value=name) for name in names]

    @tree.command(name="follow", description="Keep a question open; news about it is posted here, or sent privately.")
    @app_commands.describe(
        question="Who is Venezuela's foreign minister?",
        private="Whether to send the news to you alone, in a private message",
        since="Only articles of this day, month or year or later, such as 2024-02-20, 2024-02 or 2024",
        until="Only articles of this day, month or year or earlier, such as 2024-02-20, 2024-02 or 2024",
        source="Only articles of this source",
    )
    async def follow(
        interaction: Interaction,
        question: app_commands.Range[str, 1, MAX_CHARACTERS],
        private: bool = False,
        since: str | None = None,
        until: str | None = None,
        source: str | None = None,
    ) -> None:
        async with told(InteractionReply(interaction, private=True), "follow"):
            where = limits(since, until, source)
            await client.following.follow(interaction, question, where, private)

    follow.autocomplete("source")(sources)

    @tree.command(name="following", description="List the questions that you follow, and stop some.")
    async def following(interaction: Interaction) -> None:
        await client.following.show_own(interaction)

    @tree.context_menu(name="Ask Dateline about this")
    async def ask_about(interaction: Interaction, message: discord.Message) -> None:
        async with told(InteractionReply(interaction, private=True), "ask_about"):
            question = question_in(client.unmentioned(message.content), settings.max_question_length)
            await client.ask(interaction, question, SearchFilter())


def question_in(content: str, longest: int) -> str:
    """A message as a question. Raises UsageError in the words of somebody who may not have written it."""
    words = " ".join(content.split())
    if not words:
        raise UsageError("This message has no words of its own to ask about; choose one that has, or use /ask.")
    if len(words) > longest:
        raise UsageError(f"This message is longer than {longest} characters; ask about a part of it with /ask.")
    return words


def limits(since: str | None, until: str | None, source: str | None) -> SearchFilter:
    """The filter that the options of /ask mean. Raises UsageError."""
    first = None if since is None else first_day(since.strip())
    last = None if until is None else last_day(until.strip())
    if first is not None and last is not None and first > last:
        raise UsageError(f"The day {first} in `since` is later than {last} in `until`; swap them.")
    return SearchFilter(since=first, until=last, source=source)
