"""Names are compared as people mean them."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from reader.names import alike, folded, same_word, within


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
    ("one", "other"),
    [
        ("Ana Ruiz", "President Ruiz"),
        ("Kyiv", "Kiev"),
        ("UN", "United Nations"),
        ("the USA", "United States of America"),
        ("Maria Silva", "Mario Silva"),
    ],
)
def test_what_may_be_one_is_worth_a_reading(one: str, other: str) -> None:
    assert alike(folded(one), folded(other))
    assert alike(folded(other), folded(one))


@pytest.mark.parametrize(("one", "other"), [("Ana", "Bo"), ("70", "95"), ("", "Bo"), ("UN", "Union"), ("x", "")])
def test_what_has_no_word_in_common_is_not(one: str, other: str) -> None:
    assert not alike(folded(one), folded(other))


@given(st.text(), st.text())
def test_it_does_not_matter_which_comes_first(one: str, other: str) -> None:
    assert alike(folded(one), folded(other)) == alike(folded(other), folded(one))
