"""Cards for operators: the state of the index, what a job did, and what was rated badly. No discord here."""

from collections.abc import Iterable, Sequence
from pathlib import PurePath

from bot.discord.health import Health
from bot.discord.text import ELLIPSIS, cut, plain
from bot.discord.types import MAX_DESCRIPTION, MAX_FIELDS, MAX_VALUE, Card, Field, Rated
from bot.layout import Line
from bot.overview import added_lines, report_lines, status_lines
from bot.phrases import counted
from retrieval.adding import AddReport
from retrieval.errors import render_message
from retrieval.heading import day
from retrieval.types import IndexReport, Skipped, StoreStatus

SHOWN = 10
MAX_QUESTION = 200
MAX_ANSWER = 120


def status_card(status: StoreStatus, health: Health, stage: str | None) -> Card:
    """What is indexed, and how the bot is doing; `stage` is what a job is doing."""
    answered = health.last_answer
    fields = [
        *_fields(status_lines(status)),
        Field("Queue", f"{health.depth():,}", inline=True),
        Field("Last answer", "none yet" if answered is None else f"<t:{int(answered)}:R>", inline=True),
        Field("Refresh", "none running" if stage is None else plain(stage), inline=True),
    ]
    return Card("Dateline", "", "notice", tuple(fields[:MAX_FIELDS]))


def refreshed_card(report: IndexReport) -> Card:
    """What a refresh did."""
    return Card("Indexed", _skipped(report.skipped), "notice", _fields(report_lines(report)))


def added_card(added: AddReport, report: IndexReport | None) -> Card:
    """What came into the corpus, and what indexing it did; None if nothing was new."""
    lines = [f"{line.lead.strip()}: {plain(_text(line))}" for line in added_lines(added)]
    fields = () if report is None else _fields(report_lines(report))
    skipped = (*added.skipped, *(() if report is None else report.skipped))
    parts = [part for part in ("\n".join(lines[:SHOWN]), _skipped(skipped)) if part]
    return Card("Added" if added.added else "Nothing added", cut("\n\n".join(parts), MAX_DESCRIPTION), "notice", fields)


def feedback_card(rated: Sequence[Rated]) -> Card:
    """The answers that were rated badly, the most disliked first."""
    if not rated:
        return Card("Feedback", "No answer was rated badly.", "notice")
    said = f"{counted(len(rated), 'answer')} rated badly, the most disliked first."
    return Card("Feedback", said, "notice", tuple(_rated(each) for each in rated[:SHOWN]))


def _rated(each: Rated) -> Field:
    said = "; ".join(each.answers) if each.answers else "not found in these articles"
    counts = f"👎 {each.downs} · 👍 {each.ups} · generation {each.generation} · {day(each.voted)}"
    return Field(_shown(each.question, MAX_QUESTION), f"{_shown(said, MAX_ANSWER)}\n{counts}")


def _fields(lines: Iterable[Line]) -> tuple[Field, ...]:
    """Lines of the terminal as fields: what stands before, and what stands after it."""
    return tuple(Field(line.lead.strip(), _shown(_text(line), MAX_VALUE)) for line in lines if line.lead.strip())


def _skipped(skipped: Sequence[Skipped]) -> str:
    """Names without folders, and why each was left out."""
    lines = [f"Skipped {plain(_name(each.path))}: {plain(render_message(each.reason))}" for each in skipped[:SHOWN]]
    if len(skipped) > SHOWN:
        lines.append(f"… and {len(skipped) - SHOWN:,} more")
    return cut("\n".join(lines), MAX_DESCRIPTION // 2)


def _shown(text: str, limit: int) -> str:
    """`plain(text)` of at most `limit` units; "…" where nothing of it can be seen: Discord takes no empty field."""
    shown = cut(plain(text).strip(), limit)
    return shown if shown else ELLIPSIS


def _name(path: str) -> str:
    return path if "://" in path or not PurePath(path).is_absolute() else PurePath(path).name


def _text(line: Line) -> str:
    return "".join(run.text for run in line.runs)
