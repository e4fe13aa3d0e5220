"""What an examination finds."""

from dataclasses import dataclass
from typing import Literal

from bot.mends import terminal_message
from retrieval.errors import DatelineError

Level = Literal["ok", "warning", "problem"]


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing that was looked at, in a sentence; `mend` is what to do about it, None where nothing is to be done.

    A warning is what works but not as it could, a problem what does not work.
    """

    area: str
    level: Level
    message: str
    mend: str | None = None


def from_error(area: str, error: DatelineError, level: Level = "problem") -> Finding:
    """An error as a finding: what is behind the first semicolon of its sentence is what to do."""
    message, _, mend = terminal_message(error).partition("; ")
    return Finding(area, level, message.rstrip(".") + ".", mend[:1].upper() + mend[1:] or None)
