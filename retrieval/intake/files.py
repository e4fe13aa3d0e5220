"""Finding the article files of a corpus, and reading their bytes whole or not at all."""

import hashlib
import os
import stat
from collections.abc import Iterator
from pathlib import Path

from retrieval.errors import ArticleError, CorpusError, VanishedError, reason

SUFFIXES = frozenset({".txt", ".md", ".html", ".htm", ".json", ".jsonl"})
MAX_BYTES = 20_000_000


def find_files(corpus: Path) -> list[Path]:
    """Every article file below `corpus`, sorted by path. Raises CorpusError if there is no such folder.

    Hidden files and folders, files named README and folders behind a link are passed over. No file is opened.
    """
    if not corpus.is_dir():
        problem = "is not a folder" if corpus.exists() else "does not exist"
        raise CorpusError(
            f"The corpus folder {corpus} {problem}; create it and put articles in it ({', '.join(sorted(SUFFIXES))}), "
            "or set [corpus] path in config.toml."
        )
    return sorted(Path(entry.path) for entry in walk(corpus))


def walk(corpus: Path) -> Iterator[os.DirEntry[str]]:
    """The files of `find_files` as the system lists them, in no particular order. Raises CorpusError."""
    # a list of folders to come, because os.walk calls itself for each level of nesting
    folders = [str(corpus)]
    while folders:
        folder = folders.pop()
        for entry in _entries(folder):
            if entry.name.startswith("."):
                continue
            if entry.is_dir(follow_symlinks=False):
                folders.append(entry.path)
            elif _may_be_article(entry.name) and not (entry.is_symlink() and Path(entry.path).is_dir()):
                yield entry


def _entries(folder: str) -> list[os.DirEntry[str]]:
    try:
        with os.scandir(folder) as entries:
            return list(entries)
    except FileNotFoundError:
        return []  # deleted since its parent was listed
    except OSError as error:
        # without what is below, its articles would seem to be deleted
        raise CorpusError(f"The folder {folder} cannot be read ({reason(error)}); mend its permissions.") from error


def _may_be_article(name: str) -> bool:
    stem, suffix = os.path.splitext(name)  # noqa: PTH122 - a Path for each name of a large corpus takes seconds
    return suffix.lower() in SUFFIXES and stem.upper() != "README"


def article_id(relative_path: str) -> str:
    """12 hex digits that stay the same as long as the file keeps its place in the corpus."""
    return hashlib.sha256(relative_path.encode("utf-8", "surrogateescape")).hexdigest()[:12]


def leads_out(link: Path, corpus: Path) -> bool:
    """Whether a link of the corpus leads to a file outside of it."""
    return not Path(os.path.realpath(link)).is_relative_to(corpus.resolve())


def read_bytes(path: Path) -> bytes:
    """The content of a file, as it was at one moment.

    Raises VanishedError if the file is gone, and ArticleError if it cannot be read, is no regular file, is empty, is
    too large or changes while it is read.
    """
    try:
        # without O_NONBLOCK, opening a pipe would wait for somebody to write to it
        with os.fdopen(os.open(path, os.O_RDONLY | os.O_NONBLOCK), "rb") as file:
            before = os.fstat(file.fileno())
            _check(before)
            data = file.read(MAX_BYTES + 1)
            after = os.fstat(file.fileno())
    except FileNotFoundError as error:
        if path.is_symlink():
            raise ArticleError("is a link to a file that does not exist; mend or delete it") from error
        raise VanishedError("is gone; it was there when the folder was listed") from error
    except OSError as error:
        raise ArticleError(f"cannot be read ({reason(error)}); mend that or leave it out of the corpus") from error
    if (before.st_size, before.st_mtime_ns) != (after.st_size, after.st_mtime_ns) or len(data) != after.st_size:
        raise ArticleError("is still being written; it is taken at the next run")
    if not data.strip():
        raise ArticleError("is empty; write the article into it or delete it")
    return data


def _check(found: os.stat_result) -> None:
    if not stat.S_ISREG(found.st_mode):
        raise ArticleError("is no regular file; leave it out of the corpus")
    if found.st_size > MAX_BYTES:
        size = f"{found.st_size:,} bytes"
        raise ArticleError(f"is {size}, more than the {MAX_BYTES:,} allowed; split it or leave it out")
