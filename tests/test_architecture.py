"""Imports go one way: bot → reader → retrieval. Nothing imports bot but bot itself (and the tests)."""

import ast
import dataclasses
import re
from graphlib import TopologicalSorter
from pathlib import Path

import pytest

from bot.mends import COMMANDS
from bot.settings import Settings
from retrieval import models

ROOT = Path(__file__).resolve().parent.parent
# room -> the rooms it may import
ALLOWED = {
    "retrieval": {"retrieval"},
    "reader": {"reader", "retrieval"},
    "evaluation": {"evaluation", "reader", "retrieval"},
    "bot": {"bot", "reader", "retrieval", "evaluation"},
}


def imported(path: Path) -> set[str]:
    rooms = set()
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        names = []
        if isinstance(node, ast.Import):
            names = [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{path.name} imports relatively"
            names = [node.module or ""]
        rooms |= {name.split(".")[0] for name in names}
    return rooms & (ALLOWED.keys() | {"tests"})


@pytest.mark.parametrize("room", ALLOWED)
def test_imports_go_one_way(room: str) -> None:
    files = list((ROOT / room).rglob("*.py"))
    assert files
    for path in files:
        assert imported(path) <= ALLOWED[room], f"{path.relative_to(ROOT)} imports {imported(path) - ALLOWED[room]}"


def test_rendering_knows_nothing_of_discord() -> None:
    pure = ("render", "layout", *(f"discord/{name}" for name in ("text", "types", "quotes", "cards", "ledger")))
    for path in (ROOT / "bot" / f"{name}.py" for name in pure):
        assert "discord" not in {
            name.split(".")[0]
            for node in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
            for name in (
                [alias.name for alias in node.names]
                if isinstance(node, ast.Import)
                else [node.module or ""]
                if isinstance(node, ast.ImportFrom)
                else []
            )
        }


def test_no_message_below_the_bot_names_a_command_or_a_setting() -> None:
    sections = "|".join(field.name for field in dataclasses.fields(Settings))
    named = re.compile(rf"`(dateline|make) |config\.toml|--config|\[({sections})\]")
    files = (path for room in ("retrieval", "reader") for path in (ROOT / room).rglob("*.py"))
    nodes = (node for path in files for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))))
    texts = [str(node.value) for node in nodes if isinstance(node, ast.Constant)]
    # what has a line break is a docstring
    assert [text for text in texts if named.search(text) and "\n" not in text] == []
    assert {mend for text in texts for mend in re.findall(r"\{([a-z']+ [a-z' ]+)\}", text)} == COMMANDS.keys()


def test_the_default_models_are_the_packaged_ones() -> None:
    assert Settings().encoder.model == models.ENCODER
    assert Settings().reader.model == models.READER_BASE


def test_modules_stay_small() -> None:
    for room in ALLOWED:
        for path in (ROOT / room).rglob("*.py"):
            assert len(path.read_text(encoding="utf-8").splitlines()) <= 320, f"{path} holds two things; split it"


def test_no_module_of_the_discord_bot_imports_itself_by_way_of_others() -> None:
    imports = {
        f"bot.discord.{path.stem}": {
            module
            for node in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
            if isinstance(node, ast.ImportFrom)
            for module in (node.module or "", *(f"{node.module}.{alias.name}" for alias in node.names))
            if module.startswith("bot.discord.")
        }
        for path in (ROOT / "bot/discord").glob("*.py")
    }
    TopologicalSorter(imports).prepare()  # raises CycleError
