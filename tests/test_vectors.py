"""The vector index: exact while that is cheap, and beyond it a graph that finds as much as it promises."""

from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from retrieval.storage.index import (
    FOUND,
    RECALL,
    RECALLED,
    Segment,
    SegmentedIndex,
    VectorBatch,
    VectorIndex,
)

COUNT = 6000
DIMENSION = 16
NONE_DEAD = np.empty(0, dtype=np.int64)


def unit(vectors: NDArray[np.float64]) -> NDArray[np.float32]:
    return np.asarray(vectors / np.linalg.norm(vectors, axis=1, keepdims=True), dtype=np.float32)


@pytest.fixture(scope="module")
def vectors() -> NDArray[np.float32]:
    """As passages are: around topics, not evenly in all directions."""
    rng = np.random.default_rng(1)
    topics = rng.normal(size=(300, DIMENSION))
    return unit(topics[rng.integers(0, 300, COUNT)] + 0.5 * rng.normal(size=(COUNT, DIMENSION)))


@pytest.fixture(scope="module")
def questions(vectors: NDArray[np.float32]) -> NDArray[np.float32]:
    rng = np.random.default_rng(2)
    return unit(vectors[:100] + 0.3 * rng.normal(size=(100, DIMENSION)))


def batches(vectors: NDArray[np.float32], first: int = 1) -> Iterator[VectorBatch]:
    for start in range(0, len(vectors), 4096):
        some = vectors[start : start + 4096]
        yield VectorBatch(np.arange(start, start + len(some), dtype=np.int64) + first, some)


def build(vectors: NDArray[np.float32], first: int = 1) -> VectorIndex:
    return VectorIndex.build(DIMENSION, len(vectors), lambda: batches(vectors, first))


@pytest.fixture(scope="module", autouse=True)
def a_thousand_are_many() -> Iterator[None]:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("retrieval.storage.index.EXACT_UP_TO", 1000)
        yield


@pytest.fixture(scope="module")
def graph(vectors: NDArray[np.float32], questions: NDArray[np.float32]) -> VectorIndex:
    index = build(vectors)
    recall = index.tune(questions, lambda: batches(vectors))
    assert RECALL <= recall <= 1
    return index


def nearest(vectors: NDArray[np.float32], question: NDArray[np.float32], k: int) -> list[int]:
    return [int(place) + 1 for place in np.argsort(-(vectors @ question), kind="stable")[:k]]


def test_a_small_index_is_exact(vectors: NDArray[np.float32], questions: NDArray[np.float32]) -> None:
    some = vectors[:1000]
    index = build(some)
    assert index.exact
    assert index.tune(questions, lambda: batches(some)) == 1
    for question in questions[:10]:
        assert index.search(question, 20).ids.tolist() == nearest(some, question, 20)


def test_a_large_index_finds_what_it_promises(
    graph: VectorIndex, vectors: NDArray[np.float32], questions: NDArray[np.float32]
) -> None:
    assert not graph.exact
    shares = [
        len(set(nearest(vectors, question, RECALLED)) & set(graph.search(question, FOUND).ids.tolist())) / RECALLED
        for question in questions
    ]
    assert np.mean(shares) >= RECALL


def test_a_large_index_searches_among_a_few(
    graph: VectorIndex, vectors: NDArray[np.float32], questions: NDArray[np.float32]
) -> None:
    rng = np.random.default_rng(3)
    for size in (1, 30, 500, COUNT // 2):
        among = np.sort(rng.choice(COUNT, size, replace=False)) + 1
        for question in questions[:10]:
            found = graph.search(question, 10, among)
            assert set(found.ids.tolist()) <= set(among.tolist())
            assert len(found.ids) == min(10, size)
            best = among[np.argmax(vectors[among - 1] @ question)]
            assert best in found.ids.tolist()


def test_what_is_dead_is_not_found(graph: VectorIndex, questions: NDArray[np.float32]) -> None:
    for question in questions[:10]:
        first, *others = graph.search(question, 20).ids.tolist()
        assert graph.search(question, 19, without=np.array([first])).ids.tolist() == others


def test_a_large_index_comes_back_from_its_file(
    graph: VectorIndex, vectors: NDArray[np.float32], questions: NDArray[np.float32], tmp_path: Path
) -> None:
    graph.save(tmp_path / "x.faiss")
    loaded = VectorIndex.load(tmp_path / "x.faiss")
    assert len(loaded) == COUNT
    assert not loaded.exact
    assert sorted(loaded.ids.tolist()) == list(range(1, COUNT + 1))
    for batch in loaded.batches():
        assert np.abs(batch.vectors - vectors[batch.ids - 1]).max() < 0.02
    for question in questions[:10]:
        assert loaded.search(question, 10).ids.tolist() == graph.search(question, 10).ids.tolist()


def test_a_small_segment_beside_a_large_one_is_searched_with_it(
    graph: VectorIndex, questions: NDArray[np.float32]
) -> None:
    question = questions[0]
    new = build(np.stack([question, -question]), first=COUNT + 1)
    both = SegmentedIndex((Segment(1, graph, NONE_DEAD), Segment(2, new, NONE_DEAD)))
    assert both.search(question, 5).ids[0] == COUNT + 1
    assert COUNT + 2 not in both.search(question, 5).ids.tolist()
    among = np.array([5, COUNT + 2])
    assert set(both.search(question, 5, among).ids.tolist()) == {5, COUNT + 2}
    assert len(both) == COUNT + 2
