"""What words must not do in a message: call people and link, if they are an article's; give the bot's machine away.

A test lets articles and people say `@everyone`, `<@5>` and links to `HOST`: what of that is alive in Discord, the bot
has let through.
"""

import re
from collections.abc import Collection, Iterable, Iterator, Sequence

from tests.discord_loopback.rules import ESCAPE_OR_CODE, TEXT, Json, Rule, Violation, pinged, walk

HOST = "evil.example"
_CALL = re.compile(r"@everyone|@here|<@[!&]?\d+>|<#(\d+)>")
_LINK = re.compile(rf"https?://[^\s/<>()\[\]]*{re.escape(HOST)}", re.IGNORECASE)
_ESCAPED = re.compile(r"\\([!-/:-@\[-`{-~])")
_GIVEN_AWAY = re.compile(r"(?<![\w:/.~-])(?:~|/[\w.-]+)/[\w./-]+|Traceback \(most recent call last\)|File \"")


def text_violations(
    content: str,
    embeds: Sequence[Json],
    components: Iterable[Json],
    allowed: Json | None,
    heard: Iterable[str],
    channels: Collection[int],
) -> list[Violation]:
    """What a message breaks by its words. What people said is `heard`, and no secret; `channels` are all there are."""
    shown, footers = list(embed_texts(embeds)), list(plain_texts(embeds))
    displays = [component["content"] for component in walk(components) if component["type"] == TEXT]
    addresses = [embed["url"] for embed in embeds if embed.get("url")]
    found = [(Rule.PING, who, content) for who in pinged(content, allowed)]
    found += [(Rule.PING, who, text) for text in shown for who in called(text, channels)]
    found += [(Rule.INJECTED, link, text) for text in (content, *shown, *displays, *addresses) for link in linked(text)]
    found += [
        (Rule.LEAK, leak, text) for text in (content, *shown, *footers, *displays) for leak in given_away(text, heard)
    ]
    return [Violation(rule, f"{what} by {text!r}") for rule, what, text in found]


def embed_texts(embeds: Iterable[Json]) -> Iterator[str]:
    """Every text of these embeds that may hold markdown."""
    for embed in embeds:
        yield from (embed.get(part) or "" for part in ("title", "description"))
        for field in embed.get("fields") or []:
            yield from (field["name"], field["value"])


def plain_texts(embeds: Iterable[Json]) -> Iterator[str]:
    """Every text of these embeds that Discord shows letter by letter: nothing in it is alive, and nothing escaped."""
    for embed in embeds:
        yield from ((embed.get(part) or {}).get(key) or "" for part, key in (("footer", "text"), ("author", "name")))


def called(text: str, channels: Collection[int] = ()) -> list[str]:
    """Who is named in an embed: it notifies nobody, and yet looks as if. One of the `channels` is only the way there.

    >>> called(r"\\@everyone, <@5> in <#7>, not <#8>", {7})
    ['<@5>', '<#8>']
    """
    found = _CALL.finditer(ESCAPE_OR_CODE.sub(" ", text))
    return [match[0] for match in found if match[1] is None or int(match[1]) not in channels]


def linked(text: str) -> list[str]:
    """The beginnings of the links to `HOST`.

    >>> linked(r"[here](https://evil.example/a), not https\\://evil.example")
    ['https://evil.example']
    """
    return _LINK.findall(ESCAPE_OR_CODE.sub(" ", text))


def given_away(text: str, heard: Iterable[str] = ()) -> list[str]:
    """Paths and signs of a traceback, but for those that somebody has `heard` before.

    >>> given_away("/srv/news/a.txt and /etc/b are empty", ["add /etc/b"])
    ['/srv/news/a.txt']
    """
    found = _GIVEN_AWAY.findall(_ESCAPED.sub(r"\1", text))
    return [each for each in found if not any(each in said for said in heard)]
