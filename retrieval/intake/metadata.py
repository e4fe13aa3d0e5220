"""The fields that tell about an article: their names in different files, and what may stand in them.

Nothing is guessed into a citation: a value that is not what its field holds is left out and named.

    date: 03/04/2019                    left out: two days in one
    url: /2015/04/x                     left out: no whole address
    source: https://example.org/a       the url, where there is no other
    title: IRS &#8211; a study          IRS – a study
    source: nan                         absent
"""

import functools
import html
import re
import reprlib
from collections.abc import Iterable
from dataclasses import dataclass
from typing import TypeVar
from urllib.parse import urlsplit

from retrieval.intake import dates
from retrieval.intake.decoding import tidy
from retrieval.intake.types import Metadata
from retrieval.types import Dropped

T = TypeVar("T")

# the names that front matter and records give to a field, the likelier first; those of schema.org, JSON Feed and
# WordPress, of the APIs of NewsAPI, the Guardian, the New York Times and GDELT, and of what newspaper3k, news-please,
# trafilatura, readability and Obsidian's clipper write
NAMES = {
    "title": ("title", "headline", "webTitle"),
    "source": (
        *("source", "publisher", "site_name", "siteName", "sitename", "source_name", "source-hostname", "publication"),
        *("outlet", "source_domain", "hostname", "domain"),
    ),
    "url": ("url", "link", "mainEntityOfPage", "webUrl", "web_url", "canonical_url", "canonicalUrl", "permalink"),
    "published": (
        *("date_gmt", "date", "published", "datePublished", "date_published", "published_at", "publishedAt"),
        *("publish_date", "date_publish", "publishedTime", "published_time", "pub_date", "pubDate", "publishDate"),
        *("webPublicationDate", "publication_date", "publicationDate", "seendate"),
    ),
    "language": ("language", "lang", "inLanguage"),
}
EXPECTED = {
    "title": "one line of text",
    "source": "the name of a publisher",
    "url": "an address such as https://example.org/a",
    "published": "one day, such as 2024-02-20",
    "language": "a code such as en",
}
_ABSENT = frozenset({"~", "null", "Null", "NULL", "nan", "NaN", "None", "NaT", "<NA>", "undefined", ""})
_LANGUAGE = re.compile(r"([a-z]{2})(?:[-_].*)?", re.IGNORECASE)
# "&copy=1" of an address is not an entity
_ENTITY = re.compile(r"&(?:#\d{1,7}|#[xX][0-9a-fA-F]{1,6}|[A-Za-z]\w{1,30});")
_INLINE_TAG = re.compile(r"</?(?:a|b|br|cite|em|i|mark|q|s|small|span|strong|sub|sup|u)\b[^<>]*>", re.IGNORECASE)
_SEPARATORS = tuple(f" {mark} " for mark in ("-", "–", "—", "|", "·", "»", "::"))
# a longer value is not a headline, name or address, and a citation could not show it
MAX_CHARACTERS = 2000


@dataclass(frozen=True, slots=True)
class Given:
    """A field as a file gives it, on its `line`, from 1: a scalar, or anything else, which it should not be."""

    name: str
    value: object
    line: int = 1


@dataclass(frozen=True, slots=True)
class Reading:
    """What fields say, and those of them that say nothing, with the reason."""

    metadata: Metadata
    dropped: tuple[Dropped, ...] = ()


def read_fields(given: Iterable[Given]) -> Reading:
    """What the fields say. Of several for one thing the likeliest that can be read counts."""
    fields: dict[str, Given] = {}
    twice = [
        _dropped(field, f"second {field.name}; the first counts")
        for field in given
        if _line(fields.setdefault(field.name, field).value) != _line(field.value)
    ]
    found, dropped = Metadata(), list[Dropped]()
    for name, names in NAMES.items():
        present = [fields[key] for key in names if key in fields and not _is_absent(fields[key].value)]
        values = [_read(name, _line(field.value)) for field in present]
        found = functools.reduce(merged, values, found)
        if present and all(value == Metadata() for value in values) and name != "language":
            dropped.append(_dropped(present[0], f"not {EXPECTED[name]}"))
    return Reading(found, tuple(sorted((*dropped, *twice), key=lambda drop: drop.line)))


def _read(name: str, line: str | None) -> Metadata:
    match name:
        case "title":
            return Metadata(title=line)
        case "source" if web_address(line) is not None:
            return Metadata(url=web_address(line))
        case "source":
            return Metadata(source=line)
        case "url":
            return Metadata(url=web_address(line))
        case "published":
            return Metadata(published=dates.moment(line) if line is not None else None)
        case _:
            return Metadata(language=language_code(line))


def _line(value: object) -> str | None:
    # True is an int too, and says nothing
    scalar = isinstance(value, str | int | float) and not isinstance(value, bool)
    return one_line(str(value)) if scalar else None


def _is_absent(value: object) -> bool:
    return value is None or (isinstance(value, str | float) and str(value).strip() in _ABSENT)


def _dropped(field: Given, reason: str) -> Dropped:
    written = field.value if isinstance(field.value, str) else brief(field.value)
    return Dropped(field.line, tidy(f"{field.name}: {written}"[:300]), reason)


def one_line(value: str | None) -> str | None:
    """The value with every run of white space as one space, entities read and inline tags left out.

    None where that says nothing, or more than fits into a line.
    """
    if value is None:
        return None
    # content systems escape twice: "&amp;#8217;"
    plain = _INLINE_TAG.sub("", entities_read(entities_read(value)))
    line = " ".join(tidy(plain).split())
    return line if len(line) <= MAX_CHARACTERS and line not in _ABSENT else None


def entities_read(text: str) -> str:
    """The text with the characters that HTML's entities stand for: "AT&amp;T &#8211; a" -> "AT&T – a"."""
    return _ENTITY.sub(lambda match: html.unescape(match[0]), text) if "&" in text else text


def web_address(value: str | None) -> str | None:
    """The value, where it is a whole http or https address."""
    line = one_line(value)
    if line is None or " " in line:
        return None
    try:
        parts = urlsplit(line)
    except ValueError:
        return None
    return line if parts.scheme in {"http", "https"} and parts.hostname else None


def language_code(value: str | None) -> str | None:
    """The ISO 639-1 code that a language tag begins with: "en-GB" -> "en"; None for "English"."""
    match = _LANGUAGE.fullmatch(value.strip()) if value is not None else None
    return match[1].lower() if match is not None else None


def without_source(title: str, source: str | None) -> str:
    """The title without the publisher's name behind it: "Pier closes - Example News" -> "Pier closes"."""
    if source is None:
        return title
    before, behind = title[: -len(source)], title[-len(source) :]
    mark = next((mark for mark in _SEPARATORS if before.endswith(mark)), None)
    return before.removesuffix(mark) if mark is not None and behind.lower() == source.lower() else title


def brief(value: object) -> str:
    """How a value looks, in a few characters, however much it holds."""
    return reprlib.repr(value)[:60]


def merged(declared: Metadata, found: Metadata) -> Metadata:
    """What `declared` says and, where it says nothing, what `found` says."""
    return Metadata(
        title=first(declared.title, found.title),
        source=first(declared.source, found.source),
        url=first(declared.url, found.url),
        published=first(declared.published, found.published),
        language=first(declared.language, found.language),
    )


def first(*values: T | None) -> T | None:
    """The first of the values that is not None."""
    return next((value for value in values if value is not None), None)
