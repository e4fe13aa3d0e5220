"""Terms: what differs only in spelling meets, what asks or says nothing is left out."""

import sys

import pytest
from hypothesis import given
from hypothesis import strategies as st

from retrieval.terms import asked_terms, terms


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("Sergei", "Serguei"),
        ("Sergei", "Sergey"),
        ("Sergei", "Sergej"),
        ("Yván", "Yvan"),
        ("Yván", "Ivan"),
        ("Nicolás", "Nikolas"),
        ("Zelensky", "Zelenskiy"),
        ("Zelensky", "Zelenskyy"),
        ("Alexei", "Aleksey"),
        ("Mohammed", "Mohamed"),
        ("Gorbachev", "Gorbatchev"),
        ("Lavrov's", "LAVROV"),
        ("Lavrov’s", "Lavrov"),
        ("meeting", "meetings"),
        ("U.S.", "US"),
        ("3,549", "3549"),
        ("1,000,000", "1000000"),
        ("20th", "20"),
        ("05", "5"),
        ("COVID-19", "covid-19"),
        ("ﬁnance", "finance"),
        ("São Paulo", "Sao Paulo"),
        ("Türkiye", "turkiye"),
        ("co‑operation", "co-operation"),
    ],
)
def test_spellings_of_one_thing_meet(one: str, other: str) -> None:
    assert terms(one) == terms(other) != []


@pytest.mark.parametrize(
    ("one", "other"),
    [("Sergei", "Andrei"), ("2022", "2023"), ("2.5", "25"), ("Niger", "Nigeria"), ("Peru", "Peruvian"), ("US", "UK")],
)
def test_different_things_do_not(one: str, other: str) -> None:
    assert terms(one) != terms(other)


def test_a_hyphenated_word_is_found_by_its_parts_and_in_one_piece() -> None:
    assert set(terms("Melik-Bagdasarov")) >= {*terms("Melik"), *terms("Bagdasarov"), *terms("MelikBagdasarov")}
    assert set(terms("covid19")) <= set(terms("COVID-19"))


def test_stop_words_are_not_asked_for_but_names_that_look_like_them_are() -> None:
    assert not asked_terms("Who was there, and what did they do about it?")
    assert asked_terms("What did the WHO say to the US?") == {"vho": "WHO", "sai": "say", "us": "US"}
    assert not asked_terms("") and not asked_terms("?!… —")


def test_a_term_is_asked_for_once() -> None:
    assert asked_terms("talks about talks on the talk") == {"talk": "talks"}


@given(st.text())
def test_any_text_has_terms_without_white_space(text: str) -> None:
    found = terms(text)
    assert all(term and term.split() == [term] for term in found)
    assert set(asked_terms(text)) <= set(found)


@given(st.text(st.characters(codec="utf-8")))
def test_case_makes_no_difference(text: str) -> None:
    # where upper case is reversible at all, which "ß" and "ı" are not
    if text.upper().lower() == text.lower():
        assert terms(text.upper()) == terms(text.lower())


def test_what_is_no_word_is_not_remembered() -> None:
    code = "q" + "7" * 100_000
    held = sys.getrefcount(code)
    assert terms(code) == [code.replace("q", "k")] == terms(code)
    assert sys.getrefcount(code) == held
