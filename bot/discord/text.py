"""Text of articles and people inside Discord messages: shown as it reads, without formatting or mentions.

Discord shows a backslash before punctuation as that punctuation alone, so it keeps markdown and links from working.
Mentions of people are looked for in the raw text too, where a backslash does not count: a zero width space parts them.
"""

import re
import unicodedata
from urllib.parse import quote, urlsplit

from bot.question import FILLERS

ZERO_WIDTH = "\u200b"
ELLIPSIS = "…"
MAX_URL = 500
MAX_LABEL = 120

_SPACE = re.compile(r"\s+")
_BLANKS = re.compile(r"[^\S\n]+")
_LINE_ENDS = re.compile(r"\r\n?|[\v\f\x85\u2028\u2029]")
_LINE_END = re.compile(r"[^\S\n]*\n\s*")
# joiners are a letter's shape in Persian or Hindi, and hold an emoji together: those inside words of such scripts stay
_JOINERS = "\u200c\u200d"
# possessive, and begun only at the first of a run: a title of many thousands would take seconds
_STRAY_JOINER = re.compile(rf"(?<![^\x00-\x7f\s])[{_JOINERS}]++|(?<![{_JOINERS}])[{_JOINERS}]++(?![^\x00-\x7f\s])")
_FORMATTING = re.compile(r"[\\*_~`|<>\[\]]")
_LIST_OR_HEADING = re.compile(r"^([^\S\n]*)([-+#](?=[\s#]|\Z)|\d+(?=[.)](?:\s|\Z)))", re.MULTILINE)
_LINK_OR_EMOJI = re.compile(r":(?=//|[^\s:]+:)")
_PING = re.compile(r"@(?=everyone|here|[!&]?\d)", re.IGNORECASE)
_INVITE = re.compile(r"(discord(?:app)?\.)(?=[a-z]+/)", re.IGNORECASE)
_HOST = re.compile(r"[a-z0-9](?:[a-z0-9.-]*[a-z0-9])?", re.IGNORECASE)
_BRACKETS = str.maketrans("[]", "()")


def units(text: str) -> int:
    """The length of `text` in UTF-16 code units: as Discord's own apps count it, and never less than its characters."""
    return len(text) + sum(character > "\uffff" for character in text)


def visible(text: str, *, lines: bool = False) -> str:
    """What of `text` can be seen: without controls, overrides of writing direction and zero width characters.

    White space becomes one space; with `lines`, ends of lines stay, and one empty line between paragraphs.

        visible("Two\\nlines, \\u202eevil") -> "Two lines, evil"
    """
    seen = _STRAY_JOINER.sub("", "".join(filter(_is_seen, _LINE_ENDS.sub("\n", text))))
    if not lines:
        return _SPACE.sub(" ", seen)
    return _LINE_END.sub(lambda end: "\n" * min(end[0].count("\n"), 2), _BLANKS.sub(" ", seen))


def plain(text: str, *, lines: bool = False) -> str:
    """`visible(text)` written so that Discord formats nothing in it, links nothing and mentions nobody.

        plain("*Now* at https://a.example, @everyone") -> "\\\\*Now\\\\* at https\\\\://a.example, @\\u200beveryone"

    Without the escaping backslashes and the zero width spaces it is the visible text again. Footers and button labels
    have no markdown: there `visible` is right.
    """
    text = _FORMATTING.sub(r"\\\g<0>", visible(text, lines=lines))
    text = _LIST_OR_HEADING.sub(_started, text)
    text = _PING.sub("@" + ZERO_WIDTH, _LINK_OR_EMOJI.sub(r"\\:", text))
    return _INVITE.sub(r"\1" + ZERO_WIDTH, text)


def link(label: str, url: str | None, limit: int = MAX_LABEL) -> str:
    """`label`, which is cut to `limit` units, as a link to `url`; the label alone if that is not a web address.

    Brackets in the label become round: Discord's links have no escape for them.

        link("Talks [live]", "https://a.example/x(1)") -> "[Talks (live)](https://a.example/x%281%29)"
    """
    shown = cut(plain(label.translate(_BRACKETS)).strip(), limit)
    address = safe_url(url)
    return shown if address is None or not shown else f"[{shown}]({address})"


def safe_url(url: str | None) -> str | None:
    """`url` percent-encoded, if it is http or https with a host, no user name and at most `MAX_URL` characters."""
    if url is None:
        return None
    try:
        parts = urlsplit(url.strip())
        host = (parts.hostname or "").encode("idna").decode("ascii")
        port = "" if parts.port is None else f":{parts.port}"
        rest = quote(parts._replace(scheme="", netloc="").geturl(), safe="%/:?#@!$&'+,;=-._~")
    except ValueError:  # what urlsplit, idna and UTF-8 refuse
        return None
    if parts.scheme not in ("http", "https") or "@" in parts.netloc or _HOST.fullmatch(host) is None:
        return None
    address = f"{parts.scheme}://{host}{port}{rest if rest.startswith(('/', '?', '#')) else f'/{rest}'}"
    return address if len(address) <= MAX_URL else None


def cut(text: str, limit: int) -> str:
    """Escaped text of at most `limit` units: cut after a word, with "…", and never between an escape and its character.

    cut("the two men met", 10) -> "the two…"
    """
    if units(text) <= limit:
        return text
    room = limit - units(ELLIPSIS)
    if room < 0:
        return ""
    kept = text[:room]
    while units(kept) > room:
        kept = kept[:-1]
    words = kept if text[len(kept)].isspace() else kept.rpartition(" ")[0]
    # one word that is longer than half of all is cut itself
    kept = (words if len(words) > len(kept) // 2 else kept).rstrip()
    escapes = len(kept) - len(kept.rstrip("\\"))
    return kept[: len(kept) - escapes % 2] + ELLIPSIS


def _is_seen(character: str) -> bool:
    if character in _JOINERS or character.isspace():
        return True
    return unicodedata.category(character) not in ("Cc", "Cf", "Cs") and character not in FILLERS


def _started(match: re.Match[str]) -> str:
    """ "- " -> "\\- ";  "12." -> "12\\." """
    space, begun = match.groups()
    return f"{space}{begun}\\" if begun.isdigit() else f"{space}\\{begun}"
