"""A question finds its evidence."""

from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass

import numpy as np

from retrieval.encoder import Encoder
from retrieval.errors import IndexMismatchError, UsageError
from retrieval.reprints import distinct
from retrieval.storage.index import SegmentedIndex
from retrieval.storage.store import Snapshot, Store
from retrieval.types import Article, Evidence, Hit, Passage, SearchFilter, StoreStatus

# so many passages are found for each that is read: reprints of better ones are left out
SPARE = 4
REPRINTS = 8


@dataclass(frozen=True, slots=True)
class _Loaded:
    generation: int
    index: SegmentedIndex


class Retriever:
    """Searches the newest generation of a store.

    A question holds one generation from beginning to end; the next one moves to the newest. The index in memory is
    replaced as a whole, so that questions in several threads disturb each other in nothing.
    """

    def __init__(self, store: Store, encoder: Encoder) -> None:
        self._store = store
        self._encoder = encoder
        self._loaded: _Loaded | None = None

    @classmethod
    def open(cls, store: Store, encoder: Encoder) -> "Retriever":
        """Loads the store's newest index. Raises NoIndexError, IndexMismatchError, StoreError."""
        retriever = cls(store, encoder)
        with store.snapshot() as snapshot:
            retriever._index(snapshot)
        return retriever

    @contextmanager
    def hold(self) -> Iterator["Held"]:
        """The newest generation, unchanged until the block ends, whatever is published meanwhile.

        Raises IndexMismatchError, StoreError.
        """
        with self._store.snapshot() as snapshot:
            yield Held(snapshot, self._index(snapshot), self._encoder)

    def status(self) -> StoreStatus:
        """What the store holds now."""
        with self._store.snapshot() as snapshot:
            return snapshot.status()

    def search(self, question: str, k: int, where: SearchFilter) -> Evidence:
        """See `Held.search`, in the newest generation."""
        with self.hold() as held:
            return held.search(question, k, where)

    def _index(self, snapshot: Snapshot) -> SegmentedIndex:
        generation = snapshot.generation
        if generation.fingerprint != self._encoder.fingerprint:
            raise IndexMismatchError(
                f"The index was made with the encoder {generation.model} ({generation.fingerprint}), and another "
                f"({self._encoder.fingerprint}) is configured; run `dateline index`, or set [encoder] model back."
            )
        loaded = self._loaded
        if loaded is None or loaded.generation != generation.id:
            known = {} if loaded is None else {segment.id: segment.index for segment in loaded.index.segments}
            loaded = _Loaded(generation.id, snapshot.index(known))
            self._loaded = loaded
        return loaded.index


class Held:
    """One generation, held."""

    def __init__(self, snapshot: Snapshot, index: SegmentedIndex, encoder: Encoder) -> None:
        self._snapshot = snapshot
        self._index = index
        self._encoder = encoder

    def articles(self, ids: Iterable[str]) -> Mapping[str, Article]:
        """The articles with these ids as they are stored; those that are not there are left out."""
        return self._snapshot.articles(ids)

    def search(self, question: str, k: int, where: SearchFilter) -> Evidence:
        """The `k` passages nearest to the question by cosine, with their articles; filtered before ranking.

        A passage that only repeats what a better one's reprint says takes no place, but its article comes along.

        Raises UsageError if `where` names an article that is not there, StoreError and its kinds.
        """
        snapshot = self._snapshot
        if where.article_id is not None and not snapshot.articles([where.article_id]):
            raise UsageError(f"There is no article {where.article_id!r}; `dateline status` lists the ids.")
        among = None if where == SearchFilter() else snapshot.filtered(where)
        found = self._index.search(self._encoder.encode([question])[0], k * SPARE, among)
        passages = snapshot.passages(found.ids.tolist())
        groups = snapshot.source_groups([passage.article_id for passage in passages], where, REPRINTS)
        articles = snapshot.articles(groups)
        hits = [
            Hit(
                passage=passage,
                text=articles[passage.article_id].text[passage.start : passage.end],
                score=float(score),
                dense_rank=rank,
                lexical_rank=None,
            )
            for rank, (passage, score) in enumerate(sorted(zip(passages, found.scores, strict=True), key=_best_first))
        ]
        kept = distinct(hits, groups)[:k]
        told = {groups[hit.passage.article_id] for hit in kept}
        groups = {key: group for key, group in groups.items() if group in told}
        articles = {key: articles[key] for key in groups}
        return Evidence(hits=tuple(kept), articles=articles, groups=groups, generation=snapshot.generation.id)


def _best_first(found: tuple[Passage, np.float32]) -> tuple[float, str, int]:
    """Equal scores in an order that does not depend on the history of the index."""
    passage, score = found
    return -float(score), passage.article_id, passage.start
