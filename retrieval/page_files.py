"""The file that a page of the web becomes: its name, made of its address, and its content, in a stated encoding."""

import codecs
import hashlib
import json
import re
import unicodedata
from collections.abc import Iterator
from contextlib import suppress
from urllib.parse import unquote

from retrieval.errors import ArticleError
from retrieval.fetch import Page
from retrieval.intake.decoding import BROWSER_CODECS, BYTE_ORDER_MARKS
from retrieval.intake.types import Metadata
from retrieval.types import Article

MAX_NAME = 100
STORED_AS = {
    "text/html": ".html",
    "application/xhtml+xml": ".html",
    "text/plain": ".txt",
    "text/markdown": ".md",
    "application/json": ".json",
    "application/ld+json": ".json",
    "application/x-ndjson": ".ndjson",
    "multipart/related": ".mhtml",
    "message/rfc822": ".eml",
}
# stored as UTF-8, whatever they were sent in; the others say in what they are
_AS_UTF8 = frozenset({".html", ".txt", ".md"})
# the root of RSS 1.0, RSS 2.0 or Atom, behind what may stand before the root of any document
_FEED = re.compile(
    rb"(?:\xef\xbb\xbf)?(?:\s|<\?[^>]*>|<!--.*?-->|<!DOCTYPE[^>]*>)*+<(?:rss|feed|rdf:RDF)[\s>]", re.DOTALL
)
# encodings whose bytes are always UTF-8 as well, or can be
_ASCII_TOO = ("iso2022", "hz", "utf-16", "utf-32", "utf-7")


def as_file(url: str, page: Page) -> tuple[str, bytes]:
    """The name and the content of the file that a page becomes."""
    if _FEED.match(page.body):
        raise ArticleError("is a feed, expected an article; {take what is new in it}")
    suffix = STORED_AS.get(page.content_type)
    if suffix is None:
        kind = page.content_type if page.content_type else "of no stated type"
        raise ArticleError(f"is {kind}, expected a web page, plain text or JSON; save it as one and add the file")
    if not page.body.strip():
        raise ArticleError("is an empty page; check that a browser shows an article there")
    path = _page_name(url, suffix)
    mark = _mark(page.url) if suffix == ".html" else ""
    return path, _as_utf8(page, mark) if suffix in _AS_UTF8 else page.body


def with_fields(data: bytes, article: Article, known: Metadata) -> bytes:
    """The page below the fields that are `known` of its article and that it does not say itself."""
    fields = {
        "title": known.title if not article.title else None,
        "source": known.source if article.source is None else None,
        "date": known.published.isoformat() if known.published is not None and article.published is None else None,
    }
    lines = [f"{name}: {json.dumps(value)}\n" for name, value in fields.items() if value is not None]
    if not lines:
        return data
    mark = next((mark for mark in BYTE_ORDER_MARKS if data.startswith(mark)), b"")
    return mark + "".join(("---\n", *lines, "---\n")).encode() + data.removeprefix(mark)


def _page_name(url: str, suffix: str) -> str:
    """A name that every file system takes, made of host and path, and told from others by 8 digits of a hash.

    https://www.example.org/world/talks-in-geneva.html?p=2 -> example-org-world-talks-in-geneva-93a9d0ab.html
    """
    address = url.partition("#")[0]
    where = unquote(address.partition("://")[2].partition("?")[0]).removeprefix("www.").removesuffix(".html")
    plain = unicodedata.normalize("NFKD", where).encode("ascii", "ignore").decode().lower()
    ending = f"-{hashlib.sha256(address.encode()).hexdigest()[:8]}{suffix}"
    slug = re.sub(r"[^a-z0-9]+", "-", plain).strip("-")
    return slug[: MAX_NAME - len(ending)].strip("-") + ending


def _mark(url: str) -> str:
    """The line by which browsers note where a saved page is from, "mark of the web": the URL and its length."""
    url = url.replace(">", "%3E")  # or it could close the comment
    return f"<!-- saved from url=({len(url):04d}){url} -->\r\n"


def _as_utf8(page: Page, before: str) -> bytes:
    """`before` and the page: in UTF-8 with a byte order mark where its charset is known, else with its bytes as sent.

    The server's word for the charset is not in the file, and would be lost. A byte order mark outranks what the page
    says of itself, which is then no longer true (https://html.spec.whatwg.org/#determining-the-character-encoding).
    """
    for charset in _charsets(page):
        with suppress(LookupError, ValueError):
            return codecs.BOM_UTF8 + (before + page.body.decode(charset)).encode()
    return before.encode() + page.body


def _charsets(page: Page) -> Iterator[str]:
    """What the page may be in by its byte order mark or by the server's word, the likelier first."""
    for mark, charset in BYTE_ORDER_MARKS.items():
        if page.body.startswith(mark):
            yield charset
    if page.charset is not None:
        with suppress(LookupError, ValueError):
            stated = codecs.lookup(page.charset).name
            if not stated.startswith(_ASCII_TOO):
                # many servers say Latin-1 of everything, and what is UTF-8 by accident is rare
                yield "utf-8"
            yield BROWSER_CODECS.get(stated, stated)
