"""What the store holds and what a run of the index did, as lines for a terminal. Pure, like `bot.render`."""

from datetime import date

from bot.layout import BLANK, Line, Run
from bot.render import source_runs
from reader.types import Answer
from retrieval.heading import day
from retrieval.types import ArticleSummary, IndexReport, StoreStatus

LISTED = 50


def counted(number: int, noun: str) -> str:
    """counted(1, "article") -> "1 article"; counted(1200, "article") -> "1,200 articles"."""
    return f"{number:,} {noun}" if number == 1 else f"{number:,} {noun}s"


def contents(status: StoreStatus) -> str:
    """How many articles there are, and from when: "12 articles, 10 March 2022 to 3 May 2024"."""
    dates = [article.published.date() for article in status.articles if article.published is not None]
    number = counted(len(status.articles), "article")
    if not dates:
        return number
    first, last = min(dates), max(dates)
    return f"{number}, {day(first)}" + (f" to {day(last)}" if last != first else "")


def status_lines(status: StoreStatus) -> tuple[Line, ...]:
    """The store in a few lines."""
    return (
        Line("Articles    ", (Run(contents(status)),)),
        Line("Passages    ", (Run(f"{status.passages:,}"),)),
        Line("Encoder     ", (Run(f"{status.model} ({status.dimension} dimensions)"),)),
        Line(
            "Generation  ", (Run(f"{status.generation}, made on {day(status.created)} at {status.created:%H:%M} UTC"),)
        ),
        Line("On disk     ", (Run(f"{status.bytes / 1e6:,.1f} MB"),)),
    )


def sources_lines(status: StoreStatus, answer: Answer | None) -> tuple[Line, ...]:
    """The articles of the index: those that `answer` cites first, then the newest; `LISTED` of these at most."""
    cited = set() if answer is None else {c.article_id for item in answer.answers for c in item.citations}
    articles = sorted(status.articles, key=_newest_first, reverse=True)
    others = [article for article in articles if article.id not in cited]
    lines = []
    if cited:
        lines += [Line("Cited in the last answer"), *map(_article, (a for a in articles if a.id in cited))]
        lines += [BLANK] if others else []
    if others:
        lines += [Line(f"{'Also in' if cited else 'In'} the index"), *map(_article, others[:LISTED])]
    if len(others) > LISTED:
        left = counted(len(others) - LISTED, "more article")
        lines.append(Line("  ", (Run(f"… and {left}; `dateline status --json` lists all.", "dim"),)))
    return tuple(lines)


def report_lines(report: IndexReport) -> tuple[Line, ...]:
    """What was added, changed, removed and embedded."""
    articles = f"{report.added:,} added, {report.changed:,} changed, {report.removed:,} removed"
    passages = f"{report.embedded:,} embedded, {report.reused:,} reused"
    return (
        Line("Articles    ", (Run(f"{articles}, {report.unchanged:,} unchanged"),)),
        Line("Passages    ", (Run(f"{report.passages:,}: {passages}"),)),
        Line("Generation  ", (Run(f"{report.generation}, after {report.seconds:.1f} s"),)),
    )


def _newest_first(article: ArticleSummary) -> date:
    return article.published.date() if article.published is not None else date.min


def _article(article: ArticleSummary) -> Line:
    source = source_runs(article.title, article.path, article.source, article.published)
    return Line("  ", (Run(f"{article.id}  ", "dim"), *source))
