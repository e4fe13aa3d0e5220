"""A picture of answers in a terminal: `python -m bot.picture QUESTION... --out FILE.svg`."""

import argparse
import io
import re
import sys
from pathlib import Path

from rich.console import Console
from rich.terminal_theme import MONOKAI

from bot.assistant import Assistant
from bot.layout import Line, Page, Run
from bot.mends import terminal_message
from bot.render import exchange_lines
from bot.settings import Settings
from bot.streams import complain
from retrieval.errors import DatelineError
from retrieval.progress import silent
from retrieval.types import Turn

COLUMNS = 100


def main(arguments: list[str] | None = None) -> int:
    """See the module; returns the exit status."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("questions", nargs="+", metavar="QUESTION")
    parser.add_argument("--out", type=Path, required=True, metavar="FILE.svg")
    options = parser.parse_args(arguments)
    try:
        assistant = Assistant.open(Settings.load(), silent)
        lines: list[Line] = []
        conversation: tuple[Turn, ...] = ()
        for asked in options.questions:
            answer = assistant.ask(asked, conversation=conversation)
            conversation = answer.conversation(conversation)
            lines += exchange_lines(answer)
    except DatelineError as error:
        complain(terminal_message(error))
        return error.exit_status
    console = Console(width=COLUMNS, record=True, force_terminal=True, file=io.StringIO())
    console.print(Page((Line("", (Run("$ dateline chat"),)), *lines)), crop=False, end="")
    # any font of even width will do: none is fetched
    drawn = re.sub(r"@font-face \{.*?\}\s*", "", console.export_svg(title="Dateline", theme=MONOKAI), flags=re.DOTALL)
    options.out.write_text(drawn, encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
