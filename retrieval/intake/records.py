"""JSON files: one object, an array of objects, or an object a line.

The names are plain ones, schema.org's or a JSON Feed's, and those of common exports (see `metadata.NAMES` and `TEXT`):

{"title": ..., "text": ..., "url": ..., "source": ..., "date": ..., "language": ...}
{"@type": "NewsArticle", "headline": ..., "articleBody": ..., "mainEntityOfPage": {"@id": ...},
 "publisher": {"name": ...}, "datePublished": ..., "inLanguage": ...}
{"response": {"results": [{"webTitle": ..., "fields": {"bodyText": ...}}]}}
"""

import re
from collections.abc import Iterator, Mapping
from pathlib import PurePosixPath
from typing import Any

from retrieval.errors import ArticleError
from retrieval.intake.decoding import tidy
from retrieval.intake.fields import load, metadata, plain
from retrieval.intake.html import fragment_text
from retrieval.intake.metadata import brief, entities_read
from retrieval.intake.types import Draft, Record, text_lines
from retrieval.types import Skipped

# a file of this many is a database, and each may have to be named in a report
MAX_RECORDS = 100_000
LINES = frozenset({".jsonl", ".ndjson"})
TEXT = (
    *("text", "body", "articleBody", "content", "content_text", "content_html", "maintext", "main_text", "textContent"),
    *("bodyText", "full_text", "fulltext", "article_text", "articleText", "cleaned_text", "plain_text", "raw_text"),
)
# where an object keeps its records
LISTS = ("@graph", "articles", "items", "results", "docs", "posts", "entries", "data")
# and where what it says of them, or of itself
_WRAPPERS = ("response", "data")
_TAG = re.compile(
    r"\s*<(?:!doctype|html|body|article|section|div|p|h[1-6]|ul|ol|blockquote|figure|span)\b[^<>]*>", re.IGNORECASE
)
# what NewsAPI puts in place of the rest
_CUT_OFF = re.compile(r"(?<!\s)\s*+(?:(?:…|\.\.\.)\s*+)?\[\+[\d,]+ chars\]\s*$")
_REMOVED = "[Removed]"


def read(text: str, path: str) -> Iterator[Record | Skipped]:
    """The records of a JSON file; its other lines or items are Skipped, by their place.

    A .jsonl file has an object a line, and so may a .json file that is not JSON as a whole. Raises ArticleError
    where the file is not JSON.
    """
    feed = PurePosixPath(path).suffix.lower() in LINES
    # a .jsonl file of one line is a feed that has just begun
    if feed and _opens_with_object(text):
        return _lines(text, path)
    whole = _loaded(text)
    if not isinstance(whole, ArticleError):
        return _items(whole, path)
    if feed or _opens_with_object(text):
        return _lines(text, path)
    raise whole


def draft(record: Record) -> Draft:
    """The article that a record holds. Raises ArticleError where it has no text, or two, or one that was removed."""
    fields = record.fields
    # the Guardian's API
    if isinstance(fields.get("fields"), dict):
        fields = {**fields["fields"], **fields}
    reading = metadata(fields, max(record.place, 1))
    return Draft(reading.metadata, text_lines(_text(fields)), reading.dropped)


def key(fields: Mapping[str, Any], draft: Draft) -> tuple[str, str]:
    """What tells a record from the others of its file: the kind of thing (url, id, title or text), and the thing."""
    name = fields.get("id", fields.get("@id"))
    if draft.metadata.url is not None:
        return "url", draft.metadata.url
    if isinstance(name, str | int):
        return "id", str(name)
    return ("title", draft.metadata.title) if draft.metadata.title is not None else ("text", draft.text)


def _opens_with_object(text: str) -> bool:
    return isinstance(_loaded(text.lstrip().partition("\n")[0]), dict)


def _lines(text: str, path: str) -> Iterator[Record | Skipped]:
    _check_number(text.count("\n"))
    for number, line in enumerate(text.split("\n"), 1):
        if line.strip():
            yield _record(_loaded(line), number, path)


def _items(value: object, path: str) -> Iterator[Record | Skipped]:
    if isinstance(value, dict):
        value = _unwrapped(value)
    if isinstance(value, dict):
        yield Record(0, value)
    elif isinstance(value, list):
        _check_number(len(value))
        for position, item in enumerate(value, 1):
            yield _record(item, position, path)
    else:
        raise ArticleError(f"holds {brief(value)}, expected an object with a text, or an array of them")


def _check_number(records: int) -> None:
    if records > MAX_RECORDS:
        raise ArticleError(f"holds {records:,} records, more than the {MAX_RECORDS:,} allowed; split it")


def _unwrapped(value: dict[str, Any]) -> object:
    """The array that `value` is wrapped around, or itself; of a schema.org graph, what has a text."""
    if any(field in value for field in TEXT):
        return value
    for wrapper in _WRAPPERS:
        if isinstance(value.get(wrapper), dict):
            value = value[wrapper]
    name = next((name for name in LISTS if isinstance(value.get(name), list)), None)
    if name is None:
        return value
    if name != "@graph":
        return value[name]
    nodes = [node for node in value[name] if isinstance(node, dict) and any(field in node for field in TEXT)]
    return nodes[0] if len(nodes) == 1 else nodes


def _record(value: object, place: int, path: str) -> Record | Skipped:
    if isinstance(value, dict):
        return Record(place, value)
    problem = value if isinstance(value, ArticleError) else f"is {brief(value)}, expected an object with a text"
    return Skipped(f"{path}:{place}", str(problem))


def _loaded(text: str) -> object:
    """What `text` says in JSON, or the ArticleError that says why it is not."""
    try:
        return load(text)
    except ArticleError as error:
        return error


def _text(fields: Mapping[str, Any]) -> str:
    for name in TEXT:
        value = plain(fields, name, ("rendered",))
        if value is None:
            continue
        if not isinstance(value, str):
            raise ArticleError(f"has {name} {brief(value)}, expected a string")
        text = _CUT_OFF.sub("", tidy(value))
        if text.strip() == _REMOVED:
            raise ArticleError("was removed by its publisher; delete it")
        if text.strip():
            return fragment_text(text) if _TAG.match(text) else entities_read(text)
    raise ArticleError(f"has no text (expected in one of the fields {', '.join(TEXT)})")
