"""Front matter: the fields of an article between two lines of --- (YAML) or +++ (TOML) at the top of its file.

It is read entry by entry, because it is written by hand, and one bad line is no reason to refuse an article:

    title: Kandos: the new mine         no YAML (two colons): the line as written
    title: [Exclusive] Minister goes    no YAML: the line as written
    source: [a, b]                      a list, not a name: left out and named
"""

import re
import tomllib
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import pairwise

import yaml

from retrieval.intake.markup import TEMPLATE
from retrieval.intake.metadata import NAMES, Given, Reading, read_fields
from retrieval.intake.types import Metadata

# front matter is a few lines; two rules far apart are part of the text
_FRONT_MATTER = re.compile(
    r"\s{,100}?(?P<rule>---|\+\+\+)[ \t]*\n(?P<fields>.{,50000}?)^(?P=rule)[ \t]*(?:\n|\Z)", re.S | re.M
)
_ENTRY = re.compile(r"(?P<quote>[\"']?)(?P<name>[A-Za-z][\w.-]{0,40})(?P=quote)[ \t]*(?P<sign>[:=])(?P<value>.*)", re.S)
_TABLE = re.compile(r"\[\[?[\w.-]+\]\]?\s*$")
_KNOWN = frozenset(name for names in NAMES.values() for name in names)


@dataclass(frozen=True, slots=True)
class FrontMatter:
    """What the front matter says, where the text behind it begins: the offset, and the line, from 1."""

    reading: Reading
    end: int
    line: int


def read_front_matter(text: str) -> FrontMatter:
    """The front matter of a file; one that says nothing, and ends where the file begins, where it has none."""
    match = _FRONT_MATTER.match(text)
    entries = list(_entries(match["fields"])) if match is not None else []
    if match is None or (match["fields"].strip() and not entries):
        return FrontMatter(Reading(Metadata()), 0, 1)
    first_line = 1 + text.count("\n", 0, match.start("fields"))
    given = (
        Given(name, _value(match["rule"], written, value), first_line + line)
        for line, name, written, value in entries
        if name in _KNOWN
    )
    return FrontMatter(read_fields(given), match.end(), 1 + text.count("\n", 0, match.end()))


def _entries(fields: str) -> Iterator[tuple[int, str, str, str]]:
    """Each entry that begins at the left edge: its line, from 0, its name, the whole of it, and what its value is."""
    lines = fields.split("\n")
    starts = [at for at, line in enumerate(lines) if _ENTRY.match(line) or _TABLE.match(line)]
    for begin, after in pairwise((*starts, len(lines))):
        written = "\n".join(lines[begin:after])
        match = _ENTRY.match(written)
        # what stands below the head of a TOML table is about something else
        if match is None:
            return
        yield begin, match["name"], written, match["value"]


def _value(rule: str, written: str, value: str) -> object:
    """The value of an entry; as written where it is not YAML or TOML, or is a list that may be a headline."""
    try:
        if rule == "+++":
            fields = tomllib.loads(written)
            # a number in it may have more digits than Python writes: ValueError
            repr(fields)
        else:
            # BaseLoader leaves every value as it is written: to the others `No` is false and `12:30` is 750
            fields = yaml.load(written, Loader=yaml.BaseLoader)
        found = next(iter(fields.values())) if isinstance(fields, dict) and len(fields) == 1 else None
    except (yaml.YAMLError, tomllib.TOMLDecodeError, ValueError, RecursionError):
        found = None
    if isinstance(found, list) and len(found) == 1:
        found = found[0]
    if isinstance(found, dict):
        found = found.get("name", found)
    if found is None:
        found = value.strip().strip("\"'")
    # TOML has dates and numbers of its own
    return found if isinstance(found, dict | list) else TEMPLATE.sub(" ", str(found))
