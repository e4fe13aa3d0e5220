"""Adding articles to the corpus: files, folders of files, and pages of the web.

Everything is parsed before it is stored, and a file appears in the corpus whole or not at all: it is written under a
hidden name, which the corpus does not read, and then renamed.
"""

import codecs
import hashlib
import os
import re
import secrets
import unicodedata
from collections.abc import Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from functools import cached_property
from itertools import count
from pathlib import Path, PurePosixPath
from urllib.parse import unquote

from retrieval.errors import ArticleError, CorpusError, FetchError, reason
from retrieval.fetch import FetchLimits, Page, fetch
from retrieval.intake.articles import parse
from retrieval.intake.files import MAX_BYTES, SUFFIXES, find_files, read_bytes
from retrieval.types import Skipped

MAX_NAME = 100
STORED_AS = {
    "text/html": ".html",
    "application/xhtml+xml": ".html",
    "text/plain": ".txt",
    "application/json": ".json",
}
_BYTE_ORDER_MARKS = {codecs.BOM_UTF8: "utf-8-sig", codecs.BOM_UTF16_LE: "utf-16", codecs.BOM_UTF16_BE: "utf-16"}
# the root of RSS 1.0, RSS 2.0 or Atom, behind what may stand before the root of any document
_FEED = re.compile(
    rb"(?:\xef\xbb\xbf)?(?:\s|<\?[^>]*>|<!--.*?-->|<!DOCTYPE[^>]*>)*+<(?:rss|feed|rdf:RDF)[\s>]", re.DOTALL
)
# what browsers take these for (https://encoding.spec.whatwg.org/#names-and-labels)
_MEANT = {"iso8859-1": "cp1252", "ascii": "cp1252", "gb2312": "gb18030", "gbk": "gb18030", "shift_jis": "cp932"}
# encodings whose bytes are always UTF-8 as well, or can be
_ASCII_TOO = ("iso2022", "hz", "utf-16", "utf-32", "utf-7")


@dataclass(frozen=True, slots=True)
class AddReport:
    """What became of the names given: paths in the corpus, and what was left out and why."""

    added: tuple[str, ...]
    unchanged: tuple[str, ...]
    skipped: tuple[Skipped, ...]


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
        """There is a file now that holds `data`."""
        self._paths.setdefault((len(data), PurePosixPath(path).suffix), []).append(path)

    @cached_property
    def _paths(self) -> dict[tuple[int, str], list[str]]:
        paths: dict[tuple[int, str], list[str]] = {}
        for file in find_files(self._corpus) if self._corpus.is_dir() else ():
            with suppress(OSError):
                key = file.stat().st_size, file.suffix
                paths.setdefault(key, []).append(file.relative_to(self._corpus).as_posix())
        return paths


@dataclass(slots=True)
class Tally:
    """An AddReport in the making."""

    added: list[str] = field(default_factory=list)
    unchanged: list[str] = field(default_factory=list)
    skipped: list[Skipped] = field(default_factory=list)

    def count(self, stored: Stored) -> None:
        """Notes an article that is in the corpus now."""
        (self.added if stored.written else self.unchanged).append(stored.path)

    def skip(self, name: str, error: ArticleError | FetchError | CorpusError) -> None:
        """Notes what is not, under the name that the person knows it by."""
        self.skipped.append(Skipped(name, error.problem if isinstance(error, FetchError) else str(error)))

    def report(self) -> AddReport:
        """The finished report."""
        return AddReport(tuple(self.added), tuple(self.unchanged), tuple(self.skipped))


def add(corpus: Path, names: Sequence[str], limits: FetchLimits) -> AddReport:
    """Puts what `names` name into the corpus, which is made if there is none.

    A name is a file, a folder, whose article files keep their places below it, or a web address. No file is ever
    overwritten but a page, by a newer version of itself, and a file that the corpus has in another place or under
    another name is not copied again. Raises CorpusError if the corpus cannot be read or written.
    """
    tally, contents = Tally(), Contents(corpus.resolve())
    for name in names:
        try:
            if "://" in name:
                tally.count(add_page(corpus, name, limits))
            elif Path(name).is_dir():
                _add_folder(corpus, Path(name), contents, tally)
            else:
                tally.count(_add_file(corpus, Path(name), contents))
        except (ArticleError, FetchError) as error:
            tally.skip(name, error)
        except OSError as error:
            tally.skip(name, ArticleError(f"cannot be read ({reason(error)}); check its permissions"))
    return tally.report()


def add_page(corpus: Path, url: str, limits: FetchLimits) -> Stored:
    """Fetches a page and stores it. Raises FetchError, ArticleError if it holds no article, CorpusError."""
    return store_page(corpus, url, fetch(url, limits))


def store_page(corpus: Path, url: str, page: Page) -> Stored:
    """Puts a page into the corpus under a name made of `url`, the address asked for: the same one is one file.

    Raises ArticleError if it holds no article, CorpusError.
    """
    if _FEED.match(page.body):
        raise ArticleError(f"is a feed, expected an article; `dateline feed {url}` takes what is new in it")
    suffix = STORED_AS.get(page.content_type)
    if suffix is None:
        kind = page.content_type if page.content_type else "of no stated type"
        raise ArticleError(f"is {kind}, expected a web page, plain text or JSON; save it as one and add the file")
    if not page.body.strip():
        raise ArticleError("is an empty page; check that a browser shows an article there")
    path = _page_name(url, suffix)
    data = page.body if suffix == ".json" else _as_utf8(page, _mark(page.url) if suffix == ".html" else "")
    _check(data, path)
    return _store(corpus, path, data)


def write_whole(target: Path, data: bytes) -> None:
    """Writes a file that is there, on the disk, with all of `data`, or not at all. Raises OSError."""
    target.parent.mkdir(parents=True, exist_ok=True)
    temporary = target.with_name(f".{secrets.token_hex(8)}.tmp")
    try:
        with temporary.open("xb") as file:
            file.write(data)
            file.flush()
            os.fsync(file.fileno())
        temporary.replace(target)
    finally:
        temporary.unlink(missing_ok=True)
    folder = os.open(target.parent, os.O_RDONLY)
    try:
        os.fsync(folder)
    finally:
        os.close(folder)


def _add_folder(corpus: Path, folder: Path, contents: Contents, tally: Tally) -> None:
    try:
        files = find_files(folder)
    except CorpusError as error:
        tally.skip(str(folder), error)
        return
    if not files:
        raise ArticleError(f"holds no article; expected files that end in {_endings()}")
    for file in files:
        try:
            tally.count(_copy(corpus, file, file.relative_to(folder).as_posix(), contents))
        except ArticleError as error:
            tally.skip(str(file), error)


def _add_file(corpus: Path, file: Path, contents: Contents) -> Stored:
    if not os.path.lexists(file):
        raise ArticleError("does not exist; check the path, or write a web address with its https://")
    if file.suffix.lower() not in SUFFIXES:
        raise ArticleError(f"does not end in {_endings()}; save it as one of these")
    if file.name.startswith(".") or file.stem.upper() == "README":
        raise ArticleError("has the name of a hidden or a README file, which are no articles; rename it")
    return _copy(corpus, file, file.name, contents)


def _endings() -> str:
    return ", ".join(sorted(SUFFIXES))


def _copy(corpus: Path, file: Path, path: str, contents: Contents) -> Stored:
    """Puts a file into the corpus as `path`, or as "name-2.txt" and so on where that is another file.

    Where its content is in the corpus already, that file stands for it.
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


def _check(data: bytes, path: str) -> None:
    """Raises ArticleError if a file with this content would be no article."""
    if len(data) > MAX_BYTES:  # as UTF-8, a page can be larger than it was sent
        raise ArticleError(f"is {len(data):,} bytes as it would be stored, more than the {MAX_BYTES:,} allowed")
    parse(data, path)


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
        write_whole(corpus / path, data)
    except OSError as error:
        raise CorpusError(
            f"The article {corpus / path} cannot be written ({reason(error)}); mend the folder's permissions or the "
            "disk's free space, or set [corpus] path in config.toml to another folder."
        ) from error
    return Stored(path, written=True)


def _page_name(url: str, suffix: str) -> str:
    """A name that every file system takes, made of host and path, and told from others by 8 digits of a hash.

    https://www.example.org/world/talks-in-geneva.html?p=2 -> example-org-world-talks-in-geneva-93a9d0ab.html
    """
    address = url.partition("#")[0]
    where = unquote(address.partition("://")[2].partition("?")[0]).removeprefix("www.").removesuffix(".html")
    plain = unicodedata.normalize("NFKD", where).encode("ascii", "ignore").decode().lower()
    ending = f"-{hashlib.sha256(address.encode()).hexdigest()[:8]}{suffix}"
    slug = re.sub(r"[^a-z0-9]+", "-", plain).strip("-")
    return slug[: MAX_NAME - len(ending)].strip("-") + ending


def _mark(url: str) -> str:
    """The line by which browsers note where a saved page is from, "mark of the web": the URL and its length."""
    url = url.replace(">", "%3E")  # or it could close the comment
    return f"<!-- saved from url=({len(url):04d}){url} -->\r\n"


def _as_utf8(page: Page, before: str) -> bytes:
    """`before` and the page: in UTF-8 with a byte order mark where its charset is known, else with its bytes as sent.

    The server's word for the charset is not in the file, and would be lost. A byte order mark outranks what the page
    says of itself, which is then no longer true (https://html.spec.whatwg.org/#determining-the-character-encoding).
    """
    for charset in _charsets(page):
        with suppress(LookupError, ValueError):
            return codecs.BOM_UTF8 + (before + page.body.decode(charset)).encode()
    return before.encode() + page.body


def _charsets(page: Page) -> Iterator[str]:
    """What the page may be in by its byte order mark or by the server's word, the likelier first."""
    for mark, charset in _BYTE_ORDER_MARKS.items():
        if page.body.startswith(mark):
            yield charset
    if page.charset is not None:
        with suppress(LookupError, ValueError):
            stated = codecs.lookup(page.charset).name
            if not stated.startswith(_ASCII_TOO):
                # many servers say Latin-1 of everything, and what is UTF-8 by accident is rare
                yield "utf-8"
            yield _MEANT.get(stated, stated)
