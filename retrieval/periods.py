"""The period that a question names: "in February 2024" is 1 to 29 February 2024.

A regular expression finds what can only be a date, the dateparser library reads it as a moment of some granularity (a
day, a month ...), and the calendar makes a period of both. No period is better than a wrong one: "may" and "march" are
verbs, "the 2015 nuclear deal" is a name, "3/4/2024" is one of two days. English only.
"""

import re
from calendar import monthrange
from datetime import date, datetime, time, timedelta

from retrieval.types import Period

WEEKDAYS = ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")
MONTHS = (
    *("january", "february", "march", "april", "may", "june"),
    *("july", "august", "september", "october", "november", "december"),
)
SHORT_MONTHS = {month[:3]: month for month in MONTHS if month != "may"} | {"sept": "september"}

BEGINNING = date.min
_DAY = timedelta(days=1)
_SEASONS = {"spring": 3, "summer": 6, "autumn": 9, "fall": 9}  # the first month; a winter belongs to two years
_PARTS = {"early": 0, "beginning": 0, "start": 0, "mid": 1, "middle": 1, "late": 2, "end": 2}
# what cannot be told from a number, a name or a verb is a date after one of these only
_PREPOSITIONS = {
    "year": {"in", "during", "throughout", "since", "before", "after", "until", "by"},
    "season": {"in", "during", "throughout", "since", "before", "after", "until", "by"},
    "month": {"in", "during", "throughout", "since", "before", "after", "until"},
    "day": {"on", "since", "before", "after", "until"},
    "weekday": {"on", "since", "before", "after", "until"},
}

_NUMBER = "(?:[0-9]{1,3}|an?|one|two|three|four|five|six|seven|eight|nine|ten|eleven|twelve)"
_UNIT = "(?:days?|weeks?|months?|years?)(?! of)"
WEEKDAY = rf"(?:{'|'.join(WEEKDAYS)})\b"
MONTH = rf"(?:(?:{'|'.join(MONTHS)})\b|(?:{'|'.join(SHORT_MONTHS)})\b\.?)"
_NUMERAL = "(?:19|20)[0-9]{2}(?![0-9])"
# nor is "2022-23", "2,024", "in 2000 villages", or the first of "2022 and 2023"
_YEAR = (
    rf"{_NUMERAL}(?![\w%]|[.,/–—-][0-9]| (?:people|percent|per cent|million|[a-z]{{3,}}[^\W\dsu_]s)\b)"
    rf"(?! ?(?:,|and|or|than|to|vs\.?|with|&|[–—-]) ?{_NUMERAL})"
)
_NUMERIC = "(?:[0-9]{4}-[0-9]{2}-[0-9]{2}|[0-9]{1,2}/[0-9]{1,2}/[0-9]{4}|[0-9]{1,2}[.][0-9]{1,2}[.][0-9]{4})(?![0-9])"
_OF_MONTH = "[0-9]{1,2}(?:st|nd|rd|th)?"
DAY_OF_MONTH = (
    rf"(?:(?:{WEEKDAY},? (?:the )?)?{_OF_MONTH} (?:of )?{MONTH}"
    rf"|(?:{WEEKDAY},? )?{MONTH} (?:the )?{_OF_MONTH}(?![\w%]|[.,:/–—-][0-9]))"
)
_ENDS = rf"(?:{_NUMERIC}|(?:{DAY_OF_MONTH}|{MONTH})(?:,? {_NUMERAL})?|{_NUMERAL}|{WEEKDAY})"
_EXPRESSION = re.compile(
    # "between March and May 2022"
    rf"(?<![\w$€£/.,–—-])(?<![0-9], )(?:(?:(?P<between>between|from|in|on|during) )?(?:the )?"
    rf"(?P<first>{_ENDS}|{_OF_MONTH}) ?(?P<link>[–—-]|\b(?:and|or|to|until|through)\b) ?(?P<to>{_ENDS})(?![\w–—-])"
    # or "since the end of February 2024"
    r"|(?:(?P<preposition>in|on|during|throughout|since|before|after|until|by) )?(?:the )?(?:year )?"
    rf"(?:(?P<part>early|late|mid|(?:beginning|start|middle|end) of)[ -](?:the )?)?(?:"
    r"(?P<relative>(?:the )?day before yesterday|(?-i:yesterday|^Yesterday|today|^Today)"
    r"|(?<!the )(?:last|this) (?:week|month|year)(?! of)"
    rf"|(?<!than )(?<!and )(?<!over )(?<!least ){_NUMBER} {_UNIT} ago)\b"
    rf"|(?P<rolling>past {_NUMBER} {_UNIT}|(?<=the )last {_NUMBER} {_UNIT}|past (?:week|month|year)(?! of)"
    rf"|last {_NUMBER} {_UNIT}|(?<=the )last (?:week|month|year)(?! of))\b"
    r"|(?P<decade>(?:19|20)[1-9]0s)\b"
    rf"|(?P<season>(?:spring|summer|autumn|fall|winter) (?:of |in )?{_YEAR})"
    rf"|(?P<dated>{_NUMERIC}|{DAY_OF_MONTH},? {_YEAR}|{MONTH},? (?:of )?{_YEAR}|Q[1-4] (?:of )?{_YEAR})"
    rf"|(?P<day>{DAY_OF_MONTH})(?!,? [0-9])"
    # "in May" may be the person, and "in April Jones" certainly is one
    rf"|(?P<last>(?<!the )last )?(?:(?<!the )(?P<month>(?!(?-i:may|march|august)\b)(?:{'|'.join(MONTHS)})\b(?<!may)"
    r"|(?-i:May)(?= (?:in|at|on)\b| ?[?!.,;:)]|$))(?! (?-i:[A-Z])|,? ?[0-9–—-])"
    rf"|(?P<weekday>{WEEKDAY})(?! (?-i:[A-Z])|,? (?:the )?[0-9]))"
    rf"|(?<!the )(?P<year>{_YEAR})))(?! onwards?\b)",
    re.IGNORECASE | re.ASCII,
)
_AHEAD = re.compile(r"\b(?:will|shall|going to|next|upcoming)\b", re.IGNORECASE)


def asked_period(question: str, as_of: date) -> Period | None:
    """The period that `question` names, or None where it names none, or several that are not one.

    On Thursday, 14 March 2024:

        "Who met in February 2024?"          -> 2024-02-01 to 2024-02-29
        "What happened last week?"           -> 2024-03-04 to 2024-03-10, Monday to Sunday
        "What was signed on Tuesday?"        -> 2024-03-12, the latest Tuesday
        "Who resigned in April?"             -> 2023-04-01 to 2023-04-30, the latest April
        "What has changed since late 2023?"  -> 2023-09-01 to 2024-03-14
        "What was said before May 2023?"     -> 0001-01-01 to 2023-04-30
        "in the past two weeks"              -> 2024-02-29 to 2024-03-14
        "on Tuesday of last week", "in 2020 and in 2023", "Who will march in Caracas?", "in May's cabinet"  -> None
    """
    question = " ".join(question.split())
    found = [each for each in _EXPRESSION.finditer(question) if _is_date(each)]
    if not found or (_AHEAD.search(question) is not None and any(map(_looks_back, found))):
        return None
    try:
        periods = [_span(each, as_of) if each["to"] else _period(each, as_of) for each in found]
    except OverflowError:  # before the year 1 or after the year 9999
        return None
    known = [period for period in periods if period is not None]
    return _common(known) if len(known) == len(periods) else None


def _is_date(found: re.Match[str]) -> bool:
    kind = str(found.lastgroup)
    if kind == "to":
        return _has_year(found) or (found["between"] or "").lower() in ("between", "from")
    if kind in ("year", "month", "weekday") and (found["part"] or found["last"]):
        return True
    if kind in _PREPOSITIONS:
        return (found["preposition"] or "").lower() in _PREPOSITIONS[kind]
    return found["preposition"] is not None or re.match("(?:may|march) ", found[kind]) is None


def _looks_back(found: re.Match[str]) -> bool:
    """Whether the year is left out: "on Tuesday" is the latest one, but not in "Who will speak on Tuesday?"."""
    return found.lastgroup in ("day", "month", "weekday") or (found.lastgroup == "to" and not _has_year(found))


def _has_year(span: re.Match[str]) -> bool:
    return re.search("[0-9]{4}", span["to"]) is not None


def _span(found: re.Match[str], as_of: date) -> Period | None:
    """ "between March and May 2022": the first date is the latest one before the last.

    "3 to 5 May 2022" -> 2022-05-03 to 2022-05-05;  "2022 and 2023" -> 2022-01-01 to 2023-12-31;  "2020 or 2022" -> None
    """
    last = named_period(found["to"], as_of)
    if last is None:
        return None
    text = found["first"]
    if re.fullmatch(_OF_MONTH, text, re.IGNORECASE):
        text = f"{text} {last.end:%B}"
    first = named_period(text, last.start)
    if first is None or first.start > last.start:
        return None
    listed = found["link"].lower() in ("and", "or") and (found["between"] or "").lower() != "between"
    return None if listed and first.end + _DAY != last.start else Period(first.start, last.end)


def _period(found: re.Match[str], as_of: date) -> Period | None:
    text = found[str(found.lastgroup)].lower()
    match found.lastgroup:
        case "rolling":
            _, *number, unit = text.split()
            read = _moment(f"{number[0] if number else 1} {unit} ago", as_of)
            period = None if read is None else Period(read[0], as_of)
        case "decade":
            period = Period(date(int(text[:4]), 1, 1), date(int(text[:4]) + 9, 12, 31))
        case "season":
            season, year = text.split()[0], int(text[-4:])
            first = _SEASONS.get(season)
            period = (
                None if first is None else Period(date(year, first, 1), _unit(date(year, first + 2, 1), "month").end)
            )
        case _:
            period = named_period(text, as_of)
            if period is not None and found["last"] and period.end >= as_of:
                period = named_period(text, period.start - _DAY)
    if period is not None and found["part"]:
        period = _third(period, _PARTS[found["part"].lower().removesuffix(" of")])
    return None if period is None else _bounded(period, (found["preposition"] or "").lower(), as_of)


def _bounded(period: Period, preposition: str, as_of: date) -> Period | None:
    match preposition:
        case "since":
            period = Period(period.start, as_of)
        case "after":
            period = Period(period.end + _DAY, as_of)
        case "before":
            period = Period(BEGINNING, period.start - _DAY)
        case "until" | "by":
            period = Period(BEGINNING, period.end)
    return period if period.start <= period.end else None


def _third(period: Period, third: int) -> Period:
    """ "early 2023" -> January to April;  "mid-March" -> 11 to 20 March;  "late last week" -> the week."""
    start, end = period.start, period.end
    if (start.month, start.day, end.month, end.day) == (1, 1, 12, 31) and start.year == end.year:
        return Period(date(start.year, 4 * third + 1, 1), _unit(date(start.year, 4 * third + 4, 1), "month").end)
    if start.day == 1 and end == _unit(start, "month").end:
        return Period(start.replace(day=10 * third + 1), end if third == 2 else start.replace(day=10 * third + 10))
    return period


def named_period(text: str, as_of: date, *, ahead: bool = False) -> Period | None:
    """The day, week, month, quarter or year of a date or a relative date.

    A weekday, a month, or a day of one without its year is the latest one, `as_of` included; `ahead` makes it the next
    one, `as_of` included. Raises OverflowError where it would lie before the year 1 or after the year 9999.
    """
    text = text.lower().replace("of ", "")
    numbers = [int(number) for number in re.split("[/.]", text)] if re.fullmatch("[0-9]+([/.][0-9]+){2}", text) else []
    if numbers and max(numbers[:2]) <= 12 and numbers[0] != numbers[1]:
        return None
    is_month = re.fullmatch(MONTH, text) is not None
    # the library would take the weekday, or the month, of today for the one a week, or a year, from it
    if ahead:
        as_of = (as_of.replace(day=1) if is_month else as_of) - _DAY
    elif re.fullmatch(WEEKDAY, text):
        as_of += _DAY
    if is_month:
        as_of = as_of.replace(day=1)  # on the 29th it would look for a February that has so many days
    read = _moment(text, as_of, ahead)
    return None if read is None else _unit(*read)


def _moment(text: str, as_of: date, ahead: bool = False) -> tuple[date, str] | None:
    """ "february 2024" -> some day of that month, and "month"; the granularities are those of `_unit`."""
    from dateparser.date import DateDataParser  # slow to import, and most questions name no date

    settings = {
        "RELATIVE_BASE": datetime.combine(as_of, time()),
        "PREFER_DATES_FROM": "future" if ahead else "past",
        "DATE_ORDER": "DMY",
    }
    read = DateDataParser(languages=["en"], settings=settings).get_date_data(text)
    return None if read.date_obj is None else (read.date_obj.date(), read.period)


def _unit(day: date, unit: str) -> Period:
    """2024-02-20 and "month" -> 2024-02-01 to 2024-02-29."""
    if unit == "week":
        monday = day - day.weekday() * _DAY
        return Period(monday, monday + 6 * _DAY)
    months = {"month": 1, "quarter": 3, "year": 12}.get(unit)
    if months is None:
        return Period(day, day)
    first = (day.month - 1) // months * months + 1
    last = first + months - 1
    return Period(date(day.year, first, 1), date(day.year, last, monthrange(day.year, last)[1]))


def _common(periods: list[Period]) -> Period | None:
    """The one that lies in all others, or what a beginning and an end leave: "since March 2022 ... before May 2023"."""
    common = Period(max(period.start for period in periods), min(period.end for period in periods))
    bounded = any(period.start == BEGINNING for period in periods)
    return common if common in periods or (bounded and common.start <= common.end) else None
