"""Answers, passages and notices as cards: pure, and every card within Discord's limits.

Where an answer is too long its quotes are shortened, then left out, then items are; what is shown never loses its
citation, and what is left out is counted.
"""

import re
from bisect import bisect_left
from collections.abc import Mapping
from dataclasses import dataclass, replace

from bot.discord.quotes import excerpt, name, quoted, source_and_date, source_line
from bot.discord.text import ELLIPSIS, cut, plain, safe_url, units, visible
from bot.discord.types import MAX_CARD, MAX_DESCRIPTION, MAX_FIELDS, MAX_TITLE, MAX_VALUE, Card, Field, StoredAnswer
from bot.phrases import counted
from bot.render import MAX_REPRINTS
from bot.view import NEAREST, UNSURE, ItemView, Quote, view_of
from reader.types import Answer, Citation
from retrieval.types import Article

MAX_WHERE = 300
MAX_RESOLVED = 60
PASSAGE = 2400
CONTEXT = 600  # on each side of a passage
GONE = "This article is no longer in the collection; ask again."
CHANGED = "This article has changed since the question was answered; ask again."


@dataclass(frozen=True, slots=True)
class _Budget:
    """How much is shown: units of a quote and of an answer's words, cited sentences of an item, named reprints."""

    quote: int
    words: int
    sentences: int
    reprints: int


QUOTE, SHORT_QUOTE = 500, 120
ANSWERING_QUOTE = 800  # of a quote that is the answer: three pieces and their sources fit
# from the most to the least: in the last one item fits whatever it holds, with a short quote too
BUDGETS = (
    _Budget(QUOTE, 400, 99, MAX_REPRINTS),
    _Budget(240, 300, 99, MAX_REPRINTS),
    _Budget(SHORT_QUOTE, 200, 3, 1),
    _Budget(0, 100, 1, 0),
)
# a field is a quarter of a description
FIELD_QUOTE = 280


def answer_card(answer: Answer, where_words: str = "") -> Card:
    """The question, its answer, and each sentence that says it, numbered. At the foot: what it was taken to be
    about, the words that were read as others, and what it was limited to (`where_words`).

    Two items that cite the same sentence share its number, and all their words are bold in it. Versions that differ
    stand side by side, a field each. An unsure answer keeps its quotes. Where nothing was found, the nearest
    sentence is shown.
    """
    title = cut(plain(answer.question).strip(), MAX_TITLE)
    view = view_of(answer)
    feet = (cut(visible(each).strip(), MAX_WHERE) for each in (*view.notes, where_words))
    footer = " · ".join(filter(None, feet))
    if view.not_found is not None:
        return Card(title, _not_found(answer, view.not_found, view.nearest), "none", footer=footer)
    draw = _differing if answer.kind == "differing" else _listed
    empty = Card(title, "", "answer" if answer.certain else "unsure", footer=footer)
    every = len(answer.answers)
    least = ANSWERING_QUOTE if answer.kind == "passage" else 0 if answer.certain else SHORT_QUOTE
    budgets = [replace(budget, quote=max(budget.quote, least)) for budget in BUDGETS]
    for budget in budgets:
        if _fits(card := draw(empty, answer, every, budget)):
            return card
    # each item takes room, so as many as fit are found by halving: there may be a thousand
    fewer = range(1, every)
    most = bisect_left(fewer, True, key=lambda shown: not _fits(draw(empty, answer, shown, budgets[-1])))
    return draw(empty, answer, most, budgets[-1])


def evidence_card(remembered: StoredAnswer, articles: Mapping[str, Article], page: int) -> Card:
    """One passage that was read for an answer, the answer's words bold; `page` counts from 0, best first.

    `articles` are as they are stored now, that of the passage among them. A notice if it is gone or says something else
    there now, and if no passage was read. Raises IndexError if there is no such page.
    """
    if not remembered.places:
        return notice_card("No passage was read for this answer.")
    place = remembered.places[page]
    article = articles.get(place.article_id)
    if article is None or not place.is_unchanged_in(article):
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


def _listed(card: Card, answer: Answer, shown: int, budget: _Budget) -> Card:
    """One answer, or a list: a line for each of the first `shown` items, then the sentences that they cite."""
    view = view_of(answer, shown, budget.sentences)
    lines = [] if answer.certain else [UNSURE]
    for position, item in enumerate(view.items, start=1):
        words, trust = _words(item, budget), _trust(item)
        if answer.kind == "list":
            lines.append(f"{position}. {words}{' — ' if item.trust else ''}{trust}")
        else:
            lines += [words, trust]
    if view.hidden:
        lines.append(f"and {counted(view.hidden, 'more item')}")
    if view.confidence is not None:
        lines.append(view.confidence)
    gap = "\n\n" if budget.quote else "\n"
    quotes = gap.join(_quote(quote, budget) for quote in view.quotes)
    return replace(card, description="\n".join(lines) + "\n\n" + quotes)


def _differing(card: Card, answer: Answer, shown: int, budget: _Budget) -> Card:
    """A field for each of the first `shown` versions, under its date, with the sentences that it cites."""
    view = view_of(answer, shown, budget.sentences)
    budget = replace(budget, quote=min(budget.quote, FIELD_QUOTE))
    fields = []
    for item in view.items:
        value = "\n".join([_words(item, budget), _trust(item), *(_quote(quote, budget) for quote in item.quotes)])
        fields.append(Field(item.day, value, inline=True))
    hidden = f" ({counted(view.hidden, 'more version')} not shown)" if view.hidden else ""
    return replace(card, description=f"The articles differ{hidden}:", tone="differing", fields=tuple(fields))


def _not_found(answer: Answer, reason: str, nearest: Citation | None) -> str:
    bold = f"**{cut(plain(reason), MAX_TITLE)}**"
    if nearest is None:
        return bold
    quote = quoted(nearest.quote, [], QUOTE)
    return "\n".join([f"{bold} {NEAREST}", "", *([quote] if quote else []), source_line(answer.article(nearest))])


def _words(item: ItemView, budget: _Budget) -> str:
    """ "**on Thursday** (10 March 2022)" """
    words = cut(plain(item.text).strip(), budget.words) or ELLIPSIS
    resolved = "" if item.resolved is None else f" ({cut(plain(item.resolved).strip(), MAX_RESOLVED)})"
    return f"**{words}**{resolved}"


def _trust(item: ItemView) -> str:
    """ "likely (82 %) · 2 sources [1] [2] and 3 more" """
    numbers = "".join(f" \\[{quote.number}\\]" for quote in item.quotes)
    return item.trust + numbers + (f" and {item.hidden} more" if item.hidden else "")


def _quote(quote: Quote, budget: _Budget) -> str:
    """One sentence: the quote, the article that it was found in, and the reprints that have it too."""
    text = quoted(quote.text, quote.places, budget.quote)
    first, *reprints = quote.articles
    lines = [*([text] if text else []), f"\\[{quote.number}\\] {source_line(first)}"]
    lines += [f"also in {source_line(reprint)}" for reprint in reprints[: budget.reprints]]
    if len(reprints) > budget.reprints:
        rest = len(reprints) - budget.reprints
        lines.append(f"and {rest} more" if budget.reprints else f"also in {counted(rest, 'other article')}")
    return "\n".join(lines)


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
