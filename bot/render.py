"""Answers as lines for a terminal. Pure: nothing is loaded, and nothing but the answer decides what is shown."""

from calendar import monthrange
from collections.abc import Iterable, Sequence
from datetime import date
from typing import NamedTuple

from bot.layout import BLANK, Line, Run
from reader.types import Answer, AnswerItem, Citation
from retrieval.fusion import ON_TOPIC
from retrieval.heading import day
from retrieval.types import Article, Hit

MAX_REPRINTS = 3
UNSURE = "Not sure, but this may answer it:"
NOT_FOUND = "Not found in these articles."
NOT_ANSWERED = "Not found: the articles mention this, but do not answer it."
NEAREST = "The nearest sentence:"
NOTHING_PASSES = "No article matches the filter, so nothing was searched; widen it or leave it out."
INDENT = "    "
ALSO = f"{INDENT}also in: "

Interval = tuple[int, int]


class Sentence(NamedTuple):
    """What makes two citations one: a reprint of the same words in the same source group."""

    source_group: str
    quote: str


def answer_lines(answer: Answer) -> tuple[Line, ...]:
    """The answer, then each sentence that says it, numbered; "not found" and the nearest sentence where there is none.

    Two items that cite the same sentence share its number, and all their words are marked in it. A reprint that has the
    sentence too is named below it. What the question was taken to be about stands in front.
    """
    leant_on = () if answer.about is None else (f"about: {answer.about}",)
    taken_for = tuple(Line("", (Run(words, "dim"),)) for words in (*leant_on, *respelled_words(answer)))
    return (*taken_for, *(_found(answer) if answer.answers else _not_found(answer)))


def exchange_lines(answer: Answer) -> tuple[Line, ...]:
    """The question, its answer and an empty line: for several answers one below the other."""
    return (Line("> ", (Run(answer.question),)), *answer_lines(answer), BLANK)


def passages_lines(answer: Answer) -> tuple[Line, ...]:
    """The passages that were read for the answer, best first, with scores and ranks; the answer's words are marked."""
    lines = [Line("No passage was read.")] if not answer.evidence.hits else []
    for number, hit in enumerate(answer.evidence.hits, start=1):
        article = answer.evidence.article(hit)
        ranks = f"score {hit.score:.4f} · by meaning {_rank(hit.dense_rank)} · by words {_rank(hit.lexical_rank)}"
        runs = marked(hit.text, [_within(hit, citation) for citation in _citations(answer, hit)])
        lines += [
            *([BLANK] if number > 1 else []),
            Line(f"{number}. ", _named(article)),
            Line(INDENT, (Run(ranks, "dim"),)),
            Line(INDENT, runs),
        ]
    return tuple(lines)


def marked(text: str, intervals: Iterable[Interval]) -> tuple[Run, ...]:
    """`text` without white space around it, with the intervals (offsets into `text`) marked; joined, it is the text.

    marked("He met Maduro.", [(7, 13)]) -> (Run("He met "), Run("Maduro", "mark"), Run("."))
    """
    first = len(text) - len(text.lstrip())
    last = len(text.rstrip())
    runs = []
    at = first
    for start, end in sorted(intervals):
        start, end = max(start, at), min(end, last)
        if start < end:
            runs += [Run(text[at:start]), Run(text[start:end], "mark")]
            at = end
    runs.append(Run(text[at:last]))
    return tuple(run for run in runs if run.text)


def trust_words(answer: Answer, item: AnswerItem) -> str:
    """The confidence of one answer or version and its number of sources, if several; of a list's item, only these.

    "likely (78 %) · 2 sources";  "" for an item of a list that one source names
    """
    confidence = [confidence_words(item.confidence, answer.certain)] if list_confidence(answer) is None else []
    sources = [f"{item.sources} sources"] if item.sources > 1 else []
    return " · ".join(confidence + sources)


def list_confidence(answer: Answer) -> str | None:
    """The one confidence of a list, that of its least likely item, and of what is told, that of its likeliest piece;
    None where each answer has its own."""
    if answer.kind == "passage":
        return confidence_words(max(item.confidence for item in answer.answers), answer.certain).capitalize()
    if answer.kind != "list" or len(answer.answers) == 1:
        return None
    return f"Lowest confidence: {confidence_words(min(item.confidence for item in answer.answers), answer.certain)}"


def confidence_words(confidence: float, certain: bool) -> str:
    """A probability in one word and a number; from 95 % it is "sure", below 50 % "unsure", as is what is not certain.

    (0.78, True) -> "likely (78 %)"
    """
    # 99.7 % is not certainty and 0.2 % not impossibility: 0 and 100 are kept for those
    percent = round(confidence * 100) if confidence in (0, 1) else min(max(round(confidence * 100), 1), 99)
    word = "unsure" if not certain or percent < 50 else "likely" if percent < 95 else "sure"
    return f"{word} ({percent} %)"


def source_runs(title: str, path: str, source: str | None, published: date | None) -> tuple[Run, ...]:
    """Title (the file's path where there is none), source and date, as far as the article has them."""
    runs = [Run(title, "title") if title.strip() else Run(path, "dim")]
    runs += [Run(f" · {part}") for part in (source, day(published) if published is not None else None) if part]
    return tuple(runs)


def sentences_of(answer: Answer) -> dict[Sentence, list[Citation]]:
    """Every sentence that is cited, in the order of the answers, with all its citations, those of reprints too."""
    sentences: dict[Sentence, list[Citation]] = {}
    for item in answer.answers:
        for citation in item.citations:
            sentences.setdefault(sentence_of(citation), []).append(citation)
    return sentences


def sentence_of(citation: Citation) -> Sentence:
    """The sentence that is cited."""
    return Sentence(citation.source_group, citation.quote)


def resolved_words(iso: str) -> str:
    """A day, or an interval of days; what is no ISO date stays as it is.

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


def respelled_words(answer: Answer) -> list[str]:
    """For each word of the question that was read as another one, a line that says so: "Lavrof: read as Lavrov"."""
    return [f"{typed}: read as {meant}" for typed, meant in answer.evidence.question.respelled.items()]


def not_found_words(answer: Answer) -> str:
    """Why nothing is answered, in one line: the articles are about it and do not say it, or they lack its words.

    "Not found: no article has the word “Lisbon”."
    """
    if any(hit.coverage >= ON_TOPIC for hit in answer.evidence.hits):
        return NOT_ANSWERED
    words = [f"“{word}”" for word in answer.evidence.question.unmentioned]
    if not words:
        return NOT_FOUND
    return f"Not found: no article has the word{'s' if len(words) > 1 else ''} {' or '.join(words)}."


def _found(answer: Answer) -> tuple[Line, ...]:
    sentences = sentences_of(answer)
    numbers = {sentence: number for number, sentence in enumerate(sentences, start=1)}
    lines = [Line("The articles differ:")] if answer.kind == "differing" else []
    if not answer.certain:
        lines.append(Line("", (Run(UNSURE, "unsure"),)))
    # what is told is told by its quotes
    for position, item in enumerate(() if answer.kind == "passage" else answer.answers, start=1):
        cited = dict.fromkeys(numbers[sentence_of(citation)] for citation in item.citations)
        lines.append(Line(_bullet(answer, position), _item(answer, item, cited)))
    if (lowest := list_confidence(answer)) is not None:
        lines.append(Line("", (Run(lowest, "dim"),)))
    for number, citations in enumerate(sentences.values(), start=1):
        lines += [BLANK, *_cited(number, citations, answer)]
    return tuple(lines)


def _not_found(answer: Answer) -> tuple[Line, ...]:
    if not answer.evidence.hits:  # only a filter leaves nothing to read
        return (Line("", (Run(NOTHING_PASSES, "answer"),)),)
    said = Run(not_found_words(answer), "answer")
    if answer.nearest is None:
        return (Line("", (said,)),)
    return (
        Line("", (said, Run(f" {NEAREST}"))),
        BLANK,
        Line("", _quote(answer.nearest.quote, [])),
        *_source(INDENT, answer.nearest, answer),
    )


def _bullet(answer: Answer, position: int) -> str:
    return {"list": f"{position}. ", "differing": "• "}.get(answer.kind, "")


def _item(answer: Answer, item: AnswerItem, cited: Iterable[int]) -> tuple[Run, ...]:
    runs = [Run(item.text.strip(), "answer" if answer.certain else "unsure")]
    if answer.kind == "differing":
        dates = [citation.published.date() for citation in item.citations if citation.published is not None]
        runs.insert(0, Run(f"{day(max(dates))}: " if dates else "undated: "))
    if item.resolved_date is not None:
        runs.append(Run(f" ({resolved_words(item.resolved_date)})"))
    if trust := trust_words(answer, item):
        runs.append(Run(f" — {trust}", "dim"))
    runs.append(Run("".join(f" [{number}]" for number in cited)))
    return tuple(runs)


def _cited(number: int, citations: Sequence[Citation], answer: Answer) -> list[Line]:
    """One sentence: the quote, the article that it was found in, and the reprints that have it too."""
    places = places_in(citations, answer)
    lines = [Line(f"[{number}] ", _quote(citations[0].quote, places))]
    first, *reprints = {citation.article_id: citation for citation in citations}.values()
    lines += _source(INDENT, first, answer)
    for reprint in reprints[:MAX_REPRINTS]:
        lines += _source(ALSO, reprint, answer)
    if len(reprints) > MAX_REPRINTS:
        lines.append(Line(f"{INDENT}and {len(reprints) - MAX_REPRINTS} more"))
    return lines


def places_in(citations: Sequence[Citation], answer: Answer) -> list[Interval]:
    """What is to be marked in the quote that all of these have: the answer's words, unless the whole quote answers."""
    if answer.kind == "passage":
        return []
    return [(each.answer_start - each.quote_start, each.answer_end - each.quote_start) for each in citations]


def _quote(text: str, places: Sequence[Interval]) -> tuple[Run, ...]:
    return (Run("“"), *marked(text, places), Run("”"))


def _source(lead: str, citation: Citation, answer: Answer) -> list[Line]:
    path = answer.article(citation).path
    lines = [Line(lead, source_runs(citation.title, path, citation.source, citation.published))]
    if citation.url:
        lines.append(Line(" " * len(lead), (Run(citation.url, "dim"),), whole=True))
    return lines


def _citations(answer: Answer, hit: Hit) -> list[Citation]:
    cited = [citation for item in answer.answers for citation in item.citations]
    return [citation for citation in cited if citation.article_id == hit.passage.article_id]


def _within(hit: Hit, citation: Citation) -> Interval:
    return citation.answer_start - hit.passage.start, citation.answer_end - hit.passage.start


def _named(article: Article) -> tuple[Run, ...]:
    return source_runs(article.title, article.path, article.source, article.published)


def _rank(rank: int | None) -> str:
    return "not found" if rank is None else f"#{rank + 1}"


def _interval(first: date, last: date) -> str:
    if first.year != last.year:
        return f"{day(first)} – {day(last)}"
    whole_months = first.day == 1 and last.day == monthrange(last.year, last.month)[1]
    if whole_months and last.month - first.month == 11:
        return str(first.year)
    if first.month != last.month:
        return f"{first.day} {first:%B} – {day(last)}"
    return f"{first:%B %Y}" if whole_months else f"{first.day}–{day(last)}"
