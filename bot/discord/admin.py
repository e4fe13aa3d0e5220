"""/dateline status, refresh, add, feedback, following: for those who manage the server or have a role that may.

Each is answered privately and precisely, and logged with who asked for it.
"""

import asyncio
import re
import tempfile
from collections.abc import Awaitable, Callable
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import discord
from discord import app_commands

from bot.discord.cards import notice_card
from bot.discord.door import check_operator
from bot.discord.logs import RECORD, event, without_secrets
from bot.discord.refusals import NotAllowedError, QuotaError
from bot.discord.replies import Interaction, InteractionReply, Reply, origin_of, standing_of
from bot.discord.reports import added_card, feedback_card, refreshed_card, status_card
from bot.discord.requests import FAILURES
from bot.settings import DiscordSettings
from retrieval.errors import ArticleError, FetchError, UsageError
from retrieval.intake.files import MAX_BYTES, SUFFIXES
from retrieval.page_files import MAX_NAME

if TYPE_CHECKING:
    from bot.discord.client import DatelineClient

DOWNLOAD_SECONDS = 60.0
RATED_SHOWN = 10


class Operating:
    """What the commands do; one for each client."""

    def __init__(self, client: "DatelineClient") -> None:
        self._client = client
        self._parts = client.parts

    async def status(self, interaction: Interaction) -> None:
        """Show what is indexed, and how the bot is doing."""

        async def work(reply: Reply) -> None:
            status = await asyncio.to_thread(self._parts.status)
            # the encoder may be named by its folder
            shown = replace(status, model=Path(status.model).name if Path(status.model).is_absolute() else status.model)
            self._parts.health.seen(status.generation)
            await reply.show(status_card(shown, self._parts.health, self._parts.jobs.stage))

        await self._do(interaction, "status", work)

    async def feedback(self, interaction: Interaction) -> None:
        """What was rated badly."""

        async def work(reply: Reply) -> None:
            rated = await asyncio.to_thread(self._parts.ledger.badly_rated, _server(interaction), RATED_SHOWN)
            await reply.show(feedback_card(rated))

        await self._do(interaction, "feedback", work)

    async def following(self, interaction: Interaction) -> None:
        """What is followed in the server."""

        async def work(reply: Reply) -> None:
            following = self._client.following
            await following.show_list(reply, "People in this server follow", server=_server(interaction))

        await self._do(interaction, "following", work)

    async def refresh(self, interaction: Interaction) -> None:
        """Brings the index up to date, beside the questions."""

        async def work(reply: Reply) -> None:
            report = await self._parts.jobs.refresh(lambda words: reply.mention_progress(notice_card(words)))
            self._parts.health.seen(report.generation)
            RECORD.info(event("refreshed", person=interaction.user.id, generation=report.generation))
            await reply.show(refreshed_card(report))

        await self._do(interaction, "refresh", work, changes=True)

    async def add(self, interaction: Interaction, url: str | None, file: discord.Attachment | None) -> None:
        """Adds a page or a file to the corpus, then indexes."""

        async def work(reply: Reply) -> None:
            most = self._parts.settings.adds_per_day
            if not await asyncio.to_thread(self._parts.ledger.count_addition, _server(interaction), most):
                raise QuotaError(most)
            with tempfile.TemporaryDirectory(prefix="dateline-") as folder:
                name = await _named(url, file, Path(folder))
                added, report = await self._parts.jobs.add(
                    [name], lambda words: reply.mention_progress(notice_card(words))
                )
            if report is not None:
                self._parts.health.seen(report.generation)
            RECORD.info(event("added", person=interaction.user.id, files=", ".join(added.added)))
            await reply.show(added_card(added, report))

        where = None if url is None else without_secrets(url)
        named = None if file is None else file.filename
        await self._do(interaction, "add", work, changes=True, url=where, file=named)

    async def _do(
        self,
        interaction: Interaction,
        action: str,
        work: Callable[[Reply], Awaitable[None]],
        *,
        changes: bool = False,
        **what: object,
    ) -> None:
        """Does it for somebody who may, acknowledged at once; the action is logged, and an error told precisely.

        `changes` says that it is done to the articles, which all servers share.
        """
        reply = InteractionReply(interaction, private=True)
        async with self._client.at_work(reply, action, operator=True):
            check_operator(self._parts.settings, origin_of(interaction), standing_of(interaction), changes=changes)
            RECORD.info(event("admin", action=action, person=interaction.user.id, server=interaction.guild_id, **what))
            await reply.acknowledge()
            await work(reply)


def admin_group(client: "DatelineClient", settings: DiscordSettings) -> app_commands.Group:
    """The commands; hidden from members unless roles are configured, which Discord does not know of."""
    operating = Operating(client)
    hidden = discord.Permissions(manage_guild=True) if not settings.admin_roles else None
    group = app_commands.Group(
        name="dateline", description="Manage Dateline.", guild_only=True, default_permissions=hidden
    )
    group.allowed_installs = app_commands.AppInstallationType(guild=True, user=False)

    @group.command(name="status", description="Show what is indexed, and how the bot is doing.")
    async def status(interaction: Interaction) -> None:
        await operating.status(interaction)

    @group.command(name="refresh", description="Bring the index up to date with the folder of articles.")
    async def refresh(interaction: Interaction) -> None:
        await operating.refresh(interaction)

    @group.command(name="add", description="Add an article: the address of a page, or a file.")
    @app_commands.describe(url="The address of an article on the web", file="A file that holds an article")
    async def add(interaction: Interaction, url: str | None = None, file: discord.Attachment | None = None) -> None:
        await operating.add(interaction, url, file)

    @group.command(name="feedback", description="Show the answers that were rated badly.")
    async def feedback(interaction: Interaction) -> None:
        await operating.feedback(interaction)

    @group.command(name="following", description="List the questions that are followed in this server, and stop some.")
    async def following(interaction: Interaction) -> None:
        await operating.following(interaction)

    return group


def address(url: str) -> str:
    """An address on the web, and never a file of this machine. Raises UsageError."""
    if not re.match(r"https?://", url.strip(), re.IGNORECASE):
        raise UsageError(f"{url[:100]!r} is not the address of a page, expected one that starts with https://.")
    return url.strip()


def safe_name(name: str) -> str:
    """A file name that means nothing to a file system but itself. Raises ArticleError.

    "..\\\\..\\\\Talks in Geneva?.HTML" -> "Talks in Geneva.html"
    """
    last = re.split(r"[/\\]", name)[-1]
    stem, dot, ending = last.rpartition(".")
    suffix = f"{dot}{ending}".lower()
    if suffix not in SUFFIXES:
        raise ArticleError(f"{last[-50:]!r} does not end in {', '.join(sorted(SUFFIXES))}; save it as one of these.")
    plain = re.sub(r"[^\w .,()-]+", "-", stem).strip(" .-")
    # bytes, since file systems count those
    short = plain.encode()[: MAX_NAME - len(suffix)].decode(errors="ignore").strip(" .-")
    return (short or "article") + suffix


async def downloaded(file: discord.Attachment, folder: Path) -> Path:
    """An attachment as a file in `folder`. Raises ArticleError, FetchError."""
    path = folder / safe_name(file.filename)
    if file.size > MAX_BYTES:
        raise ArticleError(f"{path.name} is {file.size:,} bytes, more than the {MAX_BYTES:,} allowed.")
    try:
        data = await asyncio.wait_for(file.read(), DOWNLOAD_SECONDS)
    except (discord.HTTPException, *FAILURES) as error:
        raise FetchError(path.name, f"cannot be fetched from Discord ({type(error).__name__}); try again") from error
    await asyncio.to_thread(path.write_bytes, data)
    return path


async def _named(url: str | None, file: discord.Attachment | None, folder: Path) -> str:
    """What is to be added: an address, or the path of a file. Raises UsageError, ArticleError, FetchError."""
    if url is not None and file is None:
        return address(url)
    if file is not None and url is None:
        return str(await downloaded(file, folder))
    raise UsageError("Give either `url`, the address of an article, or `file`, a file that holds one.")


def _server(interaction: Interaction) -> int:
    """Where the command was given; it exists in servers only."""
    if interaction.guild_id is None:
        raise NotAllowedError
    return interaction.guild_id
