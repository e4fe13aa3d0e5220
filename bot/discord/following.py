"""/follow, /following, and the news that comes of them.

News waits in the outbox of the followed questions (`bot.following`), in which it is written together with its having
been told; it leaves it when Discord has taken the message. A try whose answer was lost is made again with the same
nonce, by which Discord knows it for some minutes; after a restart, what the channel shows already is not said again.
"""

import asyncio
import logging
import threading
from collections.abc import Callable, Sequence
from datetime import timedelta
from typing import TYPE_CHECKING

import discord

from bot.discord.cards import notice_card
from bot.discord.desk import Asked, limited_to
from bot.discord.door import check_operator, check_place
from bot.discord.embeds import embed_of
from bot.discord.logs import RECORD, event
from bot.discord.newscards import LISTED, followed_card, following_card, in_messages, news_card
from bot.discord.refusals import CannotWriteError, FollowLimitError, NotAllowedError, NotYoursError
from bot.discord.replies import Interaction, InteractionReply, Reply, origin_of, standing_of
from bot.discord.requests import FAILURES, PATIENTLY, persistently
from bot.discord.stopping import StopButton, list_view, news_view, stop_view, told_in
from bot.discord.words import note
from bot.following.questions import FollowedQuestions, TooManyError
from bot.following.types import Asker, Followed, Limits, Notice
from reader.types import Answer
from retrieval.types import SearchFilter

if TYPE_CHECKING:
    from bot.discord.client import DatelineClient
    from bot.following.checking import Checker

LOOK_SECONDS = 2.0
# after an error, and where another process may have left something
RETRY_SECONDS = 60.0
# a process that took news to post it, and has not within this time, is dead
POSTING = timedelta(minutes=5)
AT_ONCE = 10
LOOKED_BACK = 100
GONE = "This question is no longer followed."

log = logging.getLogger(__name__)


class Followers:
    """What follows questions, each call in a thread; models are loaded when somebody does.

    `find` gives the followed questions, if there are any; `open_checker` what asks them.
    """

    def __init__(
        self,
        find: Callable[[], FollowedQuestions | None],
        open_checker: Callable[[], "Checker"],
        ask: Callable[[str, SearchFilter], Answer],
        generation: Callable[[], int],
    ) -> None:
        self._find = find
        self._open_checker = open_checker
        self._ask = ask
        self._generation = generation
        self._checker: Checker | None = None
        self._checked = 0
        self._leaving = threading.Event()

    @property
    def checker(self) -> "Checker":
        """What asks the questions. Raises DatelineError."""
        if self._checker is None:
            self._checker = self._open_checker()
        return self._checker

    def questions(self) -> FollowedQuestions | None:
        """The followed questions, if there are any. Raises StoreError."""
        return self._find() if self._checker is None else self._checker.questions

    def follow(self, question: str, where: SearchFilter, by: Asker, limits: Limits) -> tuple[Followed, Answer]:
        """See `Checker.follow`."""
        return self.checker.follow(self._ask, question, where, by, limits)

    def look(self) -> bool:
        """Asks the followed questions of a new generation; whether there was one. Raises DatelineError."""
        generation = self._generation()
        if generation == self._checked:
            return False
        questions = self.questions()
        if questions is not None and questions.due("discord"):
            checked = self.checker.check("discord", self._leaving.is_set)
            log.info(event("followed", questions=checked.questions, read=checked.read, news=checked.news))
        self._checked = generation
        return True

    def leave(self) -> None:
        """Ends a check after the question that it asks now."""
        self._leaving.set()


class Following:
    """What people do with followed questions, and the posting of news; new generations are looked for every
    `look_seconds`."""

    def __init__(self, client: "DatelineClient", followers: Followers) -> None:
        self.look_seconds = LOOK_SECONDS
        self._client = client
        self._followers = followers
        self._settings = client.parts.settings

    async def follow(self, interaction: Interaction, question: str, where: SearchFilter, private: bool) -> None:
        """Answers a question, and follows it."""
        client, settings = self._client, self._settings
        origin = origin_of(interaction)
        private = private or origin.own
        reply = InteractionReply(interaction, private and not origin.own)
        async with client.at_work(reply, "follow"):
            check_place(settings, origin)
            if not private:
                _check_writing(interaction, origin.installed)
            # what is followed privately is nobody else's to see
            by = Asker(interaction.user.id, origin.channel, None if private else origin.guild, private)
            limits = Limits(settings.max_followed_per_person, settings.max_followed_per_server)
            asked = Asked(client.unmentioned(question), where, by.person, origin.channel)
            place = client.parts.desk.admit(asked, lambda words: self._followers.follow(words, where, by, limits))
            try:
                await reply.acknowledge()
                followed, answer = await place.done
            except TooManyError as error:
                raise FollowLimitError(str(error)) from error
            finally:
                place.leave()
            RECORD.info(event("follow", id=followed.id, person=by.person, server=by.server))
            card = await asyncio.to_thread(followed_card, answer, limited_to(where), private)
            await reply.show(card, stop_view([StopButton(followed.id)]))

    async def show_own(self, interaction: Interaction) -> None:
        """Shows somebody what they follow."""
        reply = InteractionReply(interaction, private=True)
        async with self._client.at_work(reply, "following"):
            check_place(self._settings, origin_of(interaction))
            await reply.acknowledge()
            await self.show_list(reply, "You follow", person=interaction.user.id)

    async def show_list(self, reply: Reply, whose: str, person: int | None = None, server: int | None = None) -> None:
        """Shows the questions of a person or a server, with buttons to stop them."""
        found: Sequence[Followed] = ()
        questions = await asyncio.to_thread(self._followers.questions)
        if questions is not None:
            found = await asyncio.to_thread(lambda: questions.all(person=person, server=server))
        await reply.show(following_card(found, whose), list_view(found[:LISTED]) if found else None)

    async def stop(self, interaction: Interaction, id: int) -> None:
        """Follows a question no more, if it is theirs or of a server that they run."""
        reply = InteractionReply(interaction, private=True)
        async with self._client.at_work(reply, "stop"):
            await reply.acknowledge()
            questions = await asyncio.to_thread(self._followers.questions)
            followed = None if questions is None else await asyncio.to_thread(questions.get, id)
            if questions is None or followed is None or followed.by is None:
                await reply.show(notice_card(GONE))
                return
            if followed.by.person != interaction.user.id:
                if followed.by.server is None or followed.by.server != interaction.guild_id:
                    raise NotYoursError
                try:
                    check_operator(self._settings, origin_of(interaction), standing_of(interaction), changes=False)
                except NotAllowedError as error:
                    raise NotYoursError from error
            await asyncio.to_thread(questions.remove, id)
            RECORD.info(event("stopped", id=id, person=interaction.user.id, server=interaction.guild_id))
            await reply.show(notice_card(f"“{followed.question}” is no longer followed."))

    async def run(self) -> None:
        """Looks for new generations and posts what is new, until it is cancelled."""
        await self._client.wait_until_ready()
        due = 0.0
        released = False
        while True:
            pause = self.look_seconds
            now = asyncio.get_running_loop().time()
            try:
                if not released:
                    await asyncio.to_thread(self._release)
                    released = True
                if await asyncio.to_thread(self._followers.look) or now >= due:
                    due = now + RETRY_SECONDS
                    await self._post_all()
            # whatever goes wrong, it is tried again: nobody else would post what is new
            except Exception as error:
                note(error, "following")
                pause = RETRY_SECONDS
            await asyncio.sleep(pause)

    def _release(self) -> None:
        """What an earlier run of the only bot had taken is there to be taken; where there are several, it times out."""
        questions = self._followers.questions()
        if questions is not None and not questions.shared:
            questions.outbox.release("discord")

    async def _post_all(self) -> None:
        questions = await asyncio.to_thread(self._followers.questions)
        if questions is None or not await asyncio.to_thread(questions.outbox.waits, "discord"):
            return
        checker = await asyncio.to_thread(lambda: self._followers.checker)
        while (taken := await asyncio.to_thread(checker.take, "discord", POSTING, AT_ONCE)) is not None:
            try:
                await self._post(taken.message, taken.notices, checker.questions, taken.again)
            # it stays in the outbox, and is taken again later; others go on
            except Exception as error:
                note(error, "post_news")

    async def _post(self, message: str, notices: Sequence[Notice], questions: FollowedQuestions, again: bool) -> None:
        """Posts news of one person in one place. Raises discord.HTTPException, or one of FAILURES, where it may be
        tried again."""
        left = list(notices)
        try:
            if again:
                known = await _told_before(await self._place(notices[0].followed))
                await asyncio.to_thread(questions.outbox.shown, [each.id for each in left if each.id in known])
                left = [each for each in left if each.id not in known]
            while left:
                cards = await asyncio.to_thread(lambda: [news_card(each) for each in left])
                first = len(next(in_messages(cards)))
                embeds = [embed_of(card) for card in cards[:first]]
                await self._send(left[:first], embeds, f"{message}-{left[0].id}")
                await asyncio.to_thread(questions.outbox.shown, [each.id for each in left[:first]])
                del left[:first]
        except discord.HTTPException as error:
            if error.status >= 500:
                raise
            await self._give_up(left, questions, error)

    async def _send(self, notices: Sequence[Notice], embeds: list[discord.Embed], nonce: str) -> None:
        place, view = await self._place(notices[0].followed), news_view(notices)
        line = self._client.lines.line("post", getattr(place, "id", 0))
        await persistently(lambda: place.send(embeds=embeds, view=view, nonce=nonce), PATIENTLY, line)

    async def _place(self, followed: Followed) -> discord.abc.Messageable:
        by = followed.by
        assert by is not None
        if by.private:
            return await persistently(lambda: self._client.create_dm(discord.Object(by.person)), PATIENTLY)
        return self._client.get_partial_messageable(by.channel)

    async def _give_up(
        self, notices: Sequence[Notice], questions: FollowedQuestions, error: discord.HTTPException
    ) -> None:
        """Suspends what cannot be told where it was to be, and tells the person privately, once, with the news."""
        ids = list(dict.fromkeys(each.followed.id for each in notices))
        new = [id for id in ids if await asyncio.to_thread(questions.suspend, id)]
        by = notices[0].followed.by
        log.warning(event("suspended", questions=",".join(map(str, new)), status=error.status, code=error.code))
        if by is None or by.private or not new:
            return
        embeds = [embed_of(notice_card(_cannot_write(notices)))]
        cards = [news_card(each) for each in notices]
        first = next(iter(in_messages([notice_card(_cannot_write(notices)), *cards])))
        embeds += [embed_of(card) for card in cards[: len(first) - 1]]
        try:
            person = await persistently(lambda: self._client.create_dm(discord.Object(by.person)), PATIENTLY)
            nonce = f"gone-{notices[0].id}"
            await persistently(lambda: person.send(embeds=embeds, nonce=nonce), PATIENTLY)
        except (discord.HTTPException, *FAILURES) as failure:
            log.warning(event("not_delivered", doing="suspend", error=type(failure).__name__))


async def _told_before(place: discord.abc.Messageable) -> set[int]:
    """The numbers of the news that a place shows already; none where the bot may not look back."""
    try:
        return {number async for message in place.history(limit=LOOKED_BACK) for number in told_in(message)}
    except discord.Forbidden:
        return set()


def _check_writing(interaction: Interaction, installed: bool) -> None:
    """Raises CannotWriteError where the bot could not tell what is new."""
    may = interaction.app_permissions
    in_thread = isinstance(interaction.channel, discord.Thread)
    writes = may.send_messages_in_threads if in_thread else may.send_messages
    if not (installed and may.view_channel and writes and may.embed_links):
        raise CannotWriteError


def _cannot_write(notices: Sequence[Notice]) -> str:
    questions = list(dict.fromkeys(each.followed.question for each in notices))
    named = ", ".join(f"“{question}”" for question in questions)
    return (
        f"Dateline may no longer write in the channel where you follow {named}, so it has stopped; follow it "
        "again in another channel, or with `private: True`. What is new:"
    )
