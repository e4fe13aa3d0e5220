"""`dateline discord`: the command that runs the bot."""

import os
import re
import signal
from collections.abc import Mapping

import click

from bot.discord import TOKEN_VARIABLE
from bot.options import Command, Options
from bot.streams import complain
from retrieval.errors import ConfigError

_TOKEN = re.compile(r"[\w-]+(?:\.[\w-]+){2}", re.ASCII)


@click.command(cls=Command)
@click.option("--check", is_flag=True, help="Check configuration, index, models, token and permissions, then exit.")
@click.option("--sync", is_flag=True, help="Send Discord the commands even if they have not changed, then serve.")
@click.pass_obj
def discord(options: Options, check: bool, sync: bool) -> int:
    """Run the Discord bot, with the token in DISCORD_TOKEN; SIGTERM or Ctrl-C ends it."""
    settings, terminal = options.begin()
    if not check:
        token_in(os.environ)  # before the models are loaded
    for ending in (signal.SIGINT, signal.SIGTERM):
        # while the models load; later ends are gentler. A check that is ended has found nothing
        signal.signal(ending, lambda number, frame: terminal.leave(128 + number if check else 0))
    with terminal.spinner("Loading"):
        from bot.discord.check import findings
        from bot.discord.logs import set_up
        from bot.discord.serving import serve
    set_up(os.environ.get(TOKEN_VARIABLE, "").strip())
    if not check:
        serve(settings, token_in(os.environ), sync)
        return 0
    failed = False
    for finding in findings(settings, lambda: token_in(os.environ)):
        click.echo(f"{'ok  ' if finding.level == 'ok' else 'FAIL'}  {finding.message}")
        failed = failed or finding.level != "ok"
    if failed:
        complain("The bot is not ready; fix what failed, and check again.")
    return 1 if failed else 0


def token_in(environment: Mapping[str, str]) -> str:
    """The bot's token, from the environment and never from config.toml. Raises ConfigError if there is none."""
    token = environment.get(TOKEN_VARIABLE, "").strip()
    if not token:
        raise ConfigError(
            f"{TOKEN_VARIABLE} is not set, expected the bot's token; set it in the environment; docs/discord.md says "
            "where to get it."
        )
    if _TOKEN.fullmatch(token) is None:
        raise ConfigError(
            f"{TOKEN_VARIABLE} does not hold a bot's token, expected three parts of letters, digits, - and _ with dots "
            "between them; copy it again from the page “Bot” of the application, and nothing else with it."
        )
    return token
