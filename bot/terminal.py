"""Terminal output: pages on standard output, spinners and progress bars on standard error.

Where output is piped, NO_COLOR is set or the terminal cannot show bold, an answer's words are marked with asterisks.
Where standard error is piped, there are no spinners and no bars.
"""

import os
import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import NoReturn

import click
from rich.console import Console
from rich.progress import BarColumn, Progress, TaskProgressColumn, TextColumn, TimeRemainingColumn
from rich.text import Text

from bot.layout import Line, Page, plain
from bot.streams import harmless, is_terminal, write_json


class Terminal:
    """Standard output and standard error of this process; `as_json` says how `tell` writes results."""

    def __init__(self, as_json: bool = False) -> None:
        self.as_json = as_json
        colours = not os.environ.get("NO_COLOR")
        self._out = Console(highlight=False) if colours else Console(highlight=False, color_system=None)
        self._err = Console(stderr=True, highlight=False, no_color=not colours)

    def tell(self, document: Callable[..., str], lines: Callable[..., Sequence[Line]], *result: object) -> None:
        """A result on standard output: as the JSON, or as the page, that is made of it."""
        if self.as_json:
            write_json(document(*result))
        else:
            self.show(lines(*result))

    def show(self, lines: Sequence[Line]) -> None:
        """A page on standard output, wrapped only where a person reads it."""
        if is_terminal(sys.stdout):
            page = Page(tuple(lines), marks=self._out.color_system is None)
            self._out.print(page, crop=False, end="")
        else:
            click.echo(plain(lines), nl=False)

    @contextmanager
    def spinner(self, doing: str) -> Iterator[None]:
        """Shows on standard error that something is being done."""
        if is_terminal(sys.stderr):
            with self._err.status(Text(f"{doing} …")):
                yield
        else:
            yield

    @contextmanager
    def progress(self, task: str, total: int) -> Iterator[Callable[[int], None]]:
        """A `retrieval.progress.Progress` that draws a bar on standard error, and removes it when the task is done."""
        if not is_terminal(sys.stderr):
            yield lambda done: None
            return
        columns = (
            TextColumn("{task.description}", markup=False),
            BarColumn(),
            TaskProgressColumn(),
            TimeRemainingColumn(),
        )
        with Progress(*columns, console=self._err, transient=True) as bars:
            bar = bars.add_task(harmless(task), total=total)
            yield lambda done: bars.advance(bar, done)

    def leave(self, status: int = 0) -> NoReturn:
        """Ends the process at once, with `status`, whatever it is doing; a spinner's hidden cursor comes back."""
        if is_terminal(sys.stderr):
            self._err.show_cursor()
            click.echo(err=True)
        os._exit(status)
