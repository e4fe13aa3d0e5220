"""Discord learns the commands only when they have changed: it allows few such calls, and remembers what it has."""

import hashlib
import json
import logging
from pathlib import Path
from typing import Any

import discord
from discord import app_commands

from bot.discord.logs import RECORD, event
from bot.discord.requests import FAILURES, PATIENTLY, persistently
from retrieval.errors import DatelineError, StoreError

FILE = "discord-commands.sha256"

log = logging.getLogger(__name__)


async def sync(tree: app_commands.CommandTree[Any], application: int | None, folder: Path, always: bool) -> bool:
    """Whether the definitions were sent: they have changed since the last time, or `always`. Raises DatelineError.

    If Discord cannot take them just now, the bot serves with those that Discord has, and tries when it starts again.
    """
    definitions = [command.to_dict(tree) for command in tree.get_commands()]
    digest = hashlib.sha256(json.dumps([application, definitions], sort_keys=True).encode()).hexdigest()
    file = folder / FILE
    if not always and _read(file) == digest:
        return False
    try:
        await persistently(tree.sync, PATIENTLY)
    except app_commands.CommandSyncFailure as error:
        raise DatelineError(
            f"Discord refused the commands ({' '.join(str(error).split())}); report this as a bug in Dateline."
        ) from error
    except (discord.HTTPException, *FAILURES) as error:
        log.error(event("commands_not_synced", error=type(error).__name__, said=str(error)))
        return False
    try:
        file.write_text(digest, encoding="ascii")
    except OSError as error:
        raise StoreError("%s cannot be written (%s); fix the folder's permissions.", file) from error
    RECORD.info(event("commands_synced", commands=len(definitions)))
    return True


def _read(file: Path) -> str | None:
    try:
        return file.read_text(encoding="ascii")
    except (OSError, UnicodeDecodeError):
        return None
