"""`python -m bot` is the `dateline` command."""

from bot.cli import run_and_exit

run_and_exit()
