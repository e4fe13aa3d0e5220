"""Followed questions and their news as lines for a terminal. Pure, like `bot.render`."""

from collections.abc import Sequence

from bot.following.types import Followed, Notice
from bot.layout import BLANK, Line, Run
from bot.overview import scope_lines
from bot.render import answer_lines
from bot.scope import Scope
from bot.view import newest_day, resolved_words
from reader.novelty import News, Statement
from reader.types import Answer
from retrieval.heading import day

NONE_FOLLOWED = "No question is followed; `dateline follow QUESTION` starts one."


def was_words(statement: Statement) -> str:
    """What is replaced, with the day of its article: "Carlos Faria (8 July 2022)"."""
    resolved = "" if statement.resolved_date is None else f" ({resolved_words(statement.resolved_date)})"
    return f"{statement.text}{resolved} ({newest_day([statement.citation])})"


def replaced(news: News) -> list[Statement]:
    """The statements that news replaces, each once."""
    return list(dict.fromkeys(each for each in news.was if each is not None))


def followed_lines(followed: Followed, answer: Answer) -> tuple[Line, ...]:
    """That a question is followed from now on, and how it is answered now."""
    return (
        *answer_lines(answer),
        BLANK,
        Line("", (Run(f"Followed as {followed.id}; `dateline watch` prints what is new.", "dim"),)),
    )


def news_lines(notice: Notice) -> tuple[Line, ...]:
    """The question, what is new, what it replaces, and the sentences that say it."""
    lines = list(answer_lines(notice.news.answer))
    gap = lines.index(BLANK) if BLANK in lines else len(lines)
    lines[gap:gap] = [Line("was: ", (Run(was_words(each)),)) for each in replaced(notice.news)]
    return (Line(f"News ({notice.followed.id}): ", (Run(notice.followed.question, "title"),)), *lines, BLANK)


def list_lines(several: Sequence[tuple[Followed, Sequence[Statement]]]) -> tuple[Line, ...]:
    """The questions with their numbers, and the current answers that were reported for each."""
    if not several:
        return (Line(NONE_FOLLOWED),)
    lines: list[Line] = []
    for followed, told in several:
        lines.append(Line(f"{followed.id:>4}  ", (Run(followed.question), Run(_state(followed), "dim"))))
        lines += [Line("      ", line.runs) for line in scope_lines(Scope(followed.where))]
        lines += [Line("      ", (Run(was_words(each), "dim"),)) for each in told if each.holds]
    return tuple(lines)


def _state(followed: Followed) -> str:
    place = "" if followed.by is None else " · in Discord"
    return f" · since {day(followed.followed)}{place}{' · suspended' if followed.suspended else ''}"
