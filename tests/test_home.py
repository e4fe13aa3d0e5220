"""Where settings, articles and index are when nobody says so."""

from pathlib import Path

import pytest

from bot.settings import Settings
from tests.conftest import Run


@pytest.fixture
def user(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A person's home, in whose folder `work` the process is."""
    (tmp_path / "work").mkdir()
    monkeypatch.chdir(tmp_path / "work")
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "config"))
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path / "data"))
    return tmp_path


def written(file: Path, content: str) -> Path:
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(content)
    return file


def paths(settings: Settings) -> tuple[Path, Path]:
    return settings.corpus.path, settings.storage.path


def test_who_has_nothing_yet_gets_folders_of_their_own(user: Path) -> None:
    data = user / "data" / "dateline"
    assert paths(Settings.load()) == (data / "corpus", data / ".dateline")
    assert not data.exists()


@pytest.mark.parametrize("name", ["corpus", ".dateline"])
def test_articles_or_an_index_in_the_current_folder_are_used(user: Path, name: str) -> None:
    work = user / "work"
    (work / name).mkdir()
    assert paths(Settings.load()) == (work / "corpus", work / ".dateline")


def test_the_users_own_file_is_found_and_its_paths_start_beside_it(user: Path) -> None:
    written(user / "config" / "dateline" / "config.toml", '[storage]\npath = "index"\n[retrieval]\npassages = 3\n')
    settings = Settings.load()
    assert settings.retrieval.passages == 3
    assert paths(settings) == (user / "data" / "dateline" / "corpus", user / "config" / "dateline" / "index")


def test_the_file_of_the_current_folder_comes_before_it_and_a_named_one_before_both(user: Path) -> None:
    for number, file in enumerate(("config/dateline/config.toml", "work/config.toml", "other.toml"), start=1):
        written(user / file, f"[retrieval]\npassages = {number}\n")
    assert Settings.load().retrieval.passages == 2
    assert Settings.load(user / "other.toml").retrieval.passages == 3
    assert paths(Settings.load())[0] == user / "work" / "corpus"


def test_a_mistake_in_the_users_own_file_is_said_with_its_place(user: Path, run: Run) -> None:
    file = written(user / "config" / "dateline" / "config.toml", "[retrieval]\npasages = 3\n")
    outcome = run("ask", "hello")
    assert outcome.status == 2
    assert outcome.err == f"dateline: {file}: unknown key pasages in [retrieval]; did you mean passages?\n"
