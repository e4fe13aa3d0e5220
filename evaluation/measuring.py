"""A question asked once for all that is measured of it: none of its passages is read twice."""

import math
from argparse import Namespace
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from evaluation.commands import MAX_ITEMS
from reader.aggregate import Threshold
from reader.answering import Answerer
from reader.confidence import Calibration
from reader.pairs import Said
from reader.types import Answer, Citation, PassageReading, Reader
from retrieval.question import reader_text
from retrieval.types import Evidence, Passage

# the options that the benchmarks of answers share
ANSWERING = (
    "--limit",
    "--passages",
    "--threshold",
    "--unsure",
    "--adapter",
    "--cache",
    "--json",
    "--plot",
    "--seed",
    "--verbose",
)


@dataclass(frozen=True, slots=True)
class Plan:
    """How many passages are `read`, by which confidence and threshold they are answered, where the store is kept (None:
    nowhere), the bootstrap's seed."""

    read: int
    calibration: Calibration
    threshold: Threshold
    cache: Path | None
    seed: int

    @classmethod
    def of(cls, options: Namespace) -> "Plan":
        """What the options `ANSWERING` say. Raises ModelError."""
        threshold = Threshold(options.threshold, min(options.unsure, options.threshold), MAX_ITEMS)
        calibration = Calibration.load(options.adapter)
        return cls(options.passages, calibration, threshold, options.cache, options.seed)


@dataclass(frozen=True, slots=True)
class Given:
    """An answer, or of several the likeliest, with its first citation. `text` is empty, and `citation` None, where
    nothing is answered."""

    text: str
    confidence: float
    citation: Citation | None

    @property
    def article_id(self) -> str | None:
        """The article cited first."""
        return None if self.citation is None else self.citation.article_id


NOTHING = Given("", 0.0, None)


class CachingReader:
    """A `Reader` that reads no passage and compares no pair twice with the same question; the one within does each by
    itself."""

    def __init__(self, reader: Reader) -> None:
        self._reader = reader
        self._known: dict[tuple[str, Passage], PassageReading] = {}
        self._compared: dict[tuple[str, tuple[Said, Said]], NDArray[np.float32]] = {}

    def read(self, evidence: Evidence) -> tuple[PassageReading, ...]:
        """See `Reader.read`."""
        question = reader_text(evidence.question)
        unread = tuple(hit for hit in evidence.hits if (question, hit.passage) not in self._known)
        if unread:
            for reading in self._reader.read(replace(evidence, hits=unread)):
                self._known[question, reading.hit.passage] = reading
        return tuple(replace(self._known[question, hit.passage], hit=hit) for hit in evidence.hits)

    def compare(self, question: str, pairs: Sequence[tuple[Said, Said]]) -> NDArray[np.float32] | None:
        """See `Reader.compare`."""
        unread = [pair for pair in pairs if (question, pair) not in self._compared]
        chances = self._reader.compare(question, unread) if unread else ()
        if chances is None:
            return None
        self._compared |= {(question, pair): row for pair, row in zip(unread, chances, strict=True)}
        return np.array([self._compared[question, pair] for pair in pairs])


def answered(evidence: Evidence, reader: Reader, calibration: Calibration, threshold: Threshold) -> Answer:
    """The answer at a threshold."""
    return Answerer(reader, calibration, threshold).answer(evidence, 0.0)


def surest(evidence: Evidence, reader: Reader, calibration: Calibration) -> Given:
    """The answer when nothing is declined: the last one to go when the threshold is raised from 0.

    At 0 itself a question that might be for a list gets one of everything, although an answer of another passage, which
    is no item, is much likelier.
    """
    given, threshold = NOTHING, 0.0
    while True:
        best = likeliest(answered(evidence, reader, calibration, Threshold(threshold, threshold, MAX_ITEMS)))
        if best.citation is None or best.confidence < threshold:
            return given
        given, threshold = best, math.nextafter(best.confidence, math.inf)


def likeliest(answer: Answer) -> Given:
    """Of the answers, or the items of a list, the one with the highest confidence."""
    if not answer.answers:
        return NOTHING
    best = max(answer.answers, key=lambda item: item.confidence)
    return Given(best.text, best.confidence, best.citations[0])
