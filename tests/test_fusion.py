"""The fused score, by hand."""

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from retrieval.fusion import COVERAGE_WEIGHT, coverage, fused, rarity

SHARES = st.floats(0, 1)


def test_coverage_is_the_weighted_share_of_the_terms_that_are_there() -> None:
    weights = {"held": 3.2, "meet": 1.6, "karakas": 4.6}
    assert coverage(weights, {"meet", "karakas", "other"}) == pytest.approx(6.2 / 9.4)
    assert coverage(weights, {"other"}) == 0
    assert coverage(weights, weights) == 1
    assert coverage({}, {"other"}) == 0


def test_rarity_is_that_of_bm25() -> None:
    assert rarity(10, 1000) == pytest.approx(math.log(1 + 990.5 / 10.5))
    assert rarity(10, 1000) > rarity(200, 1000) > rarity(1000, 1000) > 0
    assert rarity(0, 0) > 0


@given(st.floats(-1, 1), SHARES, SHARES)
def test_more_of_the_words_is_never_worse(cosine: float, some: float, more: float) -> None:
    low, high = sorted((some, more))
    assert fused(cosine, low, False) <= fused(cosine, high, False) <= cosine + COVERAGE_WEIGHT


def test_an_article_of_the_time_is_preferred_and_no_more() -> None:
    assert fused(0.5, 0.5, True) > fused(0.5, 0.5, False)
    # a passage that is about something else stays behind
    assert fused(0.1, 0.2, True) < fused(0.6, 0.8, False)
