"""Whether each question sees one generation, whole, while others publish.

    dateline evaluate concurrency [--store folder|postgres...] [--minutes N | --rounds N] [--json]

Each of two writers publishes its own set of articles again and again. Each time, some articles are added, some are
removed and the rest are edited, so that all articles of a set carry the number of the same publication. The lock of the
store makes the writers take turns. Meanwhile four processes ask. Each result must hold all articles of one publication
of each set and nothing else, the same for every process that sees this generation; every hit must be a slice of its
article; and no process may see an older generation than before. At the end the store is verified, and must hold the
last publication of both. The vectors are pseudo-random, so that the time goes into publishing and asking.
"""

import random
import time
from collections.abc import Sequence
from concurrent.futures import ProcessPoolExecutor, wait
from dataclasses import dataclass
from functools import partial
from multiprocessing import get_context
from threading import Barrier, Event

from evaluation.asking import Open
from evaluation.commands import Parser, output, positive, table
from evaluation.phases import RandomEncoder
from evaluation.stores import new_store, opened
from evaluation.wiring import stage
from retrieval.errors import BusyError, StoreError
from retrieval.progress import silent
from retrieval.question import parsed
from retrieval.search import Retriever
from retrieval.storage.embedding import embed_missing
from retrieval.storage.store import Store
from retrieval.storage.types import Target
from retrieval.storage.verify import verify
from retrieval.types import EVERYTHING, Article, Evidence

DESKS, ASKERS = 2, 4
TOWNS, HELD = 30, 20
QUESTION = "Which council met about the harbour?"
MINUTES = 5
BUSY_SECONDS = 0.005
# the session of each desk
Sessions = tuple[int, ...]


@dataclass(frozen=True, slots=True)
class Limit:
    """When a writer is done: at `until`, by time.time(), or after so many `rounds`."""

    until: float
    rounds: int | None


@dataclass(frozen=True, slots=True)
class Written:
    """What one writer did: sessions `published`, and how often it found the store `busy`."""

    published: int
    busy: int


@dataclass(frozen=True, slots=True)
class Seen:
    """What one asker saw: how many `questions` were answered, and the sessions in each generation."""

    questions: int
    generations: dict[int, Sessions]


@dataclass(frozen=True, slots=True)
class Outcome:
    """What all of them did; none of it was torn. `seen` is how many generations were answered from."""

    store: str
    seconds: float
    questions: int
    published: int
    seen: int
    busy: int


def articles(desk: int, session: int) -> list[Article]:
    """What a desk holds in one session."""
    towns = random.Random(f"{desk} {session}").sample(range(TOWNS), HELD)
    return [
        Article(
            id=f"{desk}-{town}",
            title=f"Town {town}",
            source=f"Desk {desk}",
            url=None,
            published=None,
            language=None,
            path=f"{desk}/{town}",
            text=f"The council of town {town} met about the harbour. Desk {desk} reports of session {session}",
        )
        for town in towns
    ]


def publish(store: Store, desk: int, session: int) -> None:
    """Puts this session of a desk in place of the one before. Raises BusyError, StoreError."""
    encoder = RandomEncoder()
    with store.writer() as writer:
        leaving = [file.id for path, file in writer.files(live=True).items() if path.startswith(f"{desk}/")]
        stage(writer, articles(desk, session))
        embed_missing(writer, encoder, all_files=False, leaving=leaving, reembed=False, progress=silent)
        writer.publish(Target("stand-in", encoder.fingerprint, encoder.dimension), leaving, silent)


def sessions(evidence: Evidence) -> Sessions:
    """The session of each desk that an answer set holds. Raises StoreError if it is torn."""
    where = f"of generation {evidence.generation}"
    texts = []
    for hit in evidence.hits:
        whole = evidence.articles[hit.passage.article_id].text
        if whole[hit.passage.start : hit.passage.end] != hit.text:
            raise StoreError(f"The hit {hit.text!r} {where} is not what its article says, {whole!r}.")
        texts.append(whole)
    found = tuple(
        max((int(text.rsplit(" ", 1)[1]) for text in texts if f"Desk {desk} " in text), default=0)
        for desk in range(DESKS)
    )
    expected = [article.text for desk, session in enumerate(found) for article in articles(desk, session)]
    if sorted(texts) != sorted(expected):
        raise StoreError(f"The answer set {where} is torn: {sorted(texts)}, expected the sessions {found}.")
    return found


def run(open_it: Open, kind: str, seconds: float, rounds: int | None) -> Outcome:
    """Writes and asks until the time is over, or each writer has published so often. Raises StoreError."""
    store = open_it()
    for desk in range(DESKS):
        publish(store, desk, 1)
    context = get_context("forkserver")
    context.set_forkserver_preload(["evaluation.concurrency"])
    with context.Manager() as manager, ProcessPoolExecutor(DESKS + ASKERS, context) as pool:
        ready, stop = manager.Barrier(DESKS + ASKERS), manager.Event()
        limit, began = Limit(time.time() + seconds, rounds), time.monotonic()
        asking = [pool.submit(_ask, open_it, ready, stop) for _ in range(ASKERS)]
        writing = [pool.submit(_write, open_it, desk, limit, ready, stop) for desk in range(DESKS)]
        try:
            wait(writing)
            took = time.monotonic() - began
        finally:
            stop.set()
        # what an asker found comes first: it makes the others end
        seen = [each.result() for each in asking]
        written = [each.result() for each in writing]
    last = tuple(1 + each.published for each in written)
    found = verify(store, silent).findings
    if found:
        raise StoreError(f"The store is not whole in the end: {found[0].problem}.")
    generations: dict[int, Sessions] = {}
    for each in seen:
        for generation, shown in each.generations.items():
            if generations.setdefault(generation, shown) != shown:
                raise StoreError(f"Generation {generation} was seen with {shown} and {generations[generation]}.")
    if generations[max(generations)] != last:
        raise StoreError(f"The last generation has the sessions {generations[max(generations)]}, expected {last}.")
    return Outcome(
        store=kind,
        seconds=took,
        questions=sum(each.questions for each in seen),
        published=sum(each.published for each in written),
        seen=len(generations),
        busy=sum(each.busy for each in written),
    )


def _write(open_it: Open, desk: int, limit: Limit, ready: Barrier, stop: Event) -> Written:
    store, published, busy = open_it(), 0, 0
    ready.wait()
    while time.time() < limit.until and published != limit.rounds and not stop.is_set():
        try:
            publish(store, desk, published + 2)
            published += 1
        except BusyError:
            busy += 1
            time.sleep(BUSY_SECONDS)
    return Written(published, busy)


def _ask(open_it: Open, ready: Barrier, stop: Event) -> Seen:
    generations: dict[int, Sessions] = {}
    questions, newest, last = 0, 0, False
    try:
        retriever = Retriever.open(open_it(), RandomEncoder())
        while True:
            evidence = retriever.search(parsed(QUESTION), 2 * DESKS * HELD, EVERYTHING)
            if evidence.generation < newest:
                raise StoreError(f"Generation {evidence.generation} was seen after {newest}.")
            newest, shown = evidence.generation, sessions(evidence)
            if generations.setdefault(newest, shown) != shown:
                raise StoreError(f"Generation {newest} was seen with {shown} and {generations[newest]}.")
            if questions == 0:
                ready.wait()
            questions += 1
            if last:
                return Seen(questions, generations)
            # and once more, so that the last generation is seen
            last = stop.is_set()
    except BaseException:
        stop.set()
        ready.abort()
        raise


def shown(outcome: Outcome) -> str:
    """A table for people."""
    rows = {
        "times another writer was publishing": outcome.busy,
        "generations published": outcome.published,
        "generations seen": outcome.seen,
        "questions, none torn, every hit the slice of its article": outcome.questions,
    }
    title = f"store: {outcome.store}, {outcome.seconds:.0f} s, {DESKS} writers, {ASKERS} askers"
    return "\n".join([title, *table((name, f"{count:,}") for name, count in rows.items())])


def main(arguments: Sequence[str]) -> None:
    """See the module."""
    parser = Parser("concurrency", __doc__, "--store", "--json")
    parser.offer("--minutes", type=positive, default=MINUTES, metavar="N", help="how long to run")
    parser.offer("--rounds", type=positive, metavar="N", help="end when each writer has published N times")
    options = parser.parse_args(arguments)
    for kind in options.store:
        with new_store(kind) as where:
            output(run(partial(opened, where), kind, 60 * options.minutes, options.rounds), shown, options.json)
