"""What a value of config.toml must be, and the setting that it makes."""

import math
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, get_args

from retrieval.types import Precision

ROOT = Path(__file__).resolve().parent.parent
# user, hosts with their ports, database, parameters; whatever a password may hold fits nowhere
_HOST = r"(?:\[[\da-f:.]+\]|[\w.-]*)(?::\d+)?"
_SERVER = re.compile(rf"postgres(?:ql)?://(?:[\w.%-]+@)?{_HOST}(?:,{_HOST})*(?:/[\w.%-]*)?(?:\?[\w.%=&+/,-]*)?", re.I)
_ORIGIN = re.compile(r"[\w.-]{0,64}", re.ASCII)
LEVELS = ("debug", "info", "warning", "error", "critical")
Reading = Callable[[object, Path], object]


@dataclass(frozen=True, slots=True)
class Rule:
    """What a value of config.toml must be.

    `expected` says it in words; `read(value, folder)` makes the setting of it, or raises ValueError. `folder` is where
    relative paths start. A `secret` value is not shown.
    """

    expected: str
    read: Reading
    secret: bool = False


def _folder(value: object, folder: Path) -> Path:
    if not isinstance(value, str) or not value or "\0" in value:
        raise ValueError
    try:
        return folder / Path(value).expanduser()
    except RuntimeError as error:
        raise ValueError from error


def _adapter(value: object, folder: Path) -> Path | None:
    if value == "":
        return None
    beside = _folder(value, folder)
    shipped = _folder(value, ROOT)
    return shipped if _exists(shipped) and not _exists(beside) else beside


def _model(value: object, folder: Path) -> str:
    path = _folder(value, folder)
    return str(path) if _exists(path) else str(value)


def _exists(folder: Path) -> bool:
    try:
        return folder.is_dir()
    except OSError:
        return False


def _if(fits: Callable[[Any], bool], made: Callable[[Any], object] = lambda value: value) -> Reading:
    """What makes the setting of a value that `fits`."""

    def read(value: object, folder: Path) -> object:
        if fits(value):
            return made(value)
        raise ValueError

    return read


def whole(low: int, high: int) -> Rule:
    """A whole number, the bounds included."""
    # bool is an int to Python, but `passages = true` is a mistake
    return Rule(f"a whole number from {low} to {high}", _if(lambda value: type(value) is int and low <= value <= high))


def number(expected: str, low: float, high: float) -> Rule:
    """A number, the bounds included; `expected` says which in words."""
    return Rule(expected, _if(lambda value: type(value) in (int, float) and low <= value <= high, float))


def _is_server(value: object) -> bool:
    fits = isinstance(value, str) and _SERVER.fullmatch(value) is not None and "password=" not in value
    return fits or value == ""


def _is_origin(value: object) -> bool:
    return isinstance(value, str) and _ORIGIN.fullmatch(value) is not None


def _one_of(choices: Mapping[str, object]) -> Rule:
    expected = "one of " + ", ".join(f'"{choice}"' for choice in choices)
    return Rule(expected, _if(lambda value: isinstance(value, str) and value in choices, choices.__getitem__))


def _are_ids(value: object) -> bool:
    return isinstance(value, list) and all(type(item) is int and 0 < item < 2**63 for item in value)


FOLDER = Rule("the path of a folder, in quotes", _folder)
ORIGIN = Rule('at most 64 letters a to z, digits, ".", "_" or "-", in quotes, or "" for none', _if(_is_origin))
ADAPTER = Rule('the path of a folder, in quotes, or "" for none', _adapter)
MODEL = Rule("the name of a model or the path of its folder, in quotes", _model)
PROBABILITY = number("a number from 0 to 1", 0, 1)
SECONDS = number("a number of seconds, 0 or more", 0, math.nextafter(math.inf, 0))
TIME_LIMIT = number("a number of seconds, more than 0", math.nextafter(0, 1), math.nextafter(math.inf, 0))
MEGABYTES = number("a number of megabytes, more than 0 and at most 20", math.nextafter(0, 1), 20)
FLAG = Rule("true or false", _if(lambda value: isinstance(value, bool)))
IDS = Rule("a list of Discord ids without quotation marks, such as [123456789012345678]", _if(_are_ids, tuple))
SERVER = Rule(
    'the address of a PostgreSQL database without its password, such as "postgresql://dateline@db.example/news", or "" '
    "for none (the password goes into PGPASSWORD or a password file)",
    _if(_is_server, lambda value: value if value else None),
    secret=True,
)
PRECISION = _one_of({"auto": None} | {each: each for each in get_args(Precision)})
LEVEL = _one_of({level: level for level in LEVELS})
