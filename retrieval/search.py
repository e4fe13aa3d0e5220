"""A question finds its evidence by vector and by words, in a conversation with what was said before it."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from retrieval.conversation import cited_before
from retrieval.encoder import Encoder
from retrieval.errors import ConnectionLostError
from retrieval.fusion import EARLIER_WEIGHT, coverage, fused, rarity
from retrieval.heading import heading
from retrieval.question import vector_of
from retrieval.reprints import distinct
from retrieval.spelling import spellings
from retrieval.storage.reading import Snapshot
from retrieval.storage.store import Store
from retrieval.storage.types import Row
from retrieval.terms import spelling_in_texts, terms
from retrieval.types import Article, Evidence, Hit, Period, Question, SearchFilter, Sources, StoreStatus

# so many passages each half of the search finds at least, and so many for each that is read: of those that fuse best,
# reprints of better ones are left out
POOL = 50
SPARE = 4
REPRINTS = 8
NONE: Mapping[str, str] = {}


@dataclass(frozen=True, slots=True)
class Query:
    """A question as an index is asked it: with its `vector`, (dimension,) float32, unit norm."""

    question: Question
    vector: NDArray[np.float32]


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
    def hold(self) -> Iterator[Snapshot]:
        """The newest generation, unchanged until the block ends, whatever is published meanwhile.

        Raises IndexMismatchError, StoreError.
        """
        with self._store.snapshot(self._encoder.fingerprint) as snapshot:
            yield snapshot

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

    def query(self, question: Question) -> Query:
        """The question with its vector."""
        return Query(question, vector_of(question, self._encoder.encode))

    def search(self, question: Question, k: int, where: SearchFilter) -> Evidence:
        """See `search`, in the newest generation; repeated once if the connection is lost meanwhile."""
        query = self.query(question)
        try:
            return self._search(query, k, where)
        except ConnectionLostError:
            return self._search(query, k, where)

    def _search(self, query: Query, k: int, where: SearchFilter) -> Evidence:
        with self.hold() as held:
            return search(held, query, k, where)


@dataclass(frozen=True, slots=True)
class QueryTerms:
    """A question's terms as one generation has them: the `spellings` of each, those of all together, sorted (`every`),
    the weights of their rarity, and which terms are `absent`."""

    spellings: Mapping[str, frozenset[str]]
    every: Sequence[str]
    weights: Mapping[str, float]
    absent: frozenset[str]

    @classmethod
    def of(cls, snapshot: Snapshot, terms: Mapping[str, str], earlier: Mapping[str, str] = NONE) -> "QueryTerms":
        """The terms of a question, and, weighing less, those of the conversation before it, each with its word."""
        spelt = spellings(snapshot, {**earlier, **terms})
        every = sorted({each for several in spelt.values() for each in several})
        frequencies = snapshot.frequencies(every)
        found = {term: sum(frequencies[each] for each in several) for term, several in spelt.items()}
        passages = snapshot.generation.passages
        shares = dict.fromkeys(earlier, EARLIER_WEIGHT)
        return cls(
            spellings=spelt,
            every=every,
            weights={term: shares.get(term, 1.0) * rarity(times, passages) for term, times in found.items()},
            absent=frozenset(term for term, times in found.items() if not times),
        )


def search(snapshot: Snapshot, query: Query, k: int, where: SearchFilter) -> Evidence:
    """The `k` best passages for the question, with their articles; filtered before ranking.

    Articles of the time that the question names are preferred. A passage that only repeats what a better one's reprint
    says takes no place, but its article comes along.

    Raises UsageError if `where` names an article or a source that is not there, StoreError and its kinds.
    """
    question = query.question
    words = QueryTerms.of(snapshot, question.terms, question.earlier_terms)
    best = candidates(snapshot, query, words, where, max(POOL, k * SPARE))[: k * SPARE]
    groups = snapshot.source_groups([hit.passage.article_id for hit in best], where, REPRINTS)
    kept = distinct(best, groups)[:k]
    told = {groups[hit.passage.article_id] for hit in kept}
    groups = {key: group for key, group in groups.items() if group in told}
    articles = snapshot.articles(groups)
    unmentioned = tuple(dict.fromkeys(word for term, word in question.terms.items() if term in words.absent))
    texts = (f"{heading(articles[hit.passage.article_id])}\n{hit.text}" for hit in kept)
    searched = replace(question, unmentioned=unmentioned, respelled=_respelled(question, words, texts))
    return Evidence(searched, tuple(kept), articles, groups, snapshot.generation.id)


def candidates(snapshot: Snapshot, query: Query, words: QueryTerms, where: SearchFilter, count: int) -> list[Hit]:
    """The `count` passages nearest by vector, and the `count` best by words, together; best first by fused score.

    Where the question names a time, as many again are looked for among the articles of that time, and in a conversation
    in each article that was cited before. Raises as `search` does.
    """
    snapshot.check(where)
    vector, period = query.vector, query.question.period
    cited = cited_before(query.question.conversation)

    def ids(where: SearchFilter) -> tuple[list[int], list[int]]:
        return snapshot.nearest(vector, count, where), snapshot.matching_terms(words.every, count, where)

    dense, lexical = ids(where)
    found = {*dense, *lexical}
    if period is not None:
        found.update(*ids(_within(where, period)))
    for article in cited if where.article_id is None else ():
        found.update(*ids(replace(where, article_id=article)))
    read = snapshot.candidates(sorted(found))
    dense_ranks = {id: rank for rank, id in enumerate(dense)}
    lexical_ranks = {id: rank for rank, id in enumerate(lexical)}
    hits = []
    for row, told, cosine in zip(read.rows, terms_of(read.rows), (read.vectors @ vector).tolist(), strict=True):
        has = {term for term, several in words.spellings.items() if not several.isdisjoint(told)}
        covered = coverage(words.weights, has)
        of_the_time = period is not None and period.holds(row.day)
        hits.append(
            Hit(
                passage=row.passage,
                text=row.text,
                score=fused(cosine, covered, of_the_time, row.passage.article_id in cited),
                dense_rank=dense_ranks.get(row.passage.id),
                lexical_rank=lexical_ranks.get(row.passage.id),
                cosine=cosine,
                coverage=covered,
            )
        )
    return sorted(hits, key=best_first)


def terms_of(rows: Sequence[Row]) -> Iterator[set[str]]:
    """The terms of each passage and of its heading."""
    headed = {heading: set(terms(heading)) for heading in {row.heading for row in rows}}
    return (headed[row.heading].union(terms(row.text)) for row in rows)


def _respelled(question: Question, words: QueryTerms, texts: Iterable[str]) -> dict[str, str]:
    """See `Question.respelled`; the texts are those of the hits, best first, and read only where there is a typo."""
    slips = {word: words.spellings[term] for term, word in question.terms.items() if term not in words.spellings[term]}
    read = list(texts) if slips else []
    found = {word: spelling_in_texts(meant, read, word) for word, meant in slips.items()}
    return {word: meant for word, meant in found.items() if meant is not None}


def _within(where: SearchFilter, period: Period) -> SearchFilter:
    since = period.start if where.since is None else max(where.since, period.start)
    until = period.end if where.until is None else min(where.until, period.end)
    return replace(where, since=since, until=until)


def best_first(hit: Hit) -> tuple[float, str, int]:
    """Equal scores in an order that does not depend on the history of the index."""
    return -hit.score, hit.passage.article_id, hit.passage.start
