"""What Discord refuses, and what no words of the bot may do. The limits of messages and forms are simcord's."""

import re
from collections.abc import Callable, Iterable, Iterator
from typing import Any
from urllib.parse import urlsplit

from simcord.components import ComponentValidationError, validate_message_state

Json = dict[str, Any]
# a backslash with what it escapes; or code, in which nothing has a meaning
_ESCAPE_OR_CODE = re.compile(r"(\\.)|```.*?```|`[^`\n]*`", re.DOTALL)
_LEAK = re.compile(r"(?<![\w:/.~-])(?:~|/[\w.-]+)/[\w./-]+|Traceback \(most recent call last\)|File \"")


class ApiError(Exception):
    """An answer with an error status. One that is `fair` a correct bot can meet too; every other is a violation."""

    def __init__(self, status: int, code: int, message: str, fair: bool = False) -> None:
        super().__init__(f"{status} {code} {message}")
        self.status, self.code, self.message, self.fair = status, code, message, fair


def check_message(content: str, embeds: list[Json], components: list[Json]) -> None:
    """Raises ApiError where Discord does not take a message, as it would stand after the request."""
    check(validate_message_state, components, flags=0, content=content, embeds=embeds, require_nonempty=True)
    for embed in embeds:
        fields = [field.get(key) or "" for field in embed.get("fields") or [] for key in ("name", "value")]
        link = urlsplit(embed.get("url") or "https://none")
        if not all(text.strip() for text in fields) or link.scheme not in ("http", "https") or not link.netloc:
            raise ApiError(400, 50035, f"a field without words, or a link that Discord does not take: {embed}")


def check(validate: Callable[..., object], *values: object, **others: object) -> None:
    """Raises ApiError where one of simcord's checks does not pass."""
    try:
        validate(*values, **others)
    except ComponentValidationError as error:
        raise ApiError(400, 50035, str(error)) from error


def word_violations(content: str, embeds: list[Json], allowed: Json | None, heard: Iterable[str]) -> list[str]:
    """What a message breaks by its words: nobody is called, and nothing told of the machine but what people `heard`."""
    footers = [(embed.get("footer") or {}).get("text") or "" for embed in embeds]
    leaks = [(leak, text) for text in (content, *embed_texts(embeds), *footers) for leak in given_away(text, heard)]
    return [f"calls {who}: {content!r}" for who in pinged(content, allowed)] + [f"tells {one}" for one in leaks]


def embed_texts(embeds: Iterable[Json]) -> Iterator[str]:
    """Every text of these embeds that may hold markdown; a footer is shown letter by letter."""
    for embed in embeds:
        yield from (embed.get(part) or "" for part in ("title", "description"))
        for field in embed.get("fields") or []:
            yield from (field["name"], field["value"])


def pinged(content: str, allowed: Json | None) -> list[str]:
    """Who is notified by these words: "everyone", "here", "users:ID", "roles:ID". Embeds and code ping nobody.

    A backslash keeps nobody from being notified: it only changes what is shown.

    >>> pinged("@everyone, <@5>", None), pinged("@everyone, <@5>", {"parse": []})
    (['everyone', 'users:5'], [])
    """
    words = _ESCAPE_OR_CODE.sub(lambda match: match[1] or " ", content)
    parse = ["everyone", "users", "roles"] if allowed is None else allowed.get("parse", [])
    found = sorted(set(re.findall(r"@(everyone|here)", words))) if "everyone" in parse else []
    for kind, pattern in (("users", r"<@!?(\d+)>"), ("roles", r"<@&(\d+)>")):
        named = [str(one) for one in (allowed or {}).get(kind, [])]
        found += [f"{kind}:{one}" for one in re.findall(pattern, words) if kind in parse or one in named]
    return found


def given_away(text: str, heard: Iterable[str] = ()) -> list[str]:
    """Paths and signs of a traceback, but for those that somebody has `heard` before.

    >>> given_away("/srv/news/a.txt and /etc/b are empty", ["add /etc/b"])
    ['/srv/news/a.txt']
    """
    found = _LEAK.findall(re.sub(r"\\([!-/:-@\[-`{-~])", r"\1", text))
    return [each for each in found if not any(each in said for said in heard)]
