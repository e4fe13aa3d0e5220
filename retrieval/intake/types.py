"""What passes between the steps of intake: lines, metadata, and the draft that a format's reader gives."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from retrieval.types import Dropped


@dataclass(frozen=True, slots=True)
class Line:
    """One line of a file, without its line end; `number` counts from 1."""

    number: int
    text: str


@dataclass(frozen=True, slots=True)
class Metadata:
    """What a file says about its article; None where it says nothing. `published` is aware."""

    title: str | None = None
    source: str | None = None
    url: str | None = None
    published: datetime | None = None
    language: str | None = None


@dataclass(frozen=True, slots=True)
class Draft:
    """An article before cleaning.

    `first_line` is the line of the file on which `text` begins. `from_page` says that the text was taken out of an
    HTML page: its headings and its lines about the article are known for what they are, and need not be looked for.
    """

    metadata: Metadata
    text: str
    first_line: int = 1
    from_page: bool = False


@dataclass(frozen=True, slots=True)
class Header:
    """What the lines about a plain text say, and the lines that are left."""

    metadata: Metadata
    lines: tuple[Line, ...]
    dropped: tuple[Dropped, ...]


@dataclass(frozen=True, slots=True)
class Cleaned:
    """The lines that belong to the article, and those that do not."""

    lines: tuple[Line, ...]
    dropped: tuple[Dropped, ...]


@dataclass(frozen=True, slots=True)
class Record:
    """One object of a JSON file; `place` is its line, or its position in an array, from 1, and 0 if it is alone."""

    place: int
    fields: Mapping[str, Any]
