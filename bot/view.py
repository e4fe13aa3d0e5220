"""What is shown of an answer, decided once for the terminal and Discord: the words, their order, dates and confidence.

Nothing but the answer decides. `bot.render` draws a view for a terminal, `bot.discord.cards` for Discord.
"""

from calendar import monthrange
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from itertools import islice
from typing import NamedTuple

from bot.layout import Interval
from reader.types import Answer, AnswerItem, Citation
from retrieval.fusion import ON_TOPIC
from retrieval.heading import day
from retrieval.types import Article

UNSURE = "Not sure, but this may answer it:"
NOT_FOUND = "Not found in these articles."
NOT_ANSWERED = "Not found: the articles mention this, but do not answer it."
NEAREST = "The nearest sentence:"
NOTHING_PASSES = "No article matches the filter, so nothing was searched; widen it or leave it out."


class Sentence(NamedTuple):
    """What makes two citations one: a reprint of the same words in the same source group."""

    source_group: str
    quote: str


@dataclass(frozen=True, slots=True)
class Quote:
    """A cited sentence with its number, from 1; `places` are offsets into `text`, the answers' words to be marked.

    `articles` have the sentence: first the one that it was found in, then its reprints.
    """

    number: int
    text: str
    places: tuple[Interval, ...]
    articles: tuple[Article, ...]


@dataclass(frozen=True, slots=True)
class ItemView:
    """An answer, an item of a list, or a version, as it is shown.

    `day` is that of a version's newest article; `resolved` the date that its time words mean; `trust` its confidence
    and number of sources, "" for an item of a list that one source names. `hidden` of its sentences are not shown.
    """

    text: str
    day: str
    resolved: str | None
    trust: str
    quotes: tuple[Quote, ...]
    hidden: int


@dataclass(frozen=True, slots=True)
class AnswerView:
    """An answer as it is shown: `items`, which are empty where the quotes themselves answer; or why nothing was found
    (`not_found`), with the sentence `nearest` to an answer.

    `notes` say how the question was taken, `confidence` is one for all items, and `hidden` items are not shown.
    """

    notes: tuple[str, ...]
    not_found: str | None = None
    nearest: Citation | None = None
    items: tuple[ItemView, ...] = ()
    quotes: tuple[Quote, ...] = ()
    confidence: str | None = None
    hidden: int = 0


def view_of(answer: Answer, items: int | None = None, sentences: int | None = None) -> AnswerView:
    """The answer with at most so many `items`, and `sentences` cited for each; None for all.

    Two items that cite the same sentence share its number, and all their words are marked in it.
    """
    about = () if answer.about is None else (f"about: {answer.about}",)
    respelled = (f"{typed}: read as {meant}" for typed, meant in answer.evidence.question.respelled.items())
    if not answer.answers:
        nearest = answer.nearest if answer.evidence.hits else None
        return AnswerView((*about, *respelled), _not_found_words(answer), nearest)
    cited: dict[Sentence, list[Citation]] = {}
    for item in answer.answers[:items]:
        for sentence, citations in islice(_sentences(item).items(), sentences):
            cited.setdefault(sentence, []).extend(citations)
    quotes = {
        sentence: Quote(
            number,
            sentence.quote,
            # a sentence that is an answer as a whole has no words to mark
            () if answer.kind == "passage" else tuple(map(_place, citations)),
            tuple({each.article_id: answer.article(each) for each in citations}.values()),
        )
        for number, (sentence, citations) in enumerate(cited.items(), start=1)
    }
    shown = () if answer.kind == "passage" else tuple(_item(answer, each, quotes) for each in answer.answers[:items])
    hidden = len(answer.answers) - len(answer.answers[:items])
    return AnswerView(
        (*about, *respelled), None, None, shown, tuple(quotes.values()), _overall_confidence(answer), hidden
    )


def confidence_words(confidence: float, certain: bool) -> str:
    """A probability in one word and a number; from 95 % it is "sure", below 50 % "unsure", as is what is not certain.

    (0.78, True) -> "likely (78 %)"
    """
    # 99.7 % is not certainty and 0.2 % not impossibility: 0 and 100 are kept for those
    percent = round(confidence * 100) if confidence in (0, 1) else min(max(round(confidence * 100), 1), 99)
    word = "unsure" if not certain or percent < 50 else "likely" if percent < 95 else "sure"
    return f"{word} ({percent} %)"


def resolved_words(iso: str) -> str:
    """A day, or an interval of days; what is not an ISO date stays as it is.

    "2022-03-10" -> "10 March 2022"
    "2022-02-28/2022-03-06" -> "28 February – 6 March 2022";  "2022-03-07/2022-03-13" -> "7–13 March 2022"
    "2022-02-01/2022-02-28" -> "February 2022";  "2021-01-01/2021-12-31" -> "2021"
    """
    try:
        days = [date.fromisoformat(part) for part in iso.split("/")]
    except ValueError:
        return iso
    if len(days) == 1:
        return day(days[0])
    return _interval(*days) if len(days) == 2 else iso


def newest_day(citations: Sequence[Citation]) -> str:
    """The day of the newest article that is cited, or "undated"."""
    dates = [citation.published.date() for citation in citations if citation.published is not None]
    return day(max(dates)) if dates else "undated"


def _not_found_words(answer: Answer) -> str:
    """Why nothing is answered, in one line: the articles are about it and do not say it, or they lack its words.

    "Not found: no article has the word “Lisbon”."
    """
    if not answer.evidence.hits:  # only a filter leaves nothing to read
        return NOTHING_PASSES
    if any(hit.coverage >= ON_TOPIC for hit in answer.evidence.hits):
        return NOT_ANSWERED
    words = [f"“{word}”" for word in answer.evidence.question.unmentioned]
    if not words:
        return NOT_FOUND
    return f"Not found: no article has the word{'s' if len(words) > 1 else ''} {' or '.join(words)}."


def _item(answer: Answer, item: AnswerItem, quotes: dict[Sentence, Quote]) -> ItemView:
    sentences = _sentences(item)
    cited = tuple(quotes[sentence] for sentence in sentences if sentence in quotes)
    trust = [] if _overall_confidence(answer) is not None else [confidence_words(item.confidence, answer.certain)]
    trust += [f"{item.sources} sources"] if item.sources > 1 else []
    resolved = None if item.resolved_date is None else resolved_words(item.resolved_date)
    hidden = len(sentences) - len(cited)
    return ItemView(item.text.strip(), newest_day(item.citations), resolved, " · ".join(trust), cited, hidden)


def _sentences(item: AnswerItem) -> dict[Sentence, list[Citation]]:
    """The sentences that an item cites, in order, with all citations of each, those of reprints too."""
    found: dict[Sentence, list[Citation]] = {}
    for citation in item.citations:
        found.setdefault(Sentence(citation.source_group, citation.quote), []).append(citation)
    return found


def _place(citation: Citation) -> Interval:
    return citation.answer_start - citation.quote_start, citation.answer_end - citation.quote_start


def _overall_confidence(answer: Answer) -> str | None:
    """The one confidence of a list, that of its least likely item, or of a passage, that of its likeliest piece; None
    where each answer has its own."""
    confidences = [item.confidence for item in answer.answers]
    if answer.kind == "passage":
        return confidence_words(max(confidences), answer.certain).capitalize()
    if answer.kind != "list" or len(confidences) == 1:
        return None
    return f"Lowest confidence: {confidence_words(min(confidences), answer.certain)}"


def _interval(first: date, last: date) -> str:
    if first.year != last.year:
        return f"{day(first)} – {day(last)}"
    whole_months = first.day == 1 and last.day == monthrange(last.year, last.month)[1]
    if whole_months and last.month - first.month == 11:
        return str(first.year)
    if first.month != last.month:
        return f"{first.day} {first:%B} – {day(last)}"
    return f"{first:%B %Y}" if whole_months else f"{first.day}–{day(last)}"
