"""Commands about followed questions, and the posting of news.

News waits in the outbox of the followed questions (`bot.following`), in which it is written together with its having
been told; it leaves it when Discord has taken the message. A try whose answer was lost is made again with the same
nonce, by which Discord knows it for some minutes; after a restart, what the channel shows already is not said again.
"""

import asyncio
import logging
import threading
from collections.abc import Sequence
from contextlib import suppress
from datetime import timedelta
from typing import TYPE_CHECKING

import discord

from bot.assistant import open_checker
from bot.discord.cards import notice_card
from bot.discord.errors import log_error
from bot.discord.handler import Question
from bot.discord.logs import RECORD, event
from bot.discord.newscards import LISTED, followed_card, following_card, in_messages, news_card
from bot.discord.parts import Parts
from bot.discord.permissions import Location, Member, check_location, check_operator, check_posting
from bot.discord.refusals import NotAllowedError, NotYoursError
from bot.discord.replies import Interaction, InteractionReply, Reply, embed_of
from bot.discord.requests import FAILURES, is_refusal, retry
from bot.discord.views import StopButton, list_view, news_in, news_view, view_of
from bot.following.questions import FollowedQuestions
from bot.following.types import Asker, Followed, Limits, Notice
from bot.overview import scope_words
from bot.scope import Scope
from retrieval.progress import silent
from retrieval.types import SearchFilter

if TYPE_CHECKING:
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


class Following:
    """Follows questions, and posts what is new; new generations are looked for every `look_seconds`."""

    def __init__(self, client: discord.Client, parts: Parts) -> None:
        self.look_seconds = LOOK_SECONDS
        self._client = client
        self._parts = parts
        self._checker: Checker | None = None
        self._checked = 0
        self._leaving = threading.Event()

    async def follow(
        self, interaction: Interaction, reply: Reply, text: str, where: SearchFilter, private: bool
    ) -> None:
        """Answers a question, and follows it. Raises RefusalError, DatelineError, and what `Reply` does."""
        settings, location = self._parts.settings.discord, Location.of(interaction)
        private = private or location.own
        check_location(settings, location)
        if not private:
            check_posting(interaction)
        # what is followed privately is nobody else's to see
        by = Asker(interaction.user.id, location.channel, None if private else location.guild, private)
        limits = Limits(settings.max_followed_per_person, settings.max_followed_per_server)
        question = Question(text, where, by.person, location.channel)
        ask, handler = self._parts.assistant.ask, self._parts.handler
        followed, answer = await handler.run(
            question, reply, lambda words: self._opened().follow(ask, words, where, by, limits)
        )
        RECORD.info(event("follow", id=followed.id, person=by.person, server=by.server))
        card = await asyncio.to_thread(followed_card, answer, scope_words(Scope(where)), private)
        await reply.show(card, view_of([StopButton(followed.id)]))

    async def show_list(self, reply: Reply, whose: str, person: int | None = None, server: int | None = None) -> None:
        """Shows the questions of a person or a server, with buttons to stop them."""
        found: Sequence[Followed] = ()
        questions = await asyncio.to_thread(self._questions)
        if questions is not None:
            found = await asyncio.to_thread(lambda: questions.all(person=person, server=server))
        await reply.show(following_card(found, whose), list_view(found[:LISTED]) if found else None)

    async def stop(self, interaction: Interaction, id: int) -> None:
        """Follows a question no more, if it is theirs or of a server that they run."""
        async with self._parts.replying(InteractionReply(interaction, private=True), "stop") as reply:
            await reply.acknowledge()
            questions = await asyncio.to_thread(self._questions)
            followed = None if questions is None else await asyncio.to_thread(questions.get, id)
            if questions is None or followed is None or followed.by is None:
                await reply.show(notice_card(GONE))
                return
            if followed.by.person != interaction.user.id:
                if followed.by.server is None or followed.by.server != interaction.guild_id:
                    raise NotYoursError
                try:
                    location, member = Location.of(interaction), Member.of(interaction)
                    check_operator(self._parts.settings.discord, location, member, changes=False)
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
                if await asyncio.to_thread(self._check) or now >= due:
                    due = now + RETRY_SECONDS
                    await self._post_all()
            # whatever goes wrong, it is tried again: nobody else would post what is new
            except Exception as error:
                log_error(error, "following")
                pause = RETRY_SECONDS
            await asyncio.sleep(pause)

    def leave(self) -> None:
        """Ends a check after the current question."""
        self._leaving.set()

    def _questions(self) -> FollowedQuestions | None:
        """The followed questions, if there are any. Called in a thread, as the next three are."""
        kept = self._parts.settings.storage
        return FollowedQuestions.find(kept.path, kept.url) if self._checker is None else self._checker.questions

    def _opened(self) -> "Checker":
        """The checker; its models are loaded when somebody follows a question."""
        if self._checker is None:
            kept = self._parts.settings.storage
            self._checker = open_checker(self._parts.settings, FollowedQuestions.open(kept.path, kept.url), silent)
        return self._checker

    def _check(self) -> bool:
        """Asks the followed questions of a new generation; whether there was one."""
        generation = self._parts.assistant.sources().generation
        if generation == self._checked:
            return False
        questions = self._questions()
        if questions is not None and questions.due("discord"):
            done = self._opened().check("discord", self._leaving.is_set)
            log.info(event("followed", questions=done.questions, read=done.read, news=done.news))
        self._checked = generation
        return True

    def _release(self) -> None:
        """Releases what an earlier run had claimed; where several bots share the outbox, claims time out instead."""
        questions = self._questions()
        if questions is not None and not questions.shared:
            questions.outbox.release("discord")

    async def _post_all(self) -> None:
        questions = await asyncio.to_thread(self._questions)
        if questions is None or not await asyncio.to_thread(questions.outbox.has_news, "discord"):
            return
        checker = await asyncio.to_thread(self._opened)
        while (taken := await asyncio.to_thread(checker.claim, "discord", POSTING, AT_ONCE)) is not None:
            try:
                await self._post(taken.message, taken.news, checker.questions, taken.again)
            # it stays in the outbox, and is taken again later; others go on
            except Exception as error:
                log_error(error, "post_news")

    async def _post(self, message: str, notices: Sequence[Notice], questions: FollowedQuestions, again: bool) -> None:
        """Posts news of one person in one place. Raises one of FAILURES where it may be tried again."""
        left, by = list(notices), notices[0].followed.by
        assert by is not None
        try:
            place = self._client.get_partial_messageable(by.channel) if not by.private else await self._direct(by)
            if again:
                known = set[int]()
                with suppress(discord.Forbidden):  # the bot may not look back
                    known = {id async for each in place.history(limit=LOOKED_BACK) for id in news_in(each)}
                await asyncio.to_thread(questions.outbox.remove, [each.id for each in left if each.id in known])
                left = [each for each in left if each.id not in known]
            while left:
                cards = await asyncio.to_thread(lambda: [news_card(each) for each in left])
                first = len(next(in_messages(cards)))
                embeds, view = [embed_of(card) for card in cards[:first]], news_view(left[:first])
                nonce = f"{message}-{left[0].id}"
                lock = self._parts.locks.of("post", getattr(place, "id", 0))
                await retry(lambda: place.send(embeds=embeds, view=view, nonce=nonce), lock=lock)  # noqa: B023
                await asyncio.to_thread(questions.outbox.remove, [each.id for each in left[:first]])
                del left[:first]
        except discord.HTTPException as error:
            if not is_refusal(error):
                raise
            await self._give_up(left, questions, error)

    async def _direct(self, by: Asker) -> discord.abc.Messageable:
        return await retry(lambda: self._client.create_dm(discord.Object(by.person)))

    async def _give_up(
        self, notices: Sequence[Notice], questions: FollowedQuestions, error: discord.HTTPException
    ) -> None:
        """Suspends questions whose news cannot be posted, and tells the person privately, once, with the news."""
        ids = list(dict.fromkeys(each.followed.id for each in notices))
        new = [id for id in ids if await asyncio.to_thread(questions.suspend, id)]
        by = notices[0].followed.by
        log.warning(event("suspended", questions=",".join(map(str, new)), status=error.status, code=error.code))
        if by is None or by.private or not new:
            return
        cards = [notice_card(_cannot_write(notices)), *(news_card(each) for each in notices)]
        embeds = [embed_of(cards[number]) for number in next(in_messages(cards))]
        try:
            person = await self._direct(by)
            await retry(lambda: person.send(embeds=embeds, nonce=f"gone-{notices[0].id}"))
        except FAILURES as failure:
            log.warning(event("not_delivered", doing="suspend", error=type(failure).__name__))


def _cannot_write(notices: Sequence[Notice]) -> str:
    questions = list(dict.fromkeys(each.followed.question for each in notices))
    named = ", ".join(f"“{question}”" for question in questions)
    return (
        f"Dateline may no longer write in the channel where you follow {named}, so it has stopped; follow it "
        "again in another channel, or with `private: True`. What is new:"
    )
