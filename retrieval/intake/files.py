"""Finding the article files of a corpus, and reading their bytes whole or not at all."""

import hashlib
import os
import re
import stat
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from enum import Enum, auto
from itertools import starmap
from pathlib import Path

from retrieval.errors import ArticleError, CorpusError, VanishedError, reason
from retrieval.types import Unread


class Format(Enum):
    """How a file is read."""

    TEXT = auto()
    MARKDOWN = auto()
    PAGE = auto()
    MAIL = auto()
    RECORDS = auto()


FORMATS: Mapping[str, Format] = {
    **dict.fromkeys((".txt", ".text", ".wiki", ".vtt", ".srt"), Format.TEXT),
    **dict.fromkeys((".md", ".markdown", ".mdx"), Format.MARKDOWN),
    **dict.fromkeys((".html", ".htm", ".xhtml", ".shtml", ".php"), Format.PAGE),
    **dict.fromkeys((".eml", ".mhtml", ".mht"), Format.MAIL),
    **dict.fromkeys((".json", ".jsonl", ".ndjson"), Format.RECORDS),
}
SUFFIXES = frozenset(FORMATS)
ENDINGS = ", ".join(sorted(SUFFIXES))
MAX_BYTES = 20_000_000
SAVED_BESIDE = "saved beside a page"

# "Talks of 3.5 hours" and ".txt" have no ending, "notes.2024" has one that is not an ending
_SUFFIX = re.compile(r"(?<=[^/])\.[A-Za-z][A-Za-z0-9]{0,9}\Z")
# files that say something about the others
_ABOUT_TEXT = """
license licence copying notice authors contributors contributing changelog version
makefile dockerfile codeowners gemfile rakefile procfile cname
"""
_ABOUT = frozenset(_ABOUT_TEXT.split())
# what browsers call the folder of a page's pictures and frames, in the languages of Windows
_BESIDE = re.compile(
    r"(?:[_.]files|-Dateien|[_-]filer|_(?:archivos|arquivos|bestanden|bylos|datoteke|dosyalar|elemei|failid|fails|fajlovi"
    r"|ficheiros|fichiers|file|fitxategiak|fitxers|pliki|soubory|tiedostot))$"
)


@dataclass(frozen=True, slots=True)
class Found:
    """The article files below a folder, sorted by path; and how many others are not read, the most first."""

    files: tuple[Path, ...]
    unread: tuple[Unread, ...]


def suffix_of(path: str) -> str:
    """The ending of a file's name in small letters, "" where it has none: "a/B.HTML" -> ".html"."""
    match = _SUFFIX.search(path)
    return match[0].lower() if match is not None else ""


def find(corpus: Path) -> Found:
    """Every article file below `corpus`, and what else is there. Raises CorpusError if there is no such folder.

    Hidden files and folders, files named README and the like, and folders behind a link are passed over, and so is what
    a browser saved beside a page. No file is opened.
    """
    if not corpus.is_dir():
        problem = "is not a folder" if corpus.exists() else "does not exist"
        raise CorpusError(
            f"The corpus folder %s {problem}; create it and put articles in it ({ENDINGS}), or "
            "{set another folder for the articles}.",
            corpus,
        )
    unread = Counter[str]()
    files = sorted(Path(entry.path) for entry in walk(corpus, unread))
    return Found(tuple(files), by_kind(unread))


def by_kind(unread: Counter[str]) -> tuple[Unread, ...]:
    """How many files of each kind are not read, the most first."""
    return tuple(starmap(Unread, unread.most_common()))


def walk(corpus: Path, unread: Counter[str]) -> Iterator[os.DirEntry[str]]:
    """The article files of `find` as the system lists them, in no particular order; counts the others in `unread`."""
    # a list of folders to come, because os.walk calls itself for each level of nesting
    folders = [(str(corpus), False)]
    while folders:
        folder, beside = folders.pop()
        entries = [entry for entry in _entries(folder) if not entry.name.startswith(".")]
        pages = {os.path.splitext(entry.name)[0] for entry in entries if _is_page(entry.name)}  # noqa: PTH122
        for entry in entries:
            if entry.is_dir(follow_symlinks=False):
                folders.append((entry.path, beside or _BESIDE.sub("", entry.name) in pages - {entry.name}))
            elif beside:
                unread[SAVED_BESIDE] += 1
            elif entry.is_symlink() and Path(entry.path).is_dir():
                continue
            elif not is_about(entry.name):
                suffix = suffix_of(entry.name)
                if suffix and suffix not in FORMATS:
                    unread[suffix] += 1
                else:
                    yield entry


def _entries(folder: str) -> list[os.DirEntry[str]]:
    try:
        with os.scandir(folder) as entries:
            return list(entries)
    except FileNotFoundError:
        return []  # deleted since its parent was listed
    except OSError as error:
        # without what is below, its articles would seem to be deleted
        raise CorpusError("The folder %s cannot be read (%s); fix its permissions.", Path(folder)) from error


def _is_page(name: str) -> bool:
    return FORMATS.get(suffix_of(name)) is Format.PAGE


def is_about(name: str) -> bool:
    """Whether a file says something about the others, or is an editor's copy of one: README.md, LICENSE, a.txt~."""
    suffix = suffix_of(name)
    stem = name[: len(name) - len(suffix)].lower()
    return name.endswith("~") or stem == "readme" or (not suffix and stem in _ABOUT)


def is_utf8(name: str) -> bool:
    """Whether the name of a file, as the system gives it, can be written down."""
    return not any("\ud800" <= character <= "\udfff" for character in name)


def article_id(relative_path: str) -> str:
    """12 hex digits that stay the same as long as the file keeps its place in the corpus."""
    return hashlib.sha256(relative_path.encode("utf-8", "surrogatepass")).hexdigest()[:12]


def leads_out(link: Path, corpus: Path) -> bool:
    """Whether a link of the corpus leads to a file outside of it."""
    return not Path(os.path.realpath(link)).is_relative_to(corpus.resolve())


def read_bytes(path: Path) -> bytes:
    """The content of a file, as it was at one moment.

    Raises VanishedError if the file is gone, and ArticleError if it cannot be read, is not a regular file, is empty, is
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
            raise ArticleError("is a link to a file that does not exist; fix or delete it") from error
        raise VanishedError("is gone; it was there when the folder was listed") from error
    except OSError as error:
        raise ArticleError(f"cannot be read ({reason(error)}); fix that or leave it out of the corpus") from error
    if (before.st_size, before.st_mtime_ns) != (after.st_size, after.st_mtime_ns) or len(data) != after.st_size:
        raise ArticleError("is still being written; it is read at the next run")
    if not data.strip():
        raise ArticleError("is empty; write the article into it or delete it")
    return data


def _check(found: os.stat_result) -> None:
    if not stat.S_ISREG(found.st_mode):
        raise ArticleError("is not a regular file; leave it out of the corpus")
    if found.st_size > MAX_BYTES:
        size = f"{found.st_size:,} bytes"
        raise ArticleError(f"is {size}, more than the {MAX_BYTES:,} allowed; split it or leave it out")
