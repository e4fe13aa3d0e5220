"""`dateline doctor` finds what is wrong with an installation: each state here is a real one."""

import json
import shutil
import sqlite3
import subprocess
import sys
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import pytest

from bot.assistant import index_corpus
from bot.cli import main
from bot.doctor.installation import package_findings, python_finding
from bot.doctor.types import Finding
from bot.settings import Settings
from evaluation.server import Server
from reader.prepare import prepared_reader
from retrieval.encoder import compiled_encoder
from retrieval.engine import FAILED, FORMAT, MANIFEST
from retrieval.models import ENCODER, PACKAGED, cache_folder
from retrieval.progress import silent
from retrieval.storage.database import DATABASE
from tests.conftest import ROOT, settings_for
from tests.stores import write

ADAPTER = ROOT / "reader" / "weights"
TOKEN = "token.of.nobody"

Examine = Callable[..., list[Finding]]


@pytest.fixture(scope="module")
def installed(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with configuration, articles and index."""
    folder = tmp_path_factory.mktemp("installed")
    write(folder / "corpus", "ferry.txt", "The ferry to Lisbon was late again.")
    (folder / "config.toml").write_text("")
    index_corpus(settings_for(folder / "corpus", folder / ".dateline"), silent)
    settings = Settings().reader
    prepared_reader(settings.model, settings.adapter, silent)
    return folder


@pytest.fixture
def place(installed: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A copy of it, to be broken; the process is there."""
    folder = tmp_path / "place"
    shutil.copytree(installed, folder)
    monkeypatch.chdir(folder)
    monkeypatch.delenv("DISCORD_TOKEN", raising=False)
    return folder


@pytest.fixture
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A cache whose prepared models are links to files of the real one, so that each can be broken."""
    folder = tmp_path / "cache"
    for source in cache_folder().glob(f"*-{FORMAT}"):
        shutil.copytree(source, folder / source.name, copy_function=lambda of, to: Path(to).symlink_to(of))
    monkeypatch.setenv("DATELINE_CACHE", str(folder))
    return folder


@pytest.fixture
def examine(place: Path, capfd: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> Examine:
    """Runs the command; what it found but the good, its exit status checked against that."""
    monkeypatch.setattr(sys, "excepthook", sys.excepthook)

    def call(*args: str) -> list[Finding]:
        status = main(["doctor", "--json", *args])
        out, err = capfd.readouterr()
        document = json.loads(out)
        found = [Finding(**each) for each in document["findings"]]
        problems = [each for each in found if each.level == "problem"]
        assert (status, document["healthy"], err) == (1 if problems else 0, not problems, "")
        assert all(each.message.endswith(".") and "\n" not in each.message for each in found)
        assert all(each.mend for each in problems), "a problem without a mend"
        # what is installed beside what is pinned is the machine's matter
        return [each for each in found if each.level != "ok" and each.area != "Packages"]

    return call


def test_where_all_is_well_nothing_is_to_be_done(examine: Examine, capfd: pytest.CaptureFixture[str]) -> None:
    assert examine() == []
    assert main(["doctor"]) == 0
    shown = capfd.readouterr().out
    assert "ok       Index     Generation 1, 1 passage, made with sentence-transformers/all-MiniLM-L6-v2.\n" in shown
    assert "ok       Reader    Compiled for" in shown and "PROBLEM" not in shown


def test_neither_pytorch_nor_transformers_is_imported(place: Path) -> None:
    code = (
        "import sys; from bot.cli import main; status = main(['doctor']); "
        "sys.exit(status or bool({'torch', 'transformers', 'sentence_transformers'} & set(sys.modules)))"
    )
    done = subprocess.run([sys.executable, "-c", f"import sys; sys.path.insert(0, {str(ROOT)!r}); {code}"])
    assert done.returncode == 0


def one(found: list[Finding], area: str, level: str) -> Finding:
    (finding,) = found
    assert (finding.area, finding.level) == (area, level)
    return finding


def configure(place: Path, content: str) -> None:
    (place / "config.toml").write_text(content)


def altered(statement: str) -> Callable[[Path], None]:
    """Changes the database of the index."""

    def alter(place: Path) -> None:
        with closing(sqlite3.connect(place / ".dateline" / DATABASE, isolation_level=None)) as connection:
            connection.execute(statement)

    return alter


def no_database(place: Path) -> None:
    for file in (place / ".dateline").glob(f"{DATABASE}*"):
        file.write_bytes(b"no database" * 100) if file.name == DATABASE else file.unlink()


def no_index_files(place: Path) -> None:
    next((place / ".dateline").glob("passages-*")).unlink()
    shutil.rmtree(next((place / ".dateline").glob("words-*")))


def adapter_without_weights(place: Path) -> None:
    shutil.copytree(ADAPTER, place / "adapter", ignore=shutil.ignore_patterns("adapter_model.safetensors"))
    configure(place, '[reader]\nadapter = "adapter"\n')


@pytest.mark.parametrize(
    ("spoil", "area", "level", "message", "mend"),
    [
        (
            lambda place: configure(place, "[retrieval]\npasages = 3\n"),
            "Settings",
            "problem",
            "unknown key pasages",
            "Did",
        ),
        (lambda place: shutil.rmtree(place / ".dateline"), "Index", "warning", "no index", "Run `dateline index`."),
        (altered("PRAGMA user_version = 99"), "Index", "problem", "has format 99, expected", "dateline index"),
        (altered("PRAGMA user_version = 2"), "Index", "problem", "made by an earlier version", "dateline index"),
        (
            altered("UPDATE generations SET fingerprint = 'another', model = 'some/encoder'"),
            *("Index", "problem", "made with some/encoder, and another", "dateline index"),
        ),
        (altered("DROP TABLE generations"), "Index", "problem", "no such table: generations", "dateline index"),
        (no_database, "Index", "problem", "file is not a database", ""),
        (no_index_files, "Index", "warning", "passages-1.faiss, words-1", "Run `dateline index`"),
        (
            lambda place: shutil.rmtree(place / "corpus"),
            "Articles",
            "problem",
            "corpus does not exist.",
            "Create it and put",
        ),
        (
            lambda place: (place / "corpus" / "gone.txt").symlink_to(place / "nowhere.txt"),
            *("Articles", "problem", "1 file of", "links"),
        ),
        (adapter_without_weights, "Reader", "problem", "lacks adapter_model.safetensors", "Restore"),
    ],
)
def test_what_is_wrong_is_named_with_its_mend(
    spoil: Callable[[Path], None], area: str, level: str, message: str, mend: str, place: Path, examine: Examine
) -> None:
    spoil(place)
    finding = one(examine(), area, level)
    assert message in finding.message
    assert finding.mend is not None and mend in finding.mend


def test_no_articles_and_files_of_other_kinds(place: Path, examine: Examine) -> None:
    (place / "corpus" / "ferry.txt").rename(place / "corpus" / "ferry.pdf")
    assert "There is no article in" in one(examine(), "Articles", "warning").message
    write(place / "corpus", "ferry.txt", "The ferry to Lisbon was late again.")
    assert "1 .pdf" in one(examine(), "Articles", "warning").message


def test_models_that_are_not_prepared(examine: Examine, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DATELINE_CACHE", str(tmp_path / "empty"))
    found = [each for each in examine() if each.area != "Disk"]
    assert [(each.area, each.level, each.mend) for each in found] == [
        ("Encoder", "warning", "Run `dateline prepare`."),
        ("Reader", "warning", "Run `dateline prepare`."),
    ]


def test_a_prepared_model_that_is_damaged(cache: Path, examine: Examine) -> None:
    damaged = compiled_encoder(PACKAGED[ENCODER].sha256)
    (damaged / MANIFEST).unlink()
    (damaged / MANIFEST).write_text("{")
    finding = one(examine(), "Encoder", "problem")
    assert str(damaged) in finding.message and finding.mend == "Delete that folder and it is prepared again."


def test_a_model_that_could_not_be_compiled(cache: Path, examine: Examine) -> None:
    folder = compiled_encoder(PACKAGED[ENCODER].sha256)
    for file in folder.iterdir():
        file.unlink() if file.is_symlink() else shutil.rmtree(file)
    (folder / FAILED).write_text("OpenVINO cannot convert it")
    found = [each for each in examine() if each.area != "Disk"]
    assert "run by PyTorch, which is slower: OpenVINO cannot convert it" in one(found, "Encoder", "warning").message


def test_without_compiling_pytorch_runs_them(place: Path, examine: Examine) -> None:
    (place / "config.toml").write_text("[engine]\ncompiled = false\n")
    assert [(each.area, each.level) for each in examine()] == [("Encoder", "warning"), ("Reader", "warning")]


def test_another_adapter_is_not_prepared(place: Path, examine: Examine) -> None:
    shutil.copytree(ADAPTER, place / "adapter")
    (place / "adapter" / "adapter_config.json").write_text("{}")
    (place / "config.toml").write_text('[reader]\nadapter = "adapter"\n')
    found = [each for each in examine() if each.area != "Disk"]
    assert one(found, "Reader", "warning").mend == "Run `dateline prepare`."


def test_folders_that_are_files(place: Path, examine: Examine, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "file").write_text("in the way")
    monkeypatch.setenv("DATELINE_CACHE", str(tmp_path / "file" / "cache"))
    found = [each for each in examine() if each.area == "Disk"]
    assert "cache folder" in one(found, "Disk", "problem").message


def test_a_token_is_never_shown(examine: Examine, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DISCORD_TOKEN", TOKEN)
    assert examine() == []
    monkeypatch.setenv("DISCORD_TOKEN", "secret words")
    finding = one(examine(), "Discord", "problem")
    assert "secret" not in f"{finding.message}{finding.mend}"


def test_a_server(place: Path, examine: Examine, server: Server, capfd: pytest.CaptureFixture[str]) -> None:
    url = server.new_database()
    (place / "config.toml").write_text(f'[storage]\nurl = "{url}"\n')
    assert "There is no index in test" in one(examine(), "Index", "warning").message
    assert main(["index"]) == 0
    capfd.readouterr()
    assert [each for each in examine() if each.area != "Server"] == []
    assert main(["doctor"]) == 0
    assert "the role dateline may add articles" in capfd.readouterr().out
    (place / "config.toml").write_text('[storage]\nurl = "postgresql://dateline@127.0.0.1:1/news"\n')
    finding = one(examine(), "Index", "problem")
    assert "cannot be reached" in finding.message
    assert finding.mend is not None and "check that the server runs" in finding.mend.lower()


def test_another_python_is_a_problem() -> None:
    assert python_finding((3, 12)).level == "ok"
    for other in ((3, 10), (3, 14)):
        assert python_finding(other).level == "problem"


def test_packages_that_are_missing_or_others_than_pinned(tmp_path: Path) -> None:
    project = '[project]\ndependencies = ["click", "numpy>=1000", "not-there"]\n[project.optional-dependencies]\n'
    extras = 'discord = ["not-there-either"]\npostgres = []\nevaluation = ["click"]\ntraining = ["not-there-too"]\n'
    (tmp_path / "pyproject.toml").write_text(project + extras)
    found = list(package_findings(frozenset({"discord"}), tmp_path))
    assert [each.level for each in found] == ["problem", "problem", "ok", "ok", "ok"]
    assert "not-there" in found[0].message and ">=1000" in found[0].message
    assert found[1].mend is not None and "'.[discord]'" in found[1].mend
    (tmp_path / "pyproject.toml").write_text(project.replace(', "numpy>=1000", "not-there"', "") + extras)
    (tmp_path / "requirements.lock").write_text('# pinned\nclick==0.1\nnone==1; python_version < "3"\n')
    first = next(package_findings(frozenset(), tmp_path))
    assert (first.level, "click" in first.message, "0.1" in first.message) == ("warning", True, True)


def test_this_checkout_lacks_nothing() -> None:
    assert all(each.level != "problem" for each in package_findings(frozenset({"discord", "postgres"})))
