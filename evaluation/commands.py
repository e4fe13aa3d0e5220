"""What the benchmark commands share: the options, what is shipped, and how figures are printed."""

import argparse
import json
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import asdict
from itertools import zip_longest
from pathlib import Path
from typing import Any, NoReturn, TypeVar

from retrieval.errors import UsageError

ROOT = Path(__file__).resolve().parent.parent
CORPUS = ROOT / "corpus"
ADAPTER = ROOT / "reader" / "weights"
# as in config.toml: how many are read for a question, when it is answered, plainly or as unsure, how long a list may be
PASSAGES = 8
THRESHOLD = 0.7
UNSURE = 0.3
MAX_ITEMS = 20

# what may stand behind `dateline evaluate NAME`
EXAMPLES = {
    "answers": "--verbose",
    "calibration": "dev_news.json --distractors squad.json --limit 150",
    "concurrency": "--store folder postgres --minutes 1",
    "dates": "--verbose",
    "endtoend": "squad.json --distractors shifts.json --limit 100",
    "follow": "news/ --articles 1000 --questions 100",
    "freshness": "--articles 1000 --drops 20",
    "indexing": "--articles 1000",
    "news": "news/ --kinds single,lists --limit 50",
    "pages": "saved-pages/ --lines",
    "peers": "news/ --limit 25 --only haystack",
    "reader": "squad.json --model ~/.cache/dateline/reader-0123456789ab --limit 120",
    "retrieval": "squad.json --distractors shifts.json --limit 500",
    "scale": "squad.json --passages 10000,100000 --store folder postgres",
    "speed": "--articles 1000",
}
T = TypeVar("T")


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


def names(known: Iterable[str]) -> Callable[[str], list[str]]:
    """An argument that is some of the names that are `known`, with commas between them."""

    def read(text: str) -> list[str]:
        for name in text.split(","):
            if name not in known:
                raise argparse.ArgumentTypeError(f"{name!r} is not one of {', '.join(known)}")
        return text.split(",")

    return read


_FILES = {"type": Path, "nargs": "+", "metavar": "FILE"}
_FOLDER = {"type": Path, "metavar": "FOLDER"}
_NUMBER = {"type": positive, "metavar": "N"}
_SHARE = {"type": probability, "metavar": "T"}
_STORE = {"nargs": "+", "metavar": "KIND", "choices": ("folder", "postgres"), "default": ["folder"]}
OPTIONS: Mapping[str, Mapping[str, Any]] = {
    "files": {**_FILES, "help": "SQuAD-shaped JSON files"},
    "data": {"type": Path, "metavar": "DATA", "help": "folder of articles and questions"},
    "--adapter": {**_FOLDER, "default": ADAPTER, "help": "the adapter of the reader"},
    "--articles": {**_NUMBER, "help": "how many articles are recombined"},
    "--cache": {**_FOLDER, "help": "keep the store for the next run"},
    "--distractors": {**_FILES, "default": [], "help": "more paragraphs, no questions"},
    "--json": {"action": "store_true", "help": "print JSON instead"},
    "--keep": {**_FOLDER, "help": "keep stores and vectors for the next run"},
    "--limit": {**_NUMBER, "help": "how many questions of each file, drawn at random"},
    "--passages": {**_NUMBER, "default": PASSAGES, "help": "passages to read for each question"},
    "--plot": {"type": picture, "metavar": "FILE.png", "help": "draw reliability and risk against coverage"},
    "--questions": {**_NUMBER, "help": "how many questions are asked"},
    "--repeat": {**_NUMBER, "default": 3, "help": "how many times to measure"},
    "--seed": {"type": int, "default": 0, "metavar": "N", "help": "seed for drawing questions and for the bootstrap"},
    "--store": {**_STORE, "help": "folder, or postgres for one on a server that is started here, or both"},
    "--threshold": {**_SHARE, "default": THRESHOLD, "help": "give answers from this probability on"},
    "--unsure": {**_SHARE, "default": UNSURE, "help": "show answers as unsure from this probability on"},
    "--verbose": {"action": "store_true", "help": "show each question that is answered wrongly"},
}


class Parser(argparse.ArgumentParser):
    """The arguments of `dateline evaluate NAME`, explained by the docstring of its module; some are of `OPTIONS`."""

    def __init__(self, name: str, description: str | None, *options: str) -> None:
        super().__init__(
            prog=f"dateline evaluate {name}",
            description=description,
            epilog=f"Example:\n  dateline evaluate {name} {EXAMPLES[name]}",
            formatter_class=argparse.RawDescriptionHelpFormatter,
        )
        for option in options:
            self.offer(option)

    def offer(self, option: str, **changes: Any) -> None:
        """Adds one of `OPTIONS`, or another one, with these changes."""
        self.add_argument(option, **{**OPTIONS.get(option, {}), **changes})

    def error(self, message: str) -> NoReturn:
        """Raises UsageError, so that bad usage is one sentence here, too."""
        raise UsageError(f"{message[:1].upper()}{message[1:]}. See `{self.prog} --help`.")


def output(measured: T, shown: Callable[[T], str], as_json: bool) -> None:
    """Prints a dataclass as one line of JSON, or as what is `shown` to people."""
    print(json.dumps(asdict(measured), ensure_ascii=False) if as_json else shown(measured), flush=True)  # type: ignore[call-overload]


def table(rows: Iterable[Sequence[str]]) -> list[str]:
    """Rows of cells as lines of text: the first column to the left, the others to the right."""
    rows = list(rows)
    widths = [max(map(len, column)) for column in zip_longest(*rows, fillvalue="")]
    return ["  ".join([row[0].ljust(widths[0]), *map(str.rjust, row[1:], widths[1:])]).rstrip() for row in rows]
