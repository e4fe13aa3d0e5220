"""The command: every check once; exit status 1 if there is a problem."""

import os
from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING

import click

from bot.discord import TOKEN_VARIABLE
from bot.doctor.types import Finding, from_error
from bot.options import Command, Options, as_json_option
from bot.serving import token_in
from bot.streams import write_json
from retrieval.errors import ConfigError

if TYPE_CHECKING:
    from bot.settings import Settings

_MARKS = {"ok": "ok      ", "warning": "warning ", "problem": "PROBLEM "}


@click.command(cls=Command)
@as_json_option
@click.pass_obj
def doctor(options: Options, as_json: bool) -> int:
    """Check this installation, and say how to fix what is wrong."""
    from bot.json import findings_json
    from bot.layout import Line, Run
    from bot.terminal import Terminal

    terminal = Terminal()
    with terminal.spinner("Checking"):
        found = tuple(findings_of(options, os.environ))
    if as_json:
        write_json(findings_json(found))
    else:
        for each in found:
            terminal.show([Line(f"{_MARKS[each.level]} {each.area:<9} ", (Run(each.message),))])
            if each.mend is not None:
                terminal.show([Line(" " * 19, (Run(f"→ {each.mend}"),))])
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
    yield _settings_finding(options)
    yield from _model_and_store_findings(settings)
    yield (
        _token_finding(environment)
        if discord
        else Finding("Discord", "ok", f"{TOKEN_VARIABLE} is not set; only the bot needs it.")
    )


def _model_and_store_findings(settings: "Settings") -> Iterator[Finding]:
    # each imported where it is used: what of it is not installed was named before
    from bot.doctor.models import disk_findings, model_findings
    from bot.doctor.store import corpus_findings, store_findings

    yield from model_findings(settings)
    yield from disk_findings(settings)
    yield from corpus_findings(settings)
    yield from store_findings(settings)


def _settings_finding(options: Options) -> Finding:
    from bot.home import find_home

    home = find_home(options.config)
    if home.has_file:
        return Finding("Settings", "ok", f"{home.file.absolute()} can be read.")
    return Finding("Settings", "ok", f"No config.toml, so the defaults apply; articles and index are in {home.data}.")


def _token_finding(environment: Mapping[str, str]) -> Finding:
    try:
        token_in(environment)
    except ConfigError as error:
        return from_error("Discord", error)
    return Finding("Discord", "ok", f"{TOKEN_VARIABLE} is set; `dateline discord --check` tries it.")
