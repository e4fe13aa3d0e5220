"""A `bot.assistant` without models: every answer is a function of the question alone.

There are two articles, and each is a source group of its own.

"list ..."   two items, both in one sentence         "nowhere ..."  not found
"unsure ..." a span that is offered as unsure
"filter"     a span: what is searched, as of when   "and ..."      leans on the turns before it
"differ ..." two versions, of two articles           "fail ..."     StoreError; "break ..." a RuntimeError
"slow ..."   answered after `SLOW_SECONDS`           anything else  a span, which is the question's first word
"""

import os
import time
from collections.abc import Sequence
from datetime import UTC, date, datetime

from bot.question import checked
from bot.settings import Settings
from reader.types import Answer, AnswerItem, Citation, Timing
from retrieval import types
from retrieval.adding import AddReport
from retrieval.errors import BusyError, ModelError, NoIndexError, StoreError
from retrieval.filters import unknown_article, unknown_source
from retrieval.progress import Progress
from retrieval.question import leaning, parsed
from retrieval.storage.types import Finding, Verification

SLOW_SECONDS = 3.0

LINK = "https://news.example/" + "long-" * 30 + "link"
TEXT = "Ana met Bo in Caracas. \x1b[31m[bold]Then they left.[/bold]\n"
DATED = datetime(2024, 2, 20, 9, 30, tzinfo=UTC)
ARTICLES = {
    "a1": types.Article("a1", "Talks in Caracas", "Example Wire", LINK, DATED, "en", "talks.txt", TEXT),
    "a2": types.Article("a2", "", None, None, None, None, "untitled.txt", TEXT),
}
GROUPS = {"a1": "a1", "a2": "a2"}


def citation(article_id: str, words: str) -> Citation:
    """The place of `words` in the first sentence of an article."""
    article = ARTICLES[article_id]
    quote, start = TEXT[:22], TEXT.index(words)
    meta = (article.title, article.source, article.url, article.published)
    return Citation(article_id, *meta, quote, 0, len(quote), start, start + len(words), GROUPS[article_id])


def answer(
    question: str,
    where: types.SearchFilter = types.EVERYTHING,
    k: int | None = None,
    conversation: Sequence[types.Turn] = (),
) -> Answer:
    """The answer to a question: pure."""
    ids = [
        id
        for id, article in ARTICLES.items()
        if where.article_id in (None, id) and where.source in (None, article.source)
    ][:k]
    hits = tuple(
        types.Hit(types.Passage(number, id, 0, len(TEXT)), TEXT, 1 / (number + 1), number, None, 0.0, 0.0)
        for number, id in enumerate(ids)
    )
    evidence = types.Evidence(leaning(parsed(question), conversation), hits, ARTICLES, GROUPS, generation=1)
    ana, bo = (AnswerItem(name, 0.78, None, (citation("a1", name),)) for name in ("Ana", "Bo"))
    timing = Timing(retrieve=1.0, read=2.0, total=3.5)
    match question.split()[0]:
        case "list":
            return Answer("list", (ana, bo), evidence, timing)
        case "differ":
            other = AnswerItem("Bo", 0.6, "2024-02-20", (citation("a2", "Bo"),))
            return Answer("differing", (ana, other), evidence, timing)
        case "unsure":
            doubted = AnswerItem("Ana", 0.4, None, (citation("a1", "Ana"),))
            return Answer("span", (doubted,), evidence, timing, certain=False)
        case "nowhere":
            return Answer("none", (), evidence, timing, nearest=citation("a1", "Bo"))
        case "fail":
            raise StoreError("The database is damaged; {embed all articles again}.")
        case "break":
            raise RuntimeError("shapes do not match")
        case word:
            cited = (citation("a1", "Caracas"), citation("a2", "Caracas"))
            return Answer("span", (AnswerItem(word, 0.997, None, cited),), evidence, timing)


class Assistant:
    """See `bot.assistant.Assistant`. $FAKE_OPEN is "no model" to fail; a number is the seconds that opening takes."""

    @classmethod
    def open(cls, settings: Settings, progress: Progress) -> "Assistant":
        opening = os.environ.get("FAKE_OPEN", "0")
        if opening == "no model":
            raise ModelError("The model x is missing; {install the packages}.")
        time.sleep(float(opening))
        return cls()

    def ask(
        self,
        question: str,
        where: types.SearchFilter = types.EVERYTHING,
        k: int | None = None,
        as_of: date | None = None,
        conversation: Sequence[types.Turn] = (),
    ) -> Answer:
        question = checked(question)
        if question.startswith("slow"):
            time.sleep(SLOW_SECONDS)
        if question == "filter":
            parts = (where.article_id, where.source, where.since, where.until, as_of)
            question = "/".join("-" if part is None else str(part).replace(" ", "_") for part in parts)
        return answer(question, where, k, conversation if question.startswith("and ") else ())

    def sources(self) -> types.Sources:
        return types.Sources(1, ("Example Wire",))

    def status(self) -> types.StoreStatus:
        return STATUS


SUMMARIES = tuple(
    types.ArticleSummary(a.id, a.title, a.source, a.published, a.language, a.path, a.id, passages=1, dropped=0)
    for a in ARTICLES.values()
)
STATUS = types.StoreStatus(1, DATED, "fake/encoder", "f00d", 4, SUMMARIES, 2, 2048)


def stored_intake(settings: Settings, article_id: str) -> types.Intake | None:
    """Each article comes from a file with one line of boilerplate."""
    return types.Intake(ARTICLES[article_id], (types.Dropped(3, "Share\x1b this", "a prompt to share"),))


def verify_store(settings: Settings, progress: Progress) -> Verification:
    """Finds a lost index file if the storage folder is called "damaged"."""
    lost = (Finding("The index file x.faiss is lost", "{bring the index up to date}"),)
    return Verification(1, 2, 2, lost if settings.storage.path.name == "damaged" else ())


def add_articles(settings: Settings, names: Sequence[str]) -> AddReport:
    """Adds what is called new.txt, knows what is called old.txt, and skips the rest."""
    added = tuple(name for name in names if name == "new.txt")
    known = tuple(name for name in names if name == "old.txt")
    rest = tuple(types.Skipped(name, "is no article") for name in names if name not in (*added, *known))
    return AddReport(added, known, rest)


def fetch_feeds(settings: Settings, urls: Sequence[str]) -> AddReport:
    """A feed has one new article."""
    return AddReport(("example.org/new.html",), (), ())


def index_corpus(
    settings: Settings, progress: Progress, full: bool = False, on_notice: object = None, help_others: bool = False
) -> types.IndexReport:
    """Finds two articles, and a file to skip if the folder is called "skips"; "busy" if that is the folder's name."""
    if settings.corpus.path.name == "busy":
        raise BusyError("Another process is indexing; try again when it is done.")
    with progress("Embedding [passages]", 2) as advance:
        advance(2)
    skipped = (types.Skipped("bad\x1b.txt", "it is empty."),) if settings.corpus.path.name == "skips" else ()
    return types.IndexReport(1, 2, 0, 0, 0, skipped, 2, 2 if full else 1, 0 if full else 1, 0.25)


def unread_files(settings: Settings) -> tuple[types.Unread, ...]:
    """There is a picture in the folder."""
    return (types.Unread(".png", 1),)


def store_status(settings: Settings) -> types.StoreStatus:
    """There is no index if the folder is called "none"."""
    if settings.storage.path.name == "none":
        raise NoIndexError(settings.storage.path)
    return STATUS


def check_filter(settings: Settings, where: types.SearchFilter) -> None:
    """Only what is written exactly as an article has it is known."""
    if where.article_id not in (None, *ARTICLES):
        raise unknown_article(str(where.article_id), list(ARTICLES))
    if where.source not in (None, "Example Wire"):
        raise unknown_source(str(where.source), ["Example Wire"])


def prepare_models(settings: Settings, progress: Progress) -> None:
    """Nothing to prepare."""
