"""Where the bot may look and write, and what Discord says where it may not."""

from tests.discord_loopback.rules import ApiError, Json
from tests.discord_loopback.world import EMBED_LINKS, FORUM, READ_HISTORY, SEND, SEND_IN_THREADS, VIEW, Channel


def check_view(channel: Channel) -> None:
    """Raises ApiError where the bot cannot look."""
    if not channel.bot_permissions & VIEW:
        raise ApiError(403, 50001, "Missing Access")


def check_write(channel: Channel) -> None:
    """Raises ApiError where the bot cannot write."""
    check_view(channel)
    if channel.kind == FORUM:
        raise ApiError(400, 50008, "Cannot send messages in a non-text channel")
    if not channel.bot_permissions & (SEND if channel.parent is None else SEND_IN_THREADS):
        raise ApiError(403, 50013, "Missing Permissions")
    if channel.recipient is not None and channel.recipient.closed:
        raise ApiError(403, 50007, "Cannot send messages to this user")


def check_said(channel: Channel, data: Json) -> None:
    """Raises ApiError where the bot may write, but not this."""
    if data.get("embeds") and not channel.bot_permissions & EMBED_LINKS:
        raise ApiError(403, 50013, "Missing Permissions")
    if data.get("message_reference") and not channel.bot_permissions & READ_HISTORY:
        raise ApiError(403, 160002, "Cannot reply without permission to read message history")


def check_open(channel: Channel, new: bool) -> None:
    """Raises ApiError in a closed thread; one that is not locked a `new` message opens, and an edited one does not."""
    if channel.locked or (channel.archived and not new):
        raise ApiError(400, 50083, "Thread is archived")
    if channel.archived:
        channel.archive(False)
