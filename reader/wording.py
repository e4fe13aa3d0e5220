"""What an answer says, however it is written: numbers in words and in digits, months in full and short.

"Forty-five delegations"     45 delegations        "120 days", "a hundred and twenty days"   120 days
"3,549", "3549"              3549                  "3 billion dollars"                       3000000000 dollars
"10 %", "10 per cent"        10 percent            "June 5th", "Jun 5"                       june 5
"about 120", "at least 120"  120                   "4:17 in the morning"                     4:17 in morning
"""

import re
from collections.abc import Iterator
from decimal import Decimal

from reader.names import folded
from retrieval.periods import MONTHS, SHORT_MONTHS, WEEKDAYS
from retrieval.terms import plain

_SMALL = (
    "zero one two three four five six seven eight nine ten eleven twelve thirteen fourteen fifteen sixteen seventeen "
    "eighteen nineteen"
)
_TENS = "twenty thirty forty fifty sixty seventy eighty ninety"
_WORDS = {word: value for value, word in enumerate(_SMALL.split())} | {
    word: 10 * value for value, word in enumerate(_TENS.split(), start=2)
}
_SCALES = {"thousand": 10**3, "million": 10**6, "billion": 10**9, "trillion": 10**12}
_TOKEN = re.compile(
    r"(?<![0-9])(?P<clock>[0-9]{1,2}:[0-9]{2})(?![0-9])"
    r"|(?<![^\W_])(?P<number>(?:[0-9]{1,3}(?:,[0-9]{3})+|[0-9]+)(?:\.[0-9]+)?)(?:st|nd|rd|th)?(?![^\W_])|[^\W_]+"
)
_SIGNS = ((re.compile(r"%|\bper cent\b"), " percent"), (re.compile(r"(?<=[0-9]) ?bn\b"), " billion"))
_LONGEST_NUMBER = 15
APPROXIMATELY = re.compile(
    r"\b(?:about|around|some|roughly|approximately|nearly|almost|(?:more|less|fewer|no (?:more|less|fewer)) than|over"
    r"|under|up to|at (?:least|most)|just|close to|an estimated|estimated|as (?:many|much) as)\b",
    re.IGNORECASE,
)


def canonical(text: str) -> list[str]:
    """The folded words of `text`, its numbers in digits, without "about" and the like beside a number."""
    words = list(_words(text))
    if any(is_number(word) for word in words) and APPROXIMATELY.search(text):
        words = list(_words(APPROXIMATELY.sub(" ", text)))
    if any(is_number(word) for word in words):
        words = [SHORT_MONTHS.get(word, word) for word in words]
    return words


def is_number(word: str) -> bool:
    """Whether a word of `canonical` is a number: "3549" and "2.5" are, "g20" and "4:17" are not."""
    return len(word) <= _LONGEST_NUMBER and word[0].isdecimal() and word.replace(".", "", 1).isdecimal()


def calendar(words: list[str]) -> set[str]:
    """The weekdays and months among the words."""
    return {word for word in words if word in WEEKDAYS or word in MONTHS}


def _words(text: str) -> Iterator[str]:
    tokens = list(_tokens(text))
    at = 0
    while at < len(tokens):
        value, following = _number(tokens, at)
        yield tokens[at] if value is None else f"{value.normalize():f}"
        at = following


def _tokens(text: str) -> Iterator[str]:
    """The words, articles aside; a number without its commas and its "th", a time of day in one piece."""
    text = plain(text)
    for sign, word in _SIGNS:
        text = sign.sub(word, text)
    for found in _TOKEN.finditer(text):
        if found["clock"] is not None:
            yield found["clock"]
        elif found["number"] is not None:
            yield found["number"].replace(",", "")
        else:
            yield from folded(found[0])


def _number(tokens: list[str], at: int) -> tuple[Decimal | None, int]:
    """The number that the tokens from `at` on make, and where it ends; None where they make none.

    ["two", "hundred", "and", "five", "men"] -> 205, 4;  ["3.5", "million"] -> 3500000, 2;  ["5", "june"] -> 5, 1
    """
    total, group, last = Decimal(0), Decimal(0), None
    for place in range(at, len(tokens)):
        token = tokens[place]
        following = tokens[place + 1] if place + 1 < len(tokens) else ""
        if token in _WORDS and (last is None or last >= 100 or (last >= 20 and 0 < _WORDS[token] < 10)):
            last = _WORDS[token]
            group += last
        elif last is None and is_number(token):
            group, last = Decimal(token), 1
        elif token == "hundred" and group < 100:
            group, last = (group or Decimal(1)) * 100, 100
        elif token in _SCALES:
            total, group, last = total + (group or Decimal(1)) * _SCALES[token], Decimal(0), _SCALES[token]
        elif token != "and" or last is None or last < 100 or following not in _WORDS:
            return (None, at + 1) if last is None else (total + group, place)
    return (None, at + 1) if last is None else (total + group, len(tokens))
