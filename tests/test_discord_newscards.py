"""Cards of followed questions: within Discord's limits whatever they tell, and all of them in some message."""

import re
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.discord.newscards import following_card, in_messages, news_card
from bot.discord.types import MAX_CARD, MAX_DESCRIPTION, Card
from bot.discord.views import STOP_ID, list_view, news_view
from bot.following.types import Asker, Followed, Notice
from reader.novelty import News, Statement
from retrieval.types import SearchFilter
from tests.fakes import DATED, answer


def followed(id: int = 3, question: str = "hello", server: int | None = 7) -> Followed:
    return Followed(id, question, SearchFilter(), Asker(5, 6, server, server is None), DATED, 1)


def notice(text: str, was: str, items: int = 1, id: int = 9) -> Notice:
    found = answer("list")
    one = replace(found.answers[0], text=text)
    told = replace(found, answers=(one,) * items)
    statement = replace(Statement.of(found.answers[0], found), text=was)
    return Notice(id, followed(), News(told, (statement,) * items))


@given(text=st.text(min_size=1, max_size=900), was=st.text(max_size=900), items=st.integers(1, 40))
def test_news_keeps_within_the_limits_and_says_what_it_replaces(text: str, was: str, items: int) -> None:
    card = news_card(notice(text, was, items))
    assert len(card.description.encode("utf-16-le")) // 2 <= MAX_DESCRIPTION and card.size <= MAX_CARD
    assert "was: " in card.description + card.footer
    assert "@everyone" not in card.description


def test_what_is_replaced_stands_below_the_answer_and_pings_nobody() -> None:
    card = news_card(notice("Yvan Gil", "@everyone *Faria*"))
    head = card.description.partition("\n\n")[0]
    assert head.splitlines()[-1] == "was: @\u200beveryone \\*Faria\\* (20 February 2024)"


@given(sizes=st.lists(st.integers(1, MAX_CARD), max_size=40))
def test_every_card_goes_into_one_message_that_discord_takes(sizes: list[int]) -> None:
    cards = [Card("", "x" * size, "answer") for size in sizes]
    parts = list(in_messages(cards))
    assert [number for part in parts for number in part] == list(range(len(cards)))
    for part in parts:
        assert 0 < len(part) <= 10
        assert sum(cards[number].size for number in part) <= MAX_CARD


@pytest.mark.anyio
async def test_buttons_name_what_they_stop() -> None:
    several = [replace(notice("a", "b", id=id), followed=followed(id % 2, "Who? " * 40)) for id in range(10)]
    buttons = [item.item.custom_id for item in news_view(several).children]  # type: ignore[attr-defined]
    assert buttons == ["dateline:stop:0:0.2.4.6.8", "dateline:stop:1:1.3.5.7.9"]
    long = [replace(each, id=10**7 + each.id, followed=followed(10**9)) for each in several]
    (button,) = news_view(long).children
    assert len(button.item.custom_id) <= 100 and re.fullmatch(STOP_ID, button.item.custom_id)  # type: ignore[attr-defined]
    assert len(list_view([followed(id) for id in range(25)]).children) == 25


def test_a_list_shows_where_each_is_told() -> None:
    card = following_card([followed(1, "*Who?*"), followed(2, server=None)], "You follow")
    assert card.title == "You follow 2 questions"
    assert card.description.splitlines() == [
        "**1** · \\*Who?\\* · <#6>, since 20 February 2024",
        "**2** · hello · privately, since 20 February 2024",
    ]
    many = following_card([followed(id) for id in range(60)], "People in this server follow")
    assert "and 35 more" in many.description and many.size <= MAX_CARD
