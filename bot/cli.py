"""The `dateline` command. Errors become messages here and in the chat only.

Exit status: 0 done (an honest "not found" too), 2 bad usage or configuration, 130 interrupted, 1 anything else.
What is slow to import is imported inside the commands: neither `--help` nor a wrong option waits for it.
"""

import os
import sys
from collections.abc import Sequence
from typing import TYPE_CHECKING, NoReturn

import click

from bot.completion import completion
from bot.doctor.command import doctor
from bot.evaluating import evaluate
from bot.following.command import follow
from bot.mends import terminal_message
from bot.operating import add, feed, index, migrate, prepare, status, update_index, verify, watch
from bot.options import Count, Group, Options, as_json_option, for_each_line, index_option, with_scope
from bot.question import MAX_PASSAGES, AskedLine, checked, parsed
from bot.serving import discord
from bot.streams import complain, never_fail_to_encode
from retrieval.errors import DatelineError

if TYPE_CHECKING:
    from bot.scope import Scope
    from bot.settings import Settings
    from bot.terminal import Terminal


def _show_version(context: click.Context, parameter: click.Parameter, value: bool) -> None:
    if value:
        from importlib.metadata import PackageNotFoundError, version

        try:
            click.echo(f"dateline {version('dateline')}")
        except PackageNotFoundError:
            click.echo("dateline (not installed)")
        context.exit()


@click.group(cls=Group)
@click.option(
    "--version", is_flag=True, is_eager=True, expose_value=False, callback=_show_version, help="Print the version."
)
def cli() -> None:
    """Answers questions about a folder of news articles, with exact citations."""


@cli.command()
@click.argument("words", metavar="QUESTION", nargs=-1, required=True)
@as_json_option
@with_scope
@click.option("--k", type=Count(1, MAX_PASSAGES), metavar="N", help="How many passages to read at most.")
@index_option
@click.pass_obj
def ask(
    options: Options,
    words: tuple[str, ...],
    as_json: bool,
    scope: "Scope",
    k: int | None,
    first_index: bool,
) -> int:
    """Answer QUESTION; "-" reads questions from standard input, one a line, plain or as JSON with a conversation."""
    one = None if words == ("-",) else AskedLine(checked(" ".join(words)))
    settings, terminal = options.begin(as_json)
    if first_index:
        _index_first(settings, terminal)
    with terminal.spinner("Loading the models"):
        from bot.assistant import Assistant, check_filter
        from bot.json import answer_json
        from bot.render import answer_lines, exchange_lines

        check_filter(settings, scope.where)
        assistant = Assistant.open(settings, terminal.progress)

    def answer(asked: AskedLine) -> None:
        with terminal.spinner("Reading"):
            found = assistant.ask(asked.question, scope.where, k, scope.as_of, asked.conversation)
        terminal.tell(answer_json, exchange_lines if one is None else answer_lines, found)

    if one is None:
        return for_each_line(lambda line: answer(parsed(line)))
    answer(one)
    return 0


@cli.command()
@with_scope
@index_option
@click.pass_obj
def chat(options: Options, scope: "Scope", first_index: bool) -> int:
    """Ask one question after another; /help lists what else can be typed."""
    settings, terminal = options.begin()
    from bot.chat import run

    if first_index:
        _index_first(settings, terminal)
    return run(settings, terminal, options.explain, scope)


for command in (
    index,
    watch,
    follow,
    add,
    feed,
    status,
    verify,
    migrate,
    prepare,
    discord,
    doctor,
    completion,
    evaluate,
):
    cli.add_command(command)


def main(args: Sequence[str] | None = None) -> int:
    """Runs the command and returns its exit status."""
    # read by OpenMP when torch and faiss load it: threads that wait in a loop starve whatever else the machine runs
    os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")
    options = Options()
    never_fail_to_encode()
    # the last resort, for a full disk and for what nobody foresaw; Python exits with status 1 after it
    sys.excepthook = lambda kind, error, trace: options.explain(error)
    try:
        status = cli.main(args, prog_name="dateline", standalone_mode=False, obj=options)
    except click.Abort:
        return 130
    except click.exceptions.NoArgsIsHelpError as error:
        error.show()
        return 2
    except click.ClickException as error:
        options.explain(error)
        return error.exit_code
    except DatelineError as error:
        options.explain(error)
        return error.exit_status
    return status if isinstance(status, int) else 0


def run_and_exit() -> NoReturn:
    """The whole process: `main`, then an end that waits for no thread and takes no model apart, which lasts 0.2 s."""
    status = main()
    for stream in (sys.stdout, sys.stderr):
        if stream is not None:
            stream.flush()
    os._exit(status)


def _index_first(settings: "Settings", terminal: "Terminal") -> None:
    """Brings the index up to date; where that cannot be, as while another process does, the old one is asked."""
    try:
        update_index(settings, terminal)
    except DatelineError as error:
        if error.exit_status == 2:
            raise
        complain(terminal_message(error))
