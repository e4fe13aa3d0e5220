"""Days as people type them, in options and in /filter. Cheap to import: `--help` needs no more of them."""

from calendar import monthrange
from datetime import date

from retrieval.errors import UsageError


def parsed_day(value: str) -> date:
    """A calendar day in the one form that cannot be misread: not 20240220 or 2024-W05-4, nor 3/4/2024.

    Raises UsageError.
    """
    day = _day(value)
    if day is None:
        raise UsageError(f"{value!r} is not a date, expected YYYY-MM-DD, such as 2024-02-20.")
    return day


def first_day(value: str) -> date:
    """The day, or the first one of a month or a year: "2024-02" -> 1 February 2024. Raises UsageError."""
    return _period(value)[0]


def last_day(value: str) -> date:
    """The day, or the last one of a month or a year: "2024-02" -> 29 February 2024. Raises UsageError."""
    return _period(value)[1]


def _day(value: str) -> date | None:
    try:
        day = date.fromisoformat(value)
    except ValueError:
        return None
    return day if day.isoformat() == value else None


def _period(value: str) -> tuple[date, date]:
    for first, months in ((value, 0), (f"{value}-01", 1), (f"{value}-01-01", 12)):
        start = _day(first)
        if start is not None:
            last_month = start.month + max(months, 1) - 1
            end = start if not months else date(start.year, last_month, monthrange(start.year, last_month)[1])
            return start, end
    raise UsageError(f"{value!r} is not a date, expected a day, month or year, such as 2024-02-20, 2024-02 or 2024.")
