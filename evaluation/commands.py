"""What the benchmark commands share: how they are asked for, how they end, and how they show that they are at work."""

import argparse
import functools
import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import NoReturn, Protocol

from retrieval.errors import DatelineError, UsageError

# what may stand behind `dateline evaluate NAME`
EXAMPLES = {
    "answers": "--verbose",
    "calibration": "dev_news.json --distractors squad.json --limit 150",
    "concurrency": "--store folder postgres --minutes 1",
    "crashes": "--kills 20",
    "dates": "--verbose",
    "endtoend": "squad.json --distractors shifts.json --limit 100",
    "follow": "news/ --articles 1000 --questions 100",
    "freshness": "--articles 1000 --drops 20",
    "indexing": "--articles 1000",
    "memory": "--articles 1000 10000",
    "news": "news/ --kinds single,lists --limit 50",
    "pages": "saved-pages/ --lines",
    "peers": "news/ --limit 25 --only haystack",
    "reader": "squad.json --model ~/.cache/dateline/reader-0123456789ab --limit 120",
    "retrieval": "squad.json --distractors shifts.json --limit 500",
    "scale": "squad.json --passages 10000,100000 --store folder postgres",
    "speed": "--articles 1000",
}


class Command(Protocol):
    """A benchmark's `main`: takes the words after its name (None: those of the process), returns the exit status."""

    def __call__(self, arguments: Sequence[str] | None = None) -> int: ...


class Parser(argparse.ArgumentParser):
    """The arguments of `dateline evaluate NAME`, explained by the docstring of its module."""

    def __init__(self, name: str, description: str | None) -> None:
        super().__init__(
            prog=f"dateline evaluate {name}",
            description=description,
            epilog=f"Example:\n  dateline evaluate {name} {EXAMPLES[name]}",
            formatter_class=argparse.RawDescriptionHelpFormatter,
        )

    def error(self, message: str) -> NoReturn:
        """Raises UsageError, so that bad usage is one sentence here, too."""
        raise UsageError(f"{message[:1].upper()}{message[1:]}. See `{self.prog} --help`.")


def explained(main: Callable[[Sequence[str] | None], int]) -> Command:
    """A `main` that says each error of Dateline's own in one sentence on standard error, and returns its status."""

    @functools.wraps(main)
    def command(arguments: Sequence[str] | None = None) -> int:
        try:
            return main(arguments)
        except DatelineError as error:
            print(error, file=sys.stderr)
            return error.exit_status
        except SystemExit as ended:  # argparse has shown the help
            return ended.code if isinstance(ended.code, int) else 0

    return command


def positive(text: str) -> int:
    """An argument that is a whole number of 1 or more."""
    number = int(text) if text.isascii() and text.isdigit() else 0
    if number < 1:
        raise argparse.ArgumentTypeError(f"{text!r} is not a whole number of 1 or more")
    return number


def probability(text: str) -> float:
    """An argument that is a number from 0 to 1."""
    try:
        number = float(text)
    except ValueError:
        number = -1.0
    if not 0 <= number <= 1:
        raise argparse.ArgumentTypeError(f"{text!r} is not a number from 0 to 1")
    return number


def picture(text: str) -> Path:
    """An argument that is where a PNG can be written."""
    path = Path(text)
    if path.suffix != ".png" or not path.absolute().parent.is_dir():
        raise argparse.ArgumentTypeError(
            f"{text} is not a place for a picture; name a .png file in a folder that exists"
        )
    return path
