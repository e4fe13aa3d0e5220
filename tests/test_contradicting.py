"""Which pairs of answers can both be right."""

import pytest

from reader.contradicting import differ, sort_of
from reader.merging import Candidate, merged, say_the_same
from retrieval.types import Evidence
from tests.test_differing import Said, evidence, offered

DIFFERENT = [
    ("70", "95"),
    ("3,549", "20,213"),
    ("3", "3,549"),
    ("1 million", "1.5 million"),
    ("three days", "five days"),
    ("70 countries", "95 countries"),
    ("10 percent", "12 %"),
    ("7.7", "7.8"),
    ("about 120", "190"),
    ("5 June", "6 June"),
    ("June 1922", "July 1922"),
    ("1922", "1923"),
    ("since 2018", "in 2019"),
    ("on Tuesday", "on Friday"),
    ("Tuesday night", "Thursday night"),
    ("4:17 in the morning", "4:28"),
    ("Carlos Faria", "Yvan Gil"),
    ("Delcy Rodriguez", "Jorge Rodriguez"),
    ("President Ana Ruiz", "Prime Minister Bo Lund"),
    ("South Korea", "South Sudan"),
    ("Ankara", "ISTANBUL"),
    ("a letter", "a medal"),
]
NOT_DIFFERENT = [
    ("three days", "3 days"),
    ("forty-five", "45 delegations"),
    ("3,549", "3549 people"),
    ("about 120", "120 people"),
    ("more than 20,000", "20,213"),
    ("almost 160,000 square kilometres", "159,500 square kilometres"),
    ("3 billion dollars", "$3bn"),
    ("10 percent", "10 per cent"),
    ("100 to 200", "150"),
    ("three months", "24 hours"),
    ("12 percent", "45 million tonnes"),
    ("5 June", "June 5"),
    ("June 5th", "5 Jun 2022"),
    ("1922", "June 1922"),
    ("5 June", "1922"),
    ("Tuesday", "8 March"),
    ("4:17 in the morning", "1:17 GMT"),
    ("Lavrov", "Serguei Lavrov"),
    ("Sergei Lavrov", "Serguei Lavrov"),
    ("Nicolas Maduro", "Maduro Moros"),
    ("Gonsalves", "the host of the talks, Prime Minister Ralph Gonsalves"),
    ("they broke the Minsk agreements", "NATO wanted to expand to the east"),
    ("a letter", "a letter from Putin"),
]
OF_TWO_SORTS = [
    ("Caracas", "the Venezuelan capital"),
    ("45", "Ana Ruiz"),
    ("Tuesday", "five days"),
    ("Tuesday", "Oslo"),
    ("2018", "45"),
    ("Essequibo region", "160,000 square kilometres"),
]


def both(one: str, other: str) -> tuple[Candidate, Candidate, Evidence]:
    said = (Said(f"It is [{one}] they say"), Said(f"We heard [{other}] now"))
    found = evidence(said)
    first, second = offered(said, found)
    return first, second, found


@pytest.mark.parametrize(("one", "other"), DIFFERENT)
def test_two_answers_that_cannot_both_be_right_differ(one: str, other: str) -> None:
    first, second, found = both(one, other)
    assert sort_of(one) == sort_of(other)
    assert not say_the_same(first, second)
    assert differ(first, second, sort_of(one), found)
    assert differ(second, first, sort_of(one), found)


@pytest.mark.parametrize(("one", "other"), NOT_DIFFERENT)
def test_two_answers_that_may_both_be_right_do_not(one: str, other: str) -> None:
    first, second, found = both(one, other)
    if sort_of(one) == sort_of(other):
        assert not differ(first, second, sort_of(one), found)
        assert not differ(second, first, sort_of(one), found)


@pytest.mark.parametrize(("one", "other"), OF_TWO_SORTS)
def test_answers_of_two_sorts_do_not(one: str, other: str) -> None:
    assert sort_of(one) != sort_of(other)


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("three days", "3 days"),
        ("5 June", "June 5"),
        ("3549", "3,549 people"),
        ("about 120", "at least 120 men"),
        ("Danish Foreign Affairs Minister Serguei Lund", "Sergei Lund"),
        ("Lund", "Danish Foreign Affairs Minister Serguei Lund"),
    ],
)
def test_one_answer_in_other_words_is_one_answer_of_two_sources(one: str, other: str) -> None:
    first, second, _ = both(one, other)
    (finding,) = merged([first, second])
    assert finding.same == (first, second)


def test_a_number_is_a_number_where_one_was_asked_for() -> None:
    assert sort_of("2018") == "date"
    assert sort_of("2018", counting=True) == "number"
    assert sort_of("45 in March", counting=True) == "number"
    assert sort_of("Theresa May") == "name"
