"""HTML pages: the article's text by trafilatura, and what the page itself declares about the article.

trafilatura (Barbaresi, "Trafilatura: a web scraping library and command-line tool", ACL 2021) tells an article from
the menus, teasers and comments around it. Its metadata are not used, because it fills gaps with guesses, such as the
host's name for the source. Here a field is what the page's JSON-LD, a meta tag, the canonical link, or the page's one
<h1> or <time> says; else it is absent.
"""

import itertools
import logging
import re
from collections.abc import Iterator
from datetime import datetime
from typing import Any

from retrieval.errors import ArticleError
from retrieval.intake import dates
from retrieval.intake.decoding import tidy
from retrieval.intake.fields import load, metadata
from retrieval.intake.metadata import first, language_code, one_line, web_address
from retrieval.intake.types import Draft, Metadata

# trafilatura's time grows with the square of this; long pages of news have some 10,000
MAX_ELEMENTS = 20_000

_HEAD = 4096
_CHARSET = re.compile(rb"<(?:meta|\?xml)[^>]{1,200}?(?:charset|encoding)\s*=\s*[\"']?\s*([\w:-]+)", re.IGNORECASE)
_PAGE = re.compile(rb"\s*(?:<\?xml[^>]*>\s*)?(?:<!--.{0,1000}?-->\s*)*<(?:!doctype\s+html|html)\b", re.I | re.S)
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
_NO_TEXT = (
    "//figcaption",
    "//blockquote[contains(@class, 'twitter-tweet') or contains(@class, 'instagram-media')"
    " or contains(@class, 'tiktok-embed')]",
)
_TABLE_RULE = re.compile(r"[\s|:-]*")
_BLOCKS = "article blockquote br dd div dt figcaption h1 h2 h3 h4 h5 h6 header li p pre section td th tr"


def declared_charset(data: bytes) -> str | None:
    """The encoding that a page names in its first lines."""
    match = _CHARSET.search(data[:_HEAD])
    return match[1].decode("ascii") if match is not None else None


def begins_page(data: bytes) -> bool:
    """Whether the bytes are an HTML page, whatever the file's name says."""
    return _PAGE.match(data[:_HEAD]) is not None


def read(text: str) -> Draft:
    """The article of a page. Raises ArticleError where there is none, or the page is too large to tell."""
    tree = _tree(text)
    return Draft(_declared(tree, text[:_HEAD]), _article_text(tree), from_page=True)


def fragment_text(markup: str) -> str:
    """The text of a piece of HTML, with a blank line between its blocks: "<p>A <b>b</b></p><p>c" -> "A b\\n\\nc"."""
    tree = _tree(f"<div>{' '.join(markup.split())}</div>")
    for element in tree.xpath("//script | //style | //head"):
        element.drop_tree()
    for element in tree.iter(*_BLOCKS.split()):
        element.text = "\n" + (element.text if element.text is not None else "")
        element.tail = "\n" + (element.tail if element.tail is not None else "")
    return _parted(tree.text_content())


def _tree(text: str) -> Any:
    import lxml.etree  # type: ignore[import-untyped]
    import lxml.html  # type: ignore[import-untyped]

    parser = lxml.html.HTMLParser(encoding="utf-8", remove_comments=True, remove_pis=True, collect_ids=False)
    try:
        tree = lxml.html.document_fromstring(text.encode(), parser=parser)
    except lxml.etree.LxmlError as error:
        raise ArticleError(f"is no HTML page ({error}); leave it out of the corpus") from error
    if next(itertools.islice(tree.iter(), MAX_ELEMENTS, None), None) is not None:
        raise ArticleError(f"has more than {MAX_ELEMENTS:,} HTML elements; save its article alone")
    # libxml2 leaves out, without a word, what comes after an element 256 deep or a text of 10 MB
    if any(entry.type_name == "ERR_RESOURCE_LIMIT" for entry in parser.error_log):
        raise ArticleError("is nested deeper, or has a longer text, than a page of news; save its article alone")
    return tree


def _article_text(tree: Any) -> str:
    from trafilatura import bare_extraction

    # what it would say here is said by the ArticleError
    logging.getLogger("trafilatura").setLevel(logging.CRITICAL)
    for precision in (True, False):
        document = bare_extraction(
            tree, favor_precision=precision, include_comments=False, prune_xpath=list(_NO_TEXT), with_metadata=False
        )
        text = _parted(getattr(document, "text", None) or "")
        if text:
            return text
    raise ArticleError("is an HTML page without an article; leave it out of the corpus")


def _parted(text: str) -> str:
    """The lines of `text` that say something, with a blank line between each."""
    lines = (" ".join(line.split()) for line in tidy(text).split("\n"))
    return "\n\n".join(line for line in lines if _TABLE_RULE.fullmatch(line) is None)


def _declared(tree: Any, head: str) -> Metadata:
    said = _json_ld(tree)
    tags = _meta_tags(tree)
    saved_from = _SAVED_FROM.search(head)
    return Metadata(
        title=first(said.title, one_line(tags.get("og:title")), _only_heading(tree), _title(tree)),
        source=first(said.source, *(_site_name(tags.get(name)) for name in _SOURCE_TAGS)),
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


def _json_ld(tree: Any) -> Metadata:
    """What the first article among the page's JSON-LD objects says."""
    for script in tree.iter("script"):
        if script.get("type") != "application/ld+json" or script.text is None:
            continue
        try:
            for fields in _objects(load(script.text)):
                kinds = fields.get("@type")
                names = kinds if isinstance(kinds, list) else [kinds]
                if any(isinstance(name, str) and name.endswith(("Article", "BlogPosting")) for name in names):
                    return metadata(fields)
        except ArticleError:
            continue
    return Metadata()


def _objects(value: object) -> Iterator[dict[str, Any]]:
    for item in value if isinstance(value, list) else [value]:
        if isinstance(item, dict):
            yield item
            graph = item.get("@graph")
            if isinstance(graph, list):
                yield from (node for node in graph if isinstance(node, dict))


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
