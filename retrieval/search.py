"""A question finds its evidence by vector and by words, in a conversation with what was said before it."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import date

import numpy as np
from numpy.typing import NDArray

from retrieval.conversation import cited_before, terms_before, vector_in_conversation
from retrieval.encoder import Encoder
from retrieval.errors import LostError
from retrieval.fusion import EARLIER_WEIGHT, coverage, fused, rarity
from retrieval.heading import heading
from retrieval.periods import asked_period
from retrieval.reprints import distinct
from retrieval.storage.store import Snapshot, Store
from retrieval.terms import asked_terms, terms, written_as
from retrieval.types import Article, Evidence, Hit, Period, SearchFilter, Sources, StoreStatus, Turn

# so many passages each half of the search finds at least, and so many for each that is read: of those that fuse best,
# reprints of better ones are left out
POOL = 50
SPARE = 4
REPRINTS = 8


@dataclass(frozen=True, slots=True)
class Query:
    """A question as an index is asked it: `vector` (dimension,) float32, unit norm; its `terms`, each with a word that
    it is of; the `period` that it names.

    In a conversation, `earlier_terms` are those of the turns before it that it lacks, and `cited` the articles that
    these cite.
    """

    vector: NDArray[np.float32]
    terms: Mapping[str, str]
    period: Period | None
    earlier_terms: tuple[str, ...] = ()
    cited: tuple[str, ...] = ()


class Retriever:
    """Searches the newest generation of a store.

    A search is of one generation from beginning to end; the next one moves to the newest. No model runs while a
    generation is held, since the database cannot be tidied up meanwhile.
    """

    def __init__(self, store: Store, encoder: Encoder) -> None:
        self._store = store
        self._encoder = encoder

    @classmethod
    def open(cls, store: Store, encoder: Encoder) -> "Retriever":
        """Loads the store's newest index. Raises NoIndexError, IndexMismatchError, StoreError."""
        retriever = cls(store, encoder)
        with retriever.hold():
            return retriever

    @contextmanager
    def hold(self) -> Iterator["Held"]:
        """The newest generation, unchanged until the block ends, whatever is published meanwhile.

        Raises IndexMismatchError, StoreError.
        """
        with self._store.snapshot(self._encoder.fingerprint) as snapshot:
            yield Held(snapshot)

    def status(self) -> StoreStatus:
        """What the store holds now."""
        with self._store.snapshot() as snapshot:
            return snapshot.status()

    def articles(self, ids: Iterable[str]) -> Mapping[str, Article]:
        """The articles with these ids as the newest generation has them; no index is loaded for it."""
        with self._store.snapshot() as snapshot:
            return snapshot.articles(ids)

    def sources(self) -> Sources:
        """The sources that can be searched; no article is read for it."""
        with self._store.snapshot() as snapshot:
            return Sources(snapshot.generation.id, tuple(snapshot.sources()))

    def generation(self) -> int:
        """The newest generation; no index is loaded for it."""
        with self._store.snapshot() as snapshot:
            return snapshot.generation.id

    def query(self, question: str, as_of: date | None = None, conversation: Sequence[Turn] = ()) -> Query:
        """What a question asks that leans on the `conversation` before it, oldest turn first.

        `as_of` is the day that "last week" counts from, and without one it names no time.
        """
        return Query(
            vector_in_conversation(question, conversation, self._encoder.encode),
            asked_terms(question),
            None if as_of is None else asked_period(question, as_of),
            terms_before(question, conversation),
            cited_before(conversation),
        )

    def search(
        self,
        question: str,
        k: int,
        where: SearchFilter,
        as_of: date | None = None,
        conversation: Sequence[Turn] = (),
    ) -> Evidence:
        """See `query`, and `Held.search` in the newest generation; where that is lost in the middle, once again."""
        query = self.query(question, as_of, conversation)
        try:
            return self._search(query, k, where)
        except LostError:
            return self._search(query, k, where)

    def _search(self, query: Query, k: int, where: SearchFilter) -> Evidence:
        with self.hold() as held:
            return held.search(query, k, where)


@dataclass(frozen=True, slots=True)
class Words:
    """A question's terms as one generation has them: the `spellings` of each, those of all together, sorted (`every`),
    the weights of their rarity, and which terms are `nowhere`."""

    spellings: Mapping[str, frozenset[str]]
    every: Sequence[str]
    weights: Mapping[str, float]
    nowhere: frozenset[str]

    @classmethod
    def of(cls, snapshot: Snapshot, terms: Iterable[str], earlier: Iterable[str] = ()) -> "Words":
        """The terms of a question, and, weighing less, those of the conversation before it."""
        earlier = tuple(earlier)
        spellings = snapshot.spellings((*terms, *earlier))
        every = sorted({each for several in spellings.values() for each in several})
        frequencies = snapshot.frequencies(every)
        found = {term: sum(frequencies[each] for each in several) for term, several in spellings.items()}
        passages = snapshot.generation.passages
        shares = dict.fromkeys(earlier, EARLIER_WEIGHT)
        return cls(
            spellings=spellings,
            every=every,
            weights={term: shares.get(term, 1.0) * rarity(times, passages) for term, times in found.items()},
            nowhere=frozenset(term for term, times in found.items() if not times),
        )


class Held:
    """One generation, held."""

    def __init__(self, snapshot: Snapshot) -> None:
        self._snapshot = snapshot

    def articles(self, ids: Iterable[str]) -> Mapping[str, Article]:
        """The articles with these ids as they are stored; those that are not there are left out."""
        return self._snapshot.articles(ids)

    def search(self, query: Query, k: int, where: SearchFilter) -> Evidence:
        """The `k` best passages for the question, with their articles; filtered before ranking.

        Articles of the time that the question names are preferred. A passage that only repeats what a better one's
        reprint says takes no place, but its article comes along.

        Raises UsageError if `where` names an article or a source that is not there, StoreError and its kinds.
        """
        snapshot = self._snapshot
        words = Words.of(snapshot, query.terms, query.earlier_terms)
        best = self._candidates(query, words, where, max(POOL, k * SPARE))[: k * SPARE]
        groups = snapshot.source_groups([hit.passage.article_id for hit in best], where, REPRINTS)
        kept = distinct(best, groups)[:k]
        told = {groups[hit.passage.article_id] for hit in kept}
        groups = {key: group for key, group in groups.items() if group in told}
        articles = snapshot.articles(groups)
        unmentioned = tuple(dict.fromkeys(word for term, word in query.terms.items() if term in words.nowhere))
        texts = (f"{heading(articles[hit.passage.article_id])}\n{hit.text}" for hit in kept)
        respelled = _respelled(query, words, texts)
        return Evidence(tuple(kept), articles, groups, snapshot.generation.id, unmentioned, respelled)

    def candidates(self, query: Query, where: SearchFilter, count: int) -> list[Hit]:
        """The `count` passages nearest by vector, and the `count` best by words, together; best first by fused score.

        Where the question names a time, as many again are looked for among the articles of that time, and in a
        conversation in each article that was cited before. Raises as `search` does.
        """
        return self._candidates(query, Words.of(self._snapshot, query.terms, query.earlier_terms), where, count)

    def _candidates(self, query: Query, words: Words, where: SearchFilter, count: int) -> list[Hit]:
        snapshot = self._snapshot
        snapshot.check(where)
        vector, period, asked = query.vector, query.period, words.every
        dense, lexical = self._ids(vector, asked, where, count)
        found = {*dense, *lexical}
        if period is not None:
            found.update(*self._ids(vector, asked, _within(where, period), count))
        for cited in query.cited if where.article_id is None else ():
            found.update(*self._ids(vector, asked, replace(where, article_id=cited), count))
        read = snapshot.candidates(sorted(found))
        cosines = read.vectors @ vector
        dense_ranks = {id: rank for rank, id in enumerate(dense)}
        lexical_ranks = {id: rank for rank, id in enumerate(lexical)}
        headed = {heading: set(terms(heading)) for heading in {row.heading for row in read.rows}}
        hits = []
        for row, cosine in zip(read.rows, cosines.tolist(), strict=True):
            told = headed[row.heading].union(terms(row.text))
            has = {term for term, several in words.spellings.items() if not several.isdisjoint(told)}
            covered = coverage(words.weights, has)
            of_the_time = period is not None and row.day is not None and period.start <= row.day <= period.end
            hits.append(
                Hit(
                    passage=row.passage,
                    text=row.text,
                    score=fused(cosine, covered, of_the_time, row.passage.article_id in query.cited),
                    dense_rank=dense_ranks.get(row.passage.id),
                    lexical_rank=lexical_ranks.get(row.passage.id),
                    cosine=cosine,
                    coverage=covered,
                )
            )
        return sorted(hits, key=best_first)

    def _ids(
        self, vector: NDArray[np.float32], asked: Sequence[str], where: SearchFilter, count: int
    ) -> tuple[list[int], list[int]]:
        """The passages nearest by vector and those best by words, each best first."""
        return self._snapshot.nearest(vector, count, where), self._snapshot.worded(asked, count, where)


def _respelled(query: Query, words: Words, texts: Iterable[str]) -> dict[str, str]:
    """See `Evidence.respelled`; the texts are those of the hits, best first, and read only where there is a slip."""
    slips = {word: words.spellings[term] for term, word in query.terms.items() if term not in words.spellings[term]}
    read = list(texts) if slips else []
    found = {word: written_as(meant, read) for word, meant in slips.items()}
    return {word: meant for word, meant in found.items() if meant is not None}


def _within(where: SearchFilter, period: Period) -> SearchFilter:
    since = period.start if where.since is None else max(where.since, period.start)
    until = period.end if where.until is None else min(where.until, period.end)
    return replace(where, since=since, until=until)


def best_first(hit: Hit) -> tuple[float, str, int]:
    """Equal scores in an order that does not depend on the history of the index."""
    return -hit.score, hit.passage.article_id, hit.passage.start
