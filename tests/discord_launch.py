"""Starts a bot in this process, pointed at a loopback server: PORT MODULE:FUNCTION ARGUMENT...

The function gets the arguments as a list, and returns the exit status.
"""

import importlib
import sys

import discord.gateway
import discord.http
import yarl


def main(port: str, call: str, *arguments: str) -> int:
    """Changes the two addresses of discord.py, no more, and runs the bot."""
    module, function = call.split(":")
    discord.http.Route.BASE = f"http://127.0.0.1:{port}/api/v10"
    discord.gateway.DiscordWebSocket.DEFAULT_GATEWAY = yarl.URL(f"ws://127.0.0.1:{port}/gw/")
    return int(getattr(importlib.import_module(module), function)(list(arguments)))


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
