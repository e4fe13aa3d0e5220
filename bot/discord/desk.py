"""Questions come in, answers go out: the same for a command, a mention, a context menu, a modal and a follow-up."""

import asyncio
import logging
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol, TypeVar

from bot.discord.cards import CHANGED, GONE, answer_card, context_card, evidence_card, notice_card
from bot.discord.conversations import Conversations
from bot.discord.cooldowns import Cooldowns
from bot.discord.health import Health
from bot.discord.ledger import Ledger
from bot.discord.logs import event
from bot.discord.queue import Place, Queue
from bot.discord.refusals import GoneError, RefusalError
from bot.discord.replies import Reply
from bot.discord.types import Card, Rating, Remembered
from bot.discord.views import answer_view, evidence_view
from bot.question import checked
from bot.settings import DiscordSettings
from reader.types import Answer
from retrieval.errors import StoreError, UsageError
from retrieval.heading import day
from retrieval.types import Article, SearchFilter, Sources, StoreStatus, Turn

# an interaction's token lives 15 minutes: what is not answered by then could not be shown
PATIENCE_SECONDS = 600.0
# whoever is answered sooner need not read how many are ahead
BRIEF_SECONDS = 1.0
PAUSE_SECONDS = 3.0

T = TypeVar("T")
Answered = tuple[SearchFilter, Answer]  # and what it was limited to

log = logging.getLogger(__name__)


class Answers(Protocol):
    """What the desk needs of `bot.assistant.Assistant`; each call may come from another thread."""

    def ask(self, question: str, where: SearchFilter, *, conversation: Sequence[Turn] = ()) -> Answer:
        """Answers one question after a conversation, oldest turn first; called by one thread only."""
        ...

    def articles(self, ids: Iterable[str]) -> Mapping[str, Article]:
        """The articles with these ids that are still there."""
        ...

    def sources(self) -> Sources:
        """The sources that can be searched."""
        ...

    def status(self) -> StoreStatus:
        """What the store holds."""
        ...


@dataclass(frozen=True, slots=True)
class Asked:
    """One question: what, of which articles, by whom and where (Discord's ids).

    `follows` is the id of an answer that it is a reply to: it is asked of the same articles as that one, and may lean
    on it. One that `goes_on` may lean on what the person asked there before; one that is neither starts over. `kept`
    says that later questions may lean on it. `server` is where others can see the answer, None where it is private.
    """

    question: str
    where: SearchFilter
    person: int
    channel: int
    follows: str | None = None
    server: int | None = None
    goes_on: bool = False
    kept: bool = True


class Desk:
    """Admits questions, queues them, and shows what comes of them."""

    def __init__(
        self,
        assistant: Answers,
        ledger: Ledger,
        queue: Queue,
        health: Health,
        settings: DiscordSettings,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._assistant = assistant
        self._ledger = ledger
        self._queue = queue
        self._health = health
        self._clock = clock
        self._longest = settings.max_question_length
        self._people = Cooldowns("You", settings.cooldown_seconds, clock)
        self._channels = Cooldowns("This channel", settings.channel_cooldown_seconds, clock)
        self._conversations = Conversations(clock)

    async def answer(self, asked: Asked, reply: Reply) -> None:
        """Acknowledges, answers off the event loop, renders and sends.

        Raises RefusalError, DatelineError, and what `Reply` does.
        """
        began = self._clock()
        try:
            place = self.admit(asked, lambda question: self._answered(question, asked))
            try:
                await reply.acknowledge()
                where, answer = await self._settled(place, reply)
            finally:
                place.leave()
            card, id = await self._remembered(answer, where, asked.server)
            await reply.show(card, answer_view(id, answer) if id is not None else None)
        except Exception as error:
            refused = isinstance(error, RefusalError | UsageError)
            self._health.unanswered(type(error).__name__.lower() if refused else "failed")
            raise
        took = self._clock() - began
        generation = answer.evidence.generation
        self._health.answered(answer.kind if answer.certain else "unsure", took, generation)
        log.info(
            event("answered", kind=answer.kind, certain=answer.certain, seconds=f"{took:.2f}", generation=generation)
        )
        log.debug(event("question", text=asked.question))

    async def evidence(self, id: str, page: int, reply: Reply) -> None:
        """Shows one of the passages that were read for an answer."""
        remembered = await self._recalled(id)
        wanted = [remembered.places[page].article_id] if 0 <= page < len(remembered.places) else []
        if remembered.places and not wanted:
            raise GoneError
        articles = await asyncio.to_thread(self._assistant.articles, wanted)
        card = evidence_card(remembered, articles, page)
        await reply.show(card, evidence_view(id, page, len(remembered.places)))

    async def context(self, id: str, page: int, reply: Reply) -> None:
        """Shows where a passage stands in its article."""
        remembered = await self._recalled(id)
        if not 0 <= page < len(remembered.places):
            raise GoneError
        place = remembered.places[page]
        article = (await asyncio.to_thread(self._assistant.articles, [place.article_id])).get(place.article_id)
        if article is None or not place.stands_in(article):
            await reply.show(notice_card(GONE if article is None else CHANGED))
            return
        await reply.show(context_card(article, place.start, place.end))

    async def rate(self, id: str, person: int, good: bool, reply: Reply) -> None:
        """Stores what somebody thinks of an answer."""
        rating = await asyncio.to_thread(self._ledger.rate, id, person, good)
        if rating is None:
            raise GoneError
        self._health.voted(good)
        await reply.show(notice_card(_thanks(rating)))

    def admit(self, asked: Asked, work: Callable[[str], T]) -> Place[T]:
        """A place in the queue for what is to be done with a question. Raises UsageError, RefusalError."""
        question = checked(asked.question)
        if len(question) > self._longest:
            raise UsageError(
                f"The question has {len(question)} characters, expected at most {self._longest}; shorten it."
            )
        self._people.check(asked.person, asked.person)
        self._channels.check(asked.channel, asked.person)
        place = self._queue.join(lambda: work(question))
        self._people.start(asked.person)
        self._channels.start(asked.channel)
        return place

    def _answered(self, question: str, asked: Asked) -> Answered:
        """Called by the queue's thread, so that a question finds the turn of the one that was answered before it."""
        followed = None if asked.follows is None else self._followed(asked.follows)
        where = asked.where if asked.follows is None else SearchFilter() if followed is None else followed.where
        before: tuple[Turn, ...] = ()
        if followed is not None:
            before = self._conversations.up_to(followed.turn, asked.person, asked.channel)
        elif asked.goes_on:
            before = self._conversations.of(asked.person, asked.channel)
        answer = self._assistant.ask(question, where, conversation=before)
        if asked.kept:
            self._conversations.keep(asked.person, asked.channel, answer.conversation(before))
        return where, answer

    def _followed(self, id: str) -> Remembered | None:
        """The answer with this id; None where it is forgotten or cannot be read."""
        try:
            return self._ledger.recall(id)
        except StoreError as error:
            log.error(event("answer_not_loaded", said=str(error)))
            return None

    async def _settled(self, place: "Place[Answered]", reply: Reply) -> Answered:
        """The answer; meanwhile the person sees how many are ahead, all who wait together at about an edit a second."""
        told, seconds = 0, BRIEF_SECONDS
        while not await place.settled(seconds):
            if place.ahead != told:
                told = place.ahead
                await reply.mention_progress(notice_card(waiting(told)))
            seconds = max(PAUSE_SECONDS, self._queue.depth)
        return place.done.result()

    async def _remembered(self, answer: Answer, where: SearchFilter, server: int | None) -> "tuple[Card, str | None]":
        """The answer's card and id; without an id, and so without buttons, if it cannot be stored."""
        # hundreds of items take a while, and the connection to Discord wants to be kept alive
        card = await asyncio.to_thread(answer_card, answer, limited_to(where))
        try:
            return card, await asyncio.to_thread(self._ledger.remember, answer, where, server)
        except StoreError as error:
            log.error(event("answer_not_stored", said=str(error)))
            return card, None

    async def _recalled(self, id: str) -> Remembered:
        remembered = await asyncio.to_thread(self._ledger.recall, id)
        if remembered is None:
            raise GoneError
        return remembered


def waiting(ahead: int) -> str:
    """What somebody sees who waits: waiting(2) -> "Reading … 2 questions are ahead of yours." """
    if ahead == 0:
        return "Reading …"
    return f"Reading … {ahead} question{' is' if ahead == 1 else 's are'} ahead of yours."


def limited_to(where: SearchFilter) -> str:
    """The filter in words: "source Example Wire, since 20 February 2024"; empty where everything is searched."""
    parts = (
        f"source {where.source}" if where.source is not None else None,
        f"since {day(where.since)}" if where.since is not None else None,
        f"until {day(where.until)}" if where.until is not None else None,
    )
    return ", ".join(part for part in parts if part is not None)


def _thanks(rating: Rating) -> str:
    if rating.mine:
        return "Thank you; noted as a good answer."
    if rating.private:
        return "Thank you; noted as a bad answer. Nobody else is shown the question."
    return "Thank you; noted as a bad answer. Those who manage this server see question and answer, not who asked."
