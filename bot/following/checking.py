"""Asking followed questions of new passages.

1. passages whose text no earlier generation held       one query
2. are scored for all questions at once                 `retrieval.matching`
3. those among the best so far are read, of each        `reader.following`
   source group alone
4. their answers are compared with those reported       `reader.novelty`
5. news, and that it was reported, are written          one transaction a question
   together; it waits in the outbox until it is shown
"""

import logging
from collections.abc import Callable, Sequence
from contextlib import ExitStack
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from itertools import groupby

from bot.following.documents import articles_of, news_document, news_of
from bot.following.questions import FollowedQuestions
from bot.following.tables import Frontend
from bot.following.types import Asker, CheckResult, Claimed, DueQuestion, Followed, Limits, Notice, Outcome
from reader.following import Follower, NewPassages
from reader.novelty import Statement
from reader.types import Answer
from retrieval.encoder import Encoder
from retrieval.errors import UsageError
from retrieval.filters import matches
from retrieval.matching import COMPETING, Matches, OpenQuestion, match
from retrieval.question import parsed
from retrieval.search import REPRINTS, Query, Retriever
from retrieval.storage.store import Store
from retrieval.storage.vectors import packed, unpacked
from retrieval.types import EVERYTHING, Article, Question, SearchFilter

TRIES = 6
log = logging.getLogger(__name__)


class Checker:
    """Follows questions, and asks them of new passages. One check at a time."""

    def __init__(self, store: Store, encoder: Encoder, follower: Follower, questions: FollowedQuestions) -> None:
        self.questions = questions
        self._store = store
        self._encoder = encoder
        self._follower = follower
        self._retriever = Retriever(store, encoder)

    def follow(
        self,
        ask: Callable[[str, SearchFilter], Answer],
        question: str,
        where: SearchFilter = EVERYTHING,
        by: Asker | None = None,
        limits: Limits | None = None,
    ) -> tuple[Followed, Answer]:
        """Follows a question that is answered by `ask`; a confident answer counts as told.

        Raises TooManyError, and what `ask` raises.
        """
        fingerprint = self._encoder.fingerprint
        vector = packed(self._encoder.encode([question])[0])
        for _ in range(TRIES):
            answer = ask(question, where)
            with ExitStack() as stack:
                _, arrivals = self.questions.arrivals(self._store, fingerprint, self.questions.newest(), stack)
            # what came in meanwhile was not asked, and must not count as asked
            if arrivals.generation == answer.evidence.generation:
                break
        told = [Statement.of(item, answer) for item in answer.answers] if answer.certain else []
        scores = self._scores(answer.question, where)
        followed = Followed(0, answer.question, where, by, datetime.now(UTC), answer.evidence.generation)
        due = DueQuestion(followed, arrivals.newest, fingerprint, vector, scores)
        return self.questions.add(due, told, limits), answer

    def check(self, frontend: Frontend, stopped: Callable[[], bool] = lambda: False) -> CheckResult:
        """Asks the questions of one frontend about what has arrived since each was last asked.

        It ends before the next question where it is to be `stopped`; the others are then asked the next time.

        Raises NoIndexError, IndexMismatchError, StoreError.
        """
        due = self._with_current_vectors(self.questions.due(frontend))
        if not due:
            return CheckResult()
        fingerprint = self._encoder.fingerprint
        to_read: list[tuple[DueQuestion, NewPassages]] = []
        pairs = 0
        with ExitStack() as stack:
            snapshot, arrivals = self.questions.arrivals(
                self._store, fingerprint, min(each.batch for each in due), stack
            )
            due = [each for each in due if each.batch < arrivals.newest]
            for batch, several in groupby(sorted(due, key=lambda each: each.batch), key=lambda each: each.batch):
                asked = list(several)
                passages = sorted(id for id, came in arrivals.batches.items() if came > batch)
                found = match(snapshot, [self._open(each) for each in asked], passages)
                pairs += found.pairs
                ids = {hit.passage.article_id for hits in found.hits for hit in hits}
                groups = snapshot.source_groups(ids, EVERYTHING, REPRINTS)
                articles = dict(snapshot.articles(groups))
                to_read += _passages_to_read(asked, found, articles, groups)
        news = read = 0
        for each, new in to_read:
            if stopped():
                return CheckResult(len(due), pairs, read, news)
            outcome = self._outcome(each, new, arrivals.generation)
            read += len(new.hits)
            if self.questions.record_asked(each, arrivals, outcome):
                news += len(outcome.news)
        left = {each.followed.id for each in due} - {each.followed.id for each, _ in to_read}
        self.questions.record_skipped([each for each in due if each.followed.id in left], arrivals)
        return CheckResult(len(due), pairs, read, news)

    def claim(self, frontend: Frontend, timeout: timedelta, most: int) -> Claimed[Notice] | None:
        """See `Outbox.claim`. What the articles no longer say is removed from the outbox."""
        claimed = self.questions.outbox.claim(frontend, timeout, most)
        if claimed is None:
            return None
        cited = {article for each in claimed.news for article in articles_of(each.document)}
        with self._store.snapshot() as snapshot:
            articles, generation = snapshot.articles(cited), snapshot.generation.id
        notices = []
        for each in claimed.news:
            news = news_of(each.document, articles, generation)
            if news is None:
                log.warning("news of question %s is withdrawn: the article has changed or is gone", each.followed.id)
                self.questions.outbox.remove([each.id])
            else:
                notices.append(Notice(each.id, each.followed, news))
        return Claimed(claimed.message, claimed.again, tuple(notices))

    def _open(self, due: DueQuestion) -> OpenQuestion:
        (vector,) = unpacked([due.vector], len(due.vector) // 4)
        return OpenQuestion.of(Query(_parsed(due), vector), due.scores)

    def _outcome(self, due: DueQuestion, to_read: NewPassages, generation: int) -> Outcome:
        followed = due.followed
        update = self._follower.ask(_parsed(due), to_read, self.questions.told(followed.id), generation)
        best = sorted([*due.scores, *(hit.score for hit in to_read.hits)], reverse=True)[:COMPETING]
        return Outcome(tuple(best), update.told, tuple(map(news_document, update.news)))

    def _scores(self, question: str, where: SearchFilter) -> tuple[float, ...]:
        """Of the best passages that there are now."""
        return tuple(hit.score for hit in self._retriever.search(parsed(question, date.today()), COMPETING, where).hits)

    def _with_current_vectors(self, several: Sequence[DueQuestion]) -> list[DueQuestion]:
        """The questions with vectors of the current encoder; others are embedded again, and stored."""
        encoder = self._encoder
        outdated = [each for each in several if each.fingerprint != encoder.fingerprint]
        if not outdated:
            return list(several)
        vectors = encoder.encode([each.followed.question for each in outdated])
        renewed = {}
        for each, vector in zip(outdated, vectors, strict=True):
            followed = each.followed
            try:
                scores = self._scores(followed.question, followed.where)
            except UsageError:  # the article or the source that it is limited to is gone
                scores = ()
            renewed[followed.id] = replace(each, fingerprint=encoder.fingerprint, vector=packed(vector), scores=scores)
            self.questions.record_embedding(followed.id, encoder.fingerprint, packed(vector), scores)
        return [renewed.get(each.followed.id, each) for each in several]


def _parsed(due: DueQuestion) -> Question:
    return parsed(due.followed.question, date.today())


def _passages_to_read(
    asked: Sequence[DueQuestion], found: Matches, articles: dict[str, Article], groups: dict[str, str]
) -> list[tuple[DueQuestion, NewPassages]]:
    """The questions that have something to read."""
    some = []
    for each, hits in zip(asked, found.hits, strict=True):
        where = each.followed.where
        passing = articles if where == EVERYTHING else {k: a for k, a in articles.items() if matches(where, a)}
        kept = tuple(hit for hit in hits if hit.passage.article_id in passing)
        if kept:
            some.append((each, NewPassages(kept, passing, groups, found.articles)))
    return some
