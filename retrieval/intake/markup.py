"""What the readers of Markdown, wikitext and front matter share: markup goes, and lines keep their numbers."""

import re
from collections.abc import Callable, Sequence

from retrieval.intake.types import Line
from retrieval.types import Dropped

# {{ a shortcode }} or {% a tag %} of Hugo, Jekyll or Liquid
TEMPLATE = re.compile(r"\{\{[^{}]{0,2000}\}\}|\{%[^{}]{0,2000}%\}")


def line_ends(match: re.Match[str]) -> str:
    """The line ends of what is left out, so that the lines below keep their numbers."""
    return "\n" * match[0].count("\n")


def emptied(lines: Sequence[Line], words: Sequence[Line], reason: str) -> tuple[Dropped, ...]:
    """The lines that have text, but no `words` once the markup is removed."""
    pairs = zip(lines, words, strict=True)
    return tuple(Dropped(line.number, line.text, reason) for line, left in pairs if line.text.strip() and not left.text)


def with_heading_breaks(
    lines: Sequence[Line], words: Sequence[Line], is_heading: Callable[[str], bool]
) -> tuple[Line, ...]:
    """The `words` of the lines, with a blank line below each heading: it has no full stop to end its sentence."""
    result: list[Line] = []
    for line, left in zip(lines, words, strict=True):
        result.append(left)
        if left.text and is_heading(line.text):
            result.append(Line(left.number, ""))
    return tuple(result)
