"""Which turns a question in Discord may lean on: per person and place, bounded, and forgotten."""

from pathlib import Path

import pytest

from bot.discord.conversations import FORGOTTEN_SECONDS, MOST, Conversations
from bot.discord.handler import Question
from bot.discord.ledger import Ledger
from retrieval.types import SearchFilter, Turn
from tests import fakes
from tests.test_discord_handler import Paper, Shelf, handler_of

pytestmark = pytest.mark.anyio
ANA, BO = 1, 2
CHANNEL, THREAD = 10, 11


class Clock:
    """Monotonic seconds that a test lets pass."""

    now = 1000.0

    def __call__(self) -> float:
        return self.now


class Talk:
    """A handler with a clock, whom people ask."""

    def __init__(self, folder: Path) -> None:
        self.clock = Clock()
        self.ledger = Ledger.open(folder / "discord.sqlite")
        self.handler = handler_of(Shelf(), folder, clock=self.clock)

    async def ask(self, person: int, place: int, question: str, **more: object) -> str:
        """What the answer says that it is about; empty where it stands alone."""
        paper = Paper()
        asked = Question(question, SearchFilter(), person, place, **more)  # type: ignore[arg-type]
        await self.handler.answer(asked, paper)
        return paper.cards[-1].footer


@pytest.fixture
def talk(tmp_path: Path) -> Talk:
    return Talk(tmp_path)


async def test_a_reply_leans_on_the_answer_that_it_is_to(talk: Talk) -> None:
    await talk.ask(ANA, THREAD, "alpha?", continues=True)
    await talk.ask(ANA, THREAD, "and beta?", continues=True)
    alpha, beta = (talk.ledger.save(fakes.answer(question)) for question in ("alpha?", "and beta?"))
    others = talk.ledger.save(fakes.answer("list Who?"))
    assert await talk.ask(BO, THREAD, "and then?", reply_to=beta) == "about: and beta?"
    assert await talk.ask(BO, THREAD, "and so?", continues=True) == "about: and beta? / and then?"
    assert await talk.ask(ANA, THREAD, "and why?", reply_to=beta) == "about: alpha? / and beta?"
    assert await talk.ask(ANA, THREAD, "and who?", reply_to=alpha) == "about: alpha?"
    assert await talk.ask(ANA, THREAD, "and so?", reply_to=others) == "about: list Who?"
    assert await talk.ask(ANA, THREAD, "and when?", reply_to="forgotten") == ""


async def test_what_was_asked_in_private_is_not_leaned_on_where_others_read(talk: Talk) -> None:
    await talk.ask(ANA, THREAD, "alpha?", continues=True)
    await talk.ask(ANA, THREAD, "secret?", kept=False)
    assert await talk.ask(ANA, THREAD, "and then?", continues=True) == "about: alpha?"


async def test_after_fifteen_minutes_it_is_forgotten(talk: Talk) -> None:
    await talk.ask(ANA, THREAD, "alpha?", continues=True)
    talk.clock.now += FORGOTTEN_SECONDS - 1
    assert await talk.ask(ANA, THREAD, "and then?", continues=True) == "about: alpha?"
    talk.clock.now += FORGOTTEN_SECONDS
    assert await talk.ask(ANA, THREAD, "and now?", continues=True) == ""


async def test_the_reply_to_an_old_answer_still_leans_on_it(talk: Talk) -> None:
    await talk.ask(ANA, CHANNEL, "alpha?")
    talk.clock.now += 10 * FORGOTTEN_SECONDS
    alpha = talk.ledger.save(fakes.answer("alpha?"))
    assert await talk.ask(ANA, CHANNEL, "and then?", reply_to=alpha) == "about: alpha?"


def kept(conversations: Conversations, people: range) -> list[int]:
    return [person for person in people if conversations.of(person, CHANNEL)]


def test_only_so_many_conversations_are_kept_those_that_went_on_last() -> None:
    conversations = Conversations(Clock())
    for person in range(MOST):
        conversations.keep(person, CHANNEL, [Turn(f"{person}?")])
    conversations.keep(0, CHANNEL, [Turn("again?")])
    conversations.keep(MOST, CHANNEL, [Turn("one more?")])
    assert kept(conversations, range(MOST + 1)) == [0, *range(2, MOST + 1)]


def test_a_conversation_is_its_last_three_turns() -> None:
    conversations = Conversations(Clock())
    conversations.keep(ANA, CHANNEL, [Turn(f"{number}?") for number in range(5)])
    assert [turn.question for turn in conversations.of(ANA, CHANNEL)] == ["2?", "3?", "4?"]


def test_what_is_forgotten_takes_no_room() -> None:
    clock = Clock()
    conversations = Conversations(clock)
    conversations.keep(ANA, CHANNEL, [Turn("alpha?")])
    clock.now += FORGOTTEN_SECONDS
    conversations.keep(BO, CHANNEL, [Turn("beta?")])
    assert len(conversations) == 1
