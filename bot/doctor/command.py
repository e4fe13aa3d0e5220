"""The command: every check once; exit status 1 if there is a problem."""

import os
from collections.abc import Iterator, Mapping

import click

from bot.discord import TOKEN_VARIABLE
from bot.doctor.types import Finding, from_error
from bot.home import find_home
from bot.options import Command, Options, as_json_option
from bot.serving import token_in
from retrieval.errors import ConfigError


@click.command(cls=Command)
@as_json_option
@click.pass_obj
def doctor(options: Options, as_json: bool) -> int:
    """Check this installation, and say how to fix what is wrong."""
    from bot.json import findings_json
    from bot.overview import findings_lines
    from bot.terminal import Terminal

    terminal = Terminal(as_json)
    with terminal.spinner("Checking"):
        found = tuple(findings_of(options, os.environ))
    terminal.tell(findings_json, findings_lines, found)
    return 1 if any(each.level == "problem" for each in found) else 0


def findings_of(options: Options, environment: Mapping[str, str]) -> Iterator[Finding]:
    """Everything, in the order in which it is needed. Without a configuration that can be read, the rest is not."""
    from bot.doctor.installation import package_findings, python_finding

    yield python_finding()
    try:
        settings = options.settings()
    except ConfigError as error:
        yield from package_findings(frozenset())
        yield from_error("Settings", error)
        return
    discord = bool(environment.get(TOKEN_VARIABLE))
    needed = {"postgres": settings.storage.url is not None, "discord": discord}
    yield from package_findings(frozenset(extra for extra, wanted in needed.items() if wanted))
    home = find_home(options.config)
    read = f"{home.file.absolute()} can be read."
    defaults = f"No config.toml, so the defaults apply; articles and index are in {home.data}."
    yield Finding("Settings", "ok", read if home.has_file else defaults)
    # each imported where it is used: what of it is not installed was named before
    from bot.doctor.models import disk_findings, model_findings
    from bot.doctor.store import corpus_findings, store_findings

    yield from model_findings(settings)
    yield from disk_findings(settings)
    yield from corpus_findings(settings)
    yield from store_findings(settings)
    if not discord:
        yield Finding("Discord", "ok", f"{TOKEN_VARIABLE} is not set; only the bot needs it.")
        return
    try:
        token_in(environment)
    except ConfigError as error:
        yield from_error("Discord", error)
    else:
        yield Finding("Discord", "ok", f"{TOKEN_VARIABLE} is set; `dateline discord --check` tries it.")
