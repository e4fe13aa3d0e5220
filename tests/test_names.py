"""Names are compared as people mean them."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from reader.names import asked_names, folded, name_coverage, same_word, within


def test_folding() -> None:
    assert folded("The 'Yván' GIL, a minister") == ["yvan", "gil", "minister"]
    assert folded("…") == []


@pytest.mark.parametrize(
    ("one", "other"), [("venezuela", "venezuelan"), ("brazil", "brazilian"), ("minister", "ministers")]
)
def test_a_word_and_its_ending_are_the_same(one: str, other: str) -> None:
    assert same_word(one, other)
    assert same_word(other, one)


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("niger", "nigeria"),
        ("austria", "australia"),
        ("2022", "2023"),
        ("iran", "iraq"),
        ("1", "11"),
        ("havana", "panama"),
    ],
)
def test_different_names_are_not(one: str, other: str) -> None:
    assert not same_word(one, other)
    assert not within([one], [other])


@pytest.mark.parametrize(
    ("part", "whole"),
    [("Lavrov", "Sergei Lavrov"), ("Sergey Lavrov", "minister Serguei Lavrov"), ("Yvan Gil", "Yván Gil")],
)
def test_parts_and_spellings_are_within_their_whole(part: str, whole: str) -> None:
    assert within(folded(part), folded(whole))


@pytest.mark.parametrize(
    ("one", "other"),
    [("Sergei Shoigu", "Sergei Lavrov"), ("10 March", "11 March"), ("North Korea", "South Korea"), ("Ana", "Bo")],
)
def test_others_are_not(one: str, other: str) -> None:
    assert not within(folded(one), folded(other))


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
