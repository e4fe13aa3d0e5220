"""Files become articles: finding them, decoding them, and taking their metadata from where it is written down.

A file is .txt (plain text, the headline on a line of its own if there is one) or .md (YAML front matter with title,
source, url, date, language; all optional). Files named README and hidden files are not articles.
"""

import hashlib
import os
import re
import stat
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import yaml
from frontmatter.default_handlers import YAMLHandler

from retrieval.errors import ArticleError, CorpusError, reason
from retrieval.types import Article

SUFFIXES = frozenset({".txt", ".md"})
MAX_BYTES = 20_000_000
HEADLINE_WORDS = 25
_ABSENT = frozenset({"", "~", "null", "Null", "NULL"})
# a line of white space parts paragraphs as an empty one does
_BLANK_LINE = re.compile(r"\n[^\S\n]*\n")


def find_files(corpus: Path) -> list[Path]:
    """Every article file below `corpus`, sorted by path. Raises CorpusError if there is no such folder."""
    if not corpus.is_dir():
        problem = "is not a folder" if corpus.exists() else "does not exist"
        raise CorpusError(
            f"The corpus folder {corpus} {problem}; create it and put .txt or .md articles in it, "
            "or set [corpus] path in config.toml."
        )
    return sorted(_walk(corpus))


def _walk(corpus: Path) -> Iterator[Path]:
    for folder, subfolders, names in os.walk(corpus, onerror=_unreadable):
        subfolders[:] = [name for name in subfolders if not name.startswith(".")]
        for name in names:
            path = Path(folder, name)
            if path.suffix.lower() in SUFFIXES and not name.startswith(".") and path.stem.upper() != "README":
                yield path


def _unreadable(error: OSError) -> None:
    # without what is below, its articles would seem to be deleted
    raise CorpusError(f"The folder {error.filename} cannot be read ({reason(error)}); mend its permissions.") from error


def article_id(relative_path: str) -> str:
    """12 hex digits that stay the same as long as the file keeps its place in the corpus."""
    return hashlib.sha256(relative_path.encode("utf-8", "surrogateescape")).hexdigest()[:12]


def read_bytes(path: Path) -> bytes:
    """The content of a file. Raises ArticleError if it cannot be read, is empty or is too large."""
    try:
        found = path.stat()
        if not stat.S_ISREG(found.st_mode):
            raise ArticleError("is no regular file; leave it out of the corpus")
        if found.st_size > MAX_BYTES:
            size = f"{found.st_size:,} bytes"
            raise ArticleError(f"is {size}, more than the {MAX_BYTES:,} allowed; split it or leave it out")
        data = path.read_bytes()
    except OSError as error:
        raise ArticleError(f"cannot be read ({reason(error)}); check its permissions") from error
    if not data.strip():
        raise ArticleError("is empty; write the article into it or delete it")
    return data


def parse(data: bytes, relative_path: str) -> Article:
    """The article that a file's bytes hold. Raises ArticleError if they are no UTF-8 text or name bad metadata."""
    if any("\ud800" <= character <= "\udfff" for character in relative_path):
        raise ArticleError("has a name that is not UTF-8; rename it")
    text = _decode(data)
    metadata: dict[str, object] = {}
    if Path(relative_path).suffix.lower() == ".md":
        metadata, text = _front_matter(text)
    if not text.strip():
        raise ArticleError("has no text below its front matter; write the article into it or delete it")
    title = _string(metadata, "title")
    return Article(
        id=article_id(relative_path),
        title=title if title is not None else _headline(text),
        source=_string(metadata, "source"),
        url=_string(metadata, "url"),
        published=_published(metadata),
        language=_string(metadata, "language"),
        path=relative_path,
        text=text,
    )


def _front_matter(text: str) -> tuple[dict[str, object], str]:
    """The fields between the first two lines of ---, and the text below them; the whole text where there are none."""
    handler = YAMLHandler()
    if not handler.detect(text):
        return {}, text
    try:
        written, below = handler.split(text)
    except ValueError:  # the first rule has no second
        return {}, text
    try:
        # BaseLoader leaves every value as it is written: to the others `No` is false and `12:30` is 750
        fields = yaml.load(written, Loader=yaml.BaseLoader)
    except (yaml.YAMLError, RecursionError) as error:
        problem = " ".join(str(error).split())
        raise ArticleError(f"has front matter that is not valid YAML ({problem}); mend it") from error
    if fields is None or isinstance(fields, dict):
        return fields if fields is not None else {}, below.strip()
    return {}, text  # two rules with a sentence between them


def _decode(data: bytes) -> str:
    if b"\x00" in data:
        raise ArticleError("is binary, not text (it holds a NUL byte); leave it out of the corpus")
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise ArticleError(f"is not UTF-8 (byte {error.start}); save it as UTF-8") from error
    return text.replace("\r\n", "\n").replace("\r", "\n")


def _headline(text: str) -> str:
    """The first line, where it stands alone and reads as a headline: short, and no sentence.

    "Talks in Antalya\\n\\nThe two ministers met." -> "Talks in Antalya";  "They met.\\n\\nThen" -> ""
    """
    first = text.strip().partition("\n")[0]
    line = first.strip().removeprefix("# ").strip()
    alone = first.startswith("# ") or "\n" not in _BLANK_LINE.split(text.strip(), maxsplit=1)[0]
    if not alone or len(line.split()) > HEADLINE_WORDS or line.endswith((".", ":", ";", ",", '."', ".”", ',"')):
        return ""
    return line


def _string(metadata: dict[str, object], key: str) -> str | None:
    value = metadata.get(key)
    if isinstance(value, dict | list):
        raise ArticleError(f"has {key} {str(value)[:60]!r} in its front matter, expected one line of text; mend it")
    line = " ".join(str(value).split())
    return None if value is None or line in _ABSENT else line


def _published(metadata: dict[str, object]) -> datetime | None:
    """`date` (or `published`) as an aware datetime; a date without a time is midnight UTC."""
    value = _string(metadata, "date" if "date" in metadata else "published")
    if value is None:
        return None
    try:
        moment = datetime.fromisoformat(value)
        moment = moment if moment.tzinfo is not None else moment.replace(tzinfo=UTC)
        moment.astimezone(UTC)  # the first and the last day of the calendar may have no such moment
    except (ValueError, OverflowError) as error:
        raise ArticleError(f"has date {value!r} in its front matter, expected one such as 2024-02-20") from error
    return moment
