"""The scope of questions: which articles are searched, and the day that "last week" counts from."""

from dataclasses import dataclass, field, replace
from datetime import date

from bot.days import first_day, last_day, parsed_day
from retrieval.errors import UsageError
from retrieval.types import SearchFilter

PARTS = {"article": "an id", "source": "a name", "since": "a date", "until": "a date", "as-of": "a date"}
EXAMPLES = {
    "article": "4f1c0a9be2d7",
    "source": "Example Wire",
    "since": "2024-02-20",
    "until": "2024-02",
    "as-of": "2024-02-20",
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
    if not value:
        raise UsageError(
            f"/filter {name} needs {PARTS[name]}; for example: /filter {name} {EXAMPLES[name]}, or /filter {name} off"
        )
    given = None if value.lower() == "off" else value
    if name == "as-of":
        return replace(scope, as_of=None if given is None else parsed_day(given))
    where = scope.where
    match name:
        case "article":
            where = replace(where, article_id=given)
        case "source":
            where = replace(where, source=given)
        case "since":
            where = replace(where, since=None if given is None else first_day(given))
        case "until":
            where = replace(where, until=None if given is None else last_day(given))
    return in_order(replace(scope, where=where))
