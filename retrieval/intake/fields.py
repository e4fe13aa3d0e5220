"""The fields of a JSON object, as files of records and the JSON-LD of web pages write them."""

import json
from collections.abc import Iterator, Mapping
from datetime import timedelta
from typing import Any

from retrieval.errors import ArticleError
from retrieval.intake import dates
from retrieval.intake.metadata import NAMES, Given, Reading, first, merged, read_fields
from retrieval.intake.types import Metadata

# where an object keeps the value that it stands for
_INSIDE = {
    "title": ("rendered", "main"),
    "source": ("name", "title"),
    "url": ("@id", "url"),
    "published": ("@value",),
    "language": ("@value",),
}
# each takes some 200 bytes of memory, 30 times as many as it may take in the file
MAX_VALUES = 1_000_000
MAX_DIGITS = 1000
_MODIFIED = ("dateModified", "date_modified")
# a text changed so long after it was published is of the later day: its "today" is not the first day's
REVISED_AFTER = timedelta(days=30)


class _Twice:
    """What a field holds whose object names it twice, with different values."""

    def __repr__(self) -> str:
        return "two different values"


def load(text: str) -> Any:
    """What `text` says in JSON. Raises ArticleError where it is not JSON, or holds more than files of articles do."""
    if (count := text.count("{") + text.count("[")) > MAX_VALUES:
        raise ArticleError(f"holds {count:,} objects and arrays, more than the {MAX_VALUES:,} allowed; split it")
    try:
        return json.loads(text, object_pairs_hook=_object, parse_int=_integer)
    except RecursionError as error:
        raise ArticleError("is JSON nested deeper than articles are; leave it out of the corpus") from error
    except ValueError as error:
        raise ArticleError(f"is not valid JSON ({error}); fix it") from error


def metadata(fields: Mapping[str, Any], line: int = 1) -> Reading:
    """What an object says about its article, and the fields that say nothing; `line` is where it stands."""
    reading = read_fields(_given(fields, line))
    return Reading(_as_revised(fields, reading.metadata), reading.dropped)


def plain(fields: Mapping[str, Any], name: str, inside: tuple[str, ...]) -> object:
    """The value of a field, taken out of the array of one or the object (under `inside`) that it may stand in.

    Raises ArticleError where the object names the field twice.
    """
    value = _unwrapped(fields.get(name), inside)
    if isinstance(value, _Twice):
        raise ArticleError(f"names its {name} twice, and differently; keep one")
    return value


def _given(fields: Mapping[str, Any], line: int) -> Iterator[Given]:
    for field, names in NAMES.items():
        for name in names:
            if name in fields:
                value = _unwrapped(fields[name], _INSIDE[field])
                # an object without a name is as good as absent
                if value is not None:
                    yield Given(name, value, line)


def _unwrapped(value: object, inside: tuple[str, ...]) -> object:
    if isinstance(value, list) and len(value) == 1:
        value = value[0]
    return first(*(value.get(key) for key in inside)) if isinstance(value, dict) else value


def _as_revised(fields: Mapping[str, Any], said: Metadata) -> Metadata:
    """What the object says, with the day of the last change where that is long after the day of publication."""
    written = (_unwrapped(fields.get(name), ("@value",)) for name in _MODIFIED)
    modified = first(*(dates.moment(value) for value in written if isinstance(value, str)))
    if modified is None or said.published is None or modified - said.published <= REVISED_AFTER:
        return said
    return merged(Metadata(published=modified), said)


def _integer(digits: str) -> int | float:
    # Python refuses to read more than 4,300 digits as a whole number
    return int(digits) if len(digits) < MAX_DIGITS else float(digits)


def _object(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    fields: dict[str, Any] = {}
    for name, value in pairs:
        fields[name] = _Twice() if name in fields and fields[name] != value else value
    return fields
