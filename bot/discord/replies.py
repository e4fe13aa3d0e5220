"""Two ways to reply: to an interaction (command, button, form), and to a message that mentions the bot.

A reply is acknowledged at once, and becomes what it has to say by being edited. Requests that fail are made again
(`bot.discord.requests`): an edit may be made twice, an acknowledgement that Discord has already is one, and a message
carries a nonce, by which Discord knows it again.
"""

import asyncio
import logging
import secrets
from collections.abc import Awaitable, Callable
from typing import Any

import discord

from bot.discord.ledger import Ledger
from bot.discord.logs import event, log_store_errors
from bot.discord.requests import AT_ONCE, FAILURES, PROGRESS, ChannelLocks, is_refusal, retry
from bot.discord.types import COLOURS, Card

Interaction = discord.Interaction[Any]
Attempt = Callable[[], Awaitable[object]]
ALREADY_ACKNOWLEDGED = 40060
# so long after it was lost an edit is expected to take effect, if it ever does
LATE_SECONDS = 5.0
UNSHOWABLE = (
    "Dateline may not answer here: it needs the permissions Embed Links and Read Message History, which anyone who "
    "manages the server can give it."
)

log = logging.getLogger(__name__)


class Reply:
    """Where one person is answered.

    An edit whose answer was lost may still take effect, even after the next one: the last one is then made again.
    """

    def __init__(self) -> None:
        self._lock = asyncio.Lock()
        self._lost = False
        self._last: Attempt | None = None

    async def acknowledge(self) -> None:
        """Shows that the bot is at work. Raises one of FAILURES if it is too late for that."""
        raise NotImplementedError

    async def show_progress(self, card: Card) -> bool:
        """Shows how far it is, if that works at the first try; False where it is not the time to try."""
        raise NotImplementedError

    async def show(self, card: Card, view: discord.ui.View | None = None) -> None:
        """Shows what stays. Raises one of FAILURES if it cannot be shown anywhere."""
        raise NotImplementedError

    async def settle(self) -> None:
        """Makes sure that the last edit stays; to be called when nothing more is to be shown."""
        if self._lost and self._last is not None:
            await asyncio.sleep(LATE_SECONDS)
            await self._edit_once(self._last)

    async def _edit_once(self, edit: Attempt) -> None:
        """Tries once, and leaves it at that: progress is soon overtaken."""
        try:
            await retry(edit, PROGRESS, self._lock)
        except FAILURES as error:
            log.info(event("progress_failed", error=type(error).__name__))
            self._lost |= not is_refusal(error)

    async def _edit(self, edit: Attempt) -> None:
        await retry(edit, lock=self._lock)
        self._last = edit


class InteractionReply(Reply):
    """Replies to a slash command, a context menu, a form or a button."""

    def __init__(self, interaction: Interaction, private: bool = False, turning: bool = False) -> None:
        """`private`: only the person sees it; `turning`: the button's own message becomes the reply."""
        super().__init__()
        self._interaction = interaction
        self._private = private
        self._thinking = not turning
        self._acknowledged = False

    async def acknowledge(self) -> None:
        await self._respond(lambda: self._interaction.response.defer(ephemeral=self._private, thinking=self._thinking))

    async def open(self, form: discord.ui.Modal) -> None:
        """Shows a form, in the place of an acknowledgement."""
        await self._respond(lambda: self._interaction.response.send_modal(form))

    async def show_progress(self, card: Card) -> bool:
        # a refresh can outlast the 15 minutes
        if self._interaction.is_expired() or self._lock.locked():
            return False
        await self._edit_once(lambda: self._interaction.edit_original_response(embed=embed_of(card)))
        return True

    async def show(self, card: Card, view: discord.ui.View | None = None) -> None:
        """See `Reply`. What cannot be edited is sent again: to the channel if it is public, else to the person."""
        embed, shown = embed_of(card), discord.utils.MISSING if view is None else view
        if not self._acknowledged and not self._interaction.response.is_done():
            # at once and to this person only: nothing was asked of a model
            self._private, send = True, self._interaction.response.send_message
            if await self._respond(lambda: send(embed=embed, view=shown, ephemeral=True)):
                return
        try:
            await self._edit(lambda: self._interaction.edit_original_response(content=None, embed=embed, view=view))
        except FAILURES as error:
            log.warning(event("edit_failed", error=type(error).__name__, private=self._private))
            await self._post_anew(embed, view)

    async def _respond(self, attempt: Attempt) -> bool:
        """Makes the one response that Discord takes; False if it has one already, of a try whose answer was lost."""
        first = True
        try:
            await retry(attempt, AT_ONCE)
        except discord.HTTPException as error:
            if error.code != ALREADY_ACKNOWLEDGED:
                raise
            first = False
        self._acknowledged = True
        return first

    async def _post_anew(self, embed: discord.Embed, view: discord.ui.View | None) -> None:
        """Into the channel, unless the reply is private or the bot may not write there; else to the person."""
        channel = self._interaction.channel
        if isinstance(channel, discord.abc.Messageable) and not self._private:
            try:
                await _post(channel, embed, view)
                return
            except FAILURES as error:
                log.warning(event("post_failed", error=type(error).__name__, then="person"))
        await _post(self._interaction.user, embed, view)


class MessageReply(Reply):
    """Replies to a message, with a message that is edited.

    Until that shows an answer the ledger has it as pending, for a bot that is killed and starts again.
    """

    def __init__(self, message: discord.Message, first: Card, locks: ChannelLocks, ledger: Ledger) -> None:
        super().__init__()
        self._message = message
        self._first = first
        self._locks = locks
        self._ledger = ledger
        self._posting: asyncio.Task[discord.Message] | None = None
        self._editable = True

    async def acknowledge(self) -> None:
        """Does not wait for the message, which may have to wait for the channel."""
        self._posting = asyncio.create_task(self._post_pending())

    async def show_progress(self, card: Card) -> bool:
        """Where others wait for the channel, they go first."""
        posting = self._posting
        if posting is None or not posting.done() or posting.exception() is not None or self._lock.locked():
            return False
        if self._editable:
            await self._edit_once(lambda: posting.result().edit(embed=embed_of(card)))
        return True

    async def show(self, card: Card, view: discord.ui.View | None = None) -> None:
        """A message that can no longer be edited, for example because it was deleted, is sent as a new one."""
        embed = embed_of(card)
        if self._posting is not None:
            try:
                posted = await self._posting
                # before it is edited: an answer must not be taken for an interrupted one after all
                with log_store_errors("clear_pending"):
                    await asyncio.to_thread(self._ledger.clear_pending, posted.id)
                if self._editable:
                    await self._edit(lambda: posted.edit(content=None, embed=embed, view=view))
                return
            except FAILURES as error:
                log.warning(event("edit_failed", error=type(error).__name__, then="message"))
        await self._post_somewhere(embed, view)

    async def _post_pending(self) -> discord.Message:
        posted = await self._post_somewhere(embed_of(self._first))
        with log_store_errors("add_pending"):
            await asyncio.to_thread(self._ledger.add_pending, posted.channel.id, posted.id)
        return posted

    async def _post_somewhere(self, embed: discord.Embed, view: discord.ui.View | None = None) -> discord.Message:
        """A reply; where the bot may not reply a message, where it may not write one to the person, else a sentence."""
        message, channel = self._message, self._message.channel
        reference = message.to_reference(fail_if_not_exists=False)
        for place, replied_to in ((channel, reference), (channel, None), (message.author, None)):
            try:
                posted = await _post(place, embed, view, replied_to, self._locks.of("post", place.id))
            except discord.HTTPException as error:
                if not is_refusal(error):
                    raise
                log.info(event("post_refused", code=error.code, person=place is message.author))
            else:
                self._lock = self._locks.of("edit", posted.channel.id)
                return posted
        self._editable = False
        return await retry(lambda: channel.send(UNSHOWABLE), lock=self._locks.of("post", channel.id))


def embed_of(card: Card) -> discord.Embed:
    """The embed that shows the card; its texts are within Discord's limits already."""
    embed = discord.Embed(
        title=card.title or None, description=card.description or None, url=card.url, colour=COLOURS[card.tone]
    )
    for field in card.fields:
        embed.add_field(name=field.name, value=field.value, inline=field.inline)
    return embed.set_footer(text=card.footer) if card.footer else embed


async def _post(
    channel: discord.abc.Messageable,
    embed: discord.Embed,
    view: discord.ui.View | None = None,
    reference: discord.MessageReference | None = None,
    lock: asyncio.Lock | None = None,
) -> discord.Message:
    """A new message."""
    others: dict[str, Any] = {"view": view, "reference": reference, "nonce": secrets.token_hex(12)}
    return await retry(lambda: channel.send(embed=embed, **others), lock=lock)
