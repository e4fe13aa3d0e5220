"""README and the documents beside it: what they name is there, and a command that they show exists."""

import json
import re
from pathlib import Path

import pytest

from bot.cli import cli
from retrieval.models import PACKAGED
from tests.conftest import ROOT

DOCUMENTS = [
    *sorted((ROOT / "docs").glob("*.md")),
    *(ROOT / f"{name}.md" for name in ("README", "CHANGELOG", "CONTRIBUTING", "SECURITY")),
]
# with places to be filled in, such as tests/test_intake_NAME.py
FILE = re.compile(r"`((?:bot|corpus|docs|evaluation|reader|retrieval|tests|\.ci)/[\w./-]*)`")
COMMAND = re.compile(r"`dateline ([a-z]+)|^    (?:\w+=\S+ )?dateline ([a-z]+)", re.MULTILINE)
LINK = re.compile(r"\]\((?!http)([^)#]+)\)")
JSON_KEY = re.compile(r'"(\w+)":')


def cases(pattern: re.Pattern[str]) -> list[tuple[Path, str]]:
    """What the pattern finds, with the document that has it."""
    found = [(path, match) for path in DOCUMENTS for match in pattern.finditer(path.read_text(encoding="utf-8"))]
    return [(path, next(group for group in match.groups() if group)) for path, match in found]


@pytest.mark.parametrize(("document", "name"), [case for case in cases(FILE) if "NAME" not in case[1]])
def test_every_file_that_is_named_is_there(document: Path, name: str) -> None:
    assert (ROOT / name).exists()


@pytest.mark.parametrize(("document", "link"), cases(LINK))
def test_every_link_leads_somewhere(document: Path, link: str) -> None:
    assert (document.parent / link).exists()


@pytest.mark.parametrize(("document", "name"), cases(COMMAND))
def test_every_command_that_is_shown_exists(document: Path, name: str) -> None:
    assert name in cli.commands


def test_there_is_something_to_check() -> None:
    assert len(cases(FILE)) > 40 and len(cases(COMMAND)) > 10


def test_every_module_of_a_room_is_in_a_room_that_is_explained() -> None:
    explained = {name.rstrip("/") for _, name in cases(FILE) if name.endswith("/")}
    folders = {
        path.parent.relative_to(ROOT).as_posix()
        for room in ("bot", "reader", "retrieval", "evaluation")
        for path in (ROOT / room).rglob("*.py")
    }
    assert folders - explained <= {"retrieval/storage/postgres"}


def test_the_notice_names_all_that_is_shipped_or_fetched() -> None:
    notice = (ROOT / "NOTICE").read_text(encoding="utf-8")
    assert all(name in notice for name in PACKAGED)
    card = (ROOT / "reader" / "weights" / "README.md").read_text(encoding="utf-8")
    for name in ("SQuADShifts", "TimeQA", "HotpotQA", "QAMR", "Quoref", "DROP", "TAT-QA", "OneStopQA"):
        assert name in card and name in notice
    shipped = [
        path
        for room in ("reader", "evaluation")
        for path in (ROOT / room).rglob("*.json")
        if path.parent.name != "weights"
    ]
    assert shipped and all(path.relative_to(ROOT).as_posix() in notice for path in shipped)


def test_the_json_of_the_document_is_that_of_the_doctor(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    from bot.cli import main

    file = tmp_path / "config.toml"
    file.write_text("nonsense = 1")
    assert main(["doctor", "--json", "--config", str(file)]) == 1
    document = json.loads(capsys.readouterr().out)
    described = (ROOT / "docs" / "json.md").read_text(encoding="utf-8").partition("doctor --json")[2]
    assert JSON_KEY.findall(described) == [*document, *document["findings"][0]]
