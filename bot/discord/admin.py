"""/dateline status, refresh, add, feedback, following: for those who manage the server or have a role that may.

Each is answered privately and precisely, and logged with who asked for it.
"""

import asyncio
import re
import tempfile
from contextlib import AbstractAsyncContextManager
from dataclasses import replace
from pathlib import Path

import discord
from discord import app_commands

from bot.assistant import add_articles
from bot.discord.cards import notice_card
from bot.discord.following import Following
from bot.discord.logs import RECORD, event, without_secrets
from bot.discord.parts import Parts
from bot.discord.permissions import Location, Member, check_operator
from bot.discord.refusals import QuotaError
from bot.discord.replies import Interaction, InteractionReply, Reply
from bot.discord.reports import added_card, feedback_card, refreshed_card, status_card
from bot.discord.requests import FAILURES
from retrieval.adding import AddReport
from retrieval.errors import ArticleError, FetchError, UsageError
from retrieval.intake.files import MAX_BYTES, SUFFIXES
from retrieval.page_files import MAX_NAME
from retrieval.progress import Progress
from retrieval.types import IndexReport

DOWNLOAD_SECONDS = 60.0
RATED_SHOWN = 10


class AdminCommands(app_commands.Group, name="dateline", description="Manage Dateline.", guild_only=True):
    """The commands; hidden from members unless roles are configured, which Discord does not know of."""

    def __init__(self, parts: Parts, following: Following) -> None:
        hidden = discord.Permissions(manage_guild=True) if not parts.settings.discord.admin_roles else None
        super().__init__(
            default_permissions=hidden, allowed_installs=app_commands.AppInstallationType(guild=True, user=False)
        )
        self._parts = parts
        self._following = following

    @app_commands.command(description="Show what is indexed, and how the bot is doing.")
    async def status(self, interaction: Interaction) -> None:
        parts = self._parts
        async with self._replying(interaction, "status") as reply:
            await self._begin(interaction, reply, "status")
            status = await asyncio.to_thread(parts.assistant.status)
            # the encoder may be named by its folder
            shown = replace(status, model=Path(status.model).name if Path(status.model).is_absolute() else status.model)
            parts.health.seen(status.generation)
            await reply.show(status_card(shown, parts.health, parts.jobs.stage))

    @app_commands.command(description="Bring the index up to date with the folder of articles.")
    async def refresh(self, interaction: Interaction) -> None:
        """See its description; questions are answered meanwhile."""
        async with self._replying(interaction, "refresh") as reply:
            await self._begin(interaction, reply, "refresh", changes=True)
            report = await self._parts.jobs.run(
                self._parts.indexer.refresh, lambda words: reply.show_progress(notice_card(words))
            )
            self._parts.health.seen(report.generation)
            RECORD.info(event("refreshed", person=interaction.user.id, generation=report.generation))
            await reply.show(refreshed_card(report))

    @app_commands.command(description="Add an article: the address of a page, or a file.")
    @app_commands.describe(url="The address of an article on the web", file="A file that holds an article")
    async def add(
        self, interaction: Interaction, url: str | None = None, file: discord.Attachment | None = None
    ) -> None:
        """See its description; what is new is indexed."""
        parts, named = self._parts, None if file is None else file.filename
        where = None if url is None else without_secrets(url)
        async with self._replying(interaction, "add") as reply:
            server = await self._begin(interaction, reply, "add", changes=True, url=where, file=named)
            most = parts.settings.discord.adds_per_day
            if not await asyncio.to_thread(parts.ledger.count_addition, server, most):
                raise QuotaError(most)
            with tempfile.TemporaryDirectory(prefix="dateline-") as folder:
                if url is not None and file is None:
                    name = address(url)
                elif file is not None and url is None:
                    name = str(await downloaded(file, Path(folder)))
                else:
                    raise UsageError("Give either `url`, the address of an article, or `file`, a file that holds one.")

                def work(progress: Progress) -> tuple[AddReport, IndexReport | None]:
                    with progress("Adding", 0):
                        added = add_articles(parts.settings, [name])
                    return added, parts.indexer.refresh(progress) if added.added else None

                added, report = await parts.jobs.run(work, lambda words: reply.show_progress(notice_card(words)))
            if report is not None:
                parts.health.seen(report.generation)
            RECORD.info(event("added", person=interaction.user.id, files=", ".join(added.added)))
            await reply.show(added_card(added, report))

    @app_commands.command(description="Show the answers that were rated badly.")
    async def feedback(self, interaction: Interaction) -> None:
        async with self._replying(interaction, "feedback") as reply:
            server = await self._begin(interaction, reply, "feedback")
            rated = await asyncio.to_thread(self._parts.ledger.badly_rated, server, RATED_SHOWN)
            await reply.show(feedback_card(rated))

    @app_commands.command(description="List the questions that are followed in this server, and stop some.")
    async def following(self, interaction: Interaction) -> None:
        async with self._replying(interaction, "following") as reply:
            server = await self._begin(interaction, reply, "following")
            await self._following.show_list(reply, "People in this server follow", server=server)

    def _replying(self, interaction: Interaction, action: str) -> AbstractAsyncContextManager[InteractionReply]:
        return self._parts.replying(InteractionReply(interaction, private=True), action, operator=True)

    async def _begin(
        self, interaction: Interaction, reply: Reply, action: str, *, changes: bool = False, **what: object
    ) -> int:
        """Acknowledges and logs what somebody does who may; gives the server. Raises RefusalError.

        `changes` says that it is done to the articles, which all servers share.
        """
        settings, location, member = self._parts.settings.discord, Location.of(interaction), Member.of(interaction)
        server = check_operator(settings, location, member, changes=changes)
        RECORD.info(event("admin", action=action, person=interaction.user.id, server=server, **what))
        await reply.acknowledge()
        return server


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
    except FAILURES as error:
        raise FetchError(path.name, f"cannot be fetched from Discord ({type(error).__name__}); try again") from error
    await asyncio.to_thread(path.write_bytes, data)
    return path
