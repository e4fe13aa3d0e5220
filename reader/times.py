"""The calendar date that an answer such as "on Thursday" means in its article.

A regular expression says whether the answer is a time word and nothing else, the reader's time head how it is read from
the day of the article, and the dateparser library (through `retrieval.periods`) which day that is. No date is better
than a wrong one. In an article published on Thursday, 10 March 2022:

    They met on [Thursday].                         past    2022-03-10             the latest one, that day included
    They met over [the weekend].                    past    2022-03-05/2022-03-06
    They will meet on [Friday], [in April].         coming  2022-03-11, 2022-04-01/2022-04-30
    They will be there [from Friday until Sunday].  coming  2022-03-11/2022-03-13
    They flew home [yesterday], [two days ago].     own     2022-03-09, 2022-03-08
    They met [last week].                           own     2022-02-28/2022-03-06  Monday to Sunday
    In 2019 they met on a [Thursday].               none
    "We met [yesterday]," she had written in May.   none    her day is not the article's
    They [met late on Wednesday].                           more than a time word
    They met [last Friday].                                 the latest one, or last week's?
    They met [two weeks ago].                               weeks, months and years are counted roughly
    They met [on 24 February 2022].                         it says itself what it means
    They met on [Friday], 4 March.                          the words go on

The article's day is that of its own offset. A moment in UTC says little about the place where it was written: then
what is shown is what holds from Los Angeles to Tokyo.
"""

import re
from collections import defaultdict
from datetime import date, datetime, time, timedelta
from typing import Literal, get_args

import numpy as np

from reader.heads import log_softmax
from reader.types import PassageReading
from retrieval.periods import DAY_OF_MONTH, MONTH, WEEKDAY, named_period
from retrieval.types import Article, Period

# the latest such day up to that of the article, the next one from there, counted from the article's day, unknown
Reading = Literal["past", "coming", "own", "none"]
READINGS: tuple[Reading, ...] = get_args(Reading)
# of a date that is shown; `python -m reader.train.times` prints how often it is right from there
LEAST = 0.85

_DAY = timedelta(days=1)
_SATURDAY = 5
_BESIDE = 40  # so many characters on either side tell where the time words begin and end
_OFFSETS = (timedelta(hours=-8), timedelta(), timedelta(hours=9))
_LEADING = "(?:on|in|at|over|by|since|until|till|from|for|during|before|after|late|early|earlier|later|mid)"
_EXPRESSION = re.compile(
    rf"\W*(?:{_LEADING}[ -])*(?:"
    r"(?P<own>today|tonight|this (?:morning|afternoon|evening)|last night|yesterday|tomorrow"
    r"|the day before yesterday|the day after tomorrow|(?:two|three|four|five|six|[2-6]) days ago"
    r"|(?:last|this|next) (?:week|month|year))"
    rf"|(?P<first>{WEEKDAY}) (?:until|till|to|through) (?P<last>{WEEKDAY})"
    rf"|(?P<weekend>(?:the|this) weekend)|(?P<one>{WEEKDAY}|{DAY_OF_MONTH}|{MONTH})"
    r")(?: (?:morning|afternoon|evening|night))?\W*",
    re.IGNORECASE | re.ASCII,
)
# "last Friday", "more than two days ago": the words begin before
_BEGUN = re.compile(r"\b(?:last|next|this|past|previous|following|coming|than|of|[0-9]+)[ -]$", re.IGNORECASE)
# "Friday's", "Friday of last week", "Friday, March 4", "Friday 4 March", "March last year", "10 March 1999"
_CONTINUED = re.compile(
    rf"[’']|[-–—/]\w| (?:of|last|next|this|week|ago|a week|before last|after next)\b|,? {MONTH}"
    r"|,? ?(?:the )?(?:[0-9]{1,2}(?:st|nd|rd|th)?|(?:19|20)[0-9]{2})(?![0-9]|[.,][0-9])",
    re.IGNORECASE,
)


def resolved(article: Article, start: int, end: int, reading: PassageReading | None) -> str | None:
    """What the time words `article.text[start:end]` mean in `article`, ISO 8601: a day, or an interval of days.

    `reading` is that of a passage which holds them. None where they are no time words, where they need no date, where
    no date is likely enough, and for a reader that cannot tell.
    """
    found = _EXPRESSION.fullmatch(" ".join(article.text[start:end].split()))
    if found is None or article.published is None or article.language not in (None, "en"):
        return None
    beside = article.text[max(start - _BESIDE, 0) : start], article.text[end : end + _BESIDE]
    before, after = (re.sub(r"\s+", " ", part) for part in beside)
    if _BEGUN.search(before) or _CONTINUED.match(after):
        return None
    chances = read_as(reading, start, end)
    try:
        periods = {_period(found, day, chances) for day in _days(article.published)}
    except OverflowError:  # before the year 1 or after the year 9999
        return None
    period = periods.pop()
    if period is None or periods:
        return None
    return f"{period.start}" if period.start == period.end else f"{period.start}/{period.end}"


def read_as(reading: PassageReading | None, start: int, end: int) -> dict[Reading, float]:
    """The probabilities of how the time words at `Article.text[start:end]` are read; none where that is not known."""
    if reading is None or reading.time is None:
        return {}
    inside = (reading.offsets[:, 0] < end) & (reading.offsets[:, 1] > start)
    if not inside.any():
        return {}
    chances = np.exp(log_softmax(reading.time[inside].mean(axis=0)))
    return dict(zip(READINGS, chances.tolist(), strict=True))


def _period(found: re.Match[str], day: date, chances: dict[Reading, float]) -> Period | None:
    """What the words mean in an article of `day`."""
    likely: dict[Period, float] = defaultdict(float)
    for reading, period in _periods(found, day).items():
        likely[period] += chances.get(reading, 0.0)
    return next((period for period, chance in likely.items() if chance >= LEAST), None)


def _periods(found: re.Match[str], day: date) -> dict[Reading, Period]:
    """What the words mean by each way to read them that is possible."""
    if found["own"]:
        period = named_period(found["own"].lower(), day)
        return {} if period is None else {"own": period}
    if found["weekend"]:
        ago = (day.weekday() - _SATURDAY) % 7
        latest, following = day - ago * _DAY, day + (7 - ago if ago > 1 else -ago) * _DAY
        return {"past": Period(latest, latest + _DAY), "coming": Period(following, following + _DAY)}
    words = (found["first"] or found["one"]).lower()
    past, coming = named_period(words, day), named_period(words, day, ahead=True)
    if past is None or coming is None:
        return {}
    if found["first"]:
        last = named_period(found["last"], coming.start, ahead=True)
        return {} if last is None else {"coming": Period(coming.start, last.start)}
    each: dict[Reading, Period] = {"past": past, "coming": coming}
    weekday = re.match(WEEKDAY, words)
    if weekday is None:
        return each
    if weekday[0] == words:
        # of a day that is a week from yesterday, today or tomorrow nobody writes the name alone
        if coming.start == day:
            return {"past": past}
        beside = [period for period in each.values() if abs(period.start - day) == _DAY]
        return {way: period for way, period in each.items() if not beside or period in beside}
    # "Monday, 7 March" is that of one year, if of any
    return {way: period for way, period in each.items() if f"{period.start:%A}".lower() == weekday[0]}


def _days(published: datetime) -> set[date]:
    """The days that it may have been where the article was written."""
    if published.utcoffset() != timedelta() or published.time() == time():
        return {published.date()}
    return {(published + offset).date() for offset in _OFFSETS}
