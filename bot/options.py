"""What all commands share: common options, the settings, and the message for an error."""

import traceback
from collections.abc import Callable
from dataclasses import dataclass
from datetime import date
from functools import wraps
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from bot.days import first_day, last_day, parsed_day
from bot.examples import example_lines
from bot.extras import how_to_install, missing_extra
from bot.mends import terminal_message
from bot.streams import complain, input_lines
from retrieval.errors import DatelineError, UsageError, reason

if TYPE_CHECKING:
    from bot.settings import Settings
    from bot.terminal import Terminal


@dataclass(slots=True)
class Options:
    """The options that every command has, before and after its name."""

    config: Path | None = None
    debug: bool = False

    def settings(self) -> "Settings":
        """Reads config.toml. Raises ConfigError."""
        import logging

        from bot.settings import Settings

        settings = Settings.load(self.config)

        logging.basicConfig(
            level=settings.logging.level.upper(), format="dateline: %(levelname)s: %(name)s: %(message)s"
        )
        # it tells at length which instructions of the processor it does without
        logging.getLogger("faiss").setLevel(max(logging.WARNING, logging.getLogger().level))
        return settings

    def begin(self, as_json: bool = False) -> tuple["Settings", "Terminal"]:
        """The settings, and where a command shows what it does. Raises ConfigError."""
        settings = self.settings()
        from bot.terminal import Terminal

        return settings, Terminal(as_json)

    def explain(self, error: BaseException) -> None:
        """One sentence on standard error about any error; the traceback with --debug only."""
        if self.debug:
            traceback.print_exception(error)
        complain(_sentence(error))


as_json_option = click.option("--json", "as_json", is_flag=True, help="Print JSON, one object a line.")
index_option = click.option("--index", "first_index", is_flag=True, help="First bring the index up to date.")


class Command(click.Command):
    """A command with the options that all have, and with examples."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.params += _common_options()

    def format_epilog(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """Writes the examples below the options."""
        formatter.write(f"\n{example_lines(ctx.command_path)}\n")


class Group(Command, click.Group):
    """The command itself, with the same options and its own examples."""

    command_class = Command


class Day(click.ParamType[date]):
    """A day, as `parsed` reads it: one of the functions of `bot.days`."""

    name = "date"

    def __init__(self, parsed: Callable[[str], date]) -> None:
        self._parsed = parsed

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> date:
        """Fails as every option does, naming it."""
        if isinstance(value, date):
            return value
        try:
            return self._parsed(value)
        except UsageError as error:
            self.fail(str(error), param, ctx)


class Count(click.IntRange):
    """A whole number from `min` to `max`, and one sentence where the value is not one."""

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> int:
        """Fails as every option does, naming it."""
        try:
            return int(super().convert(value, param, ctx))
        except click.BadParameter:
            self.fail(f"{value!r} is not a whole number from {self.min} to {self.max}.", param, ctx)


def for_each_line(handle: Callable[[str], None]) -> int:
    """Handles each line of standard input that is not blank, and reports errors by line; returns the exit status."""
    status = 0
    for number, line in enumerate(input_lines(), start=1):
        if line.strip():
            try:
                handle(line)
            except DatelineError as error:
                complain(f"line {number}: {terminal_message(error)}")
                status = 1
    return status


def with_scope(command: Callable[..., int]) -> Callable[..., int]:
    """Gives a command the options that say what is searched, and on which day; it gets them as one `scope`."""
    as_of = click.option(
        "--as-of",
        type=Day(parsed_day),
        metavar="DATE",
        help='The day that "last week" is counted from, as YYYY-MM-DD; by default today.',
    )
    return with_filter(as_of(command))


def with_filter(command: Callable[..., int]) -> Callable[..., int]:
    """Gives a command the options that say what is searched; it gets them as one `scope`."""

    @wraps(command)
    def scoped(
        *args: Any,
        article: str | None,
        source: str | None,
        since: date | None,
        until: date | None,
        as_of: date | None = None,
        **others: Any,
    ) -> int:
        from bot.scope import Scope, in_order
        from retrieval.types import SearchFilter

        where = SearchFilter(article_id=article, source=source, since=since, until=until)
        return command(*args, scope=in_order(Scope(where, as_of)), **others)

    options = (
        click.option("--article", metavar="ID", help="Search this article only; `dateline status` lists the ids."),
        click.option(
            "--source", metavar="NAME", help="Search articles of this source only; `dateline status` lists the sources."
        ),
        click.option(
            "--since",
            type=Day(first_day),
            metavar="DATE",
            help="Only articles of this day or later: 2024-02-20, or 2024-02 or 2024 for its first day.",
        ),
        click.option(
            "--until",
            type=Day(last_day),
            metavar="DATE",
            help="Only articles of this day or earlier; 2024-02 or 2024 is its last day.",
        ),
    )
    decorated: Callable[..., int] = scoped
    for option in reversed(options):
        decorated = option(decorated)
    return decorated


def _common_options() -> list[click.Parameter]:
    def config(context: click.Context, parameter: click.Parameter, value: Path | None) -> None:
        if value is not None:
            context.ensure_object(Options).config = value

    def debug(context: click.Context, parameter: click.Parameter, value: bool) -> None:
        if value:
            context.ensure_object(Options).debug = True

    return [
        click.Option(
            ["--config"],
            type=click.Path(path_type=Path),
            metavar="FILE",
            expose_value=False,
            callback=config,
            help="Settings file; by default config.toml in the current folder, else the user's own.",
        ),
        click.Option(["--debug"], is_flag=True, expose_value=False, callback=debug, help="Show tracebacks of errors."),
    ]


def _sentence(error: BaseException) -> str:
    if isinstance(error, click.ClickException):
        context = error.ctx if isinstance(error, click.UsageError) else None
        return error.format_message() + (f" See `{context.command_path} --help`." if context is not None else "")
    if isinstance(error, DatelineError):
        return terminal_message(error)
    if isinstance(error, ModuleNotFoundError) and (extra := missing_extra(error)) is not None:
        return f"This needs the package {error.name}, which is not installed; {how_to_install(extra)}."
    if isinstance(error, OSError):
        return f"{reason(error)}" + (f": {error.filename}." if error.filename is not None else ".")
    return f"{type(error).__name__}: {error}. Internal error; run again with --debug and report it."
