"""Plain text, and what it may be besides: wikitext, a transcript with times, a scanned page.

this would enable the har-           this would enable the harbour
bour to take ships of eight          to take ships of eight
THE SKARN POST. Page 4               (left out: the running head of a page)
"""

import re
from collections import defaultdict
from collections.abc import Iterator, Sequence
from itertools import zip_longest

from retrieval.intake import captions, wikitext
from retrieval.intake.types import Draft, Line, Metadata, text_lines
from retrieval.types import Dropped

RUNNING_HEAD = "running head of a page"
HEADLINE_WORDS = range(3, 21)

_PAGE_NUMBER = re.compile(r"\b(?:page|p\.) ?\d+\b", re.IGNORECASE)
_DIGITS = re.compile(r"\d+")
_LEFT = re.compile(r"[^\W\d_]+(?:-[^\W\d_]+)*$")
# no word is longer
MAX_WORD = 60
_RIGHT = re.compile(r"(?P<right>[a-zà-öø-ÿ][^\W\d_]*(?:['’][a-z]+)?)(?P<after>[^\s\w]*)\s*")
# from the first letter of a word only, or a page of letters would take the square of its length
_COMPOUND = re.compile(r"(?<![^\W\d_])[^\W\d_]++-[^\W\d_]+")
# "pre- and post-war"
_SUSPENDED = frozenset({"and", "or", "to", "but", "und"})
# what keeps its hyphen before most words
_PREFIXES_TEXT = """
all ex half non self well vice cross one two three four five six seven eight nine ten twenty thirty forty fifty sixty
seventy eighty ninety
"""
_PREFIXES = frozenset(_PREFIXES_TEXT.split())


def read(text: str) -> Draft:
    """The article of a plain text."""
    if wikitext.is_wikitext(text):
        return wikitext.read(text)
    lines = text_lines(text)
    if captions.is_captions(lines):
        return Draft(Metadata(), *captions.without_times(lines))
    dropped = tuple[Dropped, ...]()
    if captions.is_stamped(lines):
        lines, dropped = captions.without_stamps(lines)
    heads = _running_heads(lines)
    dropped += tuple(Dropped(line.number, line.text, RUNNING_HEAD) for line in heads)
    kept = _joined([line for line in lines if line not in heads])
    return Draft(Metadata(), tuple(_capitals_parted(kept)), dropped)


def _running_heads(lines: Sequence[Line]) -> set[Line]:
    """The lines that stand on several pages with another page number."""
    alike: dict[str, list[Line]] = defaultdict(list)
    for line in lines:
        if len(line.text) <= 200 and _PAGE_NUMBER.search(line.text):
            alike[_DIGITS.sub("0", " ".join(line.text.split()))].append(line)
    return {line for found in alike.values() if len({line.text for line in found}) > 1 for line in found}


def _capitals_parted(lines: Sequence[Line]) -> Iterator[Line]:
    """The lines with a blank one below a headline in capitals, which ends like no sentence."""
    for line, following in zip_longest(lines, lines[1:]):
        yield line
        is_headline = line.text.isupper() and len(line.text.split()) in HEADLINE_WORDS and line.text[-1].isalnum()
        if is_headline and following is not None and following.text.strip() and not following.text.isupper():
            yield Line(line.number, "")


def _joined(lines: Sequence[Line]) -> tuple[Line, ...]:
    """The lines with the words whole that were broken at the end of one: the line below loses its part of the word."""
    compounds = {found[0].lower() for line in lines for found in _COMPOUND.finditer(line.text)}
    joined = list(lines)
    for at in range(len(joined) - 1):
        written, following = joined[at].text.rstrip(), joined[at + 1]
        broken = _LEFT.search(written[-MAX_WORD - 1 : -1]) if written.endswith(("-", "¬")) else None
        rest = _RIGHT.match(following.text.lstrip())
        if broken is None or rest is None or rest["right"] in _SUSPENDED:
            continue
        left, right = broken[0], rest["right"]
        keeps = left.lower() in _PREFIXES or f"{left}-{right}".lower() in compounds
        word = f"{left}-{right}" if keeps else left + right
        joined[at] = Line(joined[at].number, f"{written[: -1 - len(left)]}{word}{rest['after']}")
        joined[at + 1] = Line(following.number, following.text.lstrip()[rest.end() :])
    return tuple(joined)
