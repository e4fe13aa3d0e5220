"""Adding articles to the corpus: files, folders of files, and pages of the web.

Everything is parsed before it is stored, and a file appears in the corpus whole or not at all: it is written under a
hidden name, which the corpus does not read, and then renamed.
"""

import os
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from functools import cached_property
from itertools import count
from pathlib import Path, PurePosixPath

from retrieval.disk import write_atomically
from retrieval.errors import ArticleError, CorpusError, FetchError, reason
from retrieval.fetch import FetchLimits, Page, fetch
from retrieval.intake.articles import parse
from retrieval.intake.files import ENDINGS, MAX_BYTES, SUFFIXES, by_kind, find, is_about, read_bytes, suffix_of
from retrieval.intake.types import Metadata
from retrieval.page_files import as_file, with_fields
from retrieval.types import Article, Skipped, Unread


@dataclass(frozen=True, slots=True)
class AddReport:
    """What was done with the given names: paths in the corpus, what was skipped and why, files not read."""

    added: tuple[str, ...]
    unchanged: tuple[str, ...]
    skipped: tuple[Skipped, ...]
    unread: tuple[Unread, ...] = ()


@dataclass(frozen=True, slots=True)
class Stored:
    """An article's path in the corpus, and whether it had to be written."""

    path: str
    written: bool


class Contents:
    """The files of a corpus by size and ending: which of them holds some bytes is known without reading the others."""

    def __init__(self, corpus: Path) -> None:
        self._corpus = corpus

    def find(self, data: bytes, suffix: str) -> str | None:
        """The path, in the corpus, of a file with this content and ending. Raises CorpusError."""
        alike = self._paths.get((len(data), suffix), ())
        return next((path for path in alike if _holds(self._corpus / path, data)), None)

    def note(self, data: bytes, path: str) -> None:
        """Adds a file that holds `data`."""
        self._paths.setdefault((len(data), PurePosixPath(path).suffix), []).append(path)

    @cached_property
    def _paths(self) -> dict[tuple[int, str], list[str]]:
        paths: dict[tuple[int, str], list[str]] = {}
        for file in find(self._corpus).files if self._corpus.is_dir() else ():
            with suppress(OSError):
                key = file.stat().st_size, file.suffix
                paths.setdefault(key, []).append(file.relative_to(self._corpus).as_posix())
        return paths


@dataclass(slots=True)
class Tally:
    """Collects an AddReport."""

    added: list[str] = field(default_factory=list)
    unchanged: list[str] = field(default_factory=list)
    skipped: list[Skipped] = field(default_factory=list)
    unread: Counter[str] = field(default_factory=Counter)

    def count(self, stored: Stored) -> None:
        """Counts an article that is in the corpus now."""
        (self.added if stored.written else self.unchanged).append(stored.path)

    def skip(self, name: str, error: ArticleError | FetchError | CorpusError) -> None:
        """Counts what is not, under the name that the person gave."""
        self.skipped.append(Skipped(name, error.problem if isinstance(error, FetchError) else error.text()))

    def report(self) -> AddReport:
        """The finished report."""
        return AddReport(tuple(self.added), tuple(self.unchanged), tuple(self.skipped), by_kind(self.unread))


def add(corpus: Path, names: Sequence[str], limits: FetchLimits) -> AddReport:
    """Copies or fetches what `names` name into the corpus, which is created if needed.

    A name is a file, a folder, whose article files keep their places below it, or a web address. No file is ever
    overwritten but a page, by a newer version of itself, and a file that the corpus has in another place or under
    another name is not copied again. Raises CorpusError if the corpus cannot be read or written.
    """
    tally, contents = Tally(), Contents(corpus.resolve())
    for name in names:
        try:
            if "://" in name:
                tally.count(store_page(corpus, name, fetch(name, limits)))
            elif Path(name).is_dir():
                _add_folder(corpus, Path(name), contents, tally)
            else:
                tally.count(_add_file(corpus, Path(name), contents))
        except (ArticleError, FetchError) as error:
            tally.skip(name, error)
        except OSError as error:
            tally.skip(name, ArticleError(f"cannot be read ({reason(error)}); check its permissions"))
    return tally.report()


def store_page(corpus: Path, url: str, page: Page, known: Metadata = Metadata()) -> Stored:  # noqa: B008 - frozen
    """Puts a page into the corpus under a name made of `url`, the address asked for: the same one is one file.

    What is `known` of the article and not said by the page is written above it, as front matter. Raises ArticleError if
    it holds no article, CorpusError.
    """
    path, data = as_file(url, page)
    article = _check(data, path)
    if path.endswith(".html"):
        data = with_fields(data, article, known)
    return _store(corpus, path, data)


def read_page(url: str, page: Page) -> Article:
    """The article that a page would be stored as. Raises ArticleError if it holds none."""
    path, data = as_file(url, page)
    return _check(data, path)


def _add_folder(corpus: Path, folder: Path, contents: Contents, tally: Tally) -> None:
    try:
        found = find(folder)
    except CorpusError as error:
        tally.skip(str(folder), error)
        return
    tally.unread.update({each.kind: each.files for each in found.unread})
    if not found.files:
        raise ArticleError(f"holds no article; expected files that end in {ENDINGS}")
    for file in found.files:
        try:
            tally.count(_copy(corpus, file, file.relative_to(folder).as_posix(), contents))
        except ArticleError as error:
            tally.skip(str(file), error)


def _add_file(corpus: Path, file: Path, contents: Contents) -> Stored:
    if not os.path.lexists(file):
        raise ArticleError("does not exist; check the path, or write a web address with its https://")
    if suffix_of(file.name) not in {"", *SUFFIXES}:
        raise ArticleError(f"does not end in {ENDINGS}; save it as one of these")
    if file.name.startswith(".") or is_about(file.name):
        raise ArticleError("has the name of a hidden or a README file, which are not articles; rename it")
    return _copy(corpus, file, file.name, contents)


def _copy(corpus: Path, file: Path, path: str, contents: Contents) -> Stored:
    """Puts a file into the corpus as `path`, or as "name-2.txt" and so on where that is another file.

    Where its content is in the corpus already, that file is used.
    """
    corpus = corpus.resolve()
    place = file.parent.resolve() / file.name
    if place.is_relative_to(corpus):
        return Stored(place.relative_to(corpus).as_posix(), written=False)
    data = read_bytes(file)
    _check(data, path)
    known = contents.find(data, PurePosixPath(path).suffix)
    if known is not None:
        return Stored(known, written=False)
    free = next(name for name in _numbered(path) if not os.path.lexists(corpus / name) or _holds(corpus / name, data))
    stored = _store(corpus, free, data)
    contents.note(data, free)
    return stored


def _numbered(path: str) -> Iterator[str]:
    """a/b.txt, a/b-2.txt, a/b-3.txt, ..."""
    yield path
    name = PurePosixPath(path)
    for number in count(2):
        yield str(name.with_name(f"{name.stem}-{number}{name.suffix}"))


def _check(data: bytes, path: str) -> Article:
    """The first article of a file with this content. Raises ArticleError if there would be none."""
    if len(data) > MAX_BYTES:  # as UTF-8, a page can be larger than it was sent
        raise ArticleError(f"is {len(data):,} bytes as it would be stored, more than the {MAX_BYTES:,} allowed")
    return parse(data, path).intakes[0].article


def _holds(file: Path, data: bytes) -> bool:
    try:
        # a link may not be followed, and its file may be another the next time
        return not file.is_symlink() and file.read_bytes() == data
    except OSError:
        return False


def _store(corpus: Path, path: str, data: bytes) -> Stored:
    if _holds(corpus / path, data):
        return Stored(path, written=False)
    try:
        write_atomically(corpus / path, data)
    except OSError as error:
        mend = "fix the folder's permissions, free some disk space, or {set another folder for the articles}"
        raise CorpusError(f"The article %s cannot be written (%s); {mend}.", corpus / path) from error
    return Stored(path, written=True)
