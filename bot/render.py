"""Answers as lines for a terminal; what is shown is decided in `bot.view`. Pure: nothing is loaded."""

from collections.abc import Sequence
from datetime import date

from bot.layout import BLANK, Interval, Line, Run, marked
from bot.view import NEAREST, UNSURE, ItemView, Quote, view_of
from reader.types import Answer, Citation
from retrieval.heading import day
from retrieval.types import Article, Hit

MAX_REPRINTS = 3
INDENT = "    "
ALSO = f"{INDENT}also in: "


def answer_lines(answer: Answer) -> tuple[Line, ...]:
    """The answer, then each sentence that says it, numbered; "not found" and the nearest sentence where there is none.

    How the question was taken comes first. A reprint that has the sentence too is named below it.
    """
    view = view_of(answer)
    lines = [Line("", (Run(note, "dim"),)) for note in view.notes]
    if view.not_found is not None:
        return (*lines, *_not_found(answer, view.not_found, view.nearest))
    if answer.kind == "differing":
        lines.append(Line("The articles differ:"))
    if not answer.certain:
        lines.append(Line("", (Run(UNSURE, "unsure"),)))
    for position, item in enumerate(view.items, start=1):
        bullet = {"list": f"{position}. ", "differing": "• "}.get(answer.kind, "")
        lines.append(Line(bullet, _item(answer, item)))
    if view.confidence is not None:
        lines.append(Line("", (Run(view.confidence, "dim"),)))
    for quote in view.quotes:
        lines += [BLANK, *_quote(quote)]
    return tuple(lines)


def exchange_lines(answer: Answer) -> tuple[Line, ...]:
    """The question, its answer and an empty line: for several answers one below the other."""
    return (Line("> ", (Run(answer.question),)), *answer_lines(answer), BLANK)


def passages_lines(answer: Answer) -> tuple[Line, ...]:
    """The passages that were read for the answer, best first, with scores and ranks; the answer's words are marked."""
    lines = [Line("No passage was read.")] if not answer.evidence.hits else []
    for number, hit in enumerate(answer.evidence.hits, start=1):
        ranks = f"score {hit.score:.4f} · by meaning {_rank(hit.dense_rank)} · by words {_rank(hit.lexical_rank)}"
        lines += [
            *([BLANK] if number > 1 else []),
            Line(f"{number}. ", article_runs(answer.evidence.article(hit))),
            Line(INDENT, (Run(ranks, "dim"),)),
            Line(INDENT, marked(hit.text, _answers_in(hit, answer))),
        ]
    return tuple(lines)


def source_runs(title: str, path: str, source: str | None, published: date | None) -> tuple[Run, ...]:
    """Title (the file's path where there is none), source and date, as far as the article has them."""
    runs = [Run(title, "title") if title.strip() else Run(path, "dim")]
    runs += [Run(f" · {part}") for part in (source, day(published) if published is not None else None) if part]
    return tuple(runs)


def article_runs(article: Article) -> tuple[Run, ...]:
    """The same of an article."""
    return source_runs(article.title, article.path, article.source, article.published)


def _not_found(answer: Answer, reason: str, nearest: Citation | None) -> tuple[Line, ...]:
    if nearest is None:
        return (Line("", (Run(reason, "answer"),)),)
    return (
        Line("", (Run(reason, "answer"), Run(f" {NEAREST}"))),
        BLANK,
        Line("", _in_quotation_marks(nearest.quote, ())),
        *_source(INDENT, answer.article(nearest)),
    )


def _item(answer: Answer, item: ItemView) -> tuple[Run, ...]:
    runs = [Run(f"{item.day}: ")] if answer.kind == "differing" else []
    runs.append(Run(item.text, "answer" if answer.certain else "unsure"))
    if item.resolved is not None:
        runs.append(Run(f" ({item.resolved})"))
    if item.trust:
        runs.append(Run(f" — {item.trust}", "dim"))
    runs.append(Run("".join(f" [{quote.number}]" for quote in item.quotes)))
    return tuple(runs)


def _quote(quote: Quote) -> list[Line]:
    """One sentence: the quote, the article that it was found in, and the reprints that have it too."""
    first, *reprints = quote.articles
    lines = [Line(f"[{quote.number}] ", _in_quotation_marks(quote.text, quote.places)), *_source(INDENT, first)]
    for reprint in reprints[:MAX_REPRINTS]:
        lines += _source(ALSO, reprint)
    if len(reprints) > MAX_REPRINTS:
        lines.append(Line(f"{INDENT}and {len(reprints) - MAX_REPRINTS} more"))
    return lines


def _in_quotation_marks(text: str, places: Sequence[Interval]) -> tuple[Run, ...]:
    return (Run("“"), *marked(text, places), Run("”"))


def _source(lead: str, article: Article) -> list[Line]:
    lines = [Line(lead, article_runs(article))]
    if article.url:
        lines.append(Line(" " * len(lead), (Run(article.url, "dim"),), whole=True))
    return lines


def _answers_in(hit: Hit, answer: Answer) -> list[Interval]:
    """Where the cited answers are in a passage."""
    start = hit.passage.start
    cited = [citation for item in answer.answers for citation in item.citations]
    return [
        (each.answer_start - start, each.answer_end - start)
        for each in cited
        if each.article_id == hit.passage.article_id
    ]


def _rank(rank: int | None) -> str:
    return "not found" if rank is None else f"#{rank + 1}"
