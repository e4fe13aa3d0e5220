"""The fields of a JSON object, as files of records and the JSON-LD of web pages write them."""

import json
from collections.abc import Mapping
from typing import Any

from retrieval.errors import ArticleError
from retrieval.intake import dates
from retrieval.intake.metadata import NAMES, first, language_code, one_line, web_address
from retrieval.intake.types import Metadata

# where an object keeps the value that it stands for
_INSIDE = {
    "title": ("rendered",),
    "source": ("name",),
    "url": ("@id", "url"),
    "published": ("@value",),
    "language": ("@value",),
}


class _Twice:
    """What a field holds whose object names it twice, with different values."""


def load(text: str) -> Any:
    """What `text` says in JSON. Raises ArticleError where it is none."""
    try:
        return json.loads(text, object_pairs_hook=_object)
    except (ValueError, RecursionError) as error:
        raise ArticleError(f"is not valid JSON ({error}); mend it") from error


def metadata(fields: Mapping[str, Any]) -> Metadata:
    """What an object says about its article; a value of the wrong kind is as good as absent.

    Raises ArticleError where it names a field twice.
    """
    published = _line(fields, "published")
    return Metadata(
        title=_line(fields, "title"),
        source=_line(fields, "source"),
        url=web_address(_line(fields, "url")),
        published=dates.moment(published) if published is not None else None,
        language=language_code(_line(fields, "language")),
    )


def plain(fields: Mapping[str, Any], name: str, inside: tuple[str, ...]) -> object:
    """The value of a field, taken out of the array of one or the object (under `inside`) that it may stand in.

    Raises ArticleError where the object names the field twice.
    """
    value = fields.get(name)
    if isinstance(value, list) and len(value) == 1:
        value = value[0]
    if isinstance(value, dict):
        value = first(*(value.get(key) for key in inside))
    if isinstance(value, _Twice):
        raise ArticleError(f"names its {name} twice, and differently; keep one")
    return value


def _line(fields: Mapping[str, Any], field: str) -> str | None:
    value = first(*(plain(fields, name, _INSIDE[field]) for name in NAMES[field]))
    # True is an int too, and says nothing
    return one_line(str(value)) if isinstance(value, str | int | float) and not isinstance(value, bool) else None


def _object(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    fields: dict[str, Any] = {}
    for name, value in pairs:
        fields[name] = _Twice() if name in fields and fields[name] != value else value
    return fields
