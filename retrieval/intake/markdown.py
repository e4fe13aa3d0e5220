"""Markdown files: front matter between two lines of --- (YAML) or +++ (TOML), and the text below it."""

import re
import tomllib
from collections.abc import Mapping
from datetime import datetime

import yaml

from retrieval.errors import ArticleError
from retrieval.intake import dates
from retrieval.intake.metadata import NAMES, brief, language_code, one_line, web_address
from retrieval.intake.types import Draft, Metadata

# front matter is a few lines; two rules far apart are part of the text
_FRONT_MATTER = re.compile(r"(?P<rule>---|\+\+\+)[ \t]*\n(?P<fields>.{,50000}?)^(?P=rule)[ \t]*(?:\n|\Z)", re.S | re.M)
_ABSENT = frozenset({"~", "null", "Null", "NULL"})


def read(text: str) -> Draft:
    """The article of a Markdown file.

    Raises ArticleError where the front matter is no YAML or TOML, or has a value that its field cannot have: it is
    written by hand, so the mistake is worth knowing about.
    """
    match = _FRONT_MATTER.match(text)
    fields = _fields(match["rule"], match["fields"]) if match is not None else None
    if match is None or fields is None:
        return Draft(Metadata(), text)
    metadata = Metadata(
        title=_value(fields, "title"),
        source=_value(fields, "source"),
        url=_checked_url(_value(fields, "url")),
        published=_checked_date(_value(fields, "published")),
        language=language_code(_value(fields, "language")),
    )
    return Draft(metadata, text[match.end() :], 1 + text.count("\n", 0, match.end()))


def _fields(rule: str, written: str) -> Mapping[str, object] | None:
    """The fields of front matter; None where it is a sentence between two rules."""
    try:
        # BaseLoader leaves every value as it is written: to the others `No` is false and `12:30` is 750
        fields = tomllib.loads(written) if rule == "+++" else yaml.load(written, Loader=yaml.BaseLoader)
    except (yaml.YAMLError, tomllib.TOMLDecodeError, ValueError, RecursionError) as error:
        kind = "TOML" if rule == "+++" else "YAML"
        problem = " ".join(str(error).split())
        raise ArticleError(f"has front matter that is not valid {kind} ({problem}); mend it") from error
    if fields is None:
        return {}
    return fields if isinstance(fields, dict) else None


def _value(fields: Mapping[str, object], field: str) -> str | None:
    name = next((name for name in NAMES[field] if name in fields), None)
    value = fields[name] if name is not None else None
    if isinstance(value, dict | list):
        raise ArticleError(f"has {name} {brief(value)} in its front matter, expected one line of text; mend it")
    line = one_line(str(value)) if value is not None else None
    return line if line not in _ABSENT else None


def _checked_url(value: str | None) -> str | None:
    if value is not None and web_address(value) is None:
        raise ArticleError(f"has url {value!r} in its front matter, expected one such as https://example.org/a")
    return value


def _checked_date(value: str | None) -> datetime | None:
    found = dates.moment(value) if value is not None else None
    if value is not None and found is None:
        raise ArticleError(f"has date {value!r} in its front matter, expected one such as 2024-02-20; mend it")
    return found
