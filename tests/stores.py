"""What tests of the store share: writing articles, an encoder that counts, and all that a store holds."""

import resource
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import combinations
from pathlib import Path

import networkx
import numpy as np
from numpy.typing import NDArray

from retrieval.encoder import Encoder
from retrieval.progress import silent
from retrieval.reprints import are_reprints, bands, signature
from retrieval.storage.reading import Snapshot
from retrieval.storage.store import Store
from retrieval.storage.types import Candidates
from retrieval.storage.verify import verify
from retrieval.types import EVERYTHING, Article, Passage

NewStore = Callable[[], Store]


class Counting:
    """The real encoder, with a count of what it is asked to embed; `other` is another encoder to the store."""

    def __init__(self, encoder: Encoder, other: bool = False, fail_after: int | None = None) -> None:
        self._encoder = encoder
        self.fingerprint = "other" if other else encoder.fingerprint
        self.dimension = encoder.dimension
        self.embedded = 0
        self._fail_after = fail_after

    def encode(self, texts: Sequence[str]) -> NDArray[np.float32]:
        if self._fail_after is not None and self.embedded >= self._fail_after:
            raise KeyboardInterrupt
        self.embedded += len(texts)
        return self._encoder.encode(texts)


def write(corpus: Path, name: str, text: str) -> None:
    path = corpus / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, encoding="utf-8")


def write_reports(corpus: Path, count: int) -> None:
    """Short articles, "0.txt", "1.txt" and so on, no two of which say the same."""
    for number in range(count):
        write(corpus, f"{number}.txt", f"Report {number} came out\n\nThe council of town {number} met on day {number}.")


@contextmanager
def no_file_above(length: int) -> Iterator[None]:
    """In the block, the disk seems full to a file that would have more bytes."""
    limits = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (length, limits[1]))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, limits)


@dataclass(frozen=True, slots=True)
class HeldGeneration:
    """One passage as a store holds it."""

    path: str
    text: str
    source_group: str
    vector: NDArray[np.float32]

    def __eq__(self, other: object) -> bool:
        return (
            isinstance(other, HeldGeneration)
            and (self.path, self.text, self.source_group) == (other.path, other.text, other.source_group)
            # texts are embedded in batches, and a batch's shape may change the last bits
            and bool(np.allclose(self.vector, other.vector, atol=1e-5))
        )


def contents(store: Store) -> list[HeldGeneration]:
    """All that a search can see, whatever the ids. The store is proved whole first."""
    assert verify(store, silent).findings == ()
    with store.snapshot() as snapshot:
        read = everything_in(snapshot)
        articles = snapshot.articles({row.passage.article_id for row in read.rows})
        groups = snapshot.source_groups(list(articles), EVERYTHING, 0)
        assert groups == source_groups(articles, _reprints(articles))
        held = {}
        for row, vector in zip(read.rows, read.vectors, strict=True):
            article = articles[row.passage.article_id]
            place = article.path, article.id, row.passage.start
            held[place] = HeldGeneration(article.path, row.text, groups[article.id], vector)
        assert len(held) == snapshot.generation.passages
        return [held[place] for place in sorted(held)]


def everything_in(snapshot: Snapshot) -> Candidates:
    """Every passage of a generation."""
    some = np.eye(1, snapshot.generation.dimension, dtype=np.float32)[0]
    return snapshot.candidates(snapshot.nearest(some, snapshot.generation.passages, EVERYTHING))


def all_passages(snapshot: Snapshot) -> list[Passage]:
    """Every passage of a generation."""
    return [row.passage for row in everything_in(snapshot).rows]


def source_groups(ids: Iterable[str], pairs: Iterable[tuple[str, str]]) -> dict[str, str]:
    """The source group of each article, named after the smallest id in it; `pairs` are the reprints among `ids`.

    "a", "b", "c", "d" with ("c", "b"), ("d", "c") -> {"a": "a", "b": "b", "c": "b", "d": "b"}
    """
    graph = networkx.Graph()
    graph.add_nodes_from(ids)
    graph.add_edges_from(pairs)
    return {id: min(group) for group in networkx.connected_components(graph) for id in group}


def _reprints(articles: Mapping[str, Article]) -> Iterator[tuple[str, str]]:
    """Every pair of reprints, by comparing each article with each other one."""
    signatures = {key: signature(article.text) for key, article in articles.items()}
    for one, other in combinations(articles, 2):
        a, b = signatures[one], signatures[other]
        if set(bands(a)) & set(bands(b)) and are_reprints(a, b):
            yield one, other
