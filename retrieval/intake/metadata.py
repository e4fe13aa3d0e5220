"""The fields that tell about an article: their names in different files, and what may stand in them.

Nothing is guessed into a citation: a value that is not what its field holds is as good as absent.
"""

import re
import reprlib
from typing import TypeVar
from urllib.parse import urlsplit

from retrieval.intake.decoding import tidy
from retrieval.intake.types import Metadata

T = TypeVar("T")

# the names that front matter and records give to a field, the likelier first
NAMES = {
    "title": ("title", "headline"),
    "source": ("source", "publisher", "site_name"),
    "url": ("url", "link", "mainEntityOfPage"),
    "published": ("date", "published", "datePublished", "date_published", "published_at", "publishedAt"),
    "language": ("language", "lang", "inLanguage"),
}
_LANGUAGE = re.compile(r"([a-z]{2})(?:[-_].*)?", re.IGNORECASE)


def one_line(value: str | None) -> str | None:
    """The value with every run of white space as one space; None where nothing is left."""
    line = " ".join(tidy(value).split()) if value is not None else ""
    return line if line else None


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
