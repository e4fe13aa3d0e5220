"""Names are compared as people mean them."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from reader.names import alike, asked_names, folded, name_coverage, within


def test_folding() -> None:
    assert folded("The 'Yván' GIL, a minister") == ["yvan", "gil", "minister"]
    assert folded("…") == []


@pytest.mark.parametrize(
    ("one", "other"),
    [("sergei", "sergey"), ("sergei", "serguei"), ("venezuela", "venezuelan"), ("placencia", "plasencia")],
)
def test_spellings_of_one_name_are_alike(one: str, other: str) -> None:
    assert alike(one, other)
    assert alike(other, one)


@pytest.mark.parametrize(("one", "other"), [("havana", "panama"), ("2022", "2023"), ("iran", "iraq"), ("1", "11")])
def test_different_names_are_not(one: str, other: str) -> None:
    assert not alike(one, other)


def test_a_part_is_within_its_whole() -> None:
    assert within(["lavrov"], ["sergei", "lavrov"])
    assert not within(["sergei", "shoigu"], ["sergei", "lavrov"])


def test_what_a_question_is_about() -> None:
    assert asked_names("Who attended the Caracas meeting in 2024?") == ["caracas", "2024"]
    assert asked_names("Did Peru's president meet Melik-Bagdasarov?") == ["peru", "melik", "bagdasarov"]
    assert asked_names("Who came?") == []


def test_coverage_counts_the_names_that_are_mentioned() -> None:
    text = "Talks in Antalya (10 March 2022)\nThe Venezuelan minister also attended."
    assert name_coverage("Who attended the Antalya meeting?", text) == 1.0
    assert name_coverage("Who attended the Havana meeting?", text) == 0.0
    assert name_coverage("Was Venezuela in Havana?", text) == 0.5
    assert name_coverage("Who attended?", text) == 1.0


@given(st.text(), st.text())
def test_coverage_is_a_share_of_any_text(question: str, text: str) -> None:
    assert 0.0 <= name_coverage(question, text) <= 1.0
    assert name_coverage(question, f"{question} {text}") == 1.0
