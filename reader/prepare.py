"""From the names in the settings to a folder that the reader can be loaded from.

A reader is either a whole extractive question-answering model, or a base model and an adapter that the project trained.
The adapter is merged into its base once, and the merged model compiled; both are kept in the cache under a name made of
the hashes of adapter and base, so that a new adapter, or a new base, is a new folder and never a mixture.
"""

import hashlib
import json
import shutil
import warnings
from collections.abc import Callable
from functools import partial
from pathlib import Path

from safetensors import SafetensorError

from reader.heads import ADAPTER, CONFIG, HEADS
from retrieval.encoder import fingerprint
from retrieval.engine import FORMAT, compiled_or_own
from retrieval.errors import ModelError
from retrieval.models import (
    PACKAGED,
    WEIGHTS,
    cache_folder,
    check_sha256,
    new_folder,
    quieten_transformers,
    resolve,
    sha256_file,
)
from retrieval.progress import Progress

ADAPTER_FILES = (CONFIG, ADAPTER)
MANIFEST = "dateline.json"
TOKENIZER_FILES = ("tokenizer.json", "tokenizer_config.json", "special_tokens_map.json", "vocab.txt")


def prepared_reader(model: str, adapter: Path | None, progress: Progress, *, compiled: bool = True) -> Path:
    """The folder of the reader to load: `model` with `adapter` merged in, or `model` itself without one.

    It is `compiled` (`retrieval.engine`), or where that is not wanted or not possible, one of transformers. Raises
    ModelError where either is missing or damaged, or where the two do not belong together.
    """
    if adapter is None:
        key = fingerprint(resolve(model, progress))
        source: Callable[[], Path] = partial(resolve, model, progress)
    else:
        for name in ADAPTER_FILES:
            if not (adapter / name).is_file():
                mend = "correct {the adapter's folder}, or restore the file: the repository has those of reader/weights"
                raise ModelError(f"The reader's adapter folder %s has no {name}; {mend}.", adapter)
        packaged = PACKAGED.get(model)
        # packaged weights are known by their pinned hash: where they are merged already, they need not be read again
        digest = packaged.sha256 if packaged is not None else sha256_file(resolve(model, progress) / WEIGHTS)
        key = reader_key(digest, adapter)
        source = partial(_merged, model, digest, adapter, cache_folder() / f"reader-{key}", progress)
    if not compiled:
        return source()
    return compiled_or_own(model, compiled_reader(key), source, _compile, progress)


def compiled_reader(key: str) -> Path:
    """Where a reader with this key, see `reader_key`, or this fingerprint is compiled."""
    return cache_folder() / f"reader-{key}-{FORMAT}"


def _compile(source: Path, folder: Path) -> None:
    from reader.pytorch import compile_reader  # imports torch and transformers

    compile_reader(source, folder)


def _merged(model: str, digest: str, adapter: Path, target: Path, progress: Progress) -> Path:
    """The folder `target` of the base model with the adapter merged in."""
    if not target.is_dir():
        base = resolve(model, progress)
        check_sha256(base / WEIGHTS, digest)
        with new_folder(target) as temporary:
            if not target.is_dir():
                _merge(base, adapter, temporary, progress)
    _check(target)
    return target


def reader_key(base: str, adapter: Path) -> str:
    """12 hex digits over all that decides the merged weights: the base's SHA-256 and the adapter's files."""
    digest = hashlib.sha256(f"{base}\n".encode())
    for name in (*ADAPTER_FILES, HEADS):
        if (adapter / name).is_file():
            digest.update(f"{name} {sha256_file(adapter / name)}\n".encode())
    return digest.hexdigest()[:12]


def _merge(base: Path, adapter: Path, folder: Path, progress: Progress) -> None:
    from peft import PeftModel
    from transformers import AutoModelForQuestionAnswering

    quieten_transformers()
    with progress("Merging the reader's adapter", 3) as advance:
        try:
            model = AutoModelForQuestionAnswering.from_pretrained(base, local_files_only=True)
            advance(1)
            with warnings.catch_warnings():
                warnings.simplefilter("ignore", FutureWarning)  # peft 0.21 uses a name that transformers 5 renames
                merged = PeftModel.from_pretrained(model, str(adapter)).merge_and_unload()
            advance(1)
        except (OSError, ValueError, KeyError, RuntimeError, SafetensorError) as error:
            text = "The adapter in %s does not fit the base model in %s (%s); restore both."
            raise ModelError(text, adapter, base) from error
        try:
            merged.save_pretrained(folder)
        except SafetensorError as error:
            mend = "free some disk space (2 GB is enough) or set DATELINE_CACHE to another folder"
            raise ModelError(f"The merged reader cannot be written to %s (%s); {mend}.", folder.parent) from error
        for source, names in ((base, TOKENIZER_FILES), (adapter, (HEADS,))):
            for name in names:
                if (source / name).is_file():
                    shutil.copyfile(source / name, folder / name)
        (folder / MANIFEST).write_text(json.dumps({"sha256": sha256_file(folder / WEIGHTS)}))
        advance(1)


def _check(folder: Path) -> None:
    """Raises ModelError if the merged weights are no longer what was written."""
    try:
        expected = json.loads((folder / MANIFEST).read_text())["sha256"]
        check_sha256(folder / WEIGHTS, expected)
    except (OSError, ValueError, KeyError, ModelError) as error:
        text = "The prepared reader in %s is damaged; delete that folder and it is prepared again."
        raise ModelError(text, folder) from error
