"""What Discord makes of a text: the markdown, links and mentions in it, found with the patterns that its apps use.

An escape is a backslash before ASCII punctuation. It protects from markdown; mentions are looked for as if there were
none, because whoever is called is found in the raw text.
"""

import re
import unicodedata

ESCAPE = re.compile(r"\\([^0-9A-Za-z\s])", re.DOTALL)
# stands for what is escaped: it is text, opens and closes nothing, and is no part of a name
ESCAPED = "\ue000"
CONSTRUCTS = {
    "heading": re.compile(r"^\s*#{1,3}(?!#)\s", re.MULTILINE),
    "subtext": re.compile(r"^\s*-#", re.MULTILINE),
    "quote": re.compile(r"^\s*>", re.MULTILINE),
    "list": re.compile(r"^\s*(?:[-*+]|\d+[.)])(?:\s|$)", re.MULTILINE),
    # a pair is needed, but a part of it may stand in the text around
    "emphasis": re.compile(r"[*_]"),
    "strike": re.compile("~"),
    "spoiler": re.compile(r"\|"),
    "code": re.compile("`"),
    "masked link": re.compile(r"[\[\]]"),
    "angle brackets": re.compile(r"<(?:@[!&]?\d|#\d|/[^\s:]|t:|a?:|id:|https?:|mailto:|\+?\d)"),
    "link": re.compile(r"[a-z][a-z0-9+.-]*://\S", re.IGNORECASE),
    "emoji": re.compile(r":[A-Za-z0-9_+~-]+:"),
}
CALLS = {
    "everyone": re.compile(r"@(?:everyone|here)", re.IGNORECASE),
    "mention": re.compile(r"<@[!&]?\d+>"),
    "invite": re.compile(r"discord(?:app)?\.[a-z]+/", re.IGNORECASE),
}
UNSEEN = re.compile("[\u200e\u200f\u202a-\u202e\u2060-\u2069\ufeff\x00-\x09\x0b-\x1f\x7f-\x9f\ud800-\udfff]")
FILLERS = "\u034f\u115f\u1160\u2800\u3164\uffa0"
MASKED_LINK = re.compile(r"\[([^\[\]\n]+)\]\((https?://[^\s()<>\\*]+)\)")
BOLD = re.compile(r"\*\*([^*\n]+)\*\*")


def constructs(markup: str) -> set[str]:
    """The names of all that Discord would format, link or call in `markup`, and "unseen" for control characters."""
    masked = ESCAPE.sub(ESCAPED, markup)
    found = {name for name, pattern in CONSTRUCTS.items() if pattern.search(masked)}
    raw = markup.replace("\\", "")
    found |= {name for name, pattern in CALLS.items() if pattern.search(raw)}
    return found | ({"unseen"} if UNSEEN.search(markup) else set())


def foreign(markup: str) -> set[str]:
    """`constructs` but for what cards write themselves: bold, links, block quotes of a line, numbered lines."""
    masked = ESCAPE.sub(ESCAPED, markup)
    masked = BOLD.sub(rf"{ESCAPED}\1{ESCAPED}", MASKED_LINK.sub(rf"{ESCAPED}\1{ESCAPED}", masked))
    masked = re.sub(r"^(?:> (?!>)|\d+\. (?=\S))", "", masked, flags=re.MULTILINE)
    raw = {name for name, pattern in CALLS.items() if pattern.search(MASKED_LINK.sub(r"\1", markup).replace("\\", ""))}
    return constructs(masked) | raw | ({"unseen"} if UNSEEN.search(markup) else set())


def shown(markup: str) -> str:
    """The text without escapes and zero width spaces; other markup stays."""
    return ESCAPE.sub(r"\1", markup).replace("\u200b", "")


def unmarked(markup: str) -> str:
    """The words of a quote, as `seen` gives those of the article: without bold, escapes and zero width characters."""
    words = re.sub(r"\\([^0-9A-Za-z\s])|\*\*", lambda part: part[1] or "", markup)
    return re.sub(" +", " ", without_joiners(words.replace("\u200b", "")))


def seen(text: str) -> str:
    """What of a text can be seen, on one line; joiners, which stay in some scripts, are left out."""
    kept = (each for each in text if each.isspace() or unicodedata.category(each) not in ("Cc", "Cf", "Cs"))
    return re.sub(r"\s+", " ", "".join(each for each in kept if each not in FILLERS))


def without_joiners(text: str) -> str:
    return re.sub("[\u200c\u200d]", "", text)
