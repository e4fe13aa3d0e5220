"""What a page says of its article in JSON-LD (schema.org), as content systems write it and not only as it should be.

//<![CDATA[ {"@type": "NewsArticle", "headline": "A",} //]]>        wrapped in CDATA, a comma too many
{"@type": "WebPage", "mainEntity": {"@type": "NewsArticle", ...}}   within another object
[{"@type": "NewsArticle", ...}, {"@type": "NewsArticle", ...}]      that of the page is the one with its headline
"""

import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from retrieval.errors import ArticleError
from retrieval.intake.fields import load
from retrieval.intake.metadata import one_line

_INSIDE = ("@graph", "mainEntity", "mainEntityOfPage", "hasPart", "itemListElement", "item")
_DESCRIPTIONS = ("description", "alternativeHeadline", "abstract")
MAX_DEPTH = 6
# a comma before a closing bracket; a string is passed over whole
_COMMA_TOO_MANY = re.compile(r'("(?:[^"\\]|\\.)*+"?)|,(?=\s*[}\]])', re.DOTALL)
_RAW_CONTROL = re.compile(r"[\x00-\x1f]")


@dataclass(frozen=True, slots=True)
class DeclaredArticle:
    """The fields of the article object; what it says of the text: descriptions, and the body, "" where it has none."""

    fields: Mapping[str, Any]
    descriptions: tuple[str, ...] = ()
    body: str = ""


def declared_article(tree: Any, headlines: frozenset[str]) -> DeclaredArticle:
    """The article object of the page: the one with one of its headlines or, where none has, the first."""
    found = [fields for script in _scripts(tree) for fields in _articles(script, MAX_DEPTH)]
    if not found:
        return DeclaredArticle({})
    fields = next((fields for fields in found if one_line(_string(fields, "headline")) in headlines), found[0])
    return DeclaredArticle(
        fields,
        tuple(text for name in _DESCRIPTIONS if (text := _string(fields, name))),
        _string(fields, "articleBody"),
    )


def _scripts(tree: Any) -> Iterator[Any]:
    for script in tree.iter("script"):
        kind = script.get("type", "").partition(";")[0].strip().lower()
        if kind == "application/ld+json" and script.text is not None:
            try:
                yield load(script.text)
            except ArticleError:
                yield _mended(script.text)


def _mended(text: str) -> object:
    """What the first JSON value in `text` says, common mistakes corrected; None where there is none."""
    start = min((at for at in (text.find("{"), text.find("[{")) if at >= 0), default=-1)
    if start < 0:
        return None
    without = _COMMA_TOO_MANY.sub(lambda match: match[1] or "", _RAW_CONTROL.sub(" ", text[start:]))
    try:
        return json.JSONDecoder(strict=False).raw_decode(without)[0]
    except (ValueError, RecursionError):
        return None


def _articles(value: object, depth: int) -> Iterator[Mapping[str, Any]]:
    for item in value if isinstance(value, list) else [value]:
        if not isinstance(item, dict) or depth == 0:
            continue
        if _is_article(item.get("@type")):
            yield item
        for name in _INSIDE:
            yield from _articles(item.get(name), depth - 1)


def _is_article(kinds: object) -> bool:
    names = kinds if isinstance(kinds, list) else [kinds]
    return any(isinstance(name, str) and name.endswith(("Article", "BlogPosting")) for name in names)


def _string(fields: Mapping[str, Any], name: str) -> str:
    value = fields.get(name)
    return value if isinstance(value, str) else ""
