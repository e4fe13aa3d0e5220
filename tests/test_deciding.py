"""Yes or no: the sentence that decides it, and never more than it says."""

import math

import pytest

from reader.confidence import probability_of
from reader.deciding import asks_yes_or_no
from tests.test_aggregate import BY_MASS, passage, read, reading, texts

MEETING = "On Tuesday Ruiz received Lund in Quito. The talks went on until midnight."


@pytest.mark.parametrize(
    "question",
    ["Did Ruiz meet Lund?", "is the deal valid", "And were they there?", "Hasn't Lund left?", "Can ships leave Odesa?"],
)
def test_what_asks_yes_or_no(question: str) -> None:
    assert asks_yes_or_no(question)


@pytest.mark.parametrize(
    "question", ["Who met Lund?", "Was it Ruiz or Lund?", "What did Ruiz do?", "Where was it?", "", "Doers of good"]
)
def test_what_does_not(question: str) -> None:
    assert not asks_yes_or_no(question)


def test_the_answer_is_the_sentence_and_its_parts_speak_for_it_together() -> None:
    read_so = [
        reading(passage(0, "a", MEETING), {"Lund": 1.0, "Tuesday": 1.0}),
        reading(passage(1, "b", "Nothing is known of it yet. Nobody came."), {"Nobody": 0.5}),
    ]
    findings = read("Did Ruiz meet Lund in Quito?", read_so, BY_MASS)
    assert (findings.kind, texts(findings)) == ("span", ["On Tuesday Ruiz received Lund in Quito."])
    # each part of it alone is less likely than not
    three = 3 * math.e  # "Tuesday Ruiz received Lund" is the third
    share = three / (1 + three + math.exp(0.5))
    assert probability_of(findings.found[0].best.features.mass) == pytest.approx(share, abs=0.01)


def test_what_no_sentence_decides_is_not_found() -> None:
    assert read("Did Ruiz meet Lund?", [reading(passage(0, "a", MEETING), {"Lund": -3.0})], BY_MASS).kind == "none"
