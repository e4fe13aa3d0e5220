"""The only place in the bot that words errors: in general terms for members, precisely for operators.

No path, token or traceback gets into a channel; the details are in the log.
"""

import logging

from bot.discord.cards import notice_card
from bot.discord.logs import event
from bot.discord.refusals import NotHereError, RefusalError
from bot.discord.replies import Reply
from bot.discord.requests import FAILURES
from bot.discord.types import Card
from bot.mends import terminal_message
from retrieval.errors import ConfigError, DatelineError, UsageError, render_message

log = logging.getLogger(__name__)


def for_member(error: BaseException) -> str:
    """One sentence for anybody; general where the error is not theirs to mend."""
    if isinstance(error, RefusalError):
        return str(error)
    if isinstance(error, UsageError) and not isinstance(error, ConfigError):
        return render_message(error.text(redacted=True))
    if isinstance(error, DatelineError):
        return "The articles cannot be searched right now; the reason is in Dateline's log."
    return "Something went wrong; the details are in Dateline's log."


def for_operator(error: BaseException) -> str:
    """One sentence for those who run the bot: precise, without the folders and servers of this machine."""
    return render_message(error.text(redacted=True)) if isinstance(error, DatelineError) else for_member(error)


async def report_error(error: Exception, reply: Reply, doing: str, operator: bool = False) -> None:
    """Logs an error and tells the person, an `operator` precisely.

    If that fails too, it is logged, and Discord shows the person that the bot did not respond.
    """
    log_error(error, doing)
    sentence = for_operator(error) if operator else for_member(error)
    # only what names channels has markdown of ours, and nothing of anybody else's
    card = Card("", sentence, "notice") if isinstance(error, NotHereError) else notice_card(sentence)
    try:
        await reply.show(card)
    except FAILURES as failure:
        log.error(event("not_delivered", doing=doing, error=type(failure).__name__, code=getattr(failure, "code", "")))


def log_error(error: BaseException, doing: str) -> None:
    """Logs an error at the level that it deserves; a refusal is not an error, and only a bug has a traceback."""
    if isinstance(error, RefusalError | UsageError):
        log.info(event("refused", doing=doing, reason=type(error).__name__))
    elif isinstance(error, DatelineError):
        log.error(event("failed", doing=doing, error=type(error).__name__, said=terminal_message(error)))
    elif isinstance(error, FAILURES):
        log.error(event("connection_failed", doing=doing, error=type(error).__name__, said=str(error)))
    else:
        log.error(event("internal_error", doing=doing), exc_info=error)
