"""Markdown files: front matter, and the text below it without its markup.

    # Bridge **reopens**                       Bridge reopens
    Read [the report](https://e.org/r) first.  Read the report first.
    - ![the bridge](b.jpg) {{< youtube x >}}   (left out: nothing but markup)

markdown-it reads it by the CommonMark specification; a line of the file stays a line. A list keeps its - and 1.
"""

import re
from collections.abc import Iterable, Iterator, Sequence
from typing import TYPE_CHECKING

from retrieval.intake.front_matter import read_front_matter
from retrieval.intake.markup import TEMPLATE, emptied, line_ends, with_heading_breaks
from retrieval.intake.metadata import entities_read, merged, one_line
from retrieval.intake.types import Draft, Line, Metadata, text_lines
from retrieval.types import Dropped

if TYPE_CHECKING:
    from markdown_it.token import Token

MARKUP = "markup without words"
# markdown-it's time grows with the square of a paragraph; longer ones are not written by hand
MAX_TEXT, MAX_PARAGRAPH = 500_000, 20_000
# and it gives each row of a table as many cells as the first has
MAX_CELLS = 100_000

# what MDX imports
_MODULE = re.compile(r"^(?:import\s.+\sfrom\s+['\"].*|export\s+(?:const|default|function)\s.*)$", re.M)
_TEMPLATE_LINK = re.compile(
    r"(?<!!)\[([^\[\]\n]*)\]\(\s*(?:\{\{[^{}\n]{0,500}\}\}|\{%[^{}\n]{0,500}%\})[^()\n]{0,500}\)"
)
_FOOTNOTE = re.compile(r"\[\^[^\]\s]{1,40}\](?!:)")
_CALLOUT = re.compile(r"^\[!\w+\][-+]?\s*")
_WIKI_LINK = re.compile(r"!?\[\[(?:[^\[\]|\n]*\|)?([^\[\]|\n]*)\]\]")
_HTML_COMMENT = re.compile(r"<!--(?:(?!<!--|-->).)*+-->", re.S)
_SILENT = re.compile(r"<(script|style|iframe|svg)\b(?:(?!</?\1\b).)*+</\1\s*>", re.S | re.I)
_TAG = re.compile(r"</?[A-Za-z!][^<>]*>")


def read(text: str) -> Draft:
    """The article of a Markdown file; front matter that says nothing is left out and named."""
    front = read_front_matter(text)
    lines = text_lines(text[front.end :], front.line)
    words, dropped = without_markup(lines)
    first_line = next((at for at, line in enumerate(lines) if line.text.strip()), None)
    title = words[first_line].text if first_line is not None and lines[first_line].text.startswith("# ") else None
    said = merged(front.reading.metadata, Metadata(title=one_line(title)))
    return Draft(
        said, with_heading_breaks(lines, words, lambda line: line.startswith("#")), front.reading.dropped + dropped
    )


def without_markup(lines: Sequence[Line]) -> tuple[tuple[Line, ...], tuple[Dropped, ...]]:
    """The words of each line of Markdown, and the lines that have none."""
    text = without_templates("\n".join(line.text for line in lines))
    if _is_too_large(text):
        return tuple(lines), ()
    words = _words(text)
    kept = tuple(Line(line.number, words.get(at, "")) for at, line in enumerate(lines))
    return kept, emptied(lines, kept, MARKUP)


def _is_too_large(text: str) -> bool:
    if len(text) > MAX_TEXT:
        return True
    paragraphs = text.split("\n\n")
    cells = (max(line.count("|") for line in rows) * len(rows) for rows in map(str.splitlines, paragraphs) if rows)
    return any(len(paragraph) > MAX_PARAGRAPH for paragraph in paragraphs) or sum(cells) > MAX_CELLS


def without_templates(text: str) -> str:
    """The text without what a site's generator reads: shortcodes, tags of templates, comments, footnote marks."""
    text = _HTML_COMMENT.sub(line_ends, text)
    text = TEMPLATE.sub(line_ends, _TEMPLATE_LINK.sub(r"\1", text))
    return _WIKI_LINK.sub(r"\1", _FOOTNOTE.sub("", _MODULE.sub("", text)))


def _words(text: str) -> dict[int, str]:
    """The words of each line, by its number from 0; a line without words is not there."""
    from markdown_it import MarkdownIt

    words: dict[int, str] = {}
    marker, row = "", 0
    cells: list[str] | None = None
    for token in MarkdownIt("commonmark").enable(["table", "strikethrough"]).parse(text):
        begin = token.map[0] if token.map is not None else row
        if token.type == "list_item_open":
            marker = f"{token.info}{token.markup} "
        elif token.type == "tr_open":
            cells, row = [], begin
        elif token.type == "tr_close" and cells is not None:
            words[row] = " | ".join(cells)
            cells = None
        elif token.type == "inline":
            lines = list(_inline(token.children if token.children is not None else ()))
            if cells is not None:
                cells.append(" ".join(lines))
                continue
            for number, line in enumerate(lines, begin):
                if said := " ".join(_CALLOUT.sub("", line).split()):
                    words[number] = marker + said
                    marker = ""
        elif token.type in {"fence", "code_block"}:
            words |= _by_line(token.content, begin + (token.type == "fence"))
        elif token.type == "html_block":
            words |= _by_line(entities_read(_TAG.sub(line_ends, _SILENT.sub(line_ends, token.content))), begin)
    return words


def _by_line(text: str, begin: int) -> dict[int, str]:
    return {number: line.strip() for number, line in enumerate(text.split("\n"), begin) if line.strip()}


def _inline(tokens: Iterable["Token"]) -> Iterator[str]:
    """The words of a paragraph, line by line."""
    line = ""
    for token in tokens:
        if token.type in {"softbreak", "hardbreak"}:
            yield line
            line = ""
        elif token.type in {"text", "code_inline", "text_special"}:
            line += token.content
    yield line
