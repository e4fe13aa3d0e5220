"""What becomes of a question and of a button, without Discord: cards, and where they are made."""

import sqlite3
import threading
from collections.abc import Iterable, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import discord
import pytest

from bot.assistant import Assistant
from bot.discord.cards import CHANGED, GONE, answer_card, notice_card
from bot.discord.catalogue import Catalogue
from bot.discord.desk import Asked, Desk
from bot.discord.health import Health
from bot.discord.ledger import Ledger
from bot.discord.queue import Queue
from bot.discord.replies import InteractionReply
from bot.discord.serving import assembled
from bot.discord.types import Card
from bot.settings import DiscordSettings
from retrieval.encoder import Encoder
from retrieval.errors import StoreError
from retrieval.refresh import refresh
from retrieval.search import Retriever
from retrieval.storage.local import LocalStore
from retrieval.types import Article, SearchFilter, Sources
from tests import fakes
from tests.conftest import settings_for
from tests.stores import write

pytestmark = pytest.mark.anyio


class Paper:
    """A reply that is written down."""

    private = False

    def __init__(self) -> None:
        self.cards: list[Card] = []
        self.views: list[discord.ui.View | None] = []

    async def acknowledge(self) -> None:
        """Nobody waits."""

    async def mention_progress(self, card: Card) -> None:
        """Nobody reads it."""

    async def show(self, card: Card, view: discord.ui.View | None = None) -> None:
        self.cards.append(card)
        self.views.append(view)

    async def settle(self) -> None:
        """It stands."""


class Shelf(fakes.Assistant):
    """An assistant whose articles a test can change."""

    def __init__(self) -> None:
        self.stored = dict(fakes.ARTICLES)

    def articles(self, ids: Iterable[str]) -> Mapping[str, Article]:
        """Those that are there now."""
        return {id: self.stored[id] for id in ids if id in self.stored}


def desk_of(shelf: Shelf, folder: Path, health: Health | None = None) -> Desk:
    """A desk over these articles."""
    ledger = Ledger.open(folder / "discord.sqlite")
    health = Health() if health is None else health
    return Desk(shelf, ledger, Queue(5, 30.0), health, DiscordSettings(cooldown_seconds=0.0))


async def test_a_passage_whose_article_is_gone_or_changed_is_not_shown(tmp_path: Path) -> None:
    shelf, paper = Shelf(), Paper()
    desk = desk_of(shelf, tmp_path)
    id = Ledger.open(tmp_path / "discord.sqlite").remember(fakes.answer("list Who?"))
    for show in (desk.context, desk.evidence):
        shelf.stored = {"a1": replace(fakes.ARTICLES["a1"], text="Ana met nobody at all in Caracas, it is said now.")}
        await show(id, 0, paper)
        shelf.stored = {}
        await show(id, 0, paper)
    assert paper.cards == [notice_card(CHANGED), notice_card(GONE)] * 2


async def test_a_card_is_made_beside_the_event_loop(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    made_in: list[threading.Thread] = []

    def noted(*arguments: Any) -> Card:
        made_in.append(threading.current_thread())
        return answer_card(*arguments)

    monkeypatch.setattr("bot.discord.desk.answer_card", noted)
    paper = Paper()
    await desk_of(Shelf(), tmp_path).answer(Asked("list Who?", SearchFilter(), 1, 2), paper)
    assert "**Ana**" in paper.cards[0].description
    assert made_in and threading.main_thread() not in made_in


async def test_an_unsure_answer_has_the_buttons_of_an_answer_and_is_counted_apart(tmp_path: Path) -> None:
    health, paper = Health(), Paper()
    desk = desk_of(Shelf(), tmp_path, health)
    for question in ("list Who?", "unsure Who?"):
        await desk.answer(Asked(question, SearchFilter(), 1, 2), paper)
    assert [card.tone for card in paper.cards] == ["answer", "unsure"]
    plainly, unsure = (view for view in paper.views if view is not None)
    assert len(plainly.children) == len(unsure.children) == 5
    for outcome in ("list", "unsure"):
        assert health.registry.get_sample_value("dateline_questions_total", {"outcome": outcome}) == 1


async def test_a_follow_up_is_answered_though_the_answer_before_cannot_be_read(tmp_path: Path) -> None:
    shelf, paper = Shelf(), Paper()
    desk = desk_of(shelf, tmp_path)
    file = tmp_path / "discord.sqlite"
    limited = Ledger.open(file).remember(fakes.answer("list Who?"), SearchFilter(source="Example Wire"))
    await desk.answer(Asked("list Who?", SearchFilter(), 1, 2, limited), paper)
    file.write_bytes(b"no database " * 1000)
    await desk.answer(Asked("list Who?", SearchFilter(), 1, 2, limited), paper)
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
    await InteractionReply(interaction, private=True).mention_progress(notice_card("on it"))  # type: ignore[arg-type]
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
    catalogue = assembled(settings, assistant, None).catalogue  # type: ignore[arg-type]
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
