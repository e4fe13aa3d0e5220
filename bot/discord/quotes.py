"""Pieces of a card: quotes with the answer's words bold, and lines that say where they stand."""

from collections.abc import Sequence
from itertools import groupby

from bot.discord.text import ELLIPSIS, cut, link, plain, units, visible
from bot.layout import Interval, Run, marked
from retrieval.heading import day
from retrieval.types import Article

MAX_SOURCE = 60
SHORTEST = 12  # a quote of fewer units says nothing


def excerpt(text: str, intervals: Sequence[Interval], limit: int) -> str:
    """At most `limit` units of `text` on one line, with the intervals (offsets into `text`) bold.

    Longer text is cut at words on both sides, around the first to the last interval if they fit, else from the first.
    Empty if not even a few words fit.

        excerpt("He met Maduro.", [(7, 13)], 99) -> "He met **Maduro**."
    """
    places = sorted((start, end) for start, end in intervals if 0 <= start < end <= len(text))
    hull = (places[0][0], max(end for _, end in places)) if places else (0, 0)
    size = max(len(text), 1) if len(text) <= 4 * limit else limit
    while size >= SHORTEST or size >= len(text):
        start, end = _window(text, hull, size)
        shown = _bold(marked(text[start:end], [(max(a, start) - start, b - start) for a, b in places if b > start]))
        before, after = f"{ELLIPSIS} " if start > 0 else "", f" {ELLIPSIS}" if end < len(text) else ""
        if units(shown := before + shown + after) <= limit:
            return shown
        size = min(size, limit) * 4 // 5
    return ""


def quoted(text: str, intervals: Sequence[Interval], limit: int) -> str:
    """The excerpt as a block quote in quotation marks; empty if there is nothing to show."""
    shown = excerpt(text, intervals, limit - 4)
    return f"> “{shown}”" if visible(shown).strip() else ""


def source_line(article: Article) -> str:
    """Title (the file's path where there is none) as a link, source and date, as far as the article has them.

    "[Talks in Caracas](https://a.example/) · Example Wire · 20 February 2024"
    """
    return " · ".join([link(name(article), article.url), *source_and_date(article)])


def source_and_date(article: Article) -> list[str]:
    """What is known of these two."""
    source = cut(plain(article.source).strip(), MAX_SOURCE) if article.source is not None else ""
    published = day(article.published) if article.published is not None else ""
    return [part for part in (source, published) if part]


def name(article: Article) -> str:
    """The title as it can be seen, or the file's path; never empty."""
    names = (visible(text).strip() for text in (article.title, article.path, "untitled"))
    return next(name for name in names if name)


def _window(text: str, hull: Interval, size: int) -> Interval:
    """The offsets of at most `size` characters of whole words with the hull in the middle; all of a shorter text."""
    if len(text) <= size:
        return 0, len(text)
    first, last = hull[0], min(hull[1], hull[0] + size)
    start = max(0, min(first - (size - (last - first)) // 2, len(text) - size))
    end = min(start + size, len(text))
    if start > 0:
        start = next((at + 1 for at in range(start - 1, first) if text[at].isspace()), first)
    if end < len(text):
        end = next((at for at in range(end, last - 1, -1) if text[at].isspace()), end)
    return start, end


def _bold(runs: Sequence[Run]) -> str:
    """The runs as markdown; the white space at the ends of marked words stays outside of the asterisks."""
    parts = []
    # neighbours that are both marked are one: "**a****b**" would not be bold
    for is_mark, several in groupby(runs, lambda run: run.role == "mark"):
        words = visible("".join(run.text for run in several))
        core = plain(words.strip())
        if is_mark and core:
            parts += [" " * words.startswith(" "), f"**{core}**", " " * words.endswith(" ")]
        else:
            parts.append(plain(words))
    return "".join(parts)
