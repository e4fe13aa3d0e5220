"""What passes between the steps of intake: lines, metadata, and the draft that a format's reader gives."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from retrieval.errors import ArticleError
from retrieval.types import Dropped

MAX_LINES = 200_000


@dataclass(frozen=True, slots=True)
class Line:
    """One line of a file, without its line end; `number` counts from 1."""

    number: int
    text: str


def text_lines(text: str, first: int = 1) -> tuple[Line, ...]:
    """The lines of `text`, numbered from `first`: joining them with \\n gives it back.

    Raises ArticleError where there are too many for an article.
    """
    if (count := text.count("\n")) > MAX_LINES:
        raise ArticleError(f"has {count:,} lines, more than the {MAX_LINES:,} allowed; split it")
    return tuple(Line(number, line) for number, line in enumerate(text.split("\n"), first))


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
    """An article before cleaning: what is said about it, its lines, and what was left out so far.

    `from_page` says that the text was taken out of an HTML page: its headings and its lines about the article are known
    for what they are, and need not be looked for.
    """

    metadata: Metadata
    lines: tuple[Line, ...]
    dropped: tuple[Dropped, ...] = ()
    from_page: bool = False

    @property
    def text(self) -> str:
        """The lines as one text."""
        return "\n".join(line.text for line in self.lines)


@dataclass(frozen=True, slots=True)
class Record:
    """One object of a JSON file; `place` is its line, or its position in an array, from 1, and 0 if it is alone."""

    place: int
    fields: Mapping[str, Any]
