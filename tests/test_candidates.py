"""What passages offer: an answer has its share of the reader's probability, in all its places and wordings."""

import math

import pytest

from reader.candidates import span_candidates
from reader.confidence import Calibration, probability_of
from reader.merging import Candidate, Judge
from reader.types import PassageReading
from tests.test_aggregate import BY_MASS, PLAIN, Comparing, evidence_of, passage, read, reading, texts


def offered(*readings: PassageReading, calibration: Calibration = BY_MASS) -> list[Candidate]:
    evidence = evidence_of(readings)
    judge = Judge(evidence, Comparing(same=[("Lavrov", "Sergei Lavrov")]))
    return span_candidates(readings, evidence, calibration, judge)


def test_the_worked_example() -> None:
    found = offered(
        reading(passage(0, "a", "There came Sergei Lavrov then"), {"Sergei Lavrov": 4.0}),
        reading(passage(1, "b", "He said Lavrov came"), {"Lavrov": 3.0}),
        reading(passage(2, "c", "Felix Placencia came"), {"Felix Placencia": 3.5}),
    )
    total = 1 + math.exp(4.0) + math.exp(3.0) + math.exp(3.5)
    both = (math.exp(4.0) + math.exp(3.0)) / total
    assert [candidate.text for candidate in found[:3]] == ["Sergei Lavrov", "Lavrov", "Felix Placencia"]
    assert [probability_of(candidate.features.mass) for candidate in found[:3]] == [
        pytest.approx(both, abs=0.01),
        pytest.approx(both, abs=0.01),
        pytest.approx(math.exp(3.5) / total, abs=0.01),
    ]


def test_what_the_model_holds_apart_does_not_share() -> None:
    """ "Sudan" is no part of "South Sudan", though its words are."""
    readings = [
        reading(passage(0, "a", "It was Sudan"), {"Sudan": 3.0}),
        reading(passage(1, "b", "It was South Sudan"), {"South Sudan": 3.0}),
    ]
    assert [round(candidate.probability, 1) for candidate in offered(*readings)[:2]] == [0.5, 0.5]


def test_another_answer_takes_its_share_away() -> None:
    alone = reading(passage(0, "a", "Ana came"), {"Ana": 3.0})
    beside = reading(passage(1, "b", "Bo came"), {"Bo": 3.0})
    assert offered(alone)[0].probability > 0.9
    assert [round(candidate.probability, 1) for candidate in offered(alone, beside)[:2]] == [0.5, 0.5]


def test_the_same_words_in_overlapping_windows_count_once() -> None:
    twice = [reading(passage(n, "a", "Ana came"), {"Ana": 0.0}) for n in range(2)]
    assert offered(*twice)[0].probability == pytest.approx(0.5, abs=0.01)


def test_what_hardly_counts_is_offered_all_the_same() -> None:
    found = offered(reading(passage(0, "a", "Ana came with Bo"), {"Ana": 9.0, "Bo": 0.0}), calibration=PLAIN)
    assert [candidate.text for candidate in found[:2]] == ["Ana", "Bo"]


def test_articles_that_differ_do_not_silence_each_other() -> None:
    findings = read(
        [
            reading(passage(0, "a", "In Quito 12 people died"), {"12 people": 4.0}),
            reading(passage(1, "b", "In Quito 17 people died"), {"17 people": 4.0}),
        ],
        BY_MASS,
        Comparing(differ=[("12 people", "17 people")]),
    )
    assert (findings.kind, sorted(texts(findings))) == ("differing", ["12 people", "17 people"])


def test_a_likely_and_an_unlikely_answer_are_no_two_versions() -> None:
    findings = read(
        [
            reading(passage(0, "a", "In Quito 12 people died"), {"12 people": 4.0}),
            reading(passage(1, "b", "In Quito 17 people died"), {"17 people": 0.0}),
        ],
        BY_MASS,
        Comparing(differ=[("12 people", "17 people")]),
    )
    assert (findings.kind, texts(findings)) == ("span", ["12 people"])
