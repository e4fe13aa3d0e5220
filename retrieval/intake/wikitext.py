"""Wikitext, as MediaWiki's dumps and Wikinews have it: the words of its lines, without the markup.

{{date|March 4, 2005}}                                       (left out; published)
The ferry ''[[w:MS Halla|Halla]]'' had {{formatnum:212}}     The ferry Halla had 212
people on board, the {{w|coast guard}} said.<ref>A</ref>     people on board, the coast guard said.
== Rescue ==                                                 Rescue
[[Category:Transport]]                                       (left out)
"""

import re
from collections.abc import Sequence
from datetime import datetime

from retrieval.intake import dates
from retrieval.intake.markup import emptied, line_ends, with_heading_breaks
from retrieval.intake.metadata import entities_read
from retrieval.intake.types import Draft, Line, Metadata, text_lines

WIKI = "wiki markup without words"
MAX_ROUNDS = 20
# so many characters beside a template say whether it stands in a sentence
NEAR = 200

_LINK = re.compile(r"\[\[[^\[\]\n]{1,300}\]\]")
_TEMPLATE_ANYWHERE = re.compile(r"\{\{[^{}]{1,2000}\}\}")
_SECTION = re.compile(r"^==+[^=\n]+==+\s*$", re.M)
_EMPHASIS = re.compile(r"'{2,5}")
_TEMPLATE = re.compile(r"\{\{([^{}]*)\}\}")
_NO_PAGE = re.compile(r"\[\[\s*:?(?:File|Image|Category|Media)\s*:(?:[^\[\]]++|\[\[[^\[\]]*\]\])*+\]\]", re.IGNORECASE)
_INTERWIKI = re.compile(r"^\[\[[a-z]{2,3}:[^\[\]|]*\]\]\s*$", re.M)
_PAGE = re.compile(r"\[\[([^\[\]]*)\]\]")
_WEB = re.compile(r"\[https?://[^\s\[\]]+(?:\s++([^\[\]\n]*))?\]")
# each looks no further than the next of its kind, or a page of beginnings would take the square of its length
_TAG = re.compile(
    r"<ref\b[^<>]*/>|<(ref|gallery|math|score|timeline)\b(?:(?!</?\1\b).)*+</\1\s*>|<!--(?:(?!<!--|-->).)*+-->"
    r"|</?[a-z][^<>]*>",
    re.I | re.S,
)
_TABLE = re.compile(r"^\{\|(?:(?!^(?:\{\||\|\})).)*+^\|\}", re.M | re.S)
_BULLET = re.compile(r"^([*#:;]+)\s*")
_DATE = re.compile(r"\{\{\s*date\s*\|([^{}|]+)\}\}|\{\{\s*byline\b[^{}]*\|\s*date\s*=\s*([^{}|\n]+)", re.IGNORECASE)
# in a sentence too, these show no words of the article's
_SILENT = frozenset({"cite", "citation", "source", "image source", "ref", "efn", "sfn", "fact", "cn", "anchor"})
_MAGIC = re.compile(r"__[A-Z]+__")


def is_wikitext(text: str) -> bool:
    """Whether a text is wikitext: it has links in double brackets, and templates, headings or emphasis besides."""
    links = len(_LINK.findall(text))
    other = len(_TEMPLATE_ANYWHERE.findall(text)) + len(_SECTION.findall(text))
    return (links >= 1 and other >= 2) or (links >= 3 and (other >= 1 or len(_EMPHASIS.findall(text)) >= 2))


def read(text: str) -> Draft:
    """The article of a page of wikitext."""
    lines = text_lines(text)
    words = _words(text).split("\n")
    kept = [Line(line.number, said) for line, said in zip(lines, words, strict=True)]
    kept = _without_empty_sections(lines, kept)
    body = with_heading_breaks(lines, kept, lambda line: _heading(line) is not None)
    return Draft(Metadata(published=_date(text)), body, emptied(lines, kept, WIKI))


def _date(text: str) -> datetime | None:
    """The day that a template {{date|...}} names, or a parameter date= of the byline's."""
    match = _DATE.search(text)
    return dates.moment((match[1] or match[2]).strip()) if match is not None else None


def _words(text: str) -> str:
    """The text without its markup, as many lines as it has."""
    text = _TABLE.sub(line_ends, _TAG.sub(line_ends, text))
    # from the inside out
    for _ in range(MAX_ROUNDS):
        text, found = _TEMPLATE.subn(_template, text)
        if not found:
            break
    text = _NO_PAGE.sub(line_ends, _INTERWIKI.sub("", text))
    text = _PAGE.sub(lambda match: match[1].rpartition("|")[2], text)
    text = _EMPHASIS.sub("", _WEB.sub(lambda match: match[1] or "", text))
    return "\n".join(_line(line) for line in _MAGIC.sub("", text).split("\n"))


def _line(line: str) -> str:
    heading = _heading(line)
    said = heading if heading is not None else _BULLET.sub(lambda match: "- " if match[1][0] in "*#" else "", line)
    said = " ".join(entities_read(said).split())
    return said if said != "-" else ""


def _heading(line: str) -> str | None:
    """The words of a heading: "== Rescue ==" -> "Rescue"; None for another line."""
    line = line.rstrip()
    return line.strip("= \t") if len(line) > 1 and line[0] == line[-1] == "=" else None


def _template(match: re.Match[str]) -> str:
    """What a template shows: one that stands in a sentence its last words, one that stands alone nothing."""
    name, *parameters = match[1].split("|")
    if ":" in name and not parameters:
        return name.partition(":")[2].strip()
    before = match.string[max(0, match.start() - NEAR) : match.start()].rpartition("\n")[2].strip(" *#:;")
    after = match.string[match.end() : match.end() + NEAR].partition("\n")[0].strip(" .,;")
    words = [value.strip() for value in parameters if "=" not in value]
    if (before or after) and words and name.strip().lower() not in _SILENT:
        return words[-1]
    return line_ends(match)


def _without_empty_sections(lines: Sequence[Line], kept: Sequence[Line]) -> list[Line]:
    """The lines without the headings below which nothing is left."""
    result, words_below = list(kept), False
    for at in range(len(lines) - 1, -1, -1):
        if _heading(lines[at].text) is not None:
            if not words_below:
                result[at] = Line(kept[at].number, "")
            words_below = False
        elif kept[at].text:
            words_below = True
    return result
