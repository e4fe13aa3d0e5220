"""Lines of text for a terminal, drawn plain or with rich.

Text of articles passes through `harmless` here and is never read as markup, so that no article can act on a terminal.
"""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Literal

from rich.cells import cell_len
from rich.console import Console, ConsoleOptions, RenderResult
from rich.text import Text

from bot.streams import harmless

Role = Literal["plain", "answer", "unsure", "mark", "title", "dim"]

Interval = tuple[int, int]
MARK = "**"
STYLES: Mapping[Role, str] = {
    "plain": "",
    "answer": "bold green",
    "unsure": "yellow",
    "mark": "bold",
    "title": "italic",
    "dim": "dim",
}


@dataclass(frozen=True, slots=True)
class Run:
    """Words with one role; `mark` is the place of an answer in a quote."""

    text: str
    role: Role = "plain"


@dataclass(frozen=True, slots=True)
class Line:
    """One line, which a narrow terminal may wrap.

    `lead` is our own text before it ("[1] ", an indent); wrapped rows are indented by its width. `whole` lines, such as
    links, are never wrapped.
    """

    lead: str
    runs: tuple[Run, ...] = ()
    whole: bool = False


BLANK = Line("")


def marked(text: str, intervals: Iterable[Interval]) -> tuple[Run, ...]:
    """`text` without white space around it, with the intervals (offsets into `text`) marked; joined, it is the text.

    marked("He met Maduro.", [(7, 13)]) -> (Run("He met "), Run("Maduro", "mark"), Run("."))
    """
    at = len(text) - len(text.lstrip())
    last = len(text.rstrip())
    runs = []
    for start, end in sorted(intervals):
        start, end = max(start, at), min(end, last)
        if start < end:
            runs += [Run(text[at:start]), Run(text[start:end], "mark")]
            at = end
    runs.append(Run(text[at:last]))
    return tuple(run for run in runs if run.text)


def plain(lines: Iterable[Line]) -> str:
    """The lines as text, not wrapped; an answer's words in a quote stand between two asterisks on each side.

    Line("[1] ", (Run("He met "), Run("Maduro", "mark"), Run("."))) -> "[1] He met **Maduro**.\\n"
    """
    return "".join((line.lead + "".join(run.text for run in _runs(line, marks=True))).rstrip() + "\n" for line in lines)


@dataclass(frozen=True, slots=True)
class Page:
    """The lines as a rich renderable, wrapped to the console's width; print it with `crop=False`.

    `marks` writes the asterisks too, for a console that shows no bold.
    """

    lines: tuple[Line, ...]
    marks: bool = False

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> RenderResult:
        for line in self.lines:
            text = Text.assemble(*((run.text, STYLES[run.role]) for run in _runs(line, self.marks)))
            indent = cell_len(line.lead)
            width = max(20, options.max_width - indent)
            rows = [text] if line.whole or not text else list(text.wrap(console, width, overflow="fold"))
            for number, row in enumerate(rows):
                row.rstrip()
                lead = line.lead if number == 0 else " " * indent
                yield Text.assemble(lead, row, no_wrap=True, overflow="ignore")


def _runs(line: Line, marks: bool) -> Iterator[Run]:
    for run in line.runs:
        text = harmless(run.text)
        yield Run(f"{MARK}{text}{MARK}" if marks and run.role == "mark" else text, run.role)
