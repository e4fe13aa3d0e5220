"""The models: whether their files are there and whole, and how they run on this machine."""

import os
import platform
import shutil
from collections.abc import Iterator
from importlib.metadata import PackageNotFoundError, distribution
from pathlib import Path

from bot.doctor.types import Finding, Level, from_error
from bot.settings import Settings
from reader.heads import HEADS
from reader.prepare import ADAPTER_FILES, compiled_reader, reader_key
from retrieval.encoder import compiled_encoder, fingerprint
from retrieval.engine import FAILED, Manifest, is_compiled
from retrieval.errors import ModelError
from retrieval.models import PACKAGED, WEIGHTS, cache_folder, sha256_file

PREPARE = "Run `dateline prepare`."
# what the models take in the cache before they are prepared, and what less than that is too little for anything
NEEDED_BYTES, LEAST_BYTES = 3_000_000_000, 100_000_000


def model_findings(settings: Settings) -> Iterator[Finding]:
    """The encoder and the reader, as config.toml names them."""
    named = settings.reader
    yield from _files("Encoder", settings.encoder.model)
    yield from _model("Encoder", settings.encoder.model, encoder_folder(settings.encoder.model), settings)
    yield from _files("Reader", named.model)
    if named.adapter is not None:
        missing = [name for name in (*ADAPTER_FILES, HEADS) if not (named.adapter / name).is_file()]
        if missing:
            message = f"The adapter folder {named.adapter} lacks {', '.join(missing)}."
            yield Finding(
                "Reader", "problem", message, "Restore the files, or correct [reader] adapter in config.toml."
            )
            return
    yield from _model("Reader", named.model, _reader_folder(named.model, named.adapter), settings)


def encoder_folder(model: str) -> Path | None:
    """Where the encoder is compiled; None where that is not known without the Hugging Face hub."""
    if model in PACKAGED:
        return compiled_encoder(PACKAGED[model].sha256)
    return compiled_encoder(fingerprint(Path(model))) if Path(model).is_dir() else None


def encoder_fingerprint(model: str) -> str | None:
    """The fingerprint that an index of this encoder has; None where that is not known yet."""
    folder = encoder_folder(model)
    try:
        return str(Manifest.load(folder).more["fingerprint"]) if folder is not None and is_compiled(folder) else None
    except ModelError:
        return None


def disk_findings(settings: Settings) -> Iterator[Finding]:
    """Whether the folders that are written to can be, and have space."""
    folders = encoder_folder(settings.encoder.model), _reader_folder(settings.reader.model, settings.reader.adapter)
    unprepared = any(folder is not None and not is_compiled(folder) for folder in folders)
    for name, folder, needed in (
        ("cache", cache_folder(), NEEDED_BYTES if unprepared else LEAST_BYTES),
        ("storage", settings.storage.path, LEAST_BYTES),
    ):
        there = next(each for each in (folder.absolute(), *folder.absolute().parents) if each.exists())
        free = shutil.disk_usage(there).free
        space = f"{free / 1e9:,.1f} GB are free for the {name} in {folder}"
        if not there.is_dir() or not os.access(there, os.W_OK | os.X_OK):
            mend = "Fix the permissions, or set DATELINE_CACHE or [storage] path to another folder."
            yield Finding("Disk", "problem", f"The {name} folder {folder} cannot be written.", mend)
        elif free < needed:
            level: Level = "problem" if free < LEAST_BYTES else "warning"
            yield Finding("Disk", level, f"Only {space}, and {needed / 1e9:,.1f} may be needed.", "Free some space.")
        else:
            yield Finding("Disk", "ok", f"{space}.")


def _reader_folder(model: str, adapter: Path | None) -> Path | None:
    local = Path(model)
    try:
        if adapter is None:
            return compiled_reader(fingerprint(local)) if local.is_dir() else None
        if model in PACKAGED:
            return compiled_reader(reader_key(PACKAGED[model].sha256, adapter))
        return compiled_reader(reader_key(sha256_file(local / WEIGHTS), adapter)) if local.is_dir() else None
    except ModelError:
        return None


def _files(area: str, model: str) -> Iterator[Finding]:
    """A model's own files, where they are installed as packages."""
    if model not in PACKAGED:
        where = "a folder" if Path(model).is_dir() else "fetched from the Hugging Face hub"
        yield Finding(area, "ok", f"The model {model} is {where}.")
        return
    packaged = PACKAGED[model]
    try:
        parts = [distribution(name) for name in packaged.distributions]
    except PackageNotFoundError:
        yield Finding(area, "ok", f"The model {model} is not installed; it is fetched when it is prepared.")
        return
    files = [file for part in parts for file in part.files or () if ".zip." in file.name]
    damaged = [str(file) for file in files if not _has_size(Path(str(file.locate())), file.size)]
    if len(parts) == 1:
        weights = Path(str(parts[0].locate_file(packaged.folder))) / WEIGHTS
        damaged = [] if _has_content(weights, packaged.sha256) else [str(weights)]
    if damaged:
        mend = "Install the packages again: delete .venv and run `make setup`."
        yield Finding(area, "problem", f"The model {model} is damaged: {', '.join(damaged)}.", mend)
    else:
        yield Finding(area, "ok", f"The model {model} is installed and complete.")


def _has_content(path: Path, sha256: str) -> bool:
    try:
        return sha256_file(path) == sha256
    except ModelError:
        return False


def _has_size(path: Path, size: int | None) -> bool:
    return path.is_file() and (size is None or path.stat().st_size == size)


def _model(area: str, model: str, folder: Path | None, settings: Settings) -> Iterator[Finding]:
    """How a model runs."""
    if not settings.engine.compiled:
        message = "The model is run by PyTorch, which is slower to start and to answer."
        yield Finding(area, "warning", message, "Set [engine] compiled = true in config.toml.")
    elif folder is None:
        yield Finding(area, "ok", f"{model} is fetched and compiled when it is first used.")
    elif is_compiled(folder):
        yield _compiled(area, folder, settings)
    elif (folder / FAILED).is_file():
        why = (folder / FAILED).read_text(encoding="utf-8", errors="replace")
        yield Finding(area, "warning", f"The model is run by PyTorch, which is slower: {why}.", None)
    else:
        yield Finding(area, "warning", "The model is not prepared yet, so the first question waits for it.", PREPARE)


def _compiled(area: str, folder: Path, settings: Settings) -> Finding:
    try:
        manifest = Manifest.load(folder)
    except ModelError as error:
        return from_error(area, error)
    if settings.engine.precision is not None:
        return Finding(area, "ok", f"Compiled, in {settings.engine.precision}, as config.toml says.")
    if not manifest.fastest:
        return Finding(area, "warning", "Compiled; the fastest precision is measured at the first question.", PREPARE)
    measured = "; ".join(
        f"{precision} on {processor.split(',')[0]}" for processor, precision in manifest.fastest.items()
    )
    return Finding(area, "ok", f"Compiled for {platform.machine()}; fastest: {measured}.")
