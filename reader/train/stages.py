"""What is trained on, and in which order: from the furthest domain to the nearest."""

import random
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from reader.train.data import Question, conjunction

ENUMERATIONS = "enumerations"  # questions of all files whose answer is a short enumeration, as lists


@dataclass(frozen=True, slots=True)
class Stage:
    """`shares`: of each file's questions, which part is read; `others`: passages beside the gold one, normalised over
    all of them; 0 reads one passage at a time."""

    name: str
    shares: Mapping[str, float]
    others: int


STAGES = (
    Stage("far", {"squadshifts_amazon": 1.0, "squadshifts_reddit": 1.0, "qamr": 1.0}, others=0),
    Stage(
        "near",
        {
            "squadshifts_new_wiki": 1.0,
            "tydiqa_en": 0.8,
            "squad2": 1.0,
            "lists_drop": 0.4,
            "lists_quoref": 0.5,
            ENUMERATIONS: 0.4,
        },
        others=0,
    ),
    Stage(
        "together",
        {"squadshifts_new_wiki": 1.0, "tydiqa_en": 0.5, "squad2": 0.8, "lists_quoref": 0.3, ENUMERATIONS: 0.3},
        others=2,
    ),
)


def chosen(stage: Stage, questions: Mapping[str, Sequence[Question]], most: int | None, seed: int) -> list[Question]:
    """The questions of a stage in the order in which they are read; at most `most` of each file before its share.

    Of the list files, real lists come first: questions with one item only fill up to twice the number of the others.
    """
    picked: list[Question] = []
    for source, share in stage.shares.items():
        rng = random.Random(f"{seed}:{stage.name}:{source}")
        pool = list(questions.get(source, ()))
        rng.shuffle(pool)
        if pool and pool[0].listed and source != ENUMERATIONS:
            lists = [question for question in pool if len(question.answers) > 1]
            singles = [question for question in pool if len(question.answers) == 1]
            pool = lists + singles[: 2 * len(lists)]
        count = len(pool) if most is None else min(len(pool), most)
        picked += pool[: round(count * share)]
    random.Random(f"{seed}:{stage.name}").shuffle(picked)
    return picked


def with_enumerations(questions: Mapping[str, Sequence[Question]]) -> dict[str, list[Question]]:
    """The files' questions, and from all of them those with an enumeration for an answer, once more, as lists."""
    several = [conjunction(question) for pool in questions.values() for question in pool]
    lists = [question for question in several if question is not None]
    return {**{source: list(pool) for source, pool in questions.items()}, ENUMERATIONS: lists}
