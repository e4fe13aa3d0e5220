"""Checks questions, and lines of input that hold one, before any model is loaded."""

import json
import unicodedata
from collections.abc import Collection
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from retrieval.errors import UsageError

if TYPE_CHECKING:
    from retrieval.types import Turn

# question, heading and passage share the reader's 384 tokens: 400 characters are some 100 of them, less than its limit
# for the question, so that nothing of what is asked is cut
MAX_CHARACTERS = 400
# so many passages are read for one at most
MAX_PASSAGES = 1000
# letters that are drawn as nothing: text of these alone cannot be seen
FILLERS = "\u034f\u115f\u1160\u2800\u3164\uffa0"

_EXAMPLE = '{"question": "When was it?", "conversation": [{"question": "Who met?", "answers": ["Ana"]}]}'


@dataclass(frozen=True, slots=True)
class AskedLine:
    """A question, and the turns of the conversation before it, oldest first."""

    question: str
    conversation: "tuple[Turn, ...]" = ()


def checked(question: str) -> str:
    """The question on one line, without white space around it.

        "  Who attended\\n the meeting? " -> "Who attended the meeting?"

    Raises UsageError where it is empty, too long, or holds control characters or invalid text.
    """
    line = " ".join(question.split())
    if not line:
        raise UsageError("The question is empty; write one, such as: Who attended the meeting?")
    if len(line) > MAX_CHARACTERS:
        raise UsageError(f"The question has {len(line)} characters, expected at most {MAX_CHARACTERS}; shorten it.")
    for character in line:
        category = unicodedata.category(character)
        if category == "Cs":
            raise UsageError("The question is not UTF-8 text; send it in that encoding.")
        if category == "Cc":
            raise UsageError(f"The question holds the control character U+{ord(character):04X}; remove it.")
    if not any(character.isalnum() and character not in FILLERS for character in line):
        raise UsageError(
            f"The question {line[:40]!r} has no words; write a question such as: Who attended the meeting?"
        )
    return line


def parsed(line: str) -> AskedLine:
    """What one line of input asks: a plain question or, where it starts with "{", a JSON object.

        {"question": str, "conversation": [{"question": str, "answers": [str], "article_ids": [str]}]}

    Oldest turn first; only the questions are required. Raises UsageError where it is neither.
    """
    if not line.lstrip().startswith("{"):
        return AskedLine(checked(line))
    try:
        document = json.loads(line)
    except (ValueError, RecursionError) as error:
        raise UsageError(f"The line starts with {{ and is not JSON; write it as {_EXAMPLE}") from error
    _check_keys("The line", document, ("question", "conversation"))
    turns = document.get("conversation", [])
    if not isinstance(turns, list):
        raise UsageError(f"conversation is {_shown(turns)}, expected a list of turns, such as {_EXAMPLE}")
    return AskedLine(checked(_text("question", document.get("question"))), tuple(map(_turn, turns)))


def _turn(turn: object) -> "Turn":
    from retrieval.types import Turn

    if not isinstance(turn, dict):
        raise UsageError(f"A turn of the conversation is {_shown(turn)}, expected an object, such as {_EXAMPLE}")
    _check_keys("A turn of the conversation", turn, ("question", "answers", "article_ids"))
    return Turn(
        checked(_text("question", turn.get("question"))),
        _texts("answers", turn.get("answers", [])),
        _texts("article_ids", turn.get("article_ids", [])),
    )


def _check_keys(what: str, found: dict[str, Any], known: Collection[str]) -> None:
    if unknown := [key for key in found if key not in known]:
        raise UsageError(f"{what} has the key {_shown(unknown[0])}, expected {', '.join(known)}.")


def _texts(key: str, value: object) -> tuple[str, ...]:
    if not isinstance(value, list):
        raise UsageError(f"{key} is {_shown(value)}, expected a list of texts; write [] for none.")
    # what UTF-8 cannot hold, no model takes
    return tuple(_text(key, each).encode(errors="replace").decode() for each in value)


def _text(key: str, value: object) -> str:
    if not isinstance(value, str):
        raise UsageError(f"{key} is {_shown(value)}, expected a text in quotes.")
    return value


def _shown(value: object) -> str:
    return "missing" if value is None else json.dumps(value)[:40]
