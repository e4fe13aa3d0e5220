"""The scope of questions: which articles are searched, and the day that "last week" counts from."""

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from datetime import date
from typing import Any

from bot.days import first_day, last_day, parsed_day
from retrieval.errors import UsageError
from retrieval.types import SearchFilter

# what each part of a scope is, an example of it, and what reads it
PARTS: dict[str, tuple[str, str, Callable[[str], Any]]] = {
    "article": ("an id", "4f1c0a9be2d7", str),
    "source": ("a name", "Example Wire", str),
    "since": ("a date", "2024-02-20", first_day),
    "until": ("a date", "2024-02", last_day),
    "as-of": ("a date", "2024-02-20", parsed_day),
}


@dataclass(frozen=True, slots=True)
class Scope:
    """A filter, and the day that questions are asked on; None is today."""

    where: SearchFilter = field(default_factory=SearchFilter)
    as_of: date | None = None


EVERYTHING = Scope()


def in_order(scope: Scope) -> Scope:
    """The scope itself. Raises UsageError if it begins after its end."""
    since, until = scope.where.since, scope.where.until
    if since is not None and until is not None and since > until:
        raise UsageError(f"--since {since} is later than --until {until}; swap them.")
    return scope


def changed(scope: Scope, words: str) -> Scope:
    """The scope after "/filter" and `words`: a part and its value, a part and "off" to drop it, or "off" to drop all.

    "source Example Wire" -> only that source;  "source off" -> any source;  "off" -> everything

    Raises UsageError.
    """
    name, _, value = words.partition(" ")
    name, value = name.lower().removeprefix("--"), value.strip()
    if name == "off":
        return EVERYTHING
    if name not in PARTS:
        raise UsageError(
            f"/filter takes {', '.join(PARTS)} or off, not {name[:40]!r}; for example: /filter since 2024-02-20"
        )
    kind, example, read = PARTS[name]
    if not value:
        raise UsageError(f"/filter {name} needs {kind}; for example: /filter {name} {example}, or /filter {name} off")
    given = None if value.lower() == "off" else read(value)
    if name == "as-of":
        return replace(scope, as_of=given)
    key = "article_id" if name == "article" else name
    return in_order(replace(scope, where=replace(scope.where, **{key: given})))
