"""What the checks found."""

from dataclasses import dataclass
from typing import Literal

from bot.mends import terminal_message
from bot.phrases import capitalised
from retrieval.errors import DatelineError

Level = Literal["ok", "warning", "problem"]


@dataclass(frozen=True, slots=True)
class Finding:
    """One check's result, in a sentence; `mend` says how to fix it, None where nothing needs fixing.

    A warning works, but not as well as it could; a problem does not work.
    """

    area: str
    level: Level
    message: str
    mend: str | None = None


def from_error(area: str, error: DatelineError, level: Level = "problem") -> Finding:
    """An error as a finding: what is behind the first semicolon of its sentence is what to do."""
    message, _, mend = terminal_message(error).partition("; ")
    return Finding(area, level, message.rstrip(".") + ".", capitalised(mend) or None)
