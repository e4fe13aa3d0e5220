"""Two ways to reply, one interface: to an interaction (command, button, modal), and to a message that mentions the bot.

A reply is acknowledged at once, and becomes what it has to say by being edited. Where the network or Discord fails, it
is tried again: an edit may be made twice, an acknowledgement that Discord has already is one, and a message carries a
nonce, by which Discord knows it again. An edit whose answer was lost may still take effect, and after the next one: the
last word is then said again.
"""

import asyncio
import logging
import secrets
from collections.abc import Awaitable, Callable, Sequence
from typing import Any, Protocol, TypeVar

import aiohttp
import discord

from bot.discord.door import Origin
from bot.discord.embeds import embed_of
from bot.discord.logs import event
from bot.discord.types import Card

T = TypeVar("T")
Interaction = discord.Interaction[Any]
# how long each try may take, in seconds: an acknowledgement must be there within 3
AT_ONCE = (1.3, 1.1)
PATIENTLY = (5.0, 10.0, 20.0)
# the last word waits for progress that is being shown: Discord could take the two in another order
PROGRESS = (10.0,)
# so long after it was lost an edit is expected to take effect, if it ever does
LATE_SECONDS = 5.0
ALREADY_ACKNOWLEDGED = 40060
# of the network; another OSError is of the disk
FAILURES = (TimeoutError, ConnectionError, aiohttp.ClientError)

log = logging.getLogger(__name__)


class Reply(Protocol):
    """Where one person is answered."""

    @property
    def private(self) -> bool:
        """Whether only the person who asked sees it."""
        ...

    async def acknowledge(self) -> None:
        """Shows that the bot is at work. Raises discord.HTTPException or one of FAILURES if that cannot be shown."""
        ...

    async def mention_progress(self, card: Card) -> None:
        """Shows how far it is, if that works at the first try."""
        ...

    async def show(self, card: Card, view: discord.ui.View | None = None) -> None:
        """The last word. Raises discord.HTTPException or one of FAILURES if it cannot be said anywhere."""
        ...

    async def settle(self) -> None:
        """Sees to it that the last word stands; to be called when nothing more is to be said."""
        ...


class Edits:
    """The edits of one message, of which the last one is to stay."""

    def __init__(self) -> None:
        self._lost = False
        self._last: Callable[[], Awaitable[object]] | None = None

    async def progress(self, attempt: Callable[[], Awaitable[object]]) -> None:
        """Tries once, and leaves it at that: it is soon overtaken."""
        self._lost |= not await leniently(attempt)

    async def last(self, attempt: Callable[[], Awaitable[object]]) -> None:
        """Tries until it works. Raises as `persistently` does."""
        await persistently(attempt, PATIENTLY)
        self._last = attempt

    async def settle(self) -> None:
        """Makes the last edit once more if progress was lost on the way, and may have come after it."""
        if self._lost and self._last is not None:
            await asyncio.sleep(LATE_SECONDS)
            await leniently(self._last)


class InteractionReply:
    """Replies to a slash command, a context menu, a modal or a button."""

    def __init__(self, interaction: Interaction, private: bool = False, turning: bool = False) -> None:
        """`private`: only the person sees it; `turning`: the button's own message becomes the reply."""
        self._interaction = interaction
        self.private = private
        self._thinking = not turning
        self._acknowledged = False
        self._edits = Edits()

    async def acknowledge(self) -> None:
        """See `Reply`."""
        await self._first(lambda: self._interaction.response.defer(ephemeral=self.private, thinking=self._thinking))

    async def open(self, form: discord.ui.Modal) -> None:
        """Shows a form, in the place of an acknowledgement."""
        await self._first(lambda: self._interaction.response.send_modal(form))

    async def mention_progress(self, card: Card) -> None:
        """See `Reply`."""
        if not self._interaction.is_expired():  # a refresh can outlast the 15 minutes
            await self._edits.progress(lambda: self._interaction.edit_original_response(embed=embed_of(card)))

    async def show(self, card: Card, view: discord.ui.View | None = None) -> None:
        """See `Reply`. What cannot be edited is sent anew: to the channel, or to the person if it is private."""
        embed = embed_of(card)
        if not self._acknowledged and not self._interaction.response.is_done():
            # at once and to this person only: nothing was asked of a model
            self.private = True
            shown = discord.utils.MISSING if view is None else view
            if await self._first(
                lambda: self._interaction.response.send_message(embed=embed, view=shown, ephemeral=True)
            ):
                return
        try:
            await self._edits.last(
                lambda: self._interaction.edit_original_response(content=None, embed=embed, view=view)
            )
        except (discord.HTTPException, *FAILURES) as error:
            log.warning(event("edit_failed", error=type(error).__name__, private=self.private))
            elsewhere = self._interaction.user if self.private else self._interaction.channel
            if not isinstance(elsewhere, discord.abc.Messageable):
                raise
            await _post(elsewhere, embed, view, None)

    async def settle(self) -> None:
        """See `Reply`."""
        await self._edits.settle()

    async def _first(self, attempt: Callable[[], Awaitable[object]]) -> bool:
        """Makes the one response that Discord takes; False if it has one already, of a try whose answer was lost."""
        try:
            await persistently(attempt, AT_ONCE)
        except discord.HTTPException as error:
            if error.code != ALREADY_ACKNOWLEDGED:
                raise
            self._acknowledged = True
            return False
        self._acknowledged = True
        return True


class MessageReply:
    """Replies to a message, with a message that is edited."""

    private = False

    def __init__(self, message: discord.Message, first: Card) -> None:
        self._message = message
        self._first = first
        self._posted: discord.Message | None = None
        self._edits = Edits()

    async def acknowledge(self) -> None:
        """See `Reply`."""
        self._posted = await self._reply(embed_of(self._first), None)

    async def mention_progress(self, card: Card) -> None:
        """See `Reply`."""
        posted = self._posted
        if posted is not None:
            await self._edits.progress(lambda: posted.edit(embed=embed_of(card)))

    async def show(self, card: Card, view: discord.ui.View | None = None) -> None:
        """See `Reply`. A message that cannot be edited any more, since it was deleted for one, is sent anew."""
        embed, posted = embed_of(card), self._posted
        if posted is not None:
            try:
                await self._edits.last(lambda: posted.edit(content=None, embed=embed, view=view))
                return
            except (discord.HTTPException, *FAILURES) as error:
                log.warning(event("edit_failed", error=type(error).__name__, then="message"))
        self._posted = await self._reply(embed, view)

    async def settle(self) -> None:
        """See `Reply`."""
        await self._edits.settle()

    async def _reply(self, embed: discord.Embed, view: discord.ui.View | None) -> discord.Message:
        reference = self._message.to_reference(fail_if_not_exists=False)
        try:
            return await _post(self._message.channel, embed, view, reference)
        except discord.Forbidden:
            # the bot may not write there: the person is told where it may
            return await _post(self._message.author, embed, view, None)


def origin_of(interaction: Interaction) -> Origin:
    """Where an interaction comes from. A server that the bot is no member of shows as not `installed`."""
    return Origin(
        guild=interaction.guild_id,
        channel=interaction.channel_id or 0,
        parent=getattr(interaction.channel, "parent_id", None),
        own=interaction.context.dm_channel,
        installed=interaction.is_guild_integration() or not interaction.is_user_integration(),
    )


async def persistently(attempt: Callable[[], Awaitable[T]], limits: Sequence[float]) -> T:
    """What `attempt` gives, tried once for each of the `limits` (seconds) while the network or Discord fails.

    Raises what the last try raised, and at once what no repetition mends.
    """
    for seconds in limits[:-1]:
        try:
            return await asyncio.wait_for(attempt(), seconds)
        except discord.HTTPException as error:
            if error.status < 500:
                raise
            log.info(event("again", status=error.status))
        except FAILURES as error:
            log.info(event("again", error=type(error).__name__))
    return await asyncio.wait_for(attempt(), limits[-1])


async def leniently(attempt: Callable[[], Awaitable[object]]) -> bool:
    """Tries once; False if it is not known whether it took effect, or still will: its answer was lost."""
    try:
        await persistently(attempt, PROGRESS)
    except (discord.HTTPException, *FAILURES) as error:
        log.info(event("progress_failed", error=type(error).__name__))
        return isinstance(error, discord.HTTPException) and error.status < 500
    return True


async def _post(
    channel: discord.abc.Messageable,
    embed: discord.Embed,
    view: discord.ui.View | None,
    reference: discord.MessageReference | None,
) -> discord.Message:
    nonce = secrets.token_hex(12)
    others: dict[str, Any] = {"view": view} if view is not None else {}
    if reference is not None:
        others["reference"] = reference
    return await persistently(lambda: channel.send(embed=embed, nonce=nonce, **others), PATIENTLY)
