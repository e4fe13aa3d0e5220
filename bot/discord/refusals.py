"""Refusals: why a person gets no answer though nothing failed. The message says what to do.

RefusalError
├── TooSoonError      a cooldown is running
├── NotHereError      this channel, server or private conversation is not served
├── NotAllowedError   a command for those who run the bot
├── NotNamedError     a command for servers and roles that the configuration names
├── QuotaError        a server has reached its limit of additions
├── QueueFullError    the queue of questions is full
├── OccupiedError     another refresh is running
├── OverdueError      it took too long
├── CannotWriteError  the bot cannot post news there
├── NotYoursError     a question that somebody else follows
├── ClosingError      the bot is being restarted
└── GoneError         the answer of a button is no longer stored
"""

import math

from bot.phrases import counted


class RefusalError(Exception):
    """Base of all; the message, `said` by default, is one or two sentences for the person who asked."""

    said = ""

    def __init__(self, said: str | None = None) -> None:
        super().__init__(self.said if said is None else said)


class TooSoonError(RefusalError):
    """`seconds` of a cooldown are left; `whose` is "You" or "This channel"; `again`: the person was told before."""

    def __init__(self, whose: str, seconds: float, again: bool = False) -> None:
        self.again = again
        left = counted(max(1, math.ceil(seconds)), "second")
        super().__init__(f"{whose} asked just now; ask again in {left}.")


class NotHereError(RefusalError):
    """Not served here; the message says where."""


class NotAllowedError(RefusalError):
    said = "This command is for people who manage this server or have a role that may use it."


class NotNamedError(RefusalError):
    """The articles are shared by all servers, and `server` is not named in the configuration."""

    def __init__(self, server: int) -> None:
        super().__init__(
            "Articles can be added and indexed only from the servers, or by the roles, that the configuration names. "
            f"To allow it here, put {server} into [discord] guilds of config.toml, or a role into admin_roles."
        )


class QuotaError(RefusalError):
    """A server has reached its limit of additions, `most` within 24 hours."""

    def __init__(self, most: int) -> None:
        super().__init__(
            f"This server may use /dateline add {most} times within 24 hours, and has done so; try again later."
        )


class QueueFullError(RefusalError):
    """The queue of questions is full."""

    def __init__(self, waiting: int) -> None:
        super().__init__(f"Too many questions are waiting ({waiting}); ask again in a minute or two.")


class OccupiedError(RefusalError):
    said = "Another refresh is running; try again when it is done."


class OverdueError(RefusalError):
    said = "This took too long and was cancelled; ask again in a minute or two."


class ClosingError(RefusalError):
    said = "Dateline is being restarted; ask again in a minute."


class GoneError(RefusalError):
    said = "This answer is no longer stored; ask the question again."


class CannotWriteError(RefusalError):
    said = (
        "Dateline may not post here: it needs the permissions View Channels, Send Messages and Embed Links. With "
        "`private: True`, the news is sent to you privately."
    )


class NotYoursError(RefusalError):
    said = "Only the person who follows this question, or who manages this server, may stop it."
