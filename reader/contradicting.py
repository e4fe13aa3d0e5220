"""Whether two answers to one question can both be right.

They can, unless they are of one sort and say what excludes each other. In doubt they can.

    70 / 95 countries, 3,549 / 20,213             differ
    "three days" / "3 days", "about 120" / "120"  the same
    "more than 20,000" / "20,213"                 no: near enough (5 %) to what one calls approximate
    "three months" / "24 hours"                   no: other units
    "5 June" / "6 June", "Tuesday" / "Friday"     differ
    "1922" / "June 1922", "Tuesday" / "8 March"   no: part and whole; the same day, or who knows
    "Carlos Faria" / "Yvan Gil"                   differ
    "Lavrov" / "Serguei Lavrov"                   the same
    "Adiyaman" / "Turkey"                         no, if either article has "Adiyaman, Turkey"
    "Caracas" / "the Venezuelan capital"          no: a name and a description are of two sorts
    "a letter" / "a medal"                        differ: short and nothing in common; longer words only paraphrase
"""

import re
from collections.abc import Sequence
from decimal import Decimal
from typing import Literal

from reader.merging import Candidate, part_and_whole
from reader.names import same_word
from reader.times import resolved
from reader.wording import APPROXIMATELY, MONTHS, WEEKDAYS, calendar, canonical, is_number
from retrieval.types import Evidence

Sort = Literal["number", "date", "time", "name", "words"]
NEAR_ENOUGH = Decimal("0.05")
WORDS_TO_COMPARE = 3
_YEAR = re.compile(r"(?<![\w.,])(?:1[5-9]|20)[0-9]{2}(?![\w%]|[.,][0-9])")
_CLOCK = re.compile(r"(?<![0-9])[0-9]{1,2}:([0-9]{2})(?![0-9])")
_SMALL_WORDS = frozenset(
    {"of", "in", "on", "at", "to", "for", "by", "and", "from", "until", "since", "de", "da", "than"}
)
_JOINED = r"\W{1,3}(?:(?:in|of|the)\W+){0,2}"


def sort_of(text: str, *, counting: bool = False) -> Sort:
    """What sort of answer `text` is; `counting`: whether a number was asked for, so that "2018" is no year.

    "3,549 people" -> number; "on 5 June", "since 2018", "Tuesday" -> date; "4:17 in the morning" -> time;
    "President Ana Ruiz" -> name; "a letter", "the Venezuelan capital" -> words
    """
    words = canonical(text)
    if _CLOCK.search(text):
        return "time"
    numbers = any(is_number(word) for word in words)
    if counting and numbers:
        return "number"
    named = calendar(words)
    # Mrs May is no date, and June may be a person
    if any(word in WEEKDAYS for word in named) or (named and (numbers or set(words) - _SMALL_WORDS == named)):
        return "date"
    if numbers:
        return "date" if re.search(_YEAR.pattern + r"\W*$", text) else "number"
    written = [word for word in re.findall(r"[^\W\d_]+", text) if word.lower() not in _SMALL_WORDS]
    capitals = sum(word[0].isupper() for word in written)
    return "name" if written and written[-1][0].isupper() and 2 * capitals >= len(written) else "words"


def differ(one: Candidate, other: Candidate, sort: Sort, evidence: Evidence) -> bool:
    """Whether two answers of one sort cannot both be right."""
    words, others = canonical(one.text), canonical(other.text)
    if not words or not others or part_and_whole(words, others):
        return False
    match sort:
        case "number":
            return _same_unit(words, others) and not _near(one, other)
        case "date":
            dates = zip(_date(one, evidence), _date(other, evidence), strict=True)
            return any(part and also and not part & also for part, also in dates)
        case "time":
            # time zones are whole hours apart, and half the world counts to twelve twice
            return not set(_CLOCK.findall(one.text)) & set(_CLOCK.findall(other.text))
        case "name":
            return not _is_part(words, others) and not _together(one, other, evidence)
        case "words":
            short = len(words) <= WORDS_TO_COMPARE and len(others) <= WORDS_TO_COMPARE
            return short and not any(same_word(word, also) for word in words for also in others)


def _same_unit(words: Sequence[str], others: Sequence[str]) -> bool:
    units, also = ({w for w in said if not is_number(w)} - _SMALL_WORDS for said in (words, others))
    return not units or not also or any(same_word(unit, other) for unit in units for other in also)


def _near(one: Candidate, other: Candidate) -> bool:
    """Whether the numbers, or the ranges of several, may be one, because an article calls its number approximate."""
    (low, high), (also_low, also_high) = (_range(candidate) for candidate in (one, other))
    nearly = any(_approximate(candidate) for candidate in (one, other))
    apart = max(low - also_high, also_low - high)
    return apart <= (NEAR_ENOUGH * max(high, also_high) if nearly else 0)


def _range(candidate: Candidate) -> tuple[Decimal, Decimal]:
    numbers = [Decimal(word) for word in canonical(candidate.text) if is_number(word)]
    return min(numbers), max(numbers)


def _approximate(candidate: Candidate) -> bool:
    """Whether the answer, or what comes right before it, says "about" or "more than"."""
    text, start = candidate.span.hit.text, candidate.span.start - candidate.span.hit.passage.start
    return any(
        found.end() > start or not text[found.end() : start].strip()
        for found in APPROXIMATELY.finditer(text, 0, start + len(candidate.text))
        if found.end() >= start - 2
    )


def _date(candidate: Candidate, evidence: Evidence) -> tuple[set[str], ...]:
    """The years, months, days and weekdays that are known of a date, in words or, for "on Tuesday", by its article."""
    span = candidate.span
    iso = resolved(evidence.article(span.hit), span.start, span.end)
    if iso is not None:
        ends = [day.split("-") for day in iso.split("/")]
        first, last = ends[0], ends[-1]
        if first == last:
            return {first[0]}, {MONTHS[int(first[1]) - 1]}, {str(int(first[2]))}, set()
        return ({first[0], last[0]}, {MONTHS[int(each[1]) - 1] for each in (first, last)}, set(), set())
    words = canonical(candidate.text)
    years = set(_YEAR.findall(candidate.text))
    named = calendar(words)
    days = {word for word in words if is_number(word)} - years
    return years, named & set(MONTHS), days if named & set(MONTHS) else set(), named & set(WEEKDAYS)


def _is_part(words: Sequence[str], others: Sequence[str]) -> bool:
    """Whether the last word of one stands further ahead in the other: "Nicolas Maduro" and "Maduro Moros"."""
    ahead, also_ahead = others[:-1], words[:-1]
    return any(same_word(words[-1], w) for w in ahead) or any(same_word(others[-1], w) for w in also_ahead)


def _together(one: Candidate, other: Candidate, evidence: Evidence) -> bool:
    """Whether either article has both as one: "Adiyaman, Turkey", "Istanbul in Turkey", "Foreign Minister Gil"."""
    name, also = (r"\W+".join(map(re.escape, re.findall(r"[^\W_]+", c.text))) for c in (one, other))
    joined = re.compile(rf"\b(?:{name}{_JOINED}{also}|{also}{_JOINED}{name})\b", re.IGNORECASE)
    return any(joined.search(evidence.article(c.span.hit).text) for c in (one, other))
