"""Files become articles: finding them, decoding them, and taking their metadata from where it is written down.

A file is .txt (plain text, the headline on a line of its own if there is one) or .md (YAML front matter with title,
source, url, date, language; all optional). Files named README and hidden files are not articles.
"""

import hashlib
import os
from collections.abc import Iterator
from datetime import UTC, date, datetime, time
from pathlib import Path

import frontmatter
import yaml

from retrieval.errors import ArticleError, CorpusError
from retrieval.types import Article

SUFFIXES = frozenset({".txt", ".md"})
MAX_BYTES = 20_000_000
HEADLINE_WORDS = 25


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
    for folder, subfolders, names in os.walk(corpus):
        subfolders[:] = [name for name in subfolders if not name.startswith(".")]
        for name in names:
            path = Path(folder, name)
            if path.suffix.lower() in SUFFIXES and not name.startswith(".") and path.stem.upper() != "README":
                yield path


def article_id(relative_path: str) -> str:
    """12 hex digits that stay the same as long as the file keeps its place in the corpus."""
    return hashlib.sha256(relative_path.encode("utf-8", "surrogateescape")).hexdigest()[:12]


def read_bytes(path: Path) -> bytes:
    """The content of a file. Raises ArticleError if it cannot be read, is empty or is too large."""
    try:
        size = path.stat().st_size
        if size > MAX_BYTES:
            raise ArticleError(f"is {size:,} bytes, more than the {MAX_BYTES:,} allowed; split it or leave it out")
        data = path.read_bytes()
    except OSError as error:
        raise ArticleError(f"cannot be read ({error.strerror}); check its permissions") from error
    if not data.strip():
        raise ArticleError("is empty; write the article into it or delete it")
    return data


def parse(data: bytes, relative_path: str) -> Article:
    """The article that a file's bytes hold. Raises ArticleError if they are no UTF-8 text or name bad metadata."""
    text = _decode(data)
    if Path(relative_path).suffix.lower() == ".md":
        try:
            metadata, text = frontmatter.parse(text)
        except (yaml.YAMLError, ValueError) as error:
            reason = " ".join(str(error).split())
            raise ArticleError(f"has front matter that is not valid YAML ({reason}); mend it") from error
    else:
        metadata = {}
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
    first, _, rest = text.strip().partition("\n")
    line = first.strip().removeprefix("# ").strip()
    alone = rest.startswith("\n") or first.startswith("# ")
    if not alone or len(line.split()) > HEADLINE_WORDS or line.endswith((".", ":", ";", ",", '."', ".”", ',"')):
        return ""
    return line


def _string(metadata: dict[str, object], key: str) -> str | None:
    value = metadata.get(key)
    if value is None:
        return None
    if isinstance(value, dict | list):
        raise ArticleError(f"has {key} {value!r} in its front matter, expected one line of text; mend it")
    return " ".join(str(value).split()) or None


def _published(metadata: dict[str, object]) -> datetime | None:
    """`date` (or `published`) as an aware datetime; a date without a time is midnight UTC."""
    value = metadata.get("date", metadata.get("published"))
    if value is None:
        return None
    if isinstance(value, str):
        try:
            value = datetime.fromisoformat(value.strip())
        except ValueError as error:
            raise ArticleError(f"has date {value!r} in its front matter, expected one such as 2024-02-20") from error
    if isinstance(value, datetime):
        return value if value.tzinfo is not None else value.replace(tzinfo=UTC)
    if isinstance(value, date):
        return datetime.combine(value, time(), tzinfo=UTC)
    raise ArticleError(f"has date {value!r} in its front matter, expected one such as 2024-02-20")
