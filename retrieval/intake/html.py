"""HTML pages: the article's text, and what the page itself declares about the article.

A field is what the page's JSON-LD, a meta tag, the canonical link, or the page's one <h1> or <time> says; else it is
absent. trafilatura's own metadata are not used, because it fills gaps with guesses, such as the host's name for the
source.
"""

import re
from collections.abc import Mapping
from datetime import datetime
from typing import Any

from retrieval.errors import ArticleError
from retrieval.intake import dates, extraction
from retrieval.intake.blocks import blocks
from retrieval.intake.decoding import tidy
from retrieval.intake.extraction import Verdict
from retrieval.intake.fields import metadata
from retrieval.intake.json_ld import DeclaredArticle, declared_article
from retrieval.intake.metadata import first, language_code, one_line, web_address, without_source
from retrieval.intake.types import Draft, Line, Metadata, text_lines
from retrieval.types import Dropped

# trafilatura's time grows with the square of this; long pages of news have some 10,000
MAX_ELEMENTS = 20_000
# and libxml2's with the square of this; an element of a page has some ten
MAX_ATTRIBUTES = 1000
# the names of an element are looked at again for each one in it
MAX_NAMES = 10_000
# the body that a page declares is taken where it is so long, and so many times as long as what the page shows
MIN_BODY_WORDS, BODY_SHARE = 50, 2
# what is left out and shorter is a menu's, and not worth naming
NAMED_WORDS = 12

_HEAD = 4096
_CHARSET = re.compile(rb"<(?:meta|\?xml)[^>]{1,200}?(?:charset|encoding)\s*=\s*[\"']?\s*([\w:-]+)", re.IGNORECASE)
_PAGE = re.compile(
    rb"\s*(?:<\?xml[^>]*>\s*)?(?:<!--(?:(?!-->).){0,1000}-->\s*)*<(?:!doctype\s+html|html)\b", re.I | re.S
)
# browsers write this into the pages that they save
_SAVED_FROM = re.compile(r"<!--\s*saved from url=\(\d+\)(\S+)\s*-->")

_SOURCE_TAGS = ("og:site_name", "publisher", "dc.publisher", "citation_publisher")
_DATE_TAGS = (
    "article:published_time",
    "datepublished",
    "dc.date.issued",
    "dcterms.issued",
    "dc.date",
    "date",
    "pubdate",
    "publishdate",
    "publish-date",
    "parsely-pub-date",
    "sailthru.date",
)
_DESCRIPTION_TAGS = ("description", "og:description", "twitter:description", "dc.description")


def declared_charset(data: bytes) -> str | None:
    """The encoding that a page names in its first lines."""
    match = _CHARSET.search(data[:_HEAD])
    return match[1].decode("ascii") if match is not None else None


def begins_page(data: bytes) -> bool:
    """Whether the bytes are an HTML page, whatever the file's name says."""
    return _PAGE.match(data[:_HEAD]) is not None


def read(text: str) -> Draft:
    """The article of a page, its lines numbered by the blocks of the page.

    Raises ArticleError where there is none, or the page is too large to tell.
    """
    tree = _tree(text)
    tags = _meta_tags(tree)
    headlines = (one_line(tags.get("og:title")), _only_heading(tree), _title(tree))
    article = declared_article(tree, frozenset(line for line in headlines if line is not None))
    said = _declared(tree, tags, article, text[:_HEAD])
    descriptions = (*article.descriptions, *(tags[name] for name in _DESCRIPTION_TAGS if name in tags))
    body = fragment_text(article.body) if article.body else ""
    declared = extraction.Declared(
        title=said.title if said.title is not None else "",
        descriptions=tuple(line for text in descriptions if (line := one_line(text)) is not None),
        body=body,
    )
    verdicts = extraction.judge(tree, declared)
    shown = sum(verdict.block.words for verdict in verdicts if verdict.reason is None)
    # a script would show the rest, or a reader's subscription
    if len(body.split()) > max(MIN_BODY_WORDS, shown * BODY_SHARE):
        return Draft(said, text_lines(body), (), from_page=True)
    if not shown:
        raise ArticleError("is an HTML page without an article; leave it out of the corpus")
    return Draft(said, _kept(verdicts), _left_out(verdicts), from_page=True)


def fragment_text(markup: str) -> str:
    """The text of a piece of HTML, with a blank line between its blocks: "<p>A <b>b</b></p><p>c" -> "A b\\n\\nc"."""
    return "\n\n".join(tidy(block.text) for block in blocks(_tree(f"<div>{' '.join(markup.split())}</div>")))


def _kept(verdicts: list[Verdict]) -> tuple[Line, ...]:
    lines: list[Line] = []
    for number, verdict in enumerate(verdicts, 1):
        text = tidy(verdict.block.text)
        if verdict.reason is None and text:
            lines += [Line(number, ""), Line(number, text)]
    return tuple(lines[1:])


def _left_out(verdicts: list[Verdict]) -> tuple[Dropped, ...]:
    """The long paragraphs of the page that are not of its article."""
    return tuple(
        Dropped(number, tidy(verdict.block.text), verdict.reason)
        for number, verdict in enumerate(verdicts, 1)
        if verdict.reason is not None and verdict.block.words >= NAMED_WORDS
    )


class _Size:
    """Counts what is in a page while it is parsed, before a tree of it would take too much memory or time."""

    def __init__(self) -> None:
        self._elements = 0

    def start(self, tag: str, attributes: Mapping[str, str]) -> None:
        self._elements += 1
        if self._elements > MAX_ELEMENTS:
            raise ArticleError(f"has more than {MAX_ELEMENTS:,} HTML elements; save its article alone")
        if len(attributes.get("class", "")) + len(attributes.get("id", "")) > MAX_NAMES:
            raise ArticleError(
                f"has an HTML element with a class of more than {MAX_NAMES:,} characters; save its article alone"
            )
        if len(attributes) > MAX_ATTRIBUTES:
            raise ArticleError(
                f"has an HTML element of more than {MAX_ATTRIBUTES:,} attributes; save its article alone"
            )

    def close(self) -> None:
        """Nothing is made of it."""


def _tree(text: str) -> Any:
    import lxml.etree  # type: ignore[import-untyped]
    import lxml.html  # type: ignore[import-untyped]

    data = text.encode()
    parser = lxml.html.HTMLParser(encoding="utf-8", remove_comments=True, remove_pis=True, collect_ids=False)
    try:
        # in a shorter text there is no room for so many
        if len(data) > MAX_ATTRIBUTES:
            lxml.etree.fromstring(data, lxml.etree.HTMLParser(encoding="utf-8", target=_Size()))
        tree = lxml.html.document_fromstring(data, parser=parser)
    except lxml.etree.LxmlError as error:
        raise ArticleError(f"is not an HTML page ({error}); leave it out of the corpus") from error
    # libxml2 leaves out, without a word, what comes after an element 256 deep or a text of 10 MB
    if any(entry.type_name == "ERR_RESOURCE_LIMIT" for entry in parser.error_log):
        raise ArticleError("is nested deeper, or has a longer text, than a page of news; save its article alone")
    return tree


def _declared(tree: Any, tags: dict[str, str], article: DeclaredArticle, head: str) -> Metadata:
    said = metadata(article.fields).metadata
    saved_from = _SAVED_FROM.search(head)
    source = first(said.source, *(_site_name(tags.get(name)) for name in _SOURCE_TAGS))
    title = first(said.title, one_line(tags.get("og:title")), _only_heading(tree), _title(tree))
    return Metadata(
        title=without_source(title, source) if title is not None else None,
        source=source,
        url=first(
            *(web_address(link.get("href")) for link in tree.xpath("//link[@rel='canonical']")),
            web_address(tags.get("og:url")),
            said.url,
            web_address(saved_from[1]) if saved_from is not None else None,
        ),
        published=first(
            said.published,
            *(dates.moment(tags[name]) for name in _DATE_TAGS if name in tags),
            _only_time(tree),
        ),
        language=first(language_code(tree.get("lang")), said.language, language_code(tags.get("content-language"))),
    )


def _site_name(value: str | None) -> str | None:
    # some pages name their account on another site instead
    return one_line(value) if web_address(value) is None else None


def _meta_tags(tree: Any) -> dict[str, str]:
    """What each meta tag says, by its name in small letters; the first of a name counts."""
    tags: dict[str, str] = {}
    for tag in tree.iter("meta"):
        names = (tag.get(attribute) for attribute in ("property", "name", "itemprop", "http-equiv"))
        content = tag.get("content")
        for name in names:
            if name is not None and content is not None and content.strip():
                tags.setdefault(name.strip().lower(), content)
    return tags


def _only_heading(tree: Any) -> str | None:
    headings = {line for heading in tree.iter("h1") if (line := one_line(heading.text_content())) is not None}
    return headings.pop() if len(headings) == 1 else None


def _title(tree: Any) -> str | None:
    return first(*(one_line(title.text_content()) for title in tree.xpath("//head/title")))


def _only_time(tree: Any) -> datetime | None:
    """The date that the page marks as that of publication, or else the one day that all its <time> elements name."""
    for element in tree.xpath("//*[@itemprop='datePublished' or @pubdate]"):
        written = first(element.get("datetime"), element.get("content"))
        found = dates.moment(written) if written is not None else None
        if found is not None:
            return found
    moments = [found for time in tree.iter("time") if (found := dates.moment(time.get("datetime", ""))) is not None]
    return moments[0] if len({found.date() for found in moments}) == 1 else None
