"""Answers, passages and notices as cards: pure, and every card within Discord's limits.

Where an answer is too long its quotes are shortened, then left out, then items are; what is shown never loses its
citation, and what is left out is counted.
"""

import re
from bisect import bisect_left
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from bot.discord.quotes import excerpt, name, quoted, source_and_date, source_line
from bot.discord.text import ELLIPSIS, cut, plain, safe_url, units, visible
from bot.discord.types import MAX_CARD, MAX_DESCRIPTION, MAX_FIELDS, MAX_TITLE, MAX_VALUE, Card, Field, Remembered
from bot.overview import counted
from bot.render import (
    MAX_REPRINTS,
    NEAREST,
    NOTHING_PASSES,
    UNSURE,
    Sentence,
    list_confidence,
    not_found_words,
    places_in,
    resolved_words,
    respelled_words,
    sentence_of,
    sentences_of,
    trust_words,
)
from reader.types import Answer, AnswerItem, Citation
from retrieval.heading import day
from retrieval.types import Article

MAX_WHERE = 300
MAX_RESOLVED = 60
PASSAGE = 2400
CONTEXT = 600  # on each side of a passage
GONE = "This article is no longer in the collection; ask again."
CHANGED = "This article has changed since the question was answered; ask again."


@dataclass(frozen=True, slots=True)
class _Room:
    """How much is shown: units of a quote and of an answer's words, cited sentences of an item, named reprints."""

    quote: int
    words: int
    sentences: int
    reprints: int


@dataclass(frozen=True, slots=True)
class _Note:
    """A cited sentence, with its number in the card."""

    number: int
    text: str


QUOTE, SHORT_QUOTE = 500, 120
TOLD = 800  # of a quote that is the answer: three pieces and their sources fit
# from the most to the least: in the last one item fits whatever it holds, with a short quote too
ROOMS = (
    _Room(QUOTE, 400, 99, MAX_REPRINTS),
    _Room(240, 300, 99, MAX_REPRINTS),
    _Room(SHORT_QUOTE, 200, 3, 1),
    _Room(0, 100, 1, 0),
)
# a field is a quarter of a description
FIELD_QUOTE = 280


def answer_card(answer: Answer, where_words: str = "") -> Card:
    """The question, its answer, and each sentence that says it, numbered. At the foot: what it was taken to be
    about, the words that were read as others, and what it was limited to (`where_words`).

    Two items that cite the same sentence share its number, and all their words are bold in it. Versions that differ
    stand side by side, a field each. What is offered as unsure keeps its quotes. Where nothing was found, the nearest
    sentence is shown.
    """
    title = cut(plain(answer.question).strip(), MAX_TITLE)
    lines = (*respelled_words(answer), where_words)
    about = "" if answer.about is None else f"about: {cut(visible(answer.about).strip(), MAX_WHERE)}"
    feet = (about, *(cut(visible(each).strip(), MAX_WHERE) for each in lines))
    footer = " · ".join(filter(None, feet))
    if not answer.answers:
        return Card(title, _not_found(answer), "none", footer=footer)
    filled = _differing if answer.kind == "differing" else _listed
    empty = Card(title, "", "answer" if answer.certain else "unsure", footer=footer)
    every = len(answer.answers)
    least = TOLD if answer.kind == "passage" else 0 if answer.certain else SHORT_QUOTE
    rooms = [replace(room, quote=max(room.quote, least)) for room in ROOMS]
    for room in rooms:
        if _fits(card := filled(empty, answer, every, room)):
            return card
    # each item takes room, so as many as fit are found by halving: there may be a thousand
    fewer = range(1, every)
    most = bisect_left(fewer, True, key=lambda shown: not _fits(filled(empty, answer, shown, rooms[-1])))
    return filled(empty, answer, most, rooms[-1])


def evidence_card(remembered: Remembered, articles: Mapping[str, Article], page: int) -> Card:
    """One passage that was read for an answer, the answer's words bold; `page` counts from 0, best first.

    `articles` are as they are stored now, that of the passage among them. A notice if it is gone or says something else
    there now, and if no passage was read. Raises IndexError if there is no such page.
    """
    if not remembered.places:
        return notice_card("No passage was read for this answer.")
    place = remembered.places[page]
    article = articles.get(place.article_id)
    if article is None or not place.stands_in(article):
        return notice_card(GONE if article is None else CHANGED)
    cited = [
        (each.start - place.start, each.end - place.start)
        for each in remembered.cited
        if each.article_id == place.article_id
    ]
    text = excerpt(article.text[place.start : place.end], cited, PASSAGE)
    return _of_article(article, text, f"Passage {page + 1} of {len(remembered.places)} · score {place.score:.2f}")


def context_card(article: Article, start: int, end: int) -> Card:
    """A passage, `article.text[start:end]`, as a block quote in the text that is around it."""
    passage = excerpt(article.text[start:end], [], PASSAGE)
    parts = (_end(article.text[:start]), f"> {passage}" if passage else "", _beginning(article.text[end:]))
    return _of_article(article, "\n".join(part for part in parts if part), "The passage in its article")


def notice_card(sentence: str) -> Card:
    """A sentence or two, shown as they read."""
    return Card("", cut(plain(sentence).strip(), MAX_DESCRIPTION) or ELLIPSIS, "notice")


def _fits(card: Card) -> bool:
    """Whether Discord takes the card; its title and footer are short already."""
    if len(card.fields) > MAX_FIELDS or any(units(field.value) > MAX_VALUE for field in card.fields):
        return False
    return units(card.description) <= MAX_DESCRIPTION and card.size <= MAX_CARD


def _listed(card: Card, answer: Answer, shown: int, room: _Room) -> Card:
    """One answer, or a list: a line for each of the first `shown` items, then the sentences that they cite."""
    items = answer.answers[:shown]
    notes = _notes(answer, items, room)
    lines = [] if answer.certain else [UNSURE]
    for position, item in enumerate(() if answer.kind == "passage" else items, start=1):
        trust = _trust(answer, item, _cited(item, notes))
        if answer.kind == "list":
            lines.append(f"{position}. {_words(item, room)}{trust}")
        else:
            lines += [_words(item, room), trust]
    if shown < len(answer.answers):
        lines.append(f"and {counted(len(answer.answers) - shown, 'more item')}")
    if (lowest := list_confidence(answer)) is not None:
        lines.append(lowest)
    gap = "\n\n" if room.quote else "\n"
    return replace(card, description="\n".join(lines) + "\n\n" + gap.join(note.text for note in notes.values()))


def _differing(card: Card, answer: Answer, shown: int, room: _Room) -> Card:
    """A field for each of the first `shown` versions, under its date, with the sentences that it cites."""
    items = answer.answers[:shown]
    notes = _notes(answer, items, replace(room, quote=min(room.quote, FIELD_QUOTE)))
    fields = []
    for item in items:
        cited = _cited(item, notes)
        dates = [citation.published.date() for citation in item.citations if citation.published is not None]
        value = "\n".join([_words(item, room), _trust(answer, item, cited), *(note.text for note in cited)])
        fields.append(Field(day(max(dates)) if dates else "undated", value, inline=True))
    hidden = len(answer.answers) - shown
    described = (
        f"The articles differ ({counted(hidden, 'more version')} not shown):" if hidden else "The articles differ:"
    )
    return replace(card, description=described, tone="differing", fields=tuple(fields))


def _not_found(answer: Answer) -> str:
    if not answer.evidence.hits:  # only a filter leaves nothing to read
        return f"**{NOTHING_PASSES}**"
    said = f"**{cut(plain(not_found_words(answer)), MAX_TITLE)}**"
    if answer.nearest is None:
        return said
    quote = quoted(answer.nearest.quote, [], QUOTE)
    source = source_line(answer.article(answer.nearest))
    return "\n".join([f"{said} {NEAREST}", "", *([quote] if quote else []), source])


def _words(item: AnswerItem, room: _Room) -> str:
    """ "**on Thursday** (10 March 2022)" """
    words = cut(plain(item.text).strip(), room.words) or ELLIPSIS
    if item.resolved_date is None:
        return f"**{words}**"
    return f"**{words}** ({cut(plain(resolved_words(item.resolved_date)).strip(), MAX_RESOLVED)})"


def _trust(answer: Answer, item: AnswerItem, cited: Sequence[_Note]) -> str:
    """ "likely (82 %) · 2 sources [1] [2] and 3 more";  " — 2 sources [1]" or " [1]" behind an item of a list"""
    numbers = "".join(f" \\[{note.number}\\]" for note in cited)
    hidden = len(set(map(sentence_of, item.citations))) - len(cited)
    words = trust_words(answer, item)
    lead = " — " if words and answer.kind == "list" else ""
    return lead + words + numbers + (f" and {hidden} more" if hidden else "")


def _notes(answer: Answer, items: Sequence[AnswerItem], room: _Room) -> dict[Sentence, _Note]:
    """The sentences that these items cite, not too many of each, numbered in their order."""
    cited = sentences_of(replace(answer, answers=tuple(_fewer(item, room.sentences) for item in items)))
    return {
        sentence: _Note(number, _note(number, citations, answer, room))
        for number, (sentence, citations) in enumerate(cited.items(), start=1)
    }


def _cited(item: AnswerItem, notes: Mapping[Sentence, _Note]) -> list[_Note]:
    """The item's own of the notes that are shown."""
    return [notes[sentence] for sentence in dict.fromkeys(map(sentence_of, item.citations)) if sentence in notes]


def _note(number: int, citations: Sequence[Citation], answer: Answer, room: _Room) -> str:
    """One sentence: the quote, the article that it was found in, and the reprints that have it too."""
    quote = quoted(citations[0].quote, places_in(citations, answer), room.quote)
    first, *reprints = {citation.article_id: answer.article(citation) for citation in citations}.values()
    lines = [*([quote] if quote else []), f"\\[{number}\\] {source_line(first)}"]
    lines += [f"also in {source_line(reprint)}" for reprint in reprints[: room.reprints]]
    if len(reprints) > room.reprints:
        rest = len(reprints) - room.reprints
        lines.append(f"and {rest} more" if room.reprints else f"also in {counted(rest, 'other article')}")
    return "\n".join(lines)


def _fewer(item: AnswerItem, limit: int) -> AnswerItem:
    """The item with its first `limit` cited sentences, and the reprints of these."""
    kept = list(dict.fromkeys(map(sentence_of, item.citations)))[:limit]
    return replace(item, citations=tuple(each for each in item.citations if sentence_of(each) in kept))


def _of_article(article: Article, text: str, footer: str) -> Card:
    blocks = [" · ".join(source_and_date(article)), text]
    description = "\n\n".join(block for block in blocks if block) or ELLIPSIS
    title = cut(plain(name(article)), MAX_TITLE)
    return Card(title, description, "notice", footer=footer, url=safe_url(article.url))


def _beginning(text: str) -> str:
    return cut(plain(text[: 2 * CONTEXT], lines=True).strip(), CONTEXT)


def _end(text: str) -> str:
    """As many of the last words as there is room for; fewer where escapes make them longer."""
    size = CONTEXT
    while size > 0:
        whole = size >= len(text)
        words = text if whole else re.sub(r"^\S*\s", "", text[-size:])
        shown = plain(words, lines=True).strip()
        if units(shown) <= CONTEXT:
            return shown if whole or not shown else f"{ELLIPSIS} {shown}"
        size = size * 4 // 5
    return ""
