"""A small, well-behaved bot in plain discord.py, to prove the server with; and, by flags, one that breaks each rule."""

import argparse
import asyncio
import contextlib
import os
import signal
import time
import traceback
from collections.abc import Sequence

import discord
from discord import app_commands


class SampleBot(discord.Client):
    """Answers everything with the question itself."""

    def __init__(self, flags: argparse.Namespace) -> None:
        intents = discord.Intents(guilds=True, guild_messages=True, dm_messages=True)
        intents.message_content = flags.content_intent
        mentions = None if flags.pings else discord.AllowedMentions.none()
        super().__init__(
            intents=intents,
            allowed_mentions=mentions,
            heartbeat_timeout=flags.heartbeat_timeout,
            guild_ready_timeout=0.1,
        )
        self.flags = flags
        self.tree = app_commands.CommandTree(self)

    async def setup_hook(self) -> None:
        """Defines and syncs the commands; the button outlives a restart."""
        self.add_view(Buttons())

        @self.tree.command(description="Echoes")
        @app_commands.describe(question="what to say", source="where", article="a file", quietly="only for you")
        async def ask(
            interaction: discord.Interaction[SampleBot],
            question: app_commands.Range[str, 1, 300],
            source: str | None = None,
            article: discord.Attachment | None = None,
            quietly: bool = False,
        ) -> None:
            await self.answer(interaction, question, source, article, quietly)

        @ask.autocomplete("source")
        async def sources(interaction: discord.Interaction[SampleBot], typed: str) -> list[app_commands.Choice[str]]:
            names = [f"{typed}{number}" for number in range(26 if self.flags.many_choices else 25)]
            return [app_commands.Choice(name=name, value=name) for name in names]

        @self.tree.command(description="Opens a form")
        async def form(interaction: discord.Interaction[SampleBot]) -> None:
            await interaction.response.send_modal(Form())

        @self.tree.context_menu(name="Ask about this")
        async def about(interaction: discord.Interaction[SampleBot], message: discord.Message) -> None:
            await interaction.response.send_message(f"about: {message.content}")

        if not self.flags.no_sync:
            await self.tree.sync()

    async def answer(
        self,
        interaction: "discord.Interaction[SampleBot]",
        question: str,
        source: str | None,
        article: discord.Attachment | None,
        quietly: bool,
    ) -> None:
        """Defers, thinks, says."""
        if self.flags.defer_after:
            await asyncio.sleep(self.flags.defer_after)
        if self.flags.block_before:
            time.sleep(self.flags.block_before)
        if self.flags.logs_token:
            print("token:", interaction.token)
        await interaction.response.defer(thinking=True, ephemeral=quietly)
        if self.flags.defers_twice:
            interaction.response._response_type = None
            await interaction.response.defer(thinking=True)
        await asyncio.sleep(self.flags.thinks)
        if self.flags.drops:
            return
        words = question if self.flags.unescaped else escaped(question)
        embed = discord.Embed(title="Answer", description=words)
        if self.flags.shows_traceback:
            embed.add_field(name="Sorry", value=mistake())
        if self.flags.shows_path:
            embed.add_field(name="Skipped", value=f"{escaped(__file__)} is empty")
        if self.flags.long_embed:
            # each field is within its limit; together they are not
            for number in range(6):
                embed.add_field(name=str(number), value="x" * 1024)
        if article is not None:
            embed.add_field(name=article.filename, value=(await article.read()).decode())
        if source is not None:
            embed.set_footer(text=source)
        content = f"@everyone {words}"
        await interaction.edit_original_response(content=content, embed=embed, view=Buttons())

    async def on_message(self, message: discord.Message) -> None:
        """Answers a mention and a direct message; in a thread of its own if that is asked for."""
        assert self.user is not None
        if message.author.bot:
            return
        if message.is_system():
            print("noted:", message.type.name, [user.name for user in message.mentions])
            return
        if self.flags.drops:
            return
        if message.guild is not None and self.user not in message.mentions:
            print("overheard:", repr(message.content), *(["to the bot"] if self._answers(message) else []))
            return
        if "thread" in message.content:
            thread = await message.create_thread(name="The answer")
            await thread.send("in the thread")
            return
        if self.flags.edits_others:
            with contextlib.suppress(discord.HTTPException):
                await self.http.edit_message(message.channel.id, message.id, params=edited("mine now"))
        if self.flags.unknown_route:
            with contextlib.suppress(discord.HTTPException):
                await message.add_reaction("👍")
        async with message.channel.typing():
            for _ in range(2 if self.flags.repeats else 1):
                await message.reply(f"heard: {message.content}", mention_author=False, nonce=message.id)
        if "privately" in message.content:
            await message.author.send("a word in private")

    def _answers(self, message: discord.Message) -> bool:
        answered = message.reference.resolved if message.reference is not None else None
        return isinstance(answered, discord.Message) and answered.author == self.user


class ShardedBot(SampleBot, discord.AutoShardedClient):
    """The same, which asks for the gateway's address and number of shards."""


def escaped(text: str) -> str:
    """The text as it reads, with nothing in it that is alive."""
    marked = discord.utils.escape_markdown(discord.utils.escape_mentions(text))
    return marked.replace("<", "\\<").replace("://", "\\://")


def mistake() -> str:
    """What Python prints of one."""
    try:
        raise ValueError("a mistake")
    except ValueError:
        return traceback.format_exc()


def edited(content: str) -> "discord.http.MultipartParameters":
    """What an edit of a message sends."""
    return discord.http.handle_message_parameters(content=content)


class Buttons(discord.ui.View):
    """Buttons that outlive a restart."""

    def __init__(self) -> None:
        super().__init__(timeout=None)

    @discord.ui.button(label="Sources", custom_id="sample:sources")
    async def sources(self, interaction: discord.Interaction[SampleBot], button: "discord.ui.Button[Buttons]") -> None:
        """Says something to this person only."""
        await interaction.response.send_message("the sources", ephemeral=True)

    @discord.ui.button(label="Again", custom_id="sample:again")
    async def again(self, interaction: discord.Interaction[SampleBot], button: "discord.ui.Button[Buttons]") -> None:
        """Changes the message that it stands under."""
        await interaction.response.defer()
        await interaction.edit_original_response(content="again")


class Form(discord.ui.Modal, title="Ask"):
    """Asks for a question."""

    question: "discord.ui.TextInput[Form]" = discord.ui.TextInput(label="Question", max_length=50)

    async def on_submit(self, interaction: discord.Interaction) -> None:
        """Echoes it, and follows up with a file."""
        await interaction.response.send_message(f"asked: {self.question.value}")
        file = discord.File(__file__, filename="sample.py")
        await interaction.followup.send("with a file", file=file, ephemeral=True)


async def run(flags: argparse.Namespace) -> None:
    """Runs until SIGTERM."""
    discord.utils.setup_logging()
    async with (ShardedBot if flags.sharded else SampleBot)(flags) as bot:
        loop = asyncio.get_running_loop()
        loop.add_signal_handler(signal.SIGTERM, lambda: loop.create_task(bot.close()))
        await bot.start(os.environ["DISCORD_TOKEN"])


def main(args: Sequence[str]) -> int:
    """Reads the flags and runs."""
    parser = argparse.ArgumentParser()
    for name in ("pings", "no-sync", "many-choices", "defers-twice", "long-embed", "logs-token", "edits-others"):
        parser.add_argument(f"--{name}", action="store_true")
    for name in ("unknown-route", "content-intent", "sharded", "repeats", "drops", "unescaped"):
        parser.add_argument(f"--{name}", action="store_true")
    for name in ("shows-traceback", "shows-path"):
        parser.add_argument(f"--{name}", action="store_true")
    for name in ("defer-after", "block-before", "thinks"):
        parser.add_argument(f"--{name}", type=float, default=0.0)
    parser.add_argument("--heartbeat-timeout", type=float, default=60.0)
    asyncio.run(run(parser.parse_args(args)))
    return 0
