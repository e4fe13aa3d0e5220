"""What questions are asked of: which articles are searched, and which day "last week" counts from."""

from dataclasses import dataclass, field, replace
from datetime import date

from retrieval.errors import UsageError
from retrieval.types import SearchFilter

PARTS = ("article", "source", "since", "until", "as-of")


@dataclass(frozen=True, slots=True)
class Scope:
    """A filter, and the day that questions are asked on; None is today."""

    where: SearchFilter = field(default_factory=SearchFilter)
    as_of: date | None = None


EVERYTHING = Scope()


def parsed_day(value: str) -> date:
    """A calendar day in the one form that cannot be misread: not 20240220 or 2024-W05-4, nor 3/4/2024.

    Raises UsageError.
    """
    try:
        parsed = date.fromisoformat(value)
    except ValueError:
        parsed = None
    if parsed is None or parsed.isoformat() != value:
        raise UsageError(f"{value!r} is no date, expected year-month-day, such as 2024-02-20.")
    return parsed


def in_order(scope: Scope) -> Scope:
    """The scope itself. Raises UsageError if it begins after its end."""
    since, until = scope.where.since, scope.where.until
    if since is not None and until is not None and since > until:
        raise UsageError(f"--since {since} is later than --until {until}; swap them.")
    return scope


def changed(scope: Scope, words: str) -> Scope:
    """The scope after "/filter" and `words`: a part and its value, a part alone to drop it, or "off" to drop all.

    "source Example Wire" -> only that source;  "source" -> any source;  "off" -> everything

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
    if name == "as-of":
        return replace(scope, as_of=parsed_day(value) if value else None)
    where = scope.where
    match name:
        case "article":
            where = replace(where, article_id=value or None)
        case "source":
            where = replace(where, source=value or None)
        case "since":
            where = replace(where, since=parsed_day(value) if value else None)
        case "until":
            where = replace(where, until=parsed_day(value) if value else None)
    return in_order(replace(scope, where=where))
