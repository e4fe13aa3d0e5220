"""The calendar date that an answer such as "on Thursday" means in its article.

A regular expression says whether the answer is a time word and nothing else, the words around it whether its meaning
is certain, and the dateparser library (through `retrieval.periods`) which day that is. No date is better than a wrong
one. In an article published on Thursday, 10 March 2022:

    They met on [Thursday].                         2022-03-10             the latest one, that day included
    They [met late on Wednesday].                   None                   more than a time word
    They will meet on [Friday].                     2022-03-11             the next one, that day included
    They meet on [Friday].                          None                   past or to come? (`reader.tense`)
    They met on [Friday].                           None                   six days ago, or added after publication?
    They banned a march on [Tuesday].               2022-03-08
    They banned a march on [Friday].                None                   a ban six days ago, or tomorrow's march?
    They flew home [yesterday].                     2022-03-09
    They met [earlier this week].                   2022-03-07/2022-03-13  Monday to Sunday, whatever "earlier" adds
    They will meet [on 24 March], [in April].       2022-03-24, 2022-04-01/2022-04-30
    They will be there [from Friday until Sunday].  2022-03-11/2022-03-13
    They met [last Friday].                         None                   the latest one, or last week's?
    They met [two days ago].                        2022-03-08
    They met [two weeks ago].                       None                   weeks, months and years are counted roughly
    They met [on 24 February 2022].                 None                   it says itself what it means
    In 2019 they met on a [Thursday].               None                   another year, and no Thursday in particular
    It came [five days after] the vote, [the next day].  None              counted from something else
    "We met [yesterday]," she said.                 None                   the speaker's day is not the article's
    I met her [yesterday].                          None                   a letter, or a diary, of whose day?
    He was born [on 8 March], [in May].             None                   of which year?

What is shown was chosen with 1,133 sentences that were written for it; `dateline evaluate dates` has others. A day or a
month of the past without its year was right in 46 of 57 of them, "last Friday" in 28 of 30: they are left out.

The article's day is that of its own offset. A moment in UTC says little about the place where it was written: then
what is shown is what holds from Los Angeles to Tokyo.
"""

import re
from datetime import date, datetime, time, timedelta

from reader.tense import Direction, direction
from retrieval.periods import DAY_OF_MONTH, MONTH, WEEKDAY, named_period
from retrieval.sentences import PARAGRAPH_BREAK, sentence_spans
from retrieval.types import Article, Period

_DAY = timedelta(days=1)
_SUNDAY = 6
# Of a day further back newspapers write "last Friday" or its date. What an article of a Thursday says to have happened
# "on Friday" was most likely added to it on that Friday, and its date kept.
_LONGEST_AGO = timedelta(days=4)
_OFFSETS = (timedelta(hours=-8), timedelta(), timedelta(hours=9))
_LEADING = "(?:on|in|at|by|since|until|till|from|for|during|before|after|late|early|earlier|later|mid)"
_EXPRESSION = re.compile(
    rf"\W*(?:{_LEADING}[ -])*(?P<time>(?:"
    r"(?P<deictic>today|tonight|this (?:morning|afternoon|evening)|last night|yesterday|tomorrow"
    r"|the day before yesterday|the day after tomorrow|(?:two|three|four|five|six|[2-6]) days ago"
    r"|(?:last|this|next) (?:week|month|year))"
    rf"|(?P<first>{WEEKDAY}) (?:until|till|to|through) (?P<last>{WEEKDAY})"
    rf"|(?P<weekday>{WEEKDAY})|(?P<day>{DAY_OF_MONTH})|(?P<month>{MONTH})"
    r")(?: (?:morning|afternoon|evening|night))?)\W*",
    re.IGNORECASE | re.ASCII,
)
_LEAD = re.compile(rf"(?:\b{_LEADING}[ -]){{1,4}}$", re.IGNORECASE)
# "every Friday", "Good Friday", "the last week", "more than two days ago"
_QUALIFIED = re.compile(
    r"\b(?:an?|the|this|that|these|every|each|any|some|no|one|same|another|next|last|past|previous|following|coming"
    r"|first|second|third|of|than|about|around|nearly|almost|over|least|most|[0-9]+"
    r"|good|black|ash|holy|super|bloody|easter|palm|cyber)[ -]$",
    re.IGNORECASE,
)
_COUNTED = re.compile(r"\b(?:day|week|month|year)s? (?:\w+ )?$")  # "a week on Friday", "two weeks from late Friday"
# "Friday's", "Friday of last week", "Friday, March 4", "Friday 4 March", "March last year", "10 March 1999"
_CONTINUED = re.compile(
    rf"[’']|[-–—/]\w| (?:of|last|next|this|week|ago|a week|before last|after next)\b|,? {MONTH}"
    r"|,? ?(?:the )?(?:[0-9]{1,2}(?:st|nd|rd|th)?|(?:19|20)[0-9]{2})(?![0-9]|[.,][0-9])",
    re.IGNORECASE,
)
_YEAR = re.compile("(?<![0-9])(?:19|20)[0-9]{2}(?![0-9])")
# of letters, diaries and reminiscences the day is their writer's; "a hundred years ago this month"
_ANOTHERS_DAY = re.compile(r"\b(?:I|[Mm]y|[Ww]e|[Oo]ur|ago)\b")
_QUOTATION = (("“", "”"), ("«", "»"), (r"(?<!\w)[‘'](?=\w)", r"[’'](?!\w)"))
_BOUNDED = {"by", "until", "till", "from", "for", "before", "after"}


def resolved(article: Article, start: int, end: int) -> str | None:
    """What the time words `article.text[start:end]` mean in `article`, ISO 8601: a day, or an interval of days.

    None where they are none, where they need no date, and where none is certain.
    """
    found = _EXPRESSION.fullmatch(" ".join(article.text[start:end].split()))
    if found is None or article.published is None or article.language not in (None, "en"):
        return None
    before, after = _paragraph(article.text, start, end)
    if _is_quoted(before):
        return None
    before, after = _sentence(before, article.text[start:end], after)
    before, after = before + found.string[: found.start("time")], found.string[found.end("time") :] + after
    if _QUALIFIED.search(before) or _CONTINUED.match(after) or _ANOTHERS_DAY.search(before + "|" + after):
        return None
    if found["deictic"] and found["time"][0].isupper() and before.strip(" “"):
        return None  # the title of a song
    without = _LEAD.sub("", before)
    words = set(re.findall("[a-z]+", before[len(without) :].lower()))
    where = direction(without.rstrip(" ,"), after)
    if found["deictic"] is None:
        years = {int(year) for year in _YEAR.findall(before + after)} - {article.published.year}
        in_lower_case = found["day"] is None and not found["time"][0].isupper()
        counted = _COUNTED.search(without) is not None
        if years or in_lower_case or counted or (found["month"] and not words):
            return None
        if "since" in words:
            where = Direction("past", beside=True)
        elif where is not None and where.time == "past" and words & _BOUNDED:
            return None  # "they were sent home until Friday": gone by, or still to come?
    try:
        periods = {_period(found, where, day) for day in _days(article.published)}
    except OverflowError:  # before the year 1 or after the year 9999
        return None
    period = periods.pop()
    if period is None or periods:
        return None
    return f"{period.start}" if period.start == period.end else f"{period.start}/{period.end}"


def _period(found: re.Match[str], where: Direction | None, day: date) -> Period | None:
    """What the words mean in a sentence about `where`, written on `day`."""
    if found["deictic"]:
        words = found["deictic"].lower()
        # "millions live abroad today" names no day, and to some a Sunday ends its week, to others it begins one
        unsure = where is None if words == "today" else words.endswith("week") and day.weekday() == _SUNDAY
        return None if unsure else named_period(words, day)
    if where is None:
        return None
    if found["first"]:
        first = named_period(found["first"], day, ahead=True)
        last = None if first is None else named_period(found["last"], first.start, ahead=True)
        # on a Wednesday, "from Monday to Friday" may have begun
        if where.time == "past" or first is None or last is None or last.start - 7 * _DAY >= day:
            return None
        return Period(first.start, last.start)
    words = (found["weekday"] or found["day"] or found["month"]).lower()
    latest, coming = named_period(words, day), named_period(words, day, ahead=True)
    if latest is None or coming is None:
        return None
    past = where.time == "past"
    period, other = (latest, coming) if past else (coming, latest)
    weekday = re.match(WEEKDAY, words)
    if found["weekday"]:
        # on a Saturday: this Saturday, or the next?
        unsure = day - period.start > _LONGEST_AGO if past else period.start == day
    elif weekday is not None:
        unsure = weekday[0] != f"{period.start:%A}".lower()
    else:
        unsure = past
    nearer = _distance(other, day) < _distance(period, day)
    return None if unsure or (nearer and not where.beside) else period


def _distance(period: Period, day: date) -> timedelta:
    return max(period.start - day, day - period.end, timedelta())


def _days(published: datetime) -> set[date]:
    """The days that it may have been where the article was written."""
    if published.utcoffset() != timedelta() or published.time() == time():
        return {published.date()}
    return {(published + offset).date() for offset in _OFFSETS}


def _paragraph(text: str, start: int, end: int) -> tuple[str, str]:
    """The paragraph before and after `text[start:end]`."""
    begin = max((found.end() for found in PARAGRAPH_BREAK.finditer(text, 0, start)), default=0)
    following = PARAGRAPH_BREAK.search(text, end)
    return text[begin:start], text[end : following.start() if following is not None else None]


def _sentence(before: str, answer: str, after: str) -> tuple[str, str]:
    """The sentence before and after the answer, one space between words."""
    start, end = len(before), len(before) + len(answer)
    spans = sentence_spans(before + answer + after)
    first = max((span for span, _ in spans if span <= start), default=0)
    last = min((span for _, span in spans if span >= end), default=end)
    return " ".join((before[first:] + "|").split())[:-1], " ".join(("|" + after[: last - end]).split())[1:]


def _is_quoted(before: str) -> bool:
    """Whether a quotation has begun and not ended in the paragraph so far."""

    def last(mark: str) -> int:
        return max((found.start() for found in re.finditer(mark, before)), default=-1)

    return before.count('"') % 2 == 1 or any(last(opening) > last(closing) for opening, closing in _QUOTATION)
