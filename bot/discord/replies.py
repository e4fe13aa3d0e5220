"""Two ways to reply, one interface: to an interaction (command, button, modal), and to a message that mentions the bot.

A reply is acknowledged at once, and becomes what it has to say by being edited. Where the network or Discord fails, it
is tried again (`bot.discord.requests`): an edit may be made twice, an acknowledgement that Discord has already is one,
and a message carries a nonce, by which Discord knows it again. An edit whose answer was lost may still take effect, and
after the next one: the last word is then said again.
"""

import asyncio
import logging
import secrets
from collections.abc import Awaitable, Callable
from typing import Any, Protocol

import discord

from bot.discord.door import Origin, Standing
from bot.discord.embeds import embed_of
from bot.discord.logs import event
from bot.discord.requests import AT_ONCE, FAILURES, PATIENTLY, Edits, Lines, persistently
from bot.discord.types import Card
from retrieval.errors import StoreError

Interaction = discord.Interaction[Any]
Word = tuple[discord.Embed, discord.ui.View | None]
ALREADY_ACKNOWLEDGED = 40060
UNSHOWABLE = (
    "Dateline may not answer here: it needs the permissions Embed Links and Read Message History, which anyone who "
    "manages the server can give it."
)

log = logging.getLogger(__name__)


class Reply(Protocol):
    """Where one person is answered."""

    @property
    def private(self) -> bool:
        """Whether only the person who asked sees it."""
        ...

    async def acknowledge(self) -> None:
        """Shows that the bot is at work. Raises discord.HTTPException or one of FAILURES if it is too late for that."""
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


class Expectations(Protocol):
    """Which messages have yet to become an answer, even if the bot is killed: `bot.discord.ledger.Ledger`."""

    def expect(self, channel: int, message: int) -> None:
        """This one has. Raises StoreError."""
        ...

    def met(self, message: int) -> None:
        """This one has become one. Raises StoreError."""
        ...


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
        """See `Reply`. What cannot be edited is sent anew: to the channel if it is public, else to the person."""
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
            await self._post_anew((embed, view))

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

    async def _post_anew(self, word: Word) -> None:
        """Into the channel, unless the reply is private or the bot may not write there; else to the person."""
        channel = self._interaction.channel
        if isinstance(channel, discord.abc.Messageable) and not self.private:
            try:
                await _post(channel, lambda: word)
                return
            except (discord.HTTPException, *FAILURES) as error:
                log.warning(event("post_failed", error=type(error).__name__, then="person"))
        await _post(self._interaction.user, lambda: word)


class MessageReply:
    """Replies to a message, with a message that is edited.

    It stands in the channel's line, and when its turn comes it says the newest word: maybe the last one already.
    """

    private = False

    def __init__(self, message: discord.Message, first: Card, lines: Lines, expectations: Expectations) -> None:
        self._message = message
        self._lines = lines
        self._expectations = expectations
        self._expected: int | None = None
        self._word: Word = (embed_of(first), None)
        self._said: Word | None = None
        self._posting: asyncio.Task[discord.Message] | None = None
        self._edits = Edits()
        self._given_up = False

    async def acknowledge(self) -> None:
        """See `Reply`. It does not wait for the message, which may have to stand in line."""
        self._posting = asyncio.create_task(self._promised())

    async def mention_progress(self, card: Card) -> None:
        """See `Reply`."""
        posting, word = self._posting, (embed_of(card), None)
        if posting is None or not posting.done():
            self._word = word
        elif posting.exception() is None and not self._given_up:
            await self._edits.progress(lambda: posting.result().edit(embed=word[0]))

    async def show(self, card: Card, view: discord.ui.View | None = None) -> None:
        """See `Reply`. A message that cannot be edited any more, since it was deleted for one, is sent anew."""
        self._word = word = (embed_of(card), view)
        try:
            posted = await self._begun()
            if self._expected is not None:
                # before it is: an answer must not be taken for a promise after all
                await _noted(self._expectations.met, self._expected)
            if self._said is not word and not self._given_up:
                await self._edits.last(lambda: posted.edit(content=None, embed=word[0], view=view))
        except (discord.HTTPException, *FAILURES) as error:
            if self._said is word:
                raise
            log.warning(event("edit_failed", error=type(error).__name__, then="message"))
            await self._posted()

    async def settle(self) -> None:
        """See `Reply`."""
        await self._edits.settle()

    async def _promised(self) -> discord.Message:
        """A message that has yet to become an answer."""
        posted = await self._posted()
        self._expected = posted.id
        await _noted(self._expectations.expect, posted.channel.id, posted.id)
        return posted

    def _begun(self) -> asyncio.Task[discord.Message]:
        """What posts the message, and stands in line for it."""
        if self._posting is None:
            self._posting = asyncio.create_task(self._posted())
        return self._posting

    async def _posted(self) -> discord.Message:
        """A reply; where the bot may not reply a message, where it may not write one to the person, else a sentence."""
        message, channel = self._message, self._message.channel
        reference = message.to_reference(fail_if_not_exists=False)
        for place, replied_to in ((channel, reference), (channel, None), (message.author, None)):
            line = self._lines.line("post", place.id)
            try:
                posted = await _post(place, self._newest, replied_to, line)
            except discord.HTTPException as error:
                if error.status >= 500:
                    raise
                log.info(event("post_refused", code=error.code, person=place is message.author))
            else:
                self._edits = Edits(self._lines.line("edit", posted.channel.id))
                return posted
        self._given_up = True
        return await persistently(lambda: channel.send(UNSHOWABLE), PATIENTLY, self._lines.line("post", channel.id))

    def _newest(self) -> Word:
        self._said = self._word
        return self._word


def origin_of(interaction: Interaction) -> Origin:
    """Where an interaction comes from. A server that the bot is no member of shows as not `installed`."""
    return Origin(
        guild=interaction.guild_id,
        channel=interaction.channel_id or 0,
        parent=getattr(interaction.channel, "parent_id", None),
        own=interaction.context.dm_channel,
        installed=interaction.is_guild_integration() or not interaction.is_user_integration(),
    )


def standing_of(interaction: Interaction) -> Standing:
    """What the person of an interaction may do."""
    user = interaction.user
    roles = frozenset(role.id for role in user.roles) if isinstance(user, discord.Member) else frozenset[int]()
    return Standing(roles, interaction.permissions.manage_guild or interaction.permissions.administrator)


async def _noted(note: Callable[..., None], *ids: int) -> None:
    try:
        await asyncio.to_thread(note, *ids)
    except StoreError as error:
        log.error(event("pending_not_stored", said=str(error)))


async def _post(
    channel: discord.abc.Messageable,
    newest: Callable[[], Word],
    reference: discord.MessageReference | None = None,
    line: asyncio.Lock | None = None,
) -> discord.Message:
    """A new message that says what `newest` gives when its turn comes."""
    nonce = secrets.token_hex(12)
    said: list[Word] = []

    async def attempt() -> discord.Message:
        if not said:  # another try must say the same: Discord knows it by the nonce
            said.append(newest())
        embed, view = said[0]
        others: dict[str, Any] = {"view": view} if view is not None else {}
        if reference is not None:
            others["reference"] = reference
        return await channel.send(embed=embed, nonce=nonce, **others)

    return await persistently(attempt, PATIENTLY, line)
