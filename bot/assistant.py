"""Puts store, encoder and reader together from the settings, and answers questions with checked citations.

What an answer does not need, such as the reading of files and pages, is imported where it is used.
"""

import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from datetime import date
from typing import TYPE_CHECKING

from bot.models import answerer_of, encoder_of, reader_of
from bot.question import checked
from bot.settings import Settings
from reader.answering import Answerer
from reader.citations import check
from reader.following import Follower
from reader.types import Answer
from retrieval.encoder import LazyEncoder
from retrieval.errors import BusyError, CitationError, CorpusError
from retrieval.progress import Progress
from retrieval.question import parsed
from retrieval.search import Retriever
from retrieval.storage.opening import open_feed_states, open_store
from retrieval.storage.store import Store
from retrieval.types import EVERYTHING, Article, IndexReport, Intake, SearchFilter, Sources, StoreStatus, Turn, Unread

if TYPE_CHECKING:
    from bot.following.checking import Checker
    from bot.following.questions import FollowedQuestions
    from retrieval.adding import AddReport
    from retrieval.fetch import FetchLimits
    from retrieval.storage.types import Verification

TRIES = 6
# between two looks at what another process waits for
HELP_SECONDS = 1.0


class Assistant:
    """Answers questions from the newest generation of the store, one question at a time."""

    def __init__(self, retriever: Retriever, answerer: Answerer, passages: int) -> None:
        self._retriever = retriever
        self._answerer = answerer
        self._passages = passages

    @classmethod
    def open(cls, settings: Settings, progress: Progress) -> "Assistant":
        """Loads what the settings name. Raises NoIndexError, IndexMismatchError, ModelError, StoreError."""
        store = store_of(settings)
        with store.snapshot():
            pass  # without an index there is no point in loading models for seconds
        encoder, read = encoder_of(settings, progress), reader_of(settings, progress)
        with ThreadPoolExecutor(1) as beside:  # either model is loaded by one core
            reader = beside.submit(read)
            retriever = Retriever.open(store, encoder.loaded())
        return cls(retriever, answerer_of(settings, reader.result()), settings.retrieval.passages)

    def ask(
        self,
        question: str,
        where: SearchFilter = EVERYTHING,
        k: int | None = None,
        as_of: date | None = None,
        conversation: Sequence[Turn] = (),
    ) -> Answer:
        """The answer from one generation of the store, its citations checked against the newest.

        Nothing is held while the models run, so a cited article may change meanwhile: the question is then asked again,
        up to `TRIES` times in all. `as_of` is the day that "last week" in a question counts from; None is today.
        `conversation` is what was asked before, oldest first; a question that does not lean on it is answered as if
        there were none.

        Raises UsageError for an invalid question and for an unknown article or source in the filter, StoreError and its
        kinds, CitationError if the answer cites what the store does not say.
        """
        asked = parsed(checked(question), date.today() if as_of is None else as_of)
        k = self._passages if k is None else k
        for last in (*(TRIES - 1) * [False], True):
            answer = self._answerer.ask(asked, conversation, lambda q: self._retriever.search(q, k, where))
            cited = {citation.article_id for citation in answer.citations}
            try:
                # read from the database once more: nothing is shown that it does not say
                check(answer, self._retriever.articles(cited))
                break
            except CitationError:
                if last or self._retriever.generation() == answer.evidence.generation:
                    raise
        return answer

    def articles(self, ids: Iterable[str]) -> Mapping[str, Article]:
        """The articles with these ids as they are stored now; those that are gone are left out."""
        return self._retriever.articles(ids)

    def sources(self) -> Sources:
        """The sources that can be searched now."""
        return self._retriever.sources()

    def status(self) -> StoreStatus:
        """What the store holds now."""
        return self._retriever.status()


class Indexer:
    """Brings the store up to date with the corpus; a process that does so again and again loads the encoder once."""

    def __init__(self, settings: Settings, encoder: LazyEncoder) -> None:
        self._settings = settings
        self._encoder = encoder
        self._store = store_of(settings)

    @classmethod
    def open(cls, settings: Settings, progress: Progress) -> "Indexer":
        """Finds the encoder, and leaves loading it for when there is something to embed. Raises ModelError."""
        return cls(settings, encoder_of(settings, progress))

    def refresh(
        self, progress: Progress, *, full: bool = False, on_notice: Callable[[str], None] = lambda sentence: None
    ) -> IndexReport:
        """See `retrieval.refresh.refresh`. Raises CorpusError, BusyError, ModelError, StoreError."""
        from retrieval.refresh import refresh

        return refresh(
            self._settings.corpus.path,
            self._store,
            self._encoder,
            self._settings.encoder.model,
            full=full,
            follow_links=self._settings.corpus.follow_links,
            origin=self._settings.corpus.origin,
            progress=progress,
            on_notice=on_notice,
        )

    def embed_pending(self) -> int:
        """Embeds what an indexer elsewhere waits for; how many texts. Raises NoIndexError, ModelError, StoreError."""
        return self._store.embed_pending(self._encoder)

    def glance(self) -> int | None:
        """See `retrieval.glance.glance`. Raises CorpusError."""
        from retrieval.glance import glance

        return glance(self._settings.corpus.path, self._store.files())

    def warm_up(self) -> None:
        """Loads the encoder, so that the next new article need not wait for it. Raises ModelError."""
        self._encoder.loaded()


def store_of(settings: Settings) -> Store:
    """The store that the settings name; errors occur when it is used."""
    return open_store(settings.storage.path, settings.storage.url)


def index_corpus(
    settings: Settings,
    progress: Progress,
    full: bool = False,
    on_notice: Callable[[str], None] = lambda sentence: None,
    help_others: bool = False,
) -> IndexReport:
    """Brings the store up to date with the corpus, once. Raises CorpusError, BusyError, ModelError, StoreError.

    With `help_others`, a process that is indexing already gets help with embedding, and is waited for.
    """
    indexer = Indexer.open(settings, progress)
    while True:
        try:
            return indexer.refresh(progress, full=full, on_notice=on_notice)
        except BusyError:
            if not help_others:
                raise
            indexer.embed_pending()
            time.sleep(HELP_SECONDS)


def add_articles(settings: Settings, names: Sequence[str]) -> "AddReport":
    """Copies files and fetches pages into the corpus; indexes nothing. Raises CorpusError."""
    from retrieval.adding import add

    return add(settings.corpus.path, names, _limits(settings))


def fetch_feeds(settings: Settings, urls: Sequence[str]) -> "AddReport":
    """Fetches what is new in these feeds into the corpus; indexes nothing. Raises CorpusError, StoreError."""
    from retrieval.feeds import take

    memories = open_feed_states(settings.storage.path / "feeds.json", settings.storage.url)
    return take(settings.corpus.path, memories, urls, _limits(settings))


def verify_store(settings: Settings, progress: Progress) -> "Verification":
    """Checks all that the store holds; loads no model. Raises NoIndexError, StoreError."""
    from retrieval.storage.verify import verify

    return verify(store_of(settings), progress)


def stored_intake(settings: Settings, article_id: str) -> Intake | None:
    """One article with what was left out of its file. Raises NoIndexError, StoreError."""
    with store_of(settings).snapshot() as snapshot:
        return snapshot.intake(article_id)


def store_status(settings: Settings) -> StoreStatus:
    """What the store holds; loads no model. Raises NoIndexError, StoreError."""
    with store_of(settings).snapshot() as snapshot:
        return snapshot.status()


def unread_files(settings: Settings) -> tuple[Unread, ...]:
    """The files of the corpus folder that are not read; none where there is no such folder."""
    from retrieval.intake.files import find

    try:
        return find(settings.corpus.path).unread
    except CorpusError:
        return ()


def check_filter(settings: Settings, where: SearchFilter) -> None:
    """Raises UsageError if there is no such article or source; loads no model. Raises NoIndexError, StoreError."""
    with store_of(settings).snapshot() as snapshot:
        snapshot.check(where)


def migrate_store(settings: Settings, url: str, progress: Progress) -> int:
    """Copies what is in the folder to the server at `url`, followed questions too; the number of its generation there.

    Raises NoIndexError, BusyError, StoreError.
    """
    from bot.following.questions import FollowedQuestions
    from retrieval.migrating import migrate

    folder = settings.storage.path
    generation = migrate(open_store(folder), open_store(folder, url), progress).id
    questions = FollowedQuestions.find(folder)
    if questions is not None:
        questions.copy_to(FollowedQuestions.open(folder, url))
    return generation


def open_checker(settings: Settings, questions: "FollowedQuestions", progress: Progress) -> "Checker":
    """What asks the followed questions; it shares its models with an `Assistant`. Raises ModelError."""
    from bot.following.checking import Checker

    reader = reader_of(settings, progress)()
    follower = Follower(answerer_of(settings, reader), reader, settings.retrieval.passages)
    return Checker(store_of(settings), encoder_of(settings, progress).loaded(), follower, questions)


def prepare_models(settings: Settings, progress: Progress) -> None:
    """Makes sure that both models are on disk, whole and as they are loaded. Raises ModelError."""
    encoder_of(settings, progress).loaded()
    reader_of(settings, progress)()


def _limits(settings: Settings) -> "FetchLimits":
    from retrieval.fetch import FetchLimits

    fetch = settings.fetch
    return FetchLimits(fetch.timeout_seconds, fetch.max_megabytes, fetch.private_addresses)
