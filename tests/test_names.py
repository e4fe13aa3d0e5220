"""Names are compared as people mean them."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from reader.names import asked_names, folded, name_coverage, same_word, within


def test_folding() -> None:
    assert folded("The 'Yván' GIL, a minister") == ["yvan", "gil", "minister"]
    assert folded("…") == []


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("venezuela", "venezuelan"),
        ("brazil", "brazilian"),
        ("turkey", "turkish"),
        ("sweden", "swedish"),
        ("minister", "ministers"),
    ],
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
        ("turkmenistan", "turkish"),
        ("danube", "danish"),
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


@pytest.mark.parametrize(
    ("question", "names"),
    [
        ("Who attended the Caracas meeting in 2024?", ["caracas", "2024"]),
        ("Did Peru's president meet Melik-Bagdasarov?", ["peru", "melik", "bagdasarov"]),
        ("Havana meeting: who attended?", ["havana"]),
        ("In 2019, who came?", ["2019"]),
        ("Who came?", []),
    ],
)
def test_what_a_question_is_about(question: str, names: list[str]) -> None:
    assert asked_names(question) == names


def test_without_capitals_the_evidence_tells_names_from_words() -> None:
    evidence = "The president, Ana May, may travel to Caracas. Attended by all, the meeting in Caracas went well."
    assert asked_names("who may have attended the caracas meeting?", evidence) == ["caracas"]
    assert asked_names("Who attended the Caracas meeting?", evidence) == ["caracas"]


def test_coverage_counts_the_names_that_are_mentioned() -> None:
    text = "Talks in Antalya (10 March 2022)\nThe Venezuelan minister also attended."
    assert name_coverage(["antalya"], text) == 1.0
    assert name_coverage(["havana"], text) == 0.0
    assert name_coverage(["venezuela", "havana"], text) == 0.5
    assert name_coverage([], text) == 1.0


@given(st.text(), st.text())
def test_coverage_is_a_share_of_any_text(question: str, text: str) -> None:
    names = asked_names(question, text)
    assert 0.0 <= name_coverage(names, text) <= 1.0
    assert name_coverage(names, f"{question} {text}") == 1.0
