"""The prompt of the chat: line editing, completion of commands, and a history that outlives the session."""

from collections.abc import Callable, Iterable, Sequence
from contextlib import suppress
from pathlib import Path

from prompt_toolkit import PromptSession
from prompt_toolkit.auto_suggest import AutoSuggestFromHistory
from prompt_toolkit.completion import WordCompleter
from prompt_toolkit.history import FileHistory

PROMPT = "> "
MENU_ROWS = 8


class ForgivingHistory(FileHistory):
    """A history file that may fail: on a full or read-only disk, this session's questions are remembered at least."""

    def load_history_strings(self) -> Iterable[str]:
        """The lines of earlier sessions, newest first; none where the file cannot be read."""
        try:
            return list(super().load_history_strings())
        except OSError:
            return []

    def store_string(self, string: str) -> None:
        """Adds a line to the file."""
        with suppress(OSError):
            super().store_string(string)


def prompt_reader(history: Path, words: Sequence[str]) -> Callable[[], str]:
    """A function that reads one line from the person, with Tab to complete it to one of `words`.

    It raises KeyboardInterrupt on Ctrl-C and EOFError on Ctrl-D.
    """
    session: PromptSession[str] = PromptSession(
        history=ForgivingHistory(str(history)),
        completer=WordCompleter(words, sentence=True),
        complete_while_typing=False,
        auto_suggest=AutoSuggestFromHistory(),
        reserve_space_for_menu=min(len(words), MENU_ROWS),
    )
    return lambda: session.prompt(PROMPT)
