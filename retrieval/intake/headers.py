"""What a plain text says about itself: fields above the article, and a date above or below it.

    Bridge reopens                      the headline may come first
    By Jane Roe                         passed over
    Source: Example News                source
    Published: 5 May 2023               published; also "5 May 2023" or "date 2023-05-05", alone on a line
    https://example.org/bridge          url

    date 2023-05-05 The bridge ...      a stamp glued to the first line: the stamp goes, the rest of the line stays

Lines that are read are dropped, because they are not part of the article. A field whose value cannot be read stays.
"""

import functools
import re
from collections.abc import Sequence
from datetime import datetime

from retrieval.intake import dates
from retrieval.intake.metadata import language_code, merged, web_address
from retrieval.intake.types import Draft, Line, Metadata
from retrieval.types import Dropped

FIELD = "metadata of the article"
STAMP = "date stamp"

MAX_CHARACTERS = 300
SOURCE_WORDS = 8
HEADLINE_WORDS = 25

_FIELDS = {
    **dict.fromkeys(("title", "headline"), "title"),
    **dict.fromkeys(("source", "publisher"), "source"),
    **dict.fromkeys(("url", "link"), "url"),
    **dict.fromkeys(("date", "published", "published on", "publication date", "posted", "posted on"), "published"),
    **dict.fromkeys(("language", "lang"), "language"),
}
_FIELD = re.compile(rf"(?P<name>{'|'.join(_FIELDS)}) ?: ?(?P<value>\S.*)", re.IGNORECASE)
_STAMP = re.compile(r"(?P<said>(?:date|published|posted)(?: on)?:? )?(?P<date>\S.*)", re.IGNORECASE)
_PASSED_OVER = re.compile(rf"(?:by|author:|updated:?|last updated:?|(?:{'|'.join(_FIELDS)}) ?:) .*", re.IGNORECASE)
# what follows must begin a sentence: "date 2023-05-05 was agreed on" is one itself
_GLUED = re.compile(r"\s*(?P<stamp>(?i:date|published):? (?P<date>\d{4}-\d\d-\d\d))\s+(?=[^\sa-z])")


def read_header(lines: Sequence[Line]) -> Draft:
    """The metadata in the lines about the article, and the lines without these."""
    written = [at for at, line in enumerate(lines) if line.text.strip()]
    # a chronology has many dates alone on a line, and none of them is the day of publication
    alone = len({day for at in written if (day := _bare_date(_flat(lines[at].text))) is not None}) == 1
    said: dict[int, Metadata] = {}
    for place, at in enumerate(written):
        line = _flat(lines[at].text)
        field = _said(line, alone)
        if field is not None:
            said[at] = field
        elif not (_PASSED_OVER.fullmatch(line) or (place == 0 and _may_be_headline(line))):
            break
    if written and written[-1] not in said:
        field = _said(_flat(lines[written[-1]].text), alone)
        if field is not None and field.published is not None:
            said[written[-1]] = field
    found = functools.reduce(merged, said.values(), Metadata())
    dropped = tuple(
        Dropped(lines[at].number, lines[at].text, FIELD if field.published is None else STAMP)
        for at, field in said.items()
    )
    return _unglued(Draft(found, tuple(line for at, line in enumerate(lines) if at not in said), dropped))


def _unglued(header: Draft) -> Draft:
    """The header with a date stamp in front of the first line cut off and read."""
    at = next((at for at, line in enumerate(header.lines) if line.text.strip()), None)
    match = _GLUED.match(header.lines[at].text) if at is not None else None
    published = dates.moment(match["date"]) if match is not None else None
    if at is None or match is None or published is None:
        return header
    number, text = header.lines[at].number, header.lines[at].text
    rest = Line(number, text[match.end() :])
    return Draft(
        merged(header.metadata, Metadata(published=published)),
        (*header.lines[:at], rest, *header.lines[at + 1 :]),
        (*header.dropped, Dropped(number, match["stamp"], STAMP)),
    )


def _may_be_headline(line: str) -> bool:
    return 0 < len(line.split()) <= HEADLINE_WORDS and not line.endswith(".")


def _said(line: str, alone: bool) -> Metadata | None:
    """What one line says about the article; `alone` is whether a bare date may be its day of publication."""
    stamp = _STAMP.fullmatch(line)
    if stamp is not None and (stamp["said"] is not None or alone):
        published = _bare_date(stamp["date"])
        if published is not None:
            return Metadata(published=published)
    field = _FIELD.fullmatch(line)
    if field is None:
        url = web_address(line)
        return Metadata(url=url) if url is not None else None
    found = _read(_FIELDS[field["name"].lower()], field["value"])
    return found if found != Metadata() else None


def _read(name: str, value: str) -> Metadata:
    match name:
        case "title":
            return Metadata(title=value)
        case "source" if len(value.split()) <= SOURCE_WORDS and not value.endswith("."):
            return Metadata(source=value)
        case "url":
            return Metadata(url=web_address(value))
        case "language":
            return Metadata(language=language_code(value))
        case "published":
            return Metadata(published=_bare_date(value))
    return Metadata()


def _bare_date(line: str) -> datetime | None:
    # a line of digits alone is as likely a number
    return dates.moment(line) if any(map(str.isdigit, line)) and not line.isdigit() else None


def _flat(text: str) -> str:
    return " ".join(text.split()) if len(text) <= MAX_CHARACTERS else ""
