"""A store of recombined articles, built and changed by the code that a refresh uses, and what that takes."""

import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from evaluation.phases import EMBEDDING, Phases
from evaluation.recombined import Recombination
from evaluation.wiring import stage
from retrieval.encoder import Encoder
from retrieval.models import ENCODER
from retrieval.passages import split
from retrieval.progress import Progress, silent
from retrieval.storage.embedding import embed_missing
from retrieval.storage.store import Store
from retrieval.storage.types import Target
from retrieval.storage.writing import Writer
from retrieval.types import Article

CHANGES = 100
# so many articles tell how many passages one has
SAMPLED = 200


@dataclass(frozen=True, slots=True)
class Built:
    """A store from nothing: the `seconds` of each part of the work; in bytes, the most `memory` of the process that did
    it, and the `disk` that the store takes."""

    articles: int
    passages: int
    seconds: dict[str, float]
    memory: int
    disk: int


@dataclass(frozen=True, slots=True)
class Changed:
    """How many `articles` came, or went if it is less than 0, and the `seconds` to stage and publish that."""

    articles: int
    seconds: float


def build(store: Store, collection: Recombination, encoder: Encoder, passages: int) -> Built:
    """Fills an empty store with articles that have about so many passages. Raises StoreError and its kinds."""
    count, phases = _articles(collection, passages), Phases()
    made_up = 0.0

    def articles() -> Iterator[Article]:
        nonlocal made_up
        for number in range(count):
            began = time.perf_counter()
            article = collection.article(number)
            made_up += time.perf_counter() - began
            yield article

    with store.writer() as writer:
        stage(writer, articles())
        _embed(writer, encoder, (), phases)
        writer.publish(_target(encoder), (), phases)
    phases.end()
    spent = {"staging": -made_up, "storing vectors": 0.0, "publishing": 0.0}
    part = "staging"
    for phase in phases.phases:
        part = "storing vectors" if phase.name == EMBEDDING else part
        spent[part] += phase.seconds
        part = "publishing" if phase.name == EMBEDDING else part
    with store.snapshot() as snapshot:
        status = snapshot.status()
    return Built(count, status.passages, spent, max(phase.peak for phase in phases.phases), status.bytes)


def add(store: Store, collection: Recombination, encoder: Encoder) -> Changed:
    """`CHANGES` articles more than the store has. Raises StoreError and its kinds."""
    with store.writer() as writer:
        first = len(writer.files(live=True))
        articles = [collection.article(number) for number in range(first, first + CHANGES)]
        return _change(writer, encoder, articles, [])


def delete(store: Store, encoder: Encoder) -> Changed:
    """`CHANGES` articles less, evenly spread over all. Raises StoreError and its kinds."""
    with store.writer() as writer:
        files = sorted(version.id for version in writer.files(live=True).values())
        return _change(writer, encoder, [], files[:: max(1, len(files) // CHANGES)][:CHANGES])


def _change(writer: Writer, encoder: Encoder, coming: Sequence[Article], leaving: Sequence[int]) -> Changed:
    began = time.perf_counter()
    stage(writer, coming)
    _embed(writer, encoder, leaving, silent)
    counts = writer.counts(leaving)
    writer.is_intact()
    writer.publish(_target(encoder), leaving, silent)
    return Changed(counts.added - counts.removed, time.perf_counter() - began)


def _embed(writer: Writer, encoder: Encoder, leaving: Sequence[int], progress: Progress) -> None:
    embed_missing(writer, encoder, all_files=False, leaving=leaving, reembed=False, progress=progress)


def _articles(collection: Recombination, passages: int) -> int:
    """How many articles have so many passages, to judge by the first ones."""
    sample = [collection.article(number) for number in range(SAMPLED)]
    return max(1, round(passages * SAMPLED / sum(len(split(each.text, each.language)) for each in sample)))


def _target(encoder: Encoder) -> Target:
    return Target(ENCODER, encoder.fingerprint, encoder.dimension)
