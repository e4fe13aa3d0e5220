"""What becomes of a question and of a button, without Discord: cards, and where they are made."""

import asyncio
import sqlite3
import threading
import time
from collections.abc import Callable, Iterable, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import discord
import pytest

from bot.assistant import Assistant, Indexer
from bot.discord.cards import CHANGED, GONE, answer_card, notice_card
from bot.discord.catalogue import Catalogue
from bot.discord.handler import PATIENCE_SECONDS, Question, QuestionHandler
from bot.discord.health import Health
from bot.discord.ledger import Ledger
from bot.discord.parts import Parts
from bot.discord.queue import Queue
from bot.discord.refusals import ClosingError, OverdueError, QueueFullError, TooSoonError
from bot.discord.replies import InteractionReply, Reply
from bot.discord.types import Card
from bot.settings import DiscordSettings
from retrieval.encoder import Encoder
from retrieval.errors import StoreError
from retrieval.progress import silent
from retrieval.refresh import refresh
from retrieval.search import Retriever
from retrieval.storage.local import LocalStore
from retrieval.types import Article, SearchFilter, Sources
from tests import fakes
from tests.conftest import settings_for
from tests.stores import write

pytestmark = pytest.mark.anyio


class Paper(Reply):
    """A reply that is written down."""

    def __init__(self) -> None:
        super().__init__()
        self.cards: list[Card] = []
        self.views: list[discord.ui.View | None] = []

    async def acknowledge(self) -> None:
        """Nobody waits."""

    async def show_progress(self, card: Card) -> bool:
        """Nobody reads it."""
        return True

    async def show(self, card: Card, view: discord.ui.View | None = None) -> None:
        self.cards.append(card)
        self.views.append(view)


class Shelf(fakes.Assistant):
    """An assistant whose articles a test can change."""

    def __init__(self) -> None:
        self.stored = dict(fakes.ARTICLES)

    def articles(self, ids: Iterable[str]) -> Mapping[str, Article]:
        """Those that are there now."""
        return {id: self.stored[id] for id in ids if id in self.stored}


def handler_of(
    shelf: Shelf,
    folder: Path,
    health: Health | None = None,
    queue: Queue | None = None,
    clock: Callable[[], float] = time.monotonic,
    **settings: float,
) -> QuestionHandler:
    """A handler over these articles, without cooldowns unless the settings have some."""
    ledger = Ledger.open(folder / "discord.sqlite")
    health, queue = Health() if health is None else health, Queue(5) if queue is None else queue
    chosen = DiscordSettings(**{"cooldown_seconds": 0.0, **settings})  # type: ignore[arg-type]
    return QuestionHandler(shelf, ledger, queue, health, chosen, clock)  # type: ignore[arg-type]


async def test_a_passage_whose_article_is_gone_or_changed_is_not_shown(tmp_path: Path) -> None:
    shelf, paper = Shelf(), Paper()
    handler = handler_of(shelf, tmp_path)
    id = Ledger.open(tmp_path / "discord.sqlite").save(fakes.answer("list Who?"))
    for in_context in (True, False):
        shelf.stored = {"a1": replace(fakes.ARTICLES["a1"], text="Ana met nobody at all in Caracas, it is said now.")}
        await handler.show_passage(id, 0, paper, in_context)
        shelf.stored = {}
        await handler.show_passage(id, 0, paper, in_context)
    assert paper.cards == [notice_card(CHANGED), notice_card(GONE)] * 2


async def test_a_card_is_made_beside_the_event_loop(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    made_in: list[threading.Thread] = []

    def noted(*arguments: Any) -> Card:
        made_in.append(threading.current_thread())
        return answer_card(*arguments)

    monkeypatch.setattr("bot.discord.handler.answer_card", noted)
    paper = Paper()
    await handler_of(Shelf(), tmp_path).answer(Question("list Who?", SearchFilter(), 1, 2), paper)
    assert "**Ana**" in paper.cards[0].description
    assert made_in and threading.main_thread() not in made_in


async def test_an_unsure_answer_has_the_buttons_of_an_answer_and_is_counted_apart(tmp_path: Path) -> None:
    health, paper = Health(), Paper()
    handler = handler_of(Shelf(), tmp_path, health)
    for question in ("list Who?", "unsure Who?"):
        await handler.answer(Question(question, SearchFilter(), 1, 2), paper)
    assert [card.tone for card in paper.cards] == ["answer", "unsure"]
    plainly, unsure = (view for view in paper.views if view is not None)
    assert len(plainly.children) == len(unsure.children) == 5
    for outcome in ("list", "unsure"):
        assert health.registry.get_sample_value("dateline_questions_total", {"outcome": outcome}) == 1


async def test_a_follow_up_is_answered_though_the_answer_before_cannot_be_read(tmp_path: Path) -> None:
    shelf, paper = Shelf(), Paper()
    handler = handler_of(shelf, tmp_path)
    file = tmp_path / "discord.sqlite"
    limited = Ledger.open(file).save(fakes.answer("list Who?"), SearchFilter(source="Example Wire"))
    await handler.answer(Question("list Who?", SearchFilter(), 1, 2, limited), paper)
    file.write_bytes(b"no database " * 1000)
    await handler.answer(Question("list Who?", SearchFilter(), 1, 2, limited), paper)
    assert ["Example Wire" in card.footer for card in paper.cards] == [True, False]
    assert all("**Ana**" in card.description for card in paper.cards)


async def test_progress_is_not_shown_with_a_token_that_has_expired() -> None:
    class Expired:
        edits = 0

        def is_expired(self) -> bool:
            return True

        async def edit_original_response(self, **said: Any) -> None:
            self.edits += 1

    interaction = Expired()
    await InteractionReply(interaction, private=True).show_progress(notice_card("on it"))  # type: ignore[arg-type]
    assert interaction.edits == 0


async def test_no_article_is_read_while_somebody_types(
    tmp_path: Path, encoder: Encoder, monkeypatch: pytest.MonkeyPatch
) -> None:
    settings, rows = settings_for(tmp_path / "corpus", tmp_path / "store"), 0
    for number in range(40):
        write(settings.corpus.path, f"{number}.md", f"---\nsource: Wire {number % 3}\n---\nReport {number} came out.")
    store = LocalStore(settings.storage.path)
    refresh(settings.corpus.path, store, encoder, "model")
    assistant = Assistant(Retriever(store, encoder), None, 8)  # type: ignore[arg-type]
    catalogue = Parts.open(settings, assistant, Indexer.open(settings, silent)).catalogue
    connect = sqlite3.connect

    def counting(*arguments: Any, **options: Any) -> sqlite3.Connection:
        def count(cursor: sqlite3.Cursor, row: tuple[Any, ...]) -> tuple[Any, ...]:
            nonlocal rows
            rows += 1
            return row

        connection: sqlite3.Connection = connect(*arguments, **options)
        connection.row_factory = count
        return connection

    monkeypatch.setattr(sqlite3, "connect", counting)
    await catalogue.read()
    assert catalogue.choices("") == ["Wire 0", "Wire 1", "Wire 2"]
    assert 3 <= rows < 10


async def test_sources_that_cannot_be_read_now_stay_as_they_were() -> None:
    shelf, fails = Shelf(), False

    def read() -> Sources:
        if fails:
            raise StoreError("The database is damaged.")
        return shelf.sources()

    catalogue = Catalogue(read)
    await catalogue.read()
    fails = True
    await catalogue.read()
    assert catalogue.choices("") == ["Example Wire"]


async def test_a_cooldown_is_of_each_person_and_channel_and_ends(tmp_path: Path) -> None:
    now = [100.0]
    clock = lambda: now[0]  # noqa: E731
    handler = handler_of(Shelf(), tmp_path, clock=clock, cooldown_seconds=10.0, channel_cooldown_seconds=2.0)

    async def ask(person: int, channel: int) -> None:
        await handler.answer(Question("list Who?", SearchFilter(), person, channel), Paper())

    async def refused(person: int, channel: int) -> tuple[str, bool]:
        with pytest.raises(TooSoonError) as error:
            await ask(person, channel)
        return str(error.value).partition(" asked")[0] + str(error.value).rpartition(" in")[2], error.value.again

    await ask(1, 10)
    assert await refused(1, 11) == ("You 10 seconds.", False)
    assert await refused(1, 11) == ("You 10 seconds.", True)
    assert await refused(2, 10) == ("This channel 2 seconds.", False)
    await ask(2, 12)
    now[0] += 9.5
    assert await refused(1, 10) == ("You 1 second.", True)
    now[0] += 1.0
    await ask(1, 10)
    # what was said of the last cooldown was not said of this one
    assert await refused(1, 11) == ("You 10 seconds.", False)


async def test_who_finds_the_queue_full_may_ask_again_at_once(tmp_path: Path) -> None:
    queue, let = Queue(0), threading.Event()
    handler = handler_of(Shelf(), tmp_path, queue=queue, cooldown_seconds=600.0)
    running = queue.submit(lambda: let.wait(30))
    question = Question("list Who?", SearchFilter(), 1, 2)
    with pytest.raises(QueueFullError):
        await handler.answer(question, Paper())
    let.set()
    await running
    paper = Paper()
    await handler.answer(question, paper)
    assert "**Ana**" in paper.cards[0].description


async def test_who_waits_too_long_is_told_and_so_is_who_waits_when_it_closes(tmp_path: Path) -> None:
    now = [100.0]
    queue, let = Queue(5), threading.Event()
    handler = handler_of(Shelf(), tmp_path, queue=queue, clock=lambda: now[0])
    queue.submit(lambda: let.wait(30))
    question = Question("list Who?", SearchFilter(), 1, 2)
    late = asyncio.create_task(handler.answer(question, Paper()))
    await asyncio.sleep(0)
    now[0] += PATIENCE_SECONDS + 1
    with pytest.raises(OverdueError):
        await late
    waiting = asyncio.create_task(handler.answer(question, Paper()))
    await asyncio.sleep(0)
    closing = asyncio.create_task(queue.close())
    with pytest.raises(ClosingError):
        await waiting
    let.set()
    await closing
