"""Dates as files write them, read only where they are whole and can mean one day.

    2024-02-20T18:30:00-04:00 · 2024-02-20 · Tue, 20 Feb 2024 18:30:00 GMT     a moment, or a day
    20 February 2024 · Feb. 20, 2024, 6:30 PM EST · 20/02/2024 · 2024/02/20    the day as written
    Mo, 20 Feb 2024 18:30:00 · Tue, Feb 20 2024 18:30:00 +0000                 the day as written
    03/04/2024 · February 2024 · 2024-02-31 · 1066-10-14                       None
    1970-01-01T00:00:00Z                                                       None: a computer's "never"

A day without a time is midnight UTC, and so is one in words: its time of day is left out, because "EST" is not the same
offset to everybody.
"""

import re
from datetime import UTC, date, datetime
from email.utils import parsedate_to_datetime
from pathlib import PurePosixPath
from urllib.parse import urlsplit

from retrieval.periods import MONTHS, SHORT_MONTHS

_NEVER = datetime(1970, 1, 1, tzinfo=UTC)
# newspapers began about then; a later date is a typo
EARLIEST, LATEST = 1600, 2100

_MONTHS = tuple(month[:3] for month in MONTHS)
_MONTH = rf"(?P<month>{'|'.join((*MONTHS, *SHORT_MONTHS))})\.?"
_DAY = r"(?P<day>\d{1,2})(?:st|nd|rd|th)?"
_YEAR = r"(?P<year>\d{4})"
# of any language, where a comma sets it off
_WEEKDAY = r"(?:(?:mon|tues?|wed(?:nes)?|thu(?:rs)?|fri|sat(?:ur)?|sun)(?:day)?\.?,? |[^\W\d]{2,10}\.?, )?"
_TIME = r"(?:(?:,| at| -| \|)* \d{1,2}[:.]\d{2}(?::\d{2})?(?: ?[ap]\.?m\.?)?(?: \(?[A-Z]{1,5}\)?| ?[+-]\d\d:?\d\d)?)?"
_IN_WORDS = tuple(
    re.compile(_WEEKDAY + day + _TIME, re.IGNORECASE)
    for day in (rf"{_DAY}(?: of)? {_MONTH},? {_YEAR}", rf"{_MONTH} {_DAY},? {_YEAR}")
)
_YEAR_FIRST = re.compile(r"(\d{4})([/.])(\d{1,2})\2(\d{1,2})" + _TIME, re.IGNORECASE)
_YEAR_LAST = re.compile(r"(\d{1,2})([/.-])(\d{1,2})\2(\d{4})" + _TIME, re.IGNORECASE)
_RFC_2822 = re.compile(r"(?:[A-Z][a-z]{2}, )?\d{1,2} [A-Z][a-z]{2} \d{4} \d\d:\d\d(?::\d\d)? (?:[+-]\d{4}|GMT|UTC)")
_ZERO_OFFSET = re.compile(r" ?(?:UTC|GMT)$")
_SPACED_OFFSET = re.compile(r" (?=[+-]\d\d:?\d\d$)")

_IN_ADDRESS = re.compile(
    rf"/(?P<year>\d{{4}})/(?P<month>\d{{1,2}}|{'|'.join(_MONTHS)})/(?P<day>\d{{1,2}})(?=[/-]|$)"
    r"|(?<!\d)(?P<y>\d{4})-(?P<m>\d{2})-(?P<d>\d{2})(?!\d)"
)
_BEFORE_NAME = re.compile(r"(\d{4})([-_.])(\d{2})\2(\d{2})(?!\d)")


def moment(written: str) -> datetime | None:
    """The moment that `written` means, aware; None if it is not a whole date, may be two days, or is impossible."""
    line = " ".join(written.split())
    found = _by_standard(line) or _in_words(line) or _in_numbers(line)
    if found is None or (found == _NEVER and ":" in line):
        return None
    return found if EARLIEST <= found.year <= LATEST else None


def day_in_address(url: str) -> datetime | None:
    """The one day that the path of a web address names.

    "https://example.org/news/2024/02/20/talks" -> 20 February 2024; "/2024/feb/20/talks" and "/talks-2024-02-20" too
    """
    path = urlsplit(url).path.lower()
    days = {
        _day(match["year"] or match["y"], match["month"] or match["m"], match["day"] or match["d"])
        for match in _IN_ADDRESS.finditer(path)
    }
    return days.pop() if len(days) == 1 else None


def day_in_name(relative_path: str) -> datetime | None:
    """The day that a file's name begins with: "a/2024-02-20-talks.txt" -> 20 February 2024.

    Further on in a name, a date is as likely the day on which the file was saved.
    """
    match = _BEFORE_NAME.match(PurePosixPath(relative_path).name)
    return _day(match[1], match[3], match[4]) if match is not None else None


def _by_standard(line: str) -> datetime | None:
    """A moment or a day by RFC 2822 or ISO 8601."""
    try:
        if _RFC_2822.fullmatch(line):
            found = parsedate_to_datetime(line)
        else:
            found = datetime.fromisoformat(_SPACED_OFFSET.sub("", _ZERO_OFFSET.sub("+00:00", line)))
    except ValueError:
        return None
    return found if found.tzinfo is not None else found.replace(tzinfo=UTC)


def _in_words(line: str) -> datetime | None:
    for pattern in _IN_WORDS:
        if match := pattern.fullmatch(line):
            return _day(match["year"], match["month"], match["day"])
    return None


def _in_numbers(line: str) -> datetime | None:
    """20/02/2024 and 02/20/2024 are one day; 03/04/2024 is one in Europe and another in America."""
    if match := _YEAR_FIRST.fullmatch(line):
        return _day(match[1], match[3], match[4])
    if match := _YEAR_LAST.fullmatch(line):
        days = {_day(match[4], match[3], match[1]), _day(match[4], match[1], match[3])} - {None}
        return days.pop() if len(days) == 1 else None
    return None


def _day(year: str, month: str, day: str) -> datetime | None:
    """Midnight UTC of that day; `month` is a number or begins with an English month's first three letters."""
    number = int(month) if month.isdigit() else _MONTHS.index(month[:3].lower()) + 1
    try:
        found = date(int(year), number, int(day))
    except ValueError:
        return None
    return datetime(found.year, found.month, found.day, tzinfo=UTC) if EARLIEST <= found.year <= LATEST else None
