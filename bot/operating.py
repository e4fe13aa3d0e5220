"""The operator's commands: what comes into the corpus, and the state of the index."""

import signal
import threading
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import click

from bot.mends import terminal_message
from bot.options import Command, Options, as_json_option
from bot.streams import complain
from retrieval.errors import BusyError, DatelineError, UsageError

if TYPE_CHECKING:
    from bot.assistant import Indexer
    from bot.settings import Settings
    from bot.terminal import Terminal
    from retrieval.adding import AddReport
    from retrieval.types import IndexReport, Skipped

# for what does not show in the files, such as one that could not be read for a moment
REFRESH_SECONDS = 3600.0
# so many skipped files are named; a file of a great many broken records would bury all else
MAX_SKIPPED_SHOWN = 50


@click.command(cls=Command)
@click.option("--full", is_flag=True, help="Read every file and embed every passage again, even if unchanged.")
@click.option(
    "--workers",
    type=click.IntRange(1, 64),
    default=1,
    show_default=True,
    help="How many processes embed passages on this machine; needs a PostgreSQL server.",
)
@as_json_option
@click.pass_obj
def index(options: Options, full: bool, workers: int, as_json: bool) -> int:
    """Bring the index up to date with the folder of articles."""
    settings, terminal = options.begin(as_json)
    from bot.workers import embedding_workers

    with embedding_workers(settings, workers):
        return _index(settings, terminal, full, help_others=workers > 1)


@click.command(cls=Command)
@as_json_option
@click.pass_obj
def watch(options: Options, as_json: bool) -> None:
    """Bring the index up to date, and again whenever the folder of articles changes; print what is new about
    followed questions. Ctrl-C ends it."""
    settings, terminal = options.begin(as_json)
    # An exception, as Ctrl-C is, may be swallowed or renamed by a library that is being imported. No kill harms the
    # store, so the process simply ends.
    for ending in (signal.SIGINT, signal.SIGTERM):
        signal.signal(ending, lambda number, frame: terminal.leave())
    from bot.assistant import Indexer
    from bot.following.command import TerminalNews
    from retrieval.watch import follow

    with terminal.spinner("Looking for the encoder"):
        indexer = Indexer.open(settings, terminal.progress)
    news = TerminalNews(settings, terminal)
    follow(settings.corpus.path, Updates(indexer, terminal, news.tell), threading.Event())


@click.command(cls=Command)
@click.argument("names", metavar="PATH|URL...", nargs=-1, required=True)
@as_json_option
@click.pass_obj
def add(options: Options, names: tuple[str, ...], as_json: bool) -> int:
    """Copy files or folders, or fetch web pages, into the folder of articles, then index them."""
    settings, terminal = options.begin(as_json)
    from bot.assistant import add_articles

    return _take_in(settings, terminal, lambda: add_articles(settings, names))


@click.command(cls=Command)
@click.argument("urls", metavar="URL...", nargs=-1, required=True)
@as_json_option
@click.pass_obj
def feed(options: Options, urls: tuple[str, ...], as_json: bool) -> int:
    """Fetch what is new in RSS or Atom feeds into the folder of articles, then index it."""
    settings, terminal = options.begin(as_json)
    from bot.assistant import fetch_feeds

    return _take_in(settings, terminal, lambda: fetch_feeds(settings, urls))


@click.command(cls=Command)
@click.option("--article", metavar="ID", help="Show one article, and which lines of its file were left out and why.")
@as_json_option
@click.pass_obj
def status(options: Options, article: str | None, as_json: bool) -> None:
    """Show what is indexed."""
    settings, terminal = options.begin(as_json)
    from bot.assistant import check_filter, store_status, stored_intake, unread_files
    from bot.json import intake_json, status_json
    from bot.overview import intake_lines, status_page
    from retrieval.types import SearchFilter

    found = store_status(settings)
    if article is None:
        terminal.tell(status_json, status_page, found, unread_files(settings))
        return
    check_filter(settings, SearchFilter(article_id=article))
    intake = stored_intake(settings, article)
    if intake is None:
        raise UsageError(f"The article {article} has just been removed; `dateline status` lists those that are there.")
    terminal.tell(intake_json, intake_lines, intake, found)


@click.command(cls=Command)
@as_json_option
@click.pass_obj
def verify(options: Options, as_json: bool) -> int:
    """Check that every passage, vector and file of the index is intact, and say how to repair what is not."""
    settings, terminal = options.begin(as_json)
    from bot.assistant import verify_store
    from bot.json import verification_json
    from bot.overview import verification_lines

    with terminal.spinner("Verifying"):
        found = verify_store(settings, terminal.progress)
    terminal.tell(verification_json, verification_lines, found)
    return 1 if found.findings else 0


@click.command(cls=Command)
@click.option("--to", "url", metavar="URL", required=True, help="A PostgreSQL database, as [storage] url names it.")
@click.pass_obj
def migrate(options: Options, url: str) -> None:
    """Copy the index and followed questions from the folder to a PostgreSQL server, without embedding anything again.
    Run it again to resume after an interruption."""
    settings, terminal = options.begin()
    from bot.rules import SERVER

    try:
        server = SERVER.read(url, Path())
    except ValueError as error:
        raise UsageError(f"--to is wrong, expected {SERVER.expected}.") from error
    if server is None:
        raise UsageError(f"--to is empty, expected {SERVER.expected}.")
    from bot.assistant import migrate_store

    with terminal.spinner("Copying"):
        generation = migrate_store(settings, str(server), terminal.progress)
    click.echo(f"Copied, as generation {generation}. Set [storage] url to the address to use it.")


@click.command(cls=Command)
@click.pass_obj
def prepare(options: Options) -> None:
    """Prepare the models in the cache folder now, so that the first question does not wait for it."""
    settings, terminal = options.begin()
    with terminal.spinner("Preparing the models"):
        from bot.assistant import prepare_models

        prepare_models(settings, terminal.progress)
    click.echo("The models are ready.")


class Updates:
    """Refreshes, shows what changed, and calls `news`; the same complaint is not repeated every second.

    A refresh is skipped while no file has changed, but done once an hour in any case.
    """

    def __init__(
        self,
        indexer: "Indexer",
        terminal: "Terminal",
        news: Callable[[], None] = lambda: None,
    ) -> None:
        self._indexer = indexer
        self._news = news
        self._terminal = terminal
        self._generation = 0
        self._complaints: frozenset[str] = frozenset()
        self._looked: int | None = None
        self._due = 0.0

    def __call__(self) -> bool:
        """Whether it is done; if not, it should be tried again."""
        try:
            look = self._indexer.glance()
            if look is not None and look == self._looked and time.monotonic() < self._due:
                return True
            self._looked = None
            report = self._indexer.refresh(self._terminal.progress, on_notice=complain)
            if report.generation != self._generation:
                self._generation = report.generation
                _show_report(self._terminal, report)
            self._complain(
                [f"skipped {skipped.path}: {terminal_message(skipped.reason)}" for skipped in report.skipped]
            )
            self._news()
            # while nobody waits for it, so that the next new article need not
            self._indexer.warm_up()
            self._looked, self._due = look, time.monotonic() + REFRESH_SECONDS
        except DatelineError as error:
            self._complain([f"{terminal_message(error)} Waiting until that changes."])
            return not isinstance(error, BusyError)
        return True

    def _complain(self, complaints: Sequence[str]) -> None:
        for complaint in complaints:
            if complaint not in self._complaints:
                complain(complaint)
        self._complaints = frozenset(complaints)


def update_index(
    settings: "Settings", terminal: "Terminal", full: bool = False, help_others: bool = False
) -> "IndexReport":
    """Indexes what has changed, and says which files were skipped. Raises DatelineError."""
    with terminal.spinner("Indexing"):
        from bot.assistant import index_corpus

        report = index_corpus(settings, terminal.progress, full=full, on_notice=complain, help_others=help_others)
    _complain_of(report.skipped)
    if report.skipped:
        complain(f"{len(report.skipped):,} skipped; the other articles are indexed.")
    return report


def _index(settings: "Settings", terminal: "Terminal", full: bool = False, help_others: bool = False) -> int:
    report = update_index(settings, terminal, full, help_others)
    _show_report(terminal, report)
    return 1 if report.skipped else 0


def _take_in(settings: "Settings", terminal: "Terminal", take: Callable[[], "AddReport"]) -> int:
    """Adds to the corpus, then indexes; what could not be added makes the exit status 1."""
    from bot.json import added_json
    from bot.overview import added_lines

    with terminal.spinner("Adding"):
        added = take()
    terminal.tell(added_json, added_lines, added)
    _complain_of(added.skipped)
    if not added.added:
        return 1 if added.skipped else 0
    indexed = _index(settings, terminal)
    return 1 if added.skipped else indexed


def _show_report(terminal: "Terminal", report: "IndexReport") -> None:
    from bot.json import report_json
    from bot.overview import report_lines

    terminal.tell(report_json, report_lines, report)


def _complain_of(skipped: "Sequence[Skipped]") -> None:
    """Names what was skipped; of a great many, the first."""
    for each in skipped[:MAX_SKIPPED_SHOWN]:
        complain(f"skipped {each.path}: {terminal_message(each.reason)}")
    if len(skipped) > MAX_SKIPPED_SHOWN:
        complain(f"skipped {len(skipped) - MAX_SKIPPED_SHOWN:,} more; `dateline index --json` lists all of them.")
