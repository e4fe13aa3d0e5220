"""Every `--help` explains and gives an example that the command takes; a shell completes what it names."""

import os
import shlex
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import click
import pytest

from bot.cli import cli, main
from bot.evaluating import BENCHMARKS
from bot.examples import EXAMPLES
from tests.conftest import ROOT


def commands(command: click.Command, path: tuple[str, ...] = ()) -> Iterator[tuple[str, ...]]:
    """The words of every command, the command itself first."""
    yield path
    if isinstance(command, click.Group):
        for name, below in command.commands.items():
            yield from commands(below, (*path, name))


COMMANDS = list(commands(cli))


@pytest.mark.parametrize("path", COMMANDS, ids=" ".join)
def test_every_help_has_an_example_that_can_be_typed(path: tuple[str, ...], capsys: pytest.CaptureFixture[str]) -> None:
    assert main([*path, "--help"]) == 0
    shown = capsys.readouterr().out
    name = " ".join(("dateline", *path))
    assert name in shown
    _, _, below = shown.partition("\nExample")
    examples = [line.strip() for line in below.splitlines()[1:] if line.strip()]
    assert examples and all(f"{name} " in f"{line} " for line in examples)
    for line in examples:
        words = shlex.split(line.split(" | ")[0].split(" > ")[0].split(" >> ")[0].split(" < ")[0])
        after = words[words.index("dateline") + 1 :]
        assert {word for word in after if word.startswith("--")} <= set(shown.replace(",", " ").split())


def test_no_example_is_of_a_command_that_there_is_not() -> None:
    assert {name.removeprefix("dateline").strip() for name in EXAMPLES} == {
        " ".join(path) for path in COMMANDS if len(path) < 2
    }


@pytest.mark.parametrize("path", [path for path in COMMANDS if path and path[0] != "evaluate"], ids=" ".join)
def test_the_examples_are_understood(path: tuple[str, ...]) -> None:
    for line in EXAMPLES[" ".join(("dateline", *path))]:
        words = shlex.split(line.split(" > ")[0].split(" >> ")[0].split(" < ")[0])
        after = words[words.index("dateline") + 1 :]
        command = cli.commands[after[0]]
        command.make_context(after[0], after[1:])  # parses, and runs nothing


def completed(shell: str, words: str, position: int) -> list[str]:
    environment = {**os.environ, "_DATELINE_COMPLETE": f"{shell}_complete", "COMP_WORDS": words}
    environment["COMP_CWORD"] = words.split()[-1] if shell == "fish" else str(position)
    done = subprocess.run([sys.executable, "-m", "bot"], cwd=ROOT, env=environment, capture_output=True, text=True)
    assert done.returncode == 0
    return done.stdout.replace(",", "\n").split()


@pytest.mark.parametrize("shell", ["bash", "zsh", "fish"])
def test_a_shell_completes_commands_and_options(shell: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["completion", shell]) == 0
    script = capsys.readouterr().out
    assert "_DATELINE_COMPLETE" in script and f"{shell}_complete" in script
    assert "index" in completed(shell, "dateline ind", 1)
    assert "--article" in completed(shell, "dateline ask --art", 2)
    assert set(BENCHMARKS) & set(completed(shell, "dateline evaluate spe", 2)) == {"speed"}


def test_bash_itself_completes(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["completion", "bash"]) == 0
    script = tmp_path / "completion"
    script.write_text(capsys.readouterr().out)
    command = tmp_path / "dateline"
    command.write_text(f'#!/bin/sh\nPYTHONPATH={ROOT} exec {sys.executable} -m bot "$@"\n')
    command.chmod(0o755)
    words = "COMP_WORDS=(dateline ver); COMP_CWORD=1"
    asked = f"source {script}; {words}; _dateline_completion {command}; echo ${{COMPREPLY[@]}}"
    done = subprocess.run(["bash", "--norc", "-c", asked], capture_output=True, text=True)
    assert (done.stdout, done.stderr) == ("verify\n", "")


def test_an_unknown_shell_is_one_sentence(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["completion", "csh"]) == 2
    assert "'csh' is not one of 'bash', 'zsh', 'fish'" in capsys.readouterr().err
