"""`dateline follow`, and the news that `watch` prints."""

from datetime import timedelta
from typing import TYPE_CHECKING

import click

from bot.options import Command, Options, as_json_option, for_each_line, with_filter
from bot.question import checked
from bot.streams import write_json
from retrieval.errors import UsageError

if TYPE_CHECKING:
    from bot.following.checking import Checker
    from bot.following.questions import FollowedQuestions
    from bot.scope import Scope
    from bot.settings import Settings
    from bot.terminal import Terminal

# a process that took news to print it, and has not within this time, is dead
PRINTING = timedelta(minutes=1)
AT_ONCE = 50


@click.command(cls=Command)
@click.argument("words", metavar="QUESTION", nargs=-1)
@click.option("--list", "listing", is_flag=True, help="List the followed questions, each with its latest answer.")
@click.option("--remove", type=int, metavar="ID", help="Stop following a question; --list shows its number.")
@click.option("--check", is_flag=True, help="Print what is new since the last check, as `watch` does.")
@as_json_option
@with_filter
@click.pass_obj
def follow(
    options: Options,
    words: tuple[str, ...],
    listing: bool,
    remove: int | None,
    check: bool,
    as_json: bool,
    scope: "Scope",
) -> int:
    """Answer QUESTION and keep it open: `dateline watch` prints what is new about it. "-" reads questions from
    standard input, one a line."""
    if bool(words) + listing + (remove is not None) + check != 1:
        raise UsageError("`dateline follow` takes one of QUESTION, --list, --remove and --check.")
    settings, terminal = options.begin(as_json)
    if listing:
        return _list(settings, terminal)
    if remove is not None:
        return _remove(settings, remove)
    if check:
        TerminalNews(settings, terminal).tell()
        return 0
    return _follow(settings, terminal, words, scope)


class TerminalNews:
    """Tells what is new about the questions of the command line; models are loaded when there are some."""

    def __init__(self, settings: "Settings", terminal: "Terminal") -> None:
        self._settings = settings
        self._terminal = terminal
        self._checker: Checker | None = None

    def tell(self) -> None:
        """Asks the followed questions of what has come in, and shows each news once. Raises DatelineError."""
        from bot.assistant import open_checker
        from bot.following.documents import news_json
        from bot.following.pages import news_lines

        questions = _found(self._settings)
        if questions is None or not questions.due("terminal"):
            return
        if self._checker is None:
            with self._terminal.spinner("Loading the models"):
                self._checker = open_checker(self._settings, questions, self._terminal.progress)
        with self._terminal.spinner("Asking followed questions"):
            self._checker.check("terminal")
        while (claimed := self._checker.claim("terminal", PRINTING, AT_ONCE)) is not None:
            for notice in claimed.news:
                self._terminal.tell(news_json, news_lines, notice)
                self._checker.questions.outbox.remove([notice.id])


def _follow(settings: "Settings", terminal: "Terminal", words: tuple[str, ...], scope: "Scope") -> int:
    one = None if words == ("-",) else checked(" ".join(words))
    from bot.assistant import Assistant, check_filter, open_checker
    from bot.following.documents import answered_json
    from bot.following.pages import followed_lines
    from bot.following.questions import FollowedQuestions

    with terminal.spinner("Loading the models"):
        check_filter(settings, scope.where)
        assistant = Assistant.open(settings, terminal.progress)
        questions = FollowedQuestions.open(settings.storage.path, settings.storage.url)
        checker = open_checker(settings, questions, terminal.progress)

    def follow_one(question: str) -> None:
        with terminal.spinner("Reading"):
            followed, answer = checker.follow(assistant.ask, checked(question), scope.where)
        terminal.tell(answered_json, followed_lines, followed, answer)

    if one is None:
        return for_each_line(follow_one)
    follow_one(one)
    return 0


def _list(settings: "Settings", terminal: "Terminal") -> int:
    from bot.following.documents import followed_json
    from bot.following.pages import list_lines

    questions = _found(settings)
    found = () if questions is None else tuple((each, questions.told(each.id)) for each in questions.all())
    if terminal.as_json:
        for followed, told in found:
            write_json(followed_json(followed, told))
    else:
        terminal.show(list_lines(found))
    return 0


def _remove(settings: "Settings", id: int) -> int:
    questions = _found(settings)
    if questions is None or not questions.remove(id):
        raise UsageError(f"There is no followed question {id}; `dateline follow --list` shows the numbers.")
    click.echo(f"Question {id} is no longer followed.")
    return 0


def _found(settings: "Settings") -> "FollowedQuestions | None":
    """The followed questions, where there are any."""
    from bot.following.questions import FollowedQuestions

    return FollowedQuestions.find(settings.storage.path, settings.storage.url)
