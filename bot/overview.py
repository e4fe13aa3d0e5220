"""The store's content and reports, as lines for a terminal. Pure, like `bot.render`."""

from collections import Counter
from collections.abc import Sequence
from datetime import date
from typing import TYPE_CHECKING

from bot.layout import BLANK, Line, Run
from bot.mends import terminal_message
from bot.phrases import capitalised, counted
from bot.render import source_runs
from bot.scope import Scope
from reader.types import Answer
from retrieval.filters import merged
from retrieval.heading import day
from retrieval.types import ArticleSummary, IndexReport, Intake, StoreStatus, Unread

if TYPE_CHECKING:  # they bring the network and the index along
    from bot.doctor.types import Finding
    from retrieval.adding import AddReport
    from retrieval.storage.types import Verification

LISTED = 50
LISTED_SOURCES = 20


def contents(status: StoreStatus) -> str:
    """How many articles there are, and from when: "12 articles, 10 March 2022 to 3 May 2024"."""
    dates = [article.published.date() for article in status.articles if article.published is not None]
    number = counted(len(status.articles), "article")
    if not dates:
        return number
    first, last = min(dates), max(dates)
    return f"{number}, {day(first)}" + (f" to {day(last)}" if last != first else "")


def sources(status: StoreStatus) -> dict[str, int]:
    """How many articles each source has, most first; spellings of one source are one."""
    return merged(Counter(article.source for article in status.articles if article.source is not None))


def status_lines(status: StoreStatus, unread: tuple[Unread, ...] = ()) -> tuple[Line, ...]:
    """The store in a few lines, and which files of the corpus are not read."""
    foreign = sum(article.language not in (None, "en") for article in status.articles)
    distinct = len({article.source_group for article in status.articles})
    reprints = len(status.articles) - distinct
    named = [f"{source} {number:,}" for source, number in sources(status).items()]
    more = [f"… and {len(named) - LISTED_SOURCES:,} more"] if len(named) > LISTED_SOURCES else []
    return _fields(
        ("Articles", contents(status)),
        ("Sources", " · ".join([*named[:LISTED_SOURCES], *more])),
        ("Reprints", f"{reprints:,}, counted with what they repeat" if reprints else ""),
        ("Language", f"{counted(foreign, 'article')} not in English, which the models read best" if foreign else ""),
        ("Passages", f"{status.passages:,}"),
        ("Encoder", f"{status.model} ({status.dimension} dimensions)"),
        ("Generation", f"{status.generation}, made on {day(status.created)} at {status.created:%H:%M} UTC"),
        ("On disk", f"{status.bytes / 1e6:,.1f} MB"),
        ("Not read", _unread(unread)),
    )


def _fields(*named: tuple[str, str]) -> tuple[Line, ...]:
    """A line for each name and what it has to say, unless that is nothing."""
    return tuple(Line(f"{name:<12}", (Run(text),)) for name, text in named if text)


def _unread(unread: tuple[Unread, ...]) -> str:
    """How many files are not read, by their kind: "3 files: 2 .pdf, 1 .docx"; "" for none."""
    kinds = ", ".join(f"{each.files:,} {each.kind}" for each in unread)
    return f"{counted(sum(each.files for each in unread), 'file')}: {kinds}" if unread else ""


def status_page(status: StoreStatus, unread: tuple[Unread, ...]) -> tuple[Line, ...]:
    """The same, and the articles."""
    return (*status_lines(status, unread), BLANK, *sources_lines(status, None))


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


def scope_words(scope: Scope) -> str:
    """What is searched: "Only Example Wire · since 20 February 2024"; "" where it is everything, as of today."""
    where = scope.where
    only = (
        f"article {where.article_id}" if where.article_id is not None else None,
        where.source,
        f"since {day(where.since)}" if where.since is not None else None,
        f"until {day(where.until)}" if where.until is not None else None,
    )
    words = " · ".join(part for part in only if part is not None)
    as_of = f"as of {day(scope.as_of)}" if scope.as_of is not None else ""
    return " · ".join(filter(None, (words and f"Only {words}", as_of)))


def scope_lines(scope: Scope) -> tuple[Line, ...]:
    """The same as a line, nothing where everything is searched as of today."""
    words = scope_words(scope)
    return (Line("", (Run(capitalised(words), "dim"),)),) if words else ()


def report_lines(report: IndexReport) -> tuple[Line, ...]:
    """What was added, changed, removed and embedded."""
    articles = f"{report.added:,} added, {report.changed:,} changed, {report.removed:,} removed"
    passages = f"{report.embedded:,} embedded, {report.reused:,} reused"
    return _fields(
        ("Articles", f"{articles}, {report.unchanged:,} unchanged"),
        ("Passages", f"{report.passages:,}: {passages}"),
        ("Generation", f"{report.generation}, after {report.seconds:.1f} s"),
        ("Not read", _unread(report.unread)),
    )


def added_lines(report: "AddReport") -> tuple[Line, ...]:
    """What came into the corpus, and which files of the folders given are not read."""
    return _fields(
        *(("Added", path) for path in report.added),
        *(("Unchanged", path) for path in report.unchanged),
        ("Not read", _unread(report.unread)),
    )


def intake_lines(intake: Intake, status: StoreStatus) -> tuple[Line, ...]:
    """One article: what is known of it, where else it was printed, and which lines of its file were left out."""
    article = intake.article
    (summary,) = [each for each in status.articles if each.id == article.id]
    reprints = [each for each in status.articles if each.source_group == summary.source_group and each.id != article.id]
    fields = (
        ("Title", article.title),
        ("Source", article.source),
        ("Published", day(article.published) if article.published is not None else None),
        ("Link", article.url),
        ("Language", article.language),
        ("File", article.path),
        ("Text", f"{counted(len(article.text), 'character')}, {counted(summary.passages, 'passage')}"),
    )
    lines = [*_fields(*((name, value or "not given") for name, value in fields))]
    if reprints:
        lines += [BLANK, Line("The same text, counted as one source"), *map(_article, reprints)]
    lines += [BLANK, Line(f"Left out of the file: {counted(len(intake.dropped), 'line')}")]
    lines += [Line(f"{drop.line:>6}  ", (Run(drop.text), Run(f" — {drop.reason}", "dim"))) for drop in intake.dropped]
    return tuple(lines)


def verification_lines(found: "Verification") -> tuple[Line, ...]:
    """That all is well, or each problem and the command that mends it."""
    checked = (
        f"generation {found.generation}, {counted(found.articles, 'article')}, {counted(found.passages, 'passage')}"
    )
    if not found.findings:
        return (Line("", (Run("The index is intact: ", "answer"), Run(checked))),)
    problems = counted(len(found.findings), "problem")
    lines = [Line("", (Run(f"{problems} in the index: ", "answer"), Run(checked)))]
    lines += [Line("• ", (Run(f"{each.problem}; {terminal_message(each.mend)}."),)) for each in found.findings[:LISTED]]
    if len(found.findings) > LISTED:
        lines.append(Line("  ", (Run(f"… and {len(found.findings) - LISTED} more; `--json` lists all.", "dim"),)))
    return tuple(lines)


def findings_lines(findings: Sequence["Finding"]) -> tuple[Line, ...]:
    """What is wrong with an installation, and how to fix it."""
    lines = []
    for each in findings:
        mark = "PROBLEM" if each.level == "problem" else each.level
        lines.append(Line(f"{mark:<8} {each.area:<9} ", (Run(each.message),)))
        lines += [Line(" " * 19, (Run(f"→ {each.mend}"),))] if each.mend is not None else []
    return tuple(lines)


def _newest_first(article: ArticleSummary) -> date:
    return article.published.date() if article.published is not None else date.min


def _article(article: ArticleSummary) -> Line:
    source = source_runs(article.title, article.path, article.source, article.published)
    foreign = () if article.language in (None, "en") else (Run(f" · in another language ({article.language})"),)
    return Line("  ", (Run(f"{article.id}  ", "dim"), *source, *foreign))
