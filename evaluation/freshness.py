"""How soon a new article is answerable: `dateline evaluate freshness [--articles N] [--drops N] [--embed] [--json]`.

N articles (see evaluation.recombined) are indexed. Then `dateline watch` follows the folder in a process of
its own, and this process asks, as a running bot would, every 50 ms: it encodes the question and searches the newest
generation. Measured is the time from the moment at which a file is whole on the disk (or gone) until a search that
shows it has returned; it is too long by up to 50 ms and one search. Files come one at a time, with a pause of random
length between them:

drop, renamed   written under a hidden name, then renamed, as a careful program does
drop, written   written in place, as an editor does
edit            the article says something else, in place
deletion        the article is gone
burst           100 more articles at once, and one to ask for, the last that is written

What is asked for must be the first hit, with what it says now. Searches are timed throughout; quiet ones are those
before the first file. Unless `--embed` is given, the N articles have pseudo-random vectors, because embedding 10,000
takes a quarter of an hour, and what their vectors are makes no difference to the time. Questions, and the files that
come, are embedded by the shipped encoder in any case.
"""

import random
import subprocess
import tempfile
import time
from collections import defaultdict
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from evaluation.commands import ROOT, Parser, output, positive, table
from evaluation.phases import RandomEncoder, share
from evaluation.recombined import Recombination, write
from evaluation.wiring import dateline, shipped_encoder
from retrieval.errors import DatelineError
from retrieval.models import ENCODER
from retrieval.question import parsed
from retrieval.refresh import refresh
from retrieval.search import Retriever
from retrieval.storage.local import LocalStore
from retrieval.types import EVERYTHING, Hit

POLL_SECONDS = 0.05
QUIET_SECONDS = 3.0
PAUSE_SECONDS = 0.5
START_SECONDS = 60.0
PATIENCE_SECONDS = 180.0
HITS = 8
# of places and people that are in no other article
_TOWNS = tuple(
    first + last
    for first in ("Zarn", "Quil", "Vesk", "Thrum", "Oxel", "Pymm", "Glav", "Hebri", "Jutt", "Mors")
    for last in ("holm", "oria", "wick", "abad", "ekka", "mouth", "ville", "stadt", "polis", "ford")
)
_NAMES = ("Ilka Vantongeren", "Bram Oduya", "Odile Lindqvist", "Tomas Achterberg", "Greta Nakagawa")


@dataclass(frozen=True, slots=True)
class Notice:
    """An article that comes while the watch runs; each `version` of it names another person."""

    number: int
    version: int = 0

    @property
    def question(self) -> str:
        """What only this article answers."""
        return f"Who is the mayor of {self._town}?"

    @property
    def text(self) -> str:
        """The article's file."""
        return (
            f"---\ntitle: {self._town} has a new mayor\ndate: 2024-05-06\n---\n"
            f"{self.name} was sworn in as mayor of {self._town} on Monday.\n\n"
            f"The council of {self._town} had voted for {self.name} in April.\n"
        )

    @property
    def name(self) -> str:
        """Whom it names."""
        return _NAMES[(self.number + self.version) % len(_NAMES)]

    def shown(self, first: Hit) -> bool:
        """Whether a search's first hit is this version of the article."""
        return self.name in first.text and self.tells(first)

    def tells(self, first: Hit) -> bool:
        """Whether it is a version of the article."""
        return self._town in first.text

    @property
    def _town(self) -> str:
        return _TOWNS[self.number % len(_TOWNS)]


@dataclass(slots=True)
class Asker:
    """Asks one question after another, every `POLL_SECONDS`; `searches` are the seconds that each took."""

    retriever: Retriever
    searches: list[float] = field(default_factory=list)

    def until(self, question: str, shown: Callable[[Hit], bool], patience: float = PATIENCE_SECONDS) -> bool:
        """Whether a search had the first hit that is looked for before `patience` seconds were over."""
        end = time.perf_counter() + patience
        while True:
            began = time.perf_counter()
            evidence = self.retriever.search(parsed(question), HITS, EVERYTHING)
            now = time.perf_counter()
            self.searches.append(now - began)
            if shown(evidence.hits[0]):
                return True
            if now > end:
                return False
            time.sleep(max(0.0, began + POLL_SECONDS - now))


@dataclass(frozen=True, slots=True)
class Measured:
    """Seconds until something was answerable, and of searches, each by kind."""

    articles: int
    passages: int
    embedded: bool
    waits: dict[str, list[float]]
    searches: dict[str, list[float]]


class Drops:
    """Changes the corpus, and waits until a search shows it."""

    def __init__(self, corpus: Path, asker: Asker) -> None:
        self._folder = corpus / "notices"
        self._folder.mkdir()
        self._asker = asker
        self._chance = random.Random(1)
        self.waits: defaultdict[str, list[float]] = defaultdict(list)

    def put(self, kind: str, notice: Notice, renamed: bool = False) -> None:
        """An article comes, or comes again."""
        path = self._path(notice)
        first = path.with_name(f".{path.name}") if renamed else path
        first.write_text(notice.text, encoding="utf-8")
        first.rename(path)
        self._wait(kind, notice, notice.shown)

    def delete(self, notice: Notice) -> None:
        """An article goes."""
        self._path(notice).unlink()
        self._wait("deletion", notice, lambda first: not notice.tells(first))

    def _path(self, notice: Notice) -> Path:
        return self._folder / f"notice-{notice.number}.md"

    def _wait(self, kind: str, notice: Notice, shown: Callable[[Hit], bool]) -> None:
        began = time.perf_counter()
        if not self._asker.until(notice.question, shown):
            raise DatelineError(f"{kind}: no search for {notice.question!r} showed it in {PATIENCE_SECONDS:.0f} s.")
        self.waits[kind].append(time.perf_counter() - began)
        # so that the next change meets the watch at any moment of its round
        self._asker.until(notice.question, lambda first: False, self._chance.uniform(0, PAUSE_SECONDS))


def measure(count: int, drops: int, burst: int, embed: bool, folder: Path) -> Measured:
    """Everything, in the empty `folder`: `count` articles at first, `drops` one by one, a `burst`; with `embed`, the
    first ones are embedded."""
    corpus, store = folder / "corpus", LocalStore(folder / "store")
    articles = Recombination.of_news().article
    write(corpus, map(articles, range(count)))
    encoder = shipped_encoder()
    bulk = encoder if embed else RandomEncoder(encoder.fingerprint, encoder.dimension)
    report = refresh(corpus, store, bulk, ENCODER)
    asker = Asker(Retriever.open(store, encoder))
    searches = {}
    with watching(corpus, store):
        changes = Drops(corpus, asker)
        changes.put("warm-up", Notice(drops))
        asker.searches.clear()
        asker.until("Who won?", lambda first: False, QUIET_SECONDS)
        searches["quiet"], asker.searches = asker.searches, []
        for number in range(drops):
            kind = "drop, renamed" if number % 2 == 0 else "drop, written"
            changes.put(kind, Notice(number), renamed=number % 2 == 0)
        for number in range(drops):
            changes.put("edit", Notice(number, version=1))
        for number in range(drops):
            changes.delete(Notice(number))
        searches["while files come"], asker.searches = asker.searches, []
        write(corpus, map(articles, range(count, count + burst)))
        changes.put(f"burst of {burst}", Notice(0))
        searches["in the burst"] = asker.searches
    del changes.waits["warm-up"]
    return Measured(count, report.passages, embed, dict(changes.waits), searches)


@contextmanager
def watching(corpus: Path, store: LocalStore) -> Iterator[None]:
    """`dateline watch` in a process of its own, from its first report until the block ends."""
    settings = {"corpus.path": str(corpus), "storage.path": str(store.folder)}
    command = dateline(store.folder.with_name("config.toml"), settings, "watch", "--json")
    reports = store.folder.with_name("reports.jsonl")
    with reports.open("wb") as out, subprocess.Popen(command, cwd=ROOT, stdout=out) as process:
        try:
            end = time.monotonic() + START_SECONDS
            while not reports.stat().st_size:
                if process.poll() is not None or time.monotonic() > end:
                    raise DatelineError("`dateline watch` did not begin.")
                time.sleep(POLL_SECONDS)
            yield
        finally:
            process.terminate()


def shown(measured: Measured) -> str:
    """A table for people."""
    vectors = "all embedded" if measured.embedded else "with pseudo-random vectors"
    rows: list[Sequence[str]] = [("seconds", "median", "p95", "longest", "number")]
    for what, times in (("answerable after", measured.waits), ("one search", measured.searches)):
        for name, seconds in times.items():
            figures = (f"{share(seconds, part):.3f}" for part in (0.5, 0.95, 1))
            rows.append((f"{what}, {name}", *figures, str(len(seconds))))
    return "\n".join([f"{measured.articles:,} articles, {measured.passages:,} passages, {vectors}", *table(rows)])


def main(arguments: Sequence[str]) -> None:
    """See the module."""
    parser = Parser("freshness", __doc__, "--json")
    parser.offer("--articles", default=10_000)
    parser.offer("--drops", type=int, default=20, help=f"how many files come; at most {len(_TOWNS) - 1}")
    parser.offer("--burst", type=positive, default=100, help="how many files come together")
    parser.offer("--embed", action="store_true", help="embed the generated articles, too")
    options = parser.parse_args(arguments)
    if not 1 <= options.drops < len(_TOWNS):
        parser.error(f"--drops is {options.drops}, expected 1 to {len(_TOWNS) - 1}")
    with tempfile.TemporaryDirectory(prefix="dateline-") as folder:
        measured = measure(options.articles, options.drops, options.burst, options.embed, Path(folder))
    output(measured, shown, options.json)
