"""`dateline completion`: what a shell runs to complete commands and options, by click's own completion."""

import click
from click.shell_completion import get_completion_class

from bot.options import Command

NAME, VARIABLE = "dateline", "_DATELINE_COMPLETE"


@click.command(cls=Command)
@click.argument("shell", type=click.Choice(["bash", "zsh", "fish"]))
@click.pass_context
def completion(context: click.Context, shell: str) -> None:
    """Print a script that completes commands and options in a shell."""
    kind = get_completion_class(shell)
    assert kind is not None  # click has all three
    click.echo(kind(context.find_root().command, {}, NAME, VARIABLE).source())
