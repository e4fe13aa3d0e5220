"""Numbers and dates are the same however they are written."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from reader.names import folded
from reader.wording import canonical, is_number


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("Forty-five delegations", "45 delegations"),
        ("a hundred and twenty days", "120 days"),
        ("two thousand and five", "2005"),
        ("3,549 people", "3549 people"),
        ("1.5 million", "1500000"),
        ("$3bn", "3000000000"),
        ("10 %", "10 percent"),
        ("10 per cent", "10 percent"),
        ("June 5th", "june 5"),
        ("5 Sept 2022", "5 september 2022"),
        ("about 120", "120"),
        ("no fewer than 120 men", "120 men"),
        ("some of the ministers", "some of ministers"),
        ("4:17 in the morning", "4:17 in morning"),
        ("five, six and seven", "5 6 and 7"),
        ("the G20", "g20"),
        ("2.50", "2.5"),
        ("hundred hundred", "100 100"),
        ("9" * 40, "9" * 40),
        ("…", ""),
    ],
)
def test_words(text: str, words: str) -> None:
    assert canonical(text) == words.split()


@given(st.text())
def test_any_text_has_words(text: str) -> None:
    assert all(canonical(text))


@given(st.text(alphabet="bcdfgh -’.é"))
def test_without_numbers_they_are_the_folded_words(text: str) -> None:
    assert canonical(text) == folded(text)


@given(st.integers(0, 10**12))
def test_commas_in_a_number_do_not_matter(number: int) -> None:
    assert canonical(f"{number:,} people") == canonical(f"{number} people") == [str(number), "people"]
    assert is_number(str(number))
