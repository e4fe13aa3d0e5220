"""What goes to standard error while the bot serves: `key=value` lines, and no token in any of them."""

import json
import logging
import re

import discord

# interaction tokens stand in the addresses of callbacks and webhooks, and in the events of the gateway
_TOKENS = re.compile(
    r"(?P<before>/(?:webhooks|interactions)/\d+/|[\"']?\btoken[\"']?\s*[:=]\s*[\"']?|\bBot )(?P<token>[\w.%-]{16,})"
)
_PLAIN = re.compile(r"[\w.:/+-]+")
HIDDEN = "[token]"
# always shown: who started, ended and changed what
RECORD = logging.getLogger("bot.discord.record")


class Redacted(logging.Formatter):
    """Formats as `inner` does, then hides tokens; what a library logs and the lines of a traceback too."""

    def __init__(self, inner: logging.Formatter, secret: str) -> None:
        super().__init__()
        self._inner = inner
        self._secret = secret

    def format(self, record: logging.LogRecord) -> str:
        """The line without the bot's token, and without those of interactions."""
        line = self._inner.format(record).replace(self._secret, HIDDEN)
        return _TOKENS.sub(rf"\g<before>{HIDDEN}", line)


def set_up(secret: str) -> None:
    """Formats every line of the root logger anew, and shows the record whatever the level."""
    line = logging.Formatter("%(asctime)s level=%(levelname)s logger=%(name)s %(message)s")
    line.default_msec_format = "%s.%03d"
    for handler in logging.getLogger().handlers:
        handler.setFormatter(Redacted(line, secret))
    RECORD.setLevel(logging.INFO)
    # nobody wants to speak, and so nobody need know that the packages for it are not there
    discord.VoiceClient.warn_nacl = discord.VoiceClient.warn_dave = False


def event(what: str, **fields: object) -> str:
    """event("added", person=7, file="a b.txt") -> 'event=added person=7 file="a b.txt"', on one line."""
    return " ".join(f"{name}={_value(value)}" for name, value in {"event": what, **fields}.items())


def _value(value: object) -> str:
    text = str(value)
    if _PLAIN.fullmatch(text):
        return text
    return json.dumps(text, ensure_ascii=False)
