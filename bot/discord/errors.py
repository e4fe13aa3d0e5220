"""Errors become words here, and nowhere else in the bot: general ones for members, precise ones for those who run it.

No path, no token and no traceback gets into a channel; what a member is not told stands in the log.
"""

import logging
import re
from pathlib import Path

from bot.discord.cards import notice_card
from bot.discord.logs import event
from bot.discord.refusals import NotHereError, RefusalError
from bot.discord.replies import Reply
from bot.discord.requests import FAILURES
from bot.discord.types import Card
from retrieval.errors import ConfigError, DatelineError, UsageError

# a folder's path before a name: "/srv/news/a.txt" -> "a.txt"; an address on the web is none
_FOLDERS = re.compile(r"(?<![\w:/.\\-])(?:~|[A-Za-z]:)?(?:[/\\][^\s/\\'\"“”,;()`]+)*[/\\](?=[^\s/\\])")
_COMMAND_LINE = re.compile(r"[;,]? ?`dateline .*$", re.DOTALL)

log = logging.getLogger(__name__)


def for_member(error: BaseException) -> str:
    """One sentence for anybody; general where the error is not theirs to mend."""
    if isinstance(error, RefusalError):
        return str(error)
    if isinstance(error, UsageError) and not isinstance(error, ConfigError):
        # what the terminal offers is of no use here: "…; did you mean Reuters? `dateline status` lists the sources."
        sentence = _COMMAND_LINE.sub("", str(error)).rstrip()
        return sentence if sentence.endswith((".", "?", "!")) else f"{sentence}."
    if isinstance(error, DatelineError):
        return "The articles cannot be searched right now; the reason is in Dateline's log."
    return "Something went wrong; the details are in Dateline's log."


def for_operator(error: BaseException, folders: tuple[Path, ...]) -> str:
    """One sentence for those who run the bot: precise, without the folders of this machine."""
    if isinstance(error, DatelineError):
        return without_folders(str(error), folders)
    return for_member(error)


def without_folders(text: str, folders: tuple[Path, ...]) -> str:
    """`text` with the names of files and without where they are; `folders` are known ones, whose names may hold spaces.

    "/srv/my news/a.txt is empty; see https://a.example/b" -> "a.txt is empty; see https://a.example/b"
    """
    for folder in sorted((str(folder) for folder in folders), key=len, reverse=True):
        text = text.replace(f"{folder}/", "").replace(folder, Path(folder).name)
    return _FOLDERS.sub("", text)


async def report_error(error: Exception, reply: Reply, doing: str, operator: tuple[Path, ...] | None = None) -> None:
    """Logs an error and tells the person; with `operator` folders precisely, and without these.

    What cannot even be told is logged: Discord then shows the person that the bot did not respond.
    """
    log_error(error, doing)
    sentence = for_member(error) if operator is None else for_operator(error, operator)
    # only what names channels has markdown of ours, and nothing of anybody else's
    card = Card("", sentence, "notice") if isinstance(error, NotHereError) else notice_card(sentence)
    try:
        await reply.show(card)
    except FAILURES as failure:
        log.error(event("not_delivered", doing=doing, error=type(failure).__name__, code=getattr(failure, "code", "")))


def log_error(error: BaseException, doing: str) -> None:
    """Logs an error as much as it deserves: a refusal is none, and only a bug of ours has a traceback."""
    if isinstance(error, RefusalError | UsageError):
        log.info(event("refused", doing=doing, reason=type(error).__name__))
    elif isinstance(error, DatelineError):
        log.error(event("failed", doing=doing, error=type(error).__name__, said=str(error)))
    elif isinstance(error, FAILURES):
        log.error(event("connection_failed", doing=doing, error=type(error).__name__, said=str(error)))
    else:
        log.error(event("internal_error", doing=doing), exc_info=error)
