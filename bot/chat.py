"""The interactive mode: questions and commands at a prompt, or line by line where standard input is piped.

The models load in one worker thread while the first question is typed, and every question is answered there, in turn.
Ctrl-C gives up waiting for an answer; the worker finishes it unseen, then takes the next question. So no question ever
meets a model in the middle of another one.
"""

import sys
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor, wait
from typing import TYPE_CHECKING, Any

from bot.layout import BLANK, Line, Run
from bot.overview import contents, scope_lines, sources, sources_lines
from bot.prompt import prompt_reader
from bot.question import checked
from bot.render import answer_lines, exchange_lines, passages_lines
from bot.scope import Scope, changed
from bot.settings import Settings
from bot.streams import complain, input_lines, is_terminal
from bot.terminal import Terminal
from reader.types import Answer
from retrieval.conversation import TURNS
from retrieval.errors import DatelineError, UsageError, did_you_mean
from retrieval.progress import silent
from retrieval.types import StoreStatus, Turn

if TYPE_CHECKING:
    from bot.assistant import Assistant

COMMANDS = {
    "/sources": "the articles, and which of them the last answer cites",
    "/why": "the passages that were read for the last answer",
    "/filter": "what is searched; article ID, source NAME, since DATE, until DATE, as-of DATE or off changes it; "
    "/filter since off drops a part",
    "/new": "start over: the next question stands alone",
    "/help": "this list",
    "/quit": "leave",
}
Explain = Callable[[BaseException], None]
EXAMPLE = "Who attended the meeting in Caracas?"
INTERRUPTED = 130


class Chat:
    """One conversation: a worker that answers, the last turns for the questions after them, and the last answer for the
    commands about it."""

    def __init__(
        self, settings: Settings, terminal: Terminal, explain: Explain, interactive: bool, scope: Scope
    ) -> None:
        """Starts to load the models."""
        self._settings = settings
        self._terminal = terminal
        self._explain = explain
        self._interactive = interactive
        self._scope = scope
        self._worker = ThreadPoolExecutor(max_workers=1, thread_name_prefix="answers")
        self._opening = self._worker.submit(_open, settings)
        self._answering: Future[Answer] | None = None
        self._last: Answer | None = None
        self._conversation: tuple[Turn, ...] = ()

    def take(self, line: str) -> bool:
        """Answers one line; false if it asks to leave. Raises what opening the models raised: without them, no chat."""
        line = line.strip()
        try:
            if line.startswith("/"):
                return self._command(line)
            if line:
                self._ask(checked(line))
        except UsageError as error:
            self._explain(error)
        return True

    def end(self) -> None:
        """Takes no more questions. A running one need not be waited for: it only reads, or writes atomically."""
        self._worker.shutdown(wait=False, cancel_futures=True)

    def _ask(self, question: str) -> None:
        self._wait("Loading the models", self._opening)
        self._wait("Finishing the cancelled question", self._answering)
        assistant = self._opening.result()
        self._answering = self._worker.submit(
            assistant.ask,
            question,
            where=self._scope.where,
            as_of=self._scope.as_of,
            conversation=self._conversation,
        )
        with self._terminal.spinner("Reading"):
            error = self._answering.exception()
        if error is not None:
            # whatever it was, it was this question's: the next one may do better
            self._explain(error)
            return
        self._last = self._answering.result()
        self._conversation = self._last.conversation(self._conversation)[-TURNS:]
        shown = (*answer_lines(self._last), BLANK) if self._interactive else exchange_lines(self._last)
        self._terminal.show((*scope_lines(self._scope), *shown))

    def _wait(self, doing: str, future: Future[Any] | None) -> None:
        if future is not None and not future.done():
            with self._terminal.spinner(doing):
                wait([future])

    def _command(self, line: str) -> bool:
        name, _, words = line.partition(" ")
        name = name.lower()
        if name == "/quit":
            return False
        if name == "/help":
            self._terminal.show(_help())
        elif name == "/new":
            self._conversation = ()
            self._terminal.show((Line("The next question starts over."), BLANK))
        elif name == "/sources":
            self._sources()
        elif name == "/filter":
            self._filter(" ".join(words.split()))
        elif name == "/why" and self._last is not None:
            self._terminal.show((*passages_lines(self._last), BLANK))
        elif name == "/why":
            raise UsageError(f"Nothing has been answered yet; ask first, for example: {EXAMPLE}")
        else:
            mend = did_you_mean(name, COMMANDS, "/help lists the commands.")
            raise UsageError(f"There is no command {name[:40]}; {mend}")
        return True

    def _filter(self, words: str) -> None:
        from bot.assistant import check_filter

        if words:
            scope = changed(self._scope, words)
            try:
                check_filter(self._settings, scope.where)
            except DatelineError as error:
                self._explain(error)
                return
            self._scope = scope
        self._terminal.show((*(scope_lines(self._scope) or (Line("All articles are searched."),)), BLANK))

    def _sources(self) -> None:
        from bot.assistant import store_status

        try:
            status = store_status(self._settings)
        except DatelineError as error:
            self._explain(error)
        else:
            self._terminal.show((*sources_lines(status, self._last), BLANK))


def run(settings: Settings, terminal: Terminal, explain: Explain, scope: Scope) -> int:
    """Chats until the person leaves or the input ends; returns the exit status.

    Raises what `Assistant.open` raises, and UsageError if `scope` names what is not there.
    """
    with terminal.spinner("Starting"):
        from bot.assistant import check_filter, store_status

        check_filter(settings, scope.where)
        status = store_status(settings)
    interactive = is_terminal(sys.stdin) and is_terminal(sys.stdout)
    chat = Chat(settings, terminal, explain, interactive, scope)
    exit_status = 0
    try:
        if interactive:
            terminal.show((*_welcome(status), *scope_lines(scope)))
            words = [*COMMANDS, *(f"/filter source {source}" for source in sources(status))]
            _converse(chat, prompt_reader(settings.storage.path / "chat_history", words))
        else:
            _read_input(chat)
    except KeyboardInterrupt:
        exit_status = INTERRUPTED
    finally:
        chat.end()
    return exit_status


def _open(settings: Settings) -> "Assistant":
    from bot.assistant import Assistant

    return Assistant.open(settings, silent)


def _welcome(status: StoreStatus) -> tuple[Line, ...]:
    return (
        Line("", (Run("Dateline", "answer"), Run(f" · {contents(status)}"))),
        Line("", (Run("Ask a question, or type /help. Ctrl-C cancels a question, Ctrl-D leaves.", "dim"),)),
        BLANK,
    )


def _converse(chat: Chat, read: Callable[[], str]) -> None:
    while True:
        try:
            line = read()
        except KeyboardInterrupt:
            continue
        except EOFError:
            return
        try:
            if not chat.take(line):
                return
        except KeyboardInterrupt:
            complain("cancelled.")


def _read_input(chat: Chat) -> None:
    for line in input_lines():
        if not chat.take(line):
            return


def _help() -> tuple[Line, ...]:
    width = max(map(len, COMMANDS)) + 2
    return (
        Line("Anything else is a question, such as: ", (Run(EXAMPLE),)),
        *(Line(f"  {name:<{width}}", (Run(text),)) for name, text in COMMANDS.items()),
        Line("Ctrl-C cancels a question, Ctrl-D leaves; the arrow keys bring earlier questions back."),
        BLANK,
    )
