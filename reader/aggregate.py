"""From what each passage says to the answer.

The model decides what is asked for: one answer, a list, or a passage. Of each the reader offers candidates with their
probabilities; those that say the same are one (`reader.merging`):

span       the likeliest candidate, cited wherever the same answer was found
differing  the answers of articles that exclude each other (`reader.differing`)
list       every item that belongs, in reading order (`reader.lists`)
passage    the sentences that tell it (`reader.sentence_answers`)
none       nothing is likely enough, and the sentence that comes nearest

What reaches the threshold is looked for first; failing that, what may be given as unsure.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from typing import get_args

import numpy as np

from reader.candidates import item_candidates, span_candidates
from reader.confidence import Calibration
from reader.differing import update_index, versions
from reader.lists import in_reading_order, members
from reader.merging import Candidate, Finding, Judge, gathered, merged
from reader.sentence_answers import best_sentences, sentence_candidates
from reader.types import Kind, PassageReading
from retrieval.types import Evidence, Wanted

MIN_KIND_PROBABILITY = 0.1  # what is asked with at least this probability is tried, the likeliest first


@dataclass(frozen=True, slots=True)
class Findings:
    """What the articles say: nothing, one answer, its versions, the items of a list in reading order, or sentences.

    `asked` is as in `Question`. `certain` is false for what is marked unsure. `nearest` is the likeliest candidate
    where nothing is found; None where something is, and where no passage was read.
    """

    kind: Kind
    found: tuple[Finding, ...]
    asked: Mapping[Wanted, float]
    certain: bool = True
    nearest: Candidate | None = None


@dataclass(frozen=True, slots=True)
class Threshold:
    """An answer is given from the probability `answer`, marked unsure from `unsure`, which is not higher; a list has at
    most so many `items`."""

    answer: float
    unsure: float
    items: int

    def enough(self, certain: bool) -> float:
        """The probability from which an answer is given, as certain or as unsure."""
        return self.answer if certain else self.unsure


def asked(readings: Sequence[PassageReading]) -> dict[Wanted, float]:
    """The probabilities that one answer, a list, or a passage is asked for, the likeliest first.

    Each passage's input has the question, so all of them count. A reader without that head knows one answer alone.
    """
    said = [reading.asked for reading in readings if reading.asked is not None]
    if not said:
        return {"span": 1.0}
    chances = np.exp(np.mean(said, axis=0))
    return dict(
        sorted(zip(get_args(Wanted), (chances / chances.sum()).tolist(), strict=True), key=lambda pair: -pair[1])
    )


def aggregate(
    readings: Sequence[PassageReading],
    evidence: Evidence,
    judge: Judge,
    calibration: Calibration,
    threshold: Threshold,
) -> Findings:
    """What `readings` of the passages of one question come to; the question's `judge` compares the answers."""
    wanted = asked(readings)
    kinds = [kind for kind, chance in wanted.items() if chance >= MIN_KIND_PROBABILITY]
    likeliest = kinds[0]
    if likeliest == "span":  # where it may be a list and has several items: a single answer would leave some out
        kinds.sort(key=lambda kind: kind != "list")

    @cache
    def spans() -> list[Candidate]:  # only where they are wanted: answers are compared for them
        return span_candidates(readings, evidence, calibration, judge)

    items = item_candidates(readings, evidence, calibration) if "list" in kinds else []
    sentences = sentence_candidates(readings, evidence, calibration) if "passage" in kinds else []
    for certain in (True, False):
        enough = threshold.enough(certain)
        for kind in kinds:
            if kind == "passage":
                found = [Finding(each, (each,)) for each in best_sentences(sentences, enough, evidence)]
            elif kind == "list":
                found = in_reading_order(merged(members(items, enough, evidence), judge)[: threshold.items], evidence)
                if len(found) == 1 and likeliest != "list":
                    continue
            else:
                found = versions(spans(), evidence, calibration.span, enough, judge) if certain else []
                if len(found) > 1:
                    return Findings("differing", tuple(found), wanted)
                likely = [span for span in spans() if span.probability >= enough]
                found = [update_index(gathered(likely, judge), spans(), evidence, judge)] if likely else []
            if found:
                return Findings(kind, tuple(found), wanted, certain)
    offered = sentences if likeliest == "passage" and sentences else spans()
    return Findings("none", (), wanted, nearest=offered[0] if offered else None)
