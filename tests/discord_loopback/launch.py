"""Starts a bot in this process, pointed at the loopback server: PORT [--call MODULE:FUNCTION] -- ARGUMENTS...

The function gets the arguments as a list, and returns the exit status; it is Dateline's own command if none is named.
"""

import importlib
import sys
from collections.abc import Sequence

import discord.gateway
import discord.http
import yarl


def main(argv: Sequence[str]) -> int:
    """Points discord.py at the port, and runs the bot."""
    divide = argv.index("--")
    port, *named = argv[:divide]
    module, function = (named[1] if named else "bot.cli:main").split(":")
    discord.http.Route.BASE = f"http://127.0.0.1:{port}/api/v10"
    discord.gateway.DiscordWebSocket.DEFAULT_GATEWAY = yarl.URL(f"ws://127.0.0.1:{port}/gw/")
    status = getattr(importlib.import_module(module), function)(list(argv[divide + 1 :]))
    return status if isinstance(status, int) else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
