"""What goes to standard error while the bot serves: `key=value` lines, and no token in any of them."""

import json
import logging
import re
from collections.abc import Iterator
from contextlib import contextmanager
from urllib.parse import urlsplit

import discord

from bot.mends import terminal_message
from retrieval.errors import StoreError

# interaction tokens stand in the addresses of callbacks and webhooks, and in the events of the gateway
_TOKENS = re.compile(
    r"(?P<before>/(?:webhooks|interactions)/\d+/|[\"']?\btoken[\"']?\s*[:=]\s*[\"']?|\bBot )(?P<token>[\w.%-]{16,})"
)
# a name and a password in an address
_USER = re.compile(r"(?<=://)[^\s/?#]+@")
_PLAIN = re.compile(r"[\w.:/+-]+")
HIDDEN = "[token]"
log = logging.getLogger(__name__)
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
        line = self._inner.format(record)
        if self._secret:
            line = line.replace(self._secret, HIDDEN)
        return _USER.sub(f"{HIDDEN}@", _TOKENS.sub(rf"\g<before>{HIDDEN}", line))


def set_up(secret: str) -> None:
    """Sets the format of the root logger, and shows the record whatever the level."""
    line = logging.Formatter("%(asctime)s level=%(levelname)s logger=%(name)s %(message)s")
    line.default_msec_format = "%s.%03d"
    for handler in logging.getLogger().handlers:
        handler.setFormatter(Redacted(line, secret))
    RECORD.setLevel(logging.INFO)
    # it would log whole addresses of pages that are added
    logging.getLogger("httpx2").setLevel(logging.WARNING)
    # nobody wants to speak, and so nobody need know that the packages for it are not there
    discord.VoiceClient.warn_nacl = discord.VoiceClient.warn_dave = False


def without_secrets(url: str) -> str:
    """What may be logged of an address: host, port and path; a user name or a query can hold a password or a key.

    without_secrets("https://ada:secret@a.example/b?key=7") -> "a.example/b"
    """
    try:
        parts = urlsplit(url.strip())
        port = "" if parts.port is None else f":{parts.port}"
    except ValueError:
        return "unreadable"
    return "unreadable" if parts.hostname is None else f"{parts.hostname}{port}{parts.path}"


def event(what: str, **fields: object) -> str:
    """event("added", person=7, file="a b.txt") -> 'event=added person=7 file="a b.txt"', on one line."""
    texts = {name: str(value) for name, value in {"event": what, **fields}.items()}
    return " ".join(
        f"{name}={text if _PLAIN.fullmatch(text) else json.dumps(text, ensure_ascii=False)}"
        for name, text in texts.items()
    )


@contextmanager
def log_store_errors(doing: str) -> Iterator[None]:
    """Whatever the store or the ledger fails at inside is logged, and done without."""
    try:
        yield
    except StoreError as error:
        log.error(event("failed", doing=doing, error=type(error).__name__, said=terminal_message(error)))
