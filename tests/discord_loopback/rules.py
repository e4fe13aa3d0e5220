"""What Discord refuses, as it refuses it: limits of messages, components, modals, choices, commands; and who is pinged.

Every check returns what is wrong, as sentences; an empty list is a request that Discord takes. Lengths are code points.
"""

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Any
from urllib.parse import urlsplit

Json = dict[str, Any]

EPHEMERAL = 1 << 6
LOADING = 1 << 7
COMPONENTS_V2 = 1 << 15

ROW, BUTTON, TEXT_INPUT, SECTION, TEXT, LABEL = 1, 2, 4, 9, 10, 18
SELECTS = (3, 5, 6, 7, 8)
LINK, PREMIUM = 5, 6
EMBED_PARTS = ("title", "description", "fields", "footer", "author", "image", "thumbnail")
V2_TOP = (ROW, SECTION, TEXT, 12, 13, 14, 17)
# a backslash with what it escapes; or code, in which nothing has a meaning
ESCAPE_OR_CODE = re.compile(r"(\\.)|```.*?```|`[^`\n]*`", re.DOTALL)


class Rule(StrEnum):
    """The rules whose breach fails a test."""

    UNKNOWN_ROUTE = "a route that this server does not have"
    UNACKNOWLEDGED = "an interaction was not acknowledged in time"
    ACKNOWLEDGED_LATE = "an interaction was acknowledged too late, or does not exist (10062)"
    ACKNOWLEDGED_TWICE = "an interaction was acknowledged twice (40060)"
    WRONG_CALLBACK = "this type of callback does not answer this type of interaction"
    EXPIRED_TOKEN = "an interaction token was used after its 15 minutes (50027)"
    UNKNOWN_WEBHOOK = "an interaction token that does not exist, or is not acknowledged yet (10015)"
    UNKNOWN_MESSAGE = "a message that does not exist, or that a bot cannot see (10008)"
    LIMIT = "a limit of Discord's (50035)"
    EMPTY_MESSAGE = "an empty message (50006)"
    PING = "a message that pings, or an embed that names somebody as if it did"
    INJECTED = "a link made by the words of an article or a question"
    LEAK = "a path of this machine, or a traceback, in a message"
    CHOICES = "choices that cannot be shown"
    COMMANDS = "commands that cannot be synced (50035)"
    NOT_YOURS = "somebody else's message cannot be edited (50005)"
    BAD_REQUEST = "a request that cannot be read (50109)"
    LATE_HEARTBEAT = "a heartbeat came late: the event loop was blocked"
    GATEWAY = "a gateway message that is not understood"
    TOKEN_LOGGED = "a token was printed"


@dataclass(frozen=True, slots=True)
class Violation:
    """One breach of a rule."""

    rule: Rule
    detail: str

    def __str__(self) -> str:
        return f"{self.rule.value}: {self.detail}"


class ApiError(Exception):
    """An answer with an error status. `rule` is None where a correct bot can meet it too."""

    def __init__(self, status: int, code: int, message: str, rule: Rule | None = None) -> None:
        super().__init__(f"{status} {code} {message}")
        self.status, self.code, self.message, self.rule = status, code, message, rule


def message_faults(
    content: str, embeds: Sequence[Json], components: Sequence[Json], flags: int, files: int
) -> list[str]:
    """What is wrong with a whole message, as it would stand after the request."""
    faults = [*_sizes("content", content, 0, 2000), *_sizes("embeds", embeds, 0, 10), *embed_faults(embeds)]
    if files > 10:
        faults.append(f"attachments: {files}, at most 10")
    if flags & COMPONENTS_V2 and (content or embeds):
        faults.append("components v2: neither content nor embeds may be beside them")
    return faults + component_faults(components, bool(flags & COMPONENTS_V2))


def embed_faults(embeds: Sequence[Json]) -> list[str]:
    """What is wrong with the embeds of one message, their 6,000 characters together included."""
    faults: list[str] = []
    total = 0
    for index, embed in enumerate(embeds):
        at = f"embeds[{index}]"
        fields = embed.get("fields") or []
        texts = [
            (f"{at}.title", embed.get("title"), 0, 256),
            (f"{at}.description", embed.get("description"), 0, 4096),
            (f"{at}.footer.text", (embed.get("footer") or {}).get("text"), 0, 2048),
            (f"{at}.author.name", (embed.get("author") or {}).get("name"), 0, 256),
        ]
        for number, field in enumerate(fields):
            texts.append((f"{at}.fields[{number}].name", field.get("name") or "", 1, 256))
            texts.append((f"{at}.fields[{number}].value", field.get("value") or "", 1, 1024))
        for name, text, least, most in texts:
            total += len(text or "")
            faults += _sizes(name, text or "", least, most)
        faults += _sizes(f"{at}.fields", fields, 0, 25)
        links = [embed.get("url"), *((embed.get(part) or {}).get("url") for part in ("author", "image", "thumbnail"))]
        faults += [f"{at}: {url!r} is not a link that Discord takes" for url in links if url and not _is_link(url)]
        color = embed.get("color")
        if color is not None and not 0 <= color <= 0xFFFFFF:
            faults.append(f"{at}.color: {color}")
        if not fields and not any(
            embed.get(key) for key in ("title", "description", "footer", "author", "image", "thumbnail")
        ):
            faults.append(f"{at}: is empty")
    if total > 6000:
        faults.append(f"embeds: {total} characters together, at most 6000")
    return faults


def walk(components: Iterable[Json]) -> Iterator[Json]:
    """Every component, the outer ones first."""
    for component in components:
        yield component
        inner = [component[key] for key in ("accessory", "component") if component.get(key)]
        yield from walk([*component.get("components", []), *inner])


def component_faults(components: Sequence[Json], v2: bool) -> list[str]:
    """What is wrong with the components of one message."""
    faults: list[str] = []
    every = list(walk(components))
    if v2:
        faults += _sizes("components", every, 0, 40)
        faults += _sizes(
            "text displays together", "".join(c.get("content", "") for c in every if c["type"] == TEXT), 0, 4000
        )
    else:
        faults += _sizes("components", components, 0, 5)
    faults += [
        f"components: type {c['type']} cannot stand here"
        for c in components
        if c["type"] not in (V2_TOP if v2 else (ROW,))
    ]
    for row in (c for c in every if c["type"] == ROW):
        kinds = [c["type"] for c in row.get("components", [])]
        if not (1 <= len(kinds) <= 5 and set(kinds) == {BUTTON}) and not (len(kinds) == 1 and kinds[0] in SELECTS):
            faults.append(f"a row of components of the types {kinds}: one to five buttons, or one menu")
    for component in every:
        faults += _item_faults(component)
    return faults + _repeated(every)


def modal_faults(modal: Json) -> list[str]:
    """What is wrong with a modal."""
    components = modal.get("components") or []
    faults = [
        *_sizes("modal.title", modal.get("title") or "", 1, 45),
        *_sizes("modal.custom_id", modal.get("custom_id") or "", 1, 100),
        *_sizes("modal.components", components, 1, 5),
    ]
    every = list(walk(components))
    for outer in components:
        if outer["type"] not in (ROW, LABEL, TEXT):
            faults.append(f"modal.components: type {outer['type']} cannot stand here")
        if outer["type"] == ROW and [c["type"] for c in outer.get("components", [])] != [TEXT_INPUT]:
            faults.append("modal.components: a row holds one text input")
    for component in every:
        faults += _item_faults(component)
    return faults + _repeated(every)


def _item_faults(item: Json) -> list[str]:
    kind, custom_id = item["type"], item.get("custom_id")
    at = f"component {custom_id or item.get('label') or kind!r}"
    faults: list[str] = []
    if kind == BUTTON and item.get("style") == LINK:
        faults += (
            [] if _is_link(item.get("url", "")) and len(item["url"]) <= 512 else [f"{at}.url: {item.get('url')!r}"]
        )
        faults += [f"{at}: a link has no custom_id"] if custom_id is not None else []
    elif kind in (BUTTON, TEXT_INPUT, *SELECTS) and item.get("style") != PREMIUM:
        faults += _sizes(f"{at}.custom_id", custom_id or "", 1, 100)
    if kind == BUTTON:
        faults += _sizes(f"{at}.label", item.get("label") or "", 0 if item.get("emoji") else 1, 80)
    elif kind in SELECTS:
        faults += _sizes(f"{at}.placeholder", item.get("placeholder") or "", 0, 150)
        options = item.get("options") or []
        faults += _sizes(f"{at}.options", options, 1 if kind == SELECTS[0] else 0, 25)
        for option in options:
            for key, least in (("label", 1), ("value", 1), ("description", 0)):
                faults += _sizes(f"{at}.options.{key}", option.get(key) or "", least, 100)
    elif kind == TEXT_INPUT:
        faults += [
            *_sizes(f"{at}.label", item.get("label") or "", 0, 45),
            *_sizes(f"{at}.value", item.get("value") or "", 0, 4000),
        ]
        faults += _sizes(f"{at}.placeholder", item.get("placeholder") or "", 0, 100)
    elif kind == LABEL:
        faults += _sizes(f"{at}.label", item.get("label") or "", 1, 45)
        faults += _sizes(f"{at}.description", item.get("description") or "", 0, 100)
    return faults


def _repeated(every: Sequence[Json]) -> list[str]:
    ids = [component["custom_id"] for component in every if component.get("custom_id")]
    return [f"custom_id {one!r} occurs more than once" for one in sorted(set(ids)) if ids.count(one) > 1]


def choice_faults(choices: Sequence[Json]) -> list[str]:
    """What is wrong with the results of an autocompletion, or with an option's choices."""
    faults = _sizes("choices", choices, 0, 25)
    for choice in choices:
        faults += _sizes("choice.name", choice.get("name") or "", 1, 100)
        if isinstance(choice.get("value"), str):
            faults += _sizes("choice.value", choice["value"], 1, 100)
    return faults


def command_faults(commands: Sequence[Json]) -> list[str]:
    """What is wrong with the commands of one sync."""
    faults: list[str] = []
    for kind, most in ((1, 100), (2, 5), (3, 5)):
        names = [command["name"] for command in commands if command.get("type", 1) == kind]
        faults += _sizes(f"commands of type {kind}", names, 0, most)
        faults += [f"command {name!r} occurs more than once" for name in sorted(set(names)) if names.count(name) > 1]
    for command in commands:
        if command.get("type", 1) == 1:
            faults += _described(command, command["name"])
        else:
            faults += _sizes("command.name", command["name"], 1, 32)
    return faults


def _described(item: Json, path: str) -> list[str]:
    name, options = item.get("name") or "", item.get("options") or []
    faults = [
        *_sizes(f"/{path}.description", item.get("description") or "", 1, 100),
        *_sizes(f"/{path}.options", options, 0, 25),
    ]
    if not 1 <= len(name) <= 32 or name != name.lower() or not all(c.isalnum() or c in "-_'" for c in name):
        faults.append(f"/{path}: {name!r} is not a name that Discord takes")
    required = [bool(option.get("required")) for option in options]
    if required != sorted(required, reverse=True):
        faults.append(f"/{path}: required options come first")
    for option in options:
        faults += _described(option, f"{path} {option.get('name')}")
    faults += choice_faults(item.get("choices") or [])
    if item.get("choices") and item.get("autocomplete"):
        faults.append(f"/{path}: choices and autocomplete exclude each other")
    return faults


def pinged(content: str, allowed: Json | None) -> list[str]:
    """Who is notified by these words: "everyone", "here", "user:ID", "role:ID". Embeds and code ping nobody.

    A backslash keeps nobody from being notified: it only changes what is shown.

    >>> pinged("@everyone, <@5>", None), pinged("@everyone, <@5>", {"parse": []})
    (['everyone', 'user:5'], [])
    """
    words = ESCAPE_OR_CODE.sub(lambda match: match[1] or " ", content)
    parse = ["everyone", "users", "roles"] if allowed is None else allowed.get("parse", [])
    found: list[str] = []
    if "everyone" in parse:
        found += sorted(set(re.findall(r"@(everyone|here)", words)))
    for kind, pattern in (("user", r"<@!?(\d+)>"), ("role", r"<@&(\d+)>")):
        named = {str(one) for one in (allowed or {}).get(f"{kind}s", [])}
        ids = dict.fromkeys(re.findall(pattern, words))
        found += [f"{kind}:{one}" for one in ids if f"{kind}s" in parse or one in named]
    return found


def _sizes(name: str, value: Sequence[Any], least: int, most: int) -> list[str]:
    # Discord trims text, so that a blank one is missing
    size = 0 if isinstance(value, str) and not value.strip() else len(value)
    return [] if least <= size <= most else [f"{name}: {size} long, expected {least} to {most}"]


def _is_link(url: str) -> bool:
    try:
        parts = urlsplit(url)
    except ValueError:
        return False
    return parts.scheme in ("http", "https") and bool(parts.netloc) and " " not in url and len(url) <= 2048
