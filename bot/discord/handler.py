"""Questions come in, answers go out: the same for a command, a mention, a context menu, a form and a reply."""

import asyncio
import logging
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import TypeVar

from discord.app_commands import Cooldown
from discord.ext.commands import CooldownMapping

from bot.assistant import Assistant
from bot.discord.cards import CHANGED, GONE, answer_card, context_card, evidence_card, notice_card
from bot.discord.conversations import Conversations
from bot.discord.health import Health
from bot.discord.ledger import Ledger
from bot.discord.logs import event, log_store_errors
from bot.discord.queue import Queue
from bot.discord.refusals import ClosingError, GoneError, OverdueError, RefusalError, TooSoonError
from bot.discord.replies import Reply
from bot.discord.types import Card
from bot.discord.views import answer_view, evidence_view
from bot.overview import scope_words
from bot.question import checked
from bot.scope import Scope
from bot.settings import DiscordSettings
from reader.types import Answer
from retrieval.errors import UsageError
from retrieval.types import EVERYTHING, SearchFilter, Turn

# an interaction's token lives 15 minutes: what is not answered by then could not be shown
PATIENCE_SECONDS = 600.0
THANKS_GOOD = "Thank you; noted as a good answer."
THANKS_BAD = "Thank you; noted as a bad answer. Those who manage this server see question and answer, not who asked."
THANKS_PRIVATE = "Thank you; noted as a bad answer. Nobody else is shown the question."
# who is answered sooner need not read how many are ahead
BRIEF_SECONDS = 1.0
PAUSE_SECONDS = 3.0

T = TypeVar("T")

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Question:
    """One question: what, of which articles, by whom and where (Discord's ids).

    `reply_to` is the id of an answer that it is a reply to: it is asked of the same articles as that one, and may refer
    to it. One that `continues` may refer to what the person asked there before; one that does neither starts over.
    `kept` says that later questions may refer to it. `server` is where others can see the answer, None where it is
    private.
    """

    text: str
    where: SearchFilter
    person: int
    channel: int
    reply_to: str | None = None
    server: int | None = None
    continues: bool = False
    kept: bool = True


class QuestionHandler:
    """Admits questions, queues them, and shows the answers."""

    def __init__(
        self,
        assistant: Assistant,
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
        self._cooldowns: dict[str, CooldownMapping[Question]] = {
            "You": CooldownMapping(Cooldown(1, settings.cooldown_seconds), lambda each: each.person),
            "This channel": CooldownMapping(Cooldown(1, settings.channel_cooldown_seconds), lambda each: each.channel),
        }
        # until when a person need not be told again that a channel, or they, must wait
        self._told: dict[tuple[str, int, int], float] = {}
        self._conversations = Conversations(clock)

    async def answer(self, question: Question, reply: Reply) -> None:
        """Acknowledges, answers, renders and sends. Raises RefusalError, DatelineError, and what `Reply` does."""
        began = self._clock()
        try:
            where, answer = await self.run(question, reply, lambda text: self._ask(text, question))
            # hundreds of items take a while, and the connection to Discord wants to be kept alive
            card, id = await asyncio.to_thread(self._render, answer, where, question.server)
            await reply.show(card, answer_view(id, answer) if id is not None else None)
        except Exception as error:
            refused = isinstance(error, RefusalError | UsageError)
            self._health.unanswered(type(error).__name__.lower() if refused else "failed")
            raise
        took, generation = self._clock() - began, answer.evidence.generation
        self._health.answered(answer.kind if answer.certain else "unsure", took, generation)
        outcome = {"kind": answer.kind, "certain": answer.certain, "generation": generation}
        log.info(event("answered", seconds=f"{took:.2f}", **outcome))
        log.debug(event("question", text=question.text))

    async def run(self, question: Question, reply: Reply, work: Callable[[str], T]) -> T:
        """What `work` makes of a question, off the event loop and in its turn. Raises as `answer` does."""
        text = checked(question.text)
        if len(text) > self._longest:
            raise UsageError(f"The question has {len(text)} characters, expected at most {self._longest}; shorten it.")
        self._check_cooldowns(question)
        job = self._queue.submit(lambda: work(text))
        for cooldowns in self._cooldowns.values():
            cooldowns.update_rate_limit(question, self._clock())
        shown, seconds, latest = 0, BRIEF_SECONDS, self._clock() + PATIENCE_SECONDS
        try:
            await reply.acknowledge()
            # meanwhile the person sees how many are ahead, all who wait together at about an edit a second
            while not (await asyncio.wait({job}, timeout=seconds))[0]:
                if self._clock() > latest:
                    raise OverdueError
                ahead = self._queue.ahead(job)
                if ahead != shown and await reply.show_progress(notice_card(waiting_message(ahead))):
                    shown = ahead
                seconds = max(PAUSE_SECONDS, self._queue.depth)
            if job.cancelled():
                raise ClosingError
            return job.result()
        finally:
            job.cancel()

    async def show_passage(self, id: str, page: int, reply: Reply, in_context: bool = False) -> None:
        """Shows one of the passages that were read for an answer, alone or where it stands in its article."""
        remembered = await asyncio.to_thread(self._ledger.load, id)
        if remembered is None:
            raise GoneError
        read = remembered.places[page : page + 1]
        if not read and (in_context or remembered.places):
            raise GoneError
        articles = await asyncio.to_thread(self._assistant.articles, [place.article_id for place in read])
        if in_context:
            place, article = read[0], articles.get(read[0].article_id)
            if article is None or not place.is_unchanged_in(article):
                await reply.show(notice_card(GONE if article is None else CHANGED))
            else:
                await reply.show(context_card(article, place.start, place.end))
        else:
            await reply.show(evidence_card(remembered, articles, page), evidence_view(id, page, len(remembered.places)))

    async def rate(self, id: str, person: int, good: bool, reply: Reply) -> None:
        """Stores what somebody thinks of an answer."""
        rating = await asyncio.to_thread(self._ledger.rate, id, person, good)
        if rating is None:
            raise GoneError
        self._health.voted(good)
        await reply.show(notice_card(THANKS_GOOD if good else THANKS_PRIVATE if rating.private else THANKS_BAD))

    def _check_cooldowns(self, question: Question) -> None:
        now = self._clock()
        for whose, cooldowns in self._cooldowns.items():
            bucket = cooldowns.get_bucket(question, now)
            left = 0.0 if bucket is None else bucket.get_retry_after(now)
            if left > 0:
                self._told = {key: end for key, end in self._told.items() if end > now}
                key = (whose, cooldowns.type(question), question.person)
                again = key in self._told
                self._told[key] = now + left
                raise TooSoonError(whose, left, again)

    def _ask(self, text: str, question: Question) -> tuple[SearchFilter, Answer]:
        """The answer, and what it was limited to. The queue's thread asks, so that the turn before is there."""
        where, before = question.where, tuple[Turn, ...]()
        if question.reply_to is not None:
            where, before = self._replied_to(question, question.reply_to)
        elif question.continues:
            before = self._conversations.of(question.person, question.channel)
        answer = self._assistant.ask(text, where, conversation=before)
        if question.kept:
            self._conversations.keep(question.person, question.channel, answer.conversation(before))
        return where, answer

    def _replied_to(self, question: Question, id: str) -> tuple[SearchFilter, tuple[Turn, ...]]:
        """What an answer was limited to, and the turns up to it; nothing where it is forgotten or cannot be read."""
        remembered = None
        with log_store_errors("recall"):
            remembered = self._ledger.load(id)
        if remembered is None:
            return EVERYTHING, ()
        return remembered.where, self._conversations.up_to(remembered.turn, question.person, question.channel)

    def _render(self, answer: Answer, where: SearchFilter, server: int | None) -> tuple[Card, str | None]:
        """The answer's card and id; without an id, and so without buttons, if it cannot be stored."""
        card = answer_card(answer, scope_words(Scope(where)))
        with log_store_errors("remember"):
            return card, self._ledger.save(answer, where, server)
        return card, None


def waiting_message(ahead: int) -> str:
    """What somebody sees who waits: waiting_message(2) -> "Reading … 2 questions are ahead of yours." """
    if ahead == 0:
        return "Reading …"
    return f"Reading … {ahead} question{' is' if ahead == 1 else 's are'} ahead of yours."
