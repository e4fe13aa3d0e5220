"""The commands of README and docs exist, and what is shown is what they print."""

import re
from pathlib import Path

import pytest

from bot.assistant import Assistant
from bot.cli import cli
from bot.layout import plain
from bot.render import answer_lines

ROOT = Path(__file__).resolve().parent.parent
PAGES = (ROOT / "README.md", *sorted((ROOT / "docs").glob("*.md")))
TEXT = "\n".join(page.read_text(encoding="utf-8") for page in PAGES)
MAKEFILE = (ROOT / "Makefile").read_text(encoding="utf-8")
COMMANDS = re.findall(r"^    dateline (\w+)(.*?)(?:   .*)?$", TEXT, re.MULTILINE)
EXAMPLE = re.compile(r'^    \$ make ask Q="(.+)"\n((?:    .+\n|\n(?=    ))+)', re.MULTILINE)


def test_there_is_something_to_check() -> None:
    assert len(COMMANDS) >= 6
    assert len(EXAMPLE.findall(TEXT)) >= 2


@pytest.mark.parametrize(("name", "rest"), COMMANDS)
def test_every_command_exists_with_its_options(name: str, rest: str) -> None:
    command = cli.commands[name]
    assert command.help
    known = {option for parameter in command.params for option in parameter.opts}
    assert set(re.findall(r"--[\w-]+", rest)) <= known


def test_every_command_is_explained() -> None:
    assert {name for name, _ in COMMANDS} == set(cli.commands)


@pytest.mark.parametrize("target", sorted(set(re.findall(r"(?:`|^    |\$ )make ([a-z]+)", TEXT, re.MULTILINE))))
def test_every_make_target_exists(target: str) -> None:
    assert re.search(rf"^{target}:", MAKEFILE, re.MULTILINE)


@pytest.mark.parametrize(
    "module", sorted(set(re.findall(r"python -m ((?:bot|evaluation|reader|retrieval|tests)[\w.]*)", TEXT)))
)
def test_every_module_exists(module: str) -> None:
    path = ROOT / Path(*module.split("."))
    assert path.with_suffix(".py").is_file() or (path / "__main__.py").is_file()


@pytest.mark.parametrize(("question", "shown"), EXAMPLE.findall(TEXT))
def test_the_answers_shown_are_those_given(question: str, shown: str, sample: Assistant) -> None:
    printed = plain(answer_lines(sample.ask(question)))
    # another processor may round the last digit of a confidence another way
    percent = re.compile(r"\d+ %")
    wanted = "".join(line.removeprefix("    ") for line in shown.splitlines(keepends=True))
    assert percent.sub("", printed).rstrip() == percent.sub("", wanted).rstrip()


def test_the_conversation_shown_is_the_one_had(sample: Assistant) -> None:
    shown = re.search(r"^    > (.+)\n    about: (.+)\n    (.+)$", TEXT, re.MULTILINE)
    assert shown is not None
    question, about, said = shown.groups()
    answer = sample.ask(question, conversation=sample.ask(about).conversation(()))
    assert plain(answer_lines(answer)).splitlines()[:2] == [f"about: {about}", said]
