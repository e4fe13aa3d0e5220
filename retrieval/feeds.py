"""Taking new articles from RSS and Atom feeds.

What was taken is remembered in a file, and only once it is on the disk: an interruption repeats work and loses no
article. Because it is remembered, an article that was taken and then deleted from the corpus does not come back.
"""

import calendar
import io
import json
import re
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Protocol
from urllib.parse import quote

import feedparser

from retrieval.adding import AddReport, Stored, Tally, read_page, store_page
from retrieval.disk import write_atomically
from retrieval.errors import ArticleError, FetchError, StoreError
from retrieval.fetch import FetchLimits, Page, Validators, fetch
from retrieval.intake import dates
from retrieval.intake.types import Metadata

FIRST_ENTRIES = 100
FULL_TEXT_WORDS = 100
# a page with so much less of the article than the feed is not its whole text
FULLER = 1.5
_TAG = re.compile(r"<[^>]*>")
_UNDATED = datetime.min.replace(tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class _Entry:
    """One item of a feed. `full_text` is HTML, "" where the feed has no more than a summary; `link` "" for none.

    `source` is the feed's title.

    `dated` orders entries: when it was published or, where the feed does not say, updated.
    """

    key: str
    link: str
    title: str
    source: str
    published: datetime | None
    dated: datetime
    full_text: str


@dataclass(frozen=True, slots=True)
class _Memory:
    """What is remembered of a feed: the version seen last, if all of it was taken, and the keys of what was taken."""

    validators: Validators
    taken: frozenset[str]


class FeedStates(Protocol):
    """Where it is kept what was taken from feeds: a JSON object for each, by its address."""

    def load(self) -> Mapping[str, Any]:
        """All of them. Raises StoreError."""
        ...

    def save(self, url: str, memory: Mapping[str, Any]) -> None:
        """Keeps one in place of what was kept before. Raises StoreError."""
        ...


def take(corpus: Path, kept: FeedStates, urls: Sequence[str], limits: FetchLimits) -> AddReport:
    """Fetches the articles that are new in the feeds at `urls`, and stores them as `add` stores a page.

    Of a feed seen for the first time it takes the newest 100. An entry whose page cannot be had is reported and tried
    again the next time. Raises StoreError if what is `kept` is damaged or cannot be written, CorpusError if the corpus
    cannot.
    """
    memories = {url: _memory(memory) for url, memory in kept.load().items()}
    tally = Tally()
    for url in urls:
        before = memories.get(url)
        try:
            memories[url] = _take_feed(corpus, url, before, limits, tally)
        except FetchError as error:
            tally.skip(url, error)
        else:
            if memories[url] != before:
                seen, taken = memories[url].validators, sorted(memories[url].taken)
                kept.save(url, {"etag": seen.etag, "modified": seen.modified, "taken": taken})
    return tally.report()


def _take_feed(corpus: Path, url: str, memory: _Memory | None, limits: FetchLimits, tally: Tally) -> _Memory:
    page = fetch(url, limits, memory.validators if memory is not None else None)
    if memory is not None and page.unchanged:
        return memory
    entries = _entries(url, page)
    taken = set(memory.taken) if memory is not None else {entry.key for entry in entries[FIRST_ENTRIES:]}
    validators = page.validators
    for entry in entries:
        if entry.key in taken:
            continue
        if not entry.link and not entry.full_text:
            tally.skip(url, ArticleError(f"has an entry without a link, {entry.title!r}; add its article by hand"))
            taken.add(entry.key)
            continue
        try:
            tally.count(_store(corpus, url, entry, limits))
        except (ArticleError, FetchError) as error:
            tally.skip(entry.link, error)
            validators = Validators()  # so that the feed is read again, and the entry tried again
        else:
            taken.add(entry.key)
    return _Memory(validators, frozenset(taken))


def _store(corpus: Path, feed: str, entry: _Entry, limits: FetchLimits) -> Stored:
    """The entry's page, with what the feed says of it; or the feed's text, where that has much more of the article.

    A page may hold no more than the beginning, and "subscribe to read on".
    """
    if not entry.link:
        # the address is for the file's name only
        return store_page(corpus, f"{feed}?{quote(entry.key)}", _record(entry, feed, None))
    try:
        page = fetch(entry.link, limits)
        shown = read_page(entry.link, page).text
    except (ArticleError, FetchError):
        if not entry.full_text:
            raise
        return store_page(corpus, entry.link, _record(entry, entry.link, entry.link))
    if len(_words(entry.full_text)) > FULLER * len(shown.split()):
        return store_page(corpus, entry.link, _record(entry, page.url, page.url))
    known = Metadata(title=entry.title or None, source=entry.source or None, published=entry.published)
    return store_page(corpus, entry.link, page, known)


def _record(entry: _Entry, address: str, url: str | None) -> Page:
    """What the feed says of an article, as a .json file says it; `url` is where the article can be read."""
    fields = {
        "title": entry.title,
        "url": url,
        "source": entry.source,
        "published": entry.published.isoformat() if entry.published is not None else None,
        "text": f"<article>{entry.full_text}</article>",
    }
    body = json.dumps({name: value for name, value in fields.items() if value}, indent=1).encode()
    return Page(address, body, "application/json", None, Validators(), unchanged=False)


def _entries(url: str, page: Page) -> list[_Entry]:
    """What a feed lists, newest first, each once. Raises FetchError if it is not a feed."""
    kind = "application/xml" if page.charset is None else f"application/xml; charset={page.charset}"
    try:
        # a stream: bytes as such could be taken for the name of a file
        parsed = feedparser.parse(
            io.BytesIO(page.body), response_headers={"content-location": page.url, "content-type": kind}
        )
    except (ArithmeticError, AssertionError, LookupError, TypeError, ValueError) as error:  # of malformed characters
        raise FetchError(url, f"is a feed that cannot be read ({error}); tell its publisher") from error
    if not parsed.get("version"):
        raise FetchError(url, "is not an RSS or Atom feed; give the address of the feed, or add an article as a page")
    source = _line(parsed.feed.get("title"))
    entries = (_entry(item, source) for item in parsed.entries)
    newest_first = sorted(entries, key=lambda entry: entry.dated, reverse=True)
    once = {entry.key: entry for entry in reversed(newest_first)}
    return list(reversed(once.values()))


def _entry(item: Mapping[str, Any], source: str) -> _Entry:
    link, title = _line(item.get("link")), _line(item.get("title"))
    moments = (_moment(item, "published"), _moment(item, "updated"))
    return _Entry(
        key=next((key for key in (_line(item.get("id")), link, title) if key), ""),
        link=link,
        title=title,
        source=source,
        published=moments[0],
        dated=next((moment for moment in moments if moment is not None), _UNDATED),
        full_text=_full_text(item),
    )


def _moment(item: Mapping[str, Any], name: str) -> datetime | None:
    """The moment of a date, as feedparser reads it or, where it cannot, as the dates of other files are read."""
    # feedparser gives the day of publication for that of a change, if it is asked for what is not there
    if name not in item:
        return None
    parsed = item.get(f"{name}_parsed")
    found = dates.moment(_line(item[name]))
    if found is None and parsed is not None:
        with suppress(ValueError, OverflowError):
            return datetime.fromtimestamp(calendar.timegm(parsed), UTC)
    return found


def _full_text(item: Mapping[str, Any]) -> str:
    """The longest text of an entry, in HTML, where it is longer than a summary."""
    details = (*item.get("content", ()), item.get("summary_detail", {}))
    texts = (str(each.get("value", "")) for each in details if "html" in each.get("type", ""))
    longest = max(texts, key=lambda text: len(_words(text)), default="")
    return longest if len(_words(longest)) >= FULL_TEXT_WORDS else ""


def _words(markup: str) -> list[str]:
    return _TAG.sub(" ", markup).split()


def _line(value: object) -> str:
    return " ".join(str(value).split()) if value is not None else ""


class FileFeedStates:
    """`FeedStates` in a file, which is written whole or not at all."""

    def __init__(self, file: Path) -> None:
        self._file = file
        self._all: dict[str, Any] = {}

    def load(self) -> Mapping[str, Any]:
        """See `FeedStates`."""
        file = self._file
        try:
            self._all = json.loads(file.read_bytes())
            for memory in self._all.values():
                _memory(memory)
        except FileNotFoundError:
            self._all = {}
        except OSError as error:
            text = "The record of what was taken from feeds, %s, cannot be read (%s); fix its permissions."
            raise StoreError(text, file) from error
        except (ValueError, AttributeError, RecursionError) as error:
            mend = "delete it, and they are fetched again (articles deleted from the corpus on purpose come back)"
            raise StoreError(f"%s, the record of what was taken from feeds, is damaged; {mend}.", file) from error
        return self._all

    def save(self, url: str, memory: Mapping[str, Any]) -> None:
        """See `FeedStates`."""
        self._all = {**self._all, url: memory}
        try:
            write_atomically(self._file, json.dumps(self._all, indent=1).encode())
        except OSError as error:
            text = "The record of what was taken from feeds, %s, cannot be written (%s); "
            raise StoreError(f"{text}fix the folder's permissions or free some disk space.", self._file) from error


def _memory(kept: object) -> _Memory:
    match kept:
        case {"etag": str() | None as etag, "modified": str() | None as modified, "taken": [*taken]}:
            if all(isinstance(key, str) for key in taken):
                return _Memory(Validators(etag, modified), frozenset(taken))
    raise ValueError
