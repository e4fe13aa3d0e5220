"""Models are found, checked, and prepared whole or not at all; what is wrong is one clear sentence."""

import hashlib
import io
import json
import random
import shutil
import zipfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from bot.settings import Settings
from reader.prepare import MANIFEST, prepared_reader
from retrieval import models
from retrieval.engine import GRAPH, is_compiled
from retrieval.errors import ModelError
from retrieval.models import WEIGHTS, Packaged, new_folder, resolve
from retrieval.progress import silent

CONTENT = random.Random(0).randbytes(8000)


@pytest.fixture
def parts(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[list[Path]]:
    """A model in three installed parts of one zip, named "org/tiny"; yields the parts' files."""
    archive = io.BytesIO()
    with zipfile.ZipFile(archive, "w", zipfile.ZIP_DEFLATED) as writer:
        writer.writestr(f"tiny/{WEIGHTS}", CONTENT)
        writer.writestr("tiny/1_Pooling/config.json", "{}")
    data = archive.getvalue()
    third = len(data) // 3 + 1
    site = tmp_path / "site"
    files = []
    for number in range(3):
        name = f"tiny-part-{number}"
        file = site / name / f"tiny.zip.{number}"
        file.parent.mkdir(parents=True)
        file.write_bytes(data[number * third : (number + 1) * third])
        info = site / f"tiny_part_{number}-1.0.dist-info"
        info.mkdir()
        (info / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {name}\nVersion: 1.0\n")
        (info / "RECORD").write_text(f"{name}/{file.name},,{file.stat().st_size}\n")
        files.append(file)
    packaged = Packaged(tuple(f"tiny-part-{n}" for n in range(3)), "tiny", hashlib.sha256(CONTENT).hexdigest())
    monkeypatch.setitem(models.PACKAGED, "org/tiny", packaged)
    monkeypatch.syspath_prepend(str(site))
    monkeypatch.setenv("DATELINE_CACHE", str(tmp_path / "cache"))
    monkeypatch.setenv("HF_HUB_OFFLINE", "1")
    yield files


def leftovers(cache: Path) -> list[str]:
    return [path.name for path in cache.iterdir() if not path.name.endswith(".lock")]


def test_parts_are_joined_once(parts: list[Path]) -> None:
    folder = resolve("org/tiny", silent)
    assert (folder / WEIGHTS).read_bytes() == CONTENT
    assert sorted(path.name for path in folder.iterdir()) == ["1_Pooling", WEIGHTS]
    before = (folder / WEIGHTS).stat().st_mtime_ns
    assert resolve("org/tiny", silent) == folder
    assert (folder / WEIGHTS).stat().st_mtime_ns == before


def test_a_missing_part_is_named(parts: list[Path]) -> None:
    shutil.rmtree(parts[1].parent.parent / "tiny_part_1-1.0.dist-info")
    with pytest.raises(ModelError, match=r"tiny-part-1, which is not installed; install the packages"):
        resolve("org/tiny", silent)


@pytest.mark.parametrize("damage", ["shorter", "gone", "other bytes"])
def test_a_damaged_part_leaves_nothing_half_written(damage: str, parts: list[Path], tmp_path: Path) -> None:
    data = bytearray(parts[0].read_bytes())
    if damage == "shorter":
        parts[0].write_bytes(data[:-10])
    elif damage == "gone":
        parts[0].unlink()
    else:
        data[60:90] = b"\xff" * 30
        parts[0].write_bytes(data)
    with pytest.raises(ModelError, match="reinstall the packages"):
        resolve("org/tiny", silent)
    assert leftovers(tmp_path / "cache") == []


def test_other_weights_than_those_pinned_are_refused(
    parts: list[Path], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    packaged = Packaged(models.PACKAGED["org/tiny"].distributions, "tiny", "0" * 64)
    monkeypatch.setitem(models.PACKAGED, "org/tiny", packaged)
    with pytest.raises(ModelError, match="damaged: its SHA-256"):
        resolve("org/tiny", silent)
    assert leftovers(tmp_path / "cache") == []


def test_what_a_killed_run_left_is_cleared_away(parts: list[Path], tmp_path: Path) -> None:
    target = f"tiny-{models.PACKAGED['org/tiny'].sha256[:12]}"
    abandoned = tmp_path / "cache" / f"{target}.x1y2.tmp"
    abandoned.mkdir(parents=True)
    (abandoned / WEIGHTS).write_bytes(b"half")
    assert (resolve("org/tiny", silent) / WEIGHTS).read_bytes() == CONTENT
    assert leftovers(tmp_path / "cache") == [target]


def test_a_folder_that_cannot_be_written_is_one_clear_sentence(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("in the way")
    with pytest.raises(ModelError, match="cannot be written"), new_folder(tmp_path / "file" / "target"):
        pass


def test_a_local_folder_comes_first(tmp_path: Path) -> None:
    assert resolve(str(tmp_path), silent) == tmp_path


@pytest.mark.parametrize("name", ["nobody/nothing", "not a name at all"])
def test_a_model_that_is_nowhere_is_one_clear_sentence(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("huggingface_hub.constants.HF_HUB_OFFLINE", True)
    with pytest.raises(ModelError, match=f"'{name}' is not a local folder, not one of those packaged") as caught:
        resolve(name, silent)
    assert "Error" not in str(caught.value)
    assert str(caught.value).endswith("the name of the model.")


def test_the_reader_is_merged_once_and_checked(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    settings = Settings().reader
    folder = prepared_reader(settings.model, settings.adapter, silent, compiled=False)
    assert json.loads((folder / MANIFEST).read_text())["sha256"] == models.sha256_file(folder / WEIGHTS)
    before = (folder / WEIGHTS).stat().st_mtime_ns
    assert prepared_reader(settings.model, settings.adapter, silent, compiled=False) == folder
    assert (folder / WEIGHTS).stat().st_mtime_ns == before
    # the same reader in a cache of its own, then damaged
    monkeypatch.setenv("DATELINE_CACHE", str(tmp_path))
    copy = tmp_path / folder.name
    shutil.copytree(folder, copy, ignore=shutil.ignore_patterns(WEIGHTS))
    (copy / WEIGHTS).write_bytes(b"damaged")
    for compiled in (False, True):
        with pytest.raises(ModelError, match=r"damaged; delete that folder"):
            prepared_reader(settings.model, settings.adapter, silent, compiled=compiled)


def test_the_reader_is_compiled_once() -> None:
    settings = Settings().reader
    folder = prepared_reader(settings.model, settings.adapter, silent)
    assert is_compiled(folder)
    before = (folder / GRAPH).stat().st_mtime_ns
    assert prepared_reader(settings.model, settings.adapter, silent) == folder
    assert (folder / GRAPH).stat().st_mtime_ns == before


def test_an_adapter_without_its_weights_is_named(tmp_path: Path) -> None:
    with pytest.raises(ModelError, match=r"has no adapter_config\.json"):
        prepared_reader(Settings().reader.model, tmp_path, silent)


def test_an_adapter_for_another_model_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DATELINE_CACHE", str(tmp_path))
    with pytest.raises(ModelError, match="does not fit"):
        prepared_reader(Settings().encoder.model, Settings().reader.adapter, silent)
    assert leftovers(tmp_path) == []
