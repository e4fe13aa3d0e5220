"""Followed questions and their news as cards: pure, and within Discord's limits, as `bot.discord.cards` is."""

from collections.abc import Iterator, Sequence
from dataclasses import replace

from bot.discord.cards import MAX_WHERE, answer_card
from bot.discord.text import cut, plain, units, visible
from bot.discord.types import MAX_CARD, MAX_DESCRIPTION, MAX_TITLE, Card
from bot.following.pages import replaced, was_words
from bot.following.types import Followed, Notice
from bot.phrases import counted
from reader.types import Answer
from retrieval.heading import day

MAX_WAS = 300
# Discord takes ten embeds, and 25 buttons
MAX_CARDS = 10
LISTED = 25
MAX_QUESTION = 100
HERE = "Followed: what is new about it is posted here."
PRIVATELY = "Followed: what is new about it is sent to you privately."


def followed_card(answer: Answer, where_words: str, private: bool) -> Card:
    """How a question is answered when it is followed from then on."""
    card = answer_card(answer, where_words)
    said = PRIVATELY if private else HERE
    footer = cut(f"{card.footer} · {said}" if card.footer else said, MAX_WHERE)
    roomy = card.size - units(card.footer) + units(footer) <= MAX_CARD
    return replace(card, footer=footer) if roomy else card


def news_card(notice: Notice) -> Card:
    """What is new, with its sentences, and what it replaces."""
    card = answer_card(notice.news.answer)
    was = [f"was: {cut(plain(was_words(each)), MAX_WAS)}" for each in replaced(notice.news)]
    head, gap, rest = card.description.partition("\n\n")
    fuller = replace(card, description="\n".join([head, *was]) + gap + rest)
    if units(fuller.description) <= MAX_DESCRIPTION and fuller.size <= MAX_CARD:
        return fuller
    return replace(card, footer=cut(visible(" · ".join(was)), MAX_WHERE))


def in_messages(cards: Sequence[Card]) -> Iterator[range]:
    """Which of the cards, in order, go into one message each: as many as Discord takes."""
    first, size = 0, 0
    for number, card in enumerate(cards):
        if number > first and (number - first == MAX_CARDS or size + card.size > MAX_CARD):
            yield range(first, number)
            first, size = number, 0
        size += card.size
    if cards:
        yield range(first, len(cards))


def following_card(several: Sequence[Followed], whose: str) -> Card:
    """A list of followed questions: `whose` is "You follow", or "People in this server follow"."""
    if not several:
        return Card("", f"{whose} no questions; /follow starts one.", "notice")
    lines = []
    for each in several[:LISTED]:
        place = "privately" if each.by is None or each.by.private else f"<#{each.by.channel}>"
        since = f"{place}, since {day(each.followed)}{', suspended' if each.suspended else ''}"
        lines.append(f"**{each.id}** · {cut(plain(each.question), MAX_QUESTION)} · {since}")
    if len(several) > LISTED:
        lines.append(f"and {len(several) - LISTED:,} more, shown when one of these is stopped")
    title = cut(f"{whose} {counted(len(several), 'question')}", MAX_TITLE)
    return Card(title, "\n".join(lines), "notice")
