"""How far confidence can be trusted: cases worked by hand, and what must hold for every confidence."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray

from evaluation.abstention import Bin, calibration_error, coverage_at, reliability, risk_area, risk_curve, risks, trust
from evaluation.scoring import auroc, count_matched, defined, mean_of, percent, ratio_of, taken_for_right

Flags = NDArray[np.bool_]
Floats = NDArray[np.float64]
CONFIDENCE = np.array([0.8, 0.2, 0.9, 0.8])
RIGHT = np.array([False, False, True, True])

# few different confidences, so that ties are common
answers = st.lists(st.tuples(st.integers(0, 20).map(lambda n: n / 20), st.booleans()), min_size=1, max_size=30)


def arrays(given_answers: list[tuple[float, bool]]) -> tuple[Floats, Flags]:
    confidence, right = zip(*given_answers, strict=True)
    return np.array(confidence, dtype=np.float64), np.array(right, dtype=np.bool_)


def test_what_is_answered_as_the_threshold_falls() -> None:
    steps = risk_curve(CONFIDENCE, RIGHT)
    assert (steps.answered.tolist(), steps.wrong.tolist()) == ([1, 3, 4], [0, 1, 2])


@pytest.mark.parametrize(("precision", "coverage"), [(1.0, 0.25), (0.75, 0.25), (0.6, 0.75), (0.5, 1.0)])
def test_coverage_at_a_precision(precision: float, coverage: float) -> None:
    assert coverage_at(precision, CONFIDENCE, RIGHT) == coverage


def test_a_precision_that_is_met_exactly_is_met() -> None:
    confidence = np.linspace(1, 0, 30)
    for precision, wrong in ((0.8, 4), (0.9, 2)):
        right = np.array([False] * wrong + [True] * (20 - wrong) + [False] * 10)
        assert coverage_at(precision, confidence, right) == pytest.approx(20 / 30)


def test_a_precision_that_is_never_reached_has_no_coverage() -> None:
    assert coverage_at(0.8, np.array([0.9, 0.1]), np.array([False, True])) == 0.0


def test_risk_and_its_area() -> None:
    # one of the two with 0.8 is wrong: whichever comes first, half a wrong answer is to be expected
    assert risks(np.array([1.0, 2.0, 3.0, 4.0]), CONFIDENCE, RIGHT).tolist() == [0, 0.25, pytest.approx(1 / 3), 0.5]
    assert risk_area(CONFIDENCE, RIGHT) == pytest.approx((0 + 1 / 4 + 1 / 3 + 1 / 2) / 4)
    # half a question answered is half of the first
    assert risks(np.array([0.5]), np.array([0.9, 0.1]), np.array([False, True])).tolist() == [1.0]


def test_ece() -> None:
    assert calibration_error(CONFIDENCE, RIGHT) == pytest.approx(0.1 / 4 + 2 * 0.3 / 4 + 0.2 / 4)
    # 0.42 and 0.48 share a bin, in which their gaps nearly cancel; 0.49 and 0.51 do not
    assert calibration_error(np.array([0.42, 0.48]), np.array([True, False])) == pytest.approx(0.05)
    assert calibration_error(np.array([0.49, 0.51]), np.array([True, False])) == pytest.approx(0.51)
    assert calibration_error(np.array([1.0, 0.95]), np.array([True, True])) == pytest.approx(0.025)


def test_the_bins_of_the_reliability_diagram() -> None:
    assert reliability(CONFIDENCE, RIGHT) == (Bin(0.2, 0.0, 1), Bin(0.8, 0.5, 2), Bin(0.9, 1.0, 1))


def test_trust_has_no_value_where_there_is_none() -> None:
    made = trust(CONFIDENCE, RIGHT, np.ones(4, dtype=np.bool_))
    assert made.figures["AUROC, has an answer"] is None
    right, ece = made.figures["AUROC, right"], made.figures["ECE"]
    assert right is not None and right.value == 0.875
    assert ece is not None and ece.value == pytest.approx(0.225)
    assert (len(made.risks), made.risks[24], made.risks[-1]) == (100, 0.0, 0.5)


@given(answers)
def test_bounds(given_answers: list[tuple[float, bool]]) -> None:
    confidence, right = arrays(given_answers)
    assert 0 <= calibration_error(confidence, right) <= 1
    assert 0 <= risk_area(confidence, right) <= 1 + 1e-9
    curve = risks(np.arange(1, 101) * len(right) / 100, confidence, right)
    assert (curve >= 0).all()
    assert (curve <= 1 + 1e-9).all()
    assert curve[-1] == pytest.approx(1 - right.mean())
    steps = risk_curve(confidence, right)
    assert (np.diff(steps.answered) > 0).all()
    assert (np.diff(steps.wrong) >= 0).all()
    assert (steps.answered[-1], steps.wrong[-1]) == (len(right), (~right).sum())


@given(answers)
def test_coverage_falls_as_the_precision_rises(given_answers: list[tuple[float, bool]]) -> None:
    confidence, right = arrays(given_answers)
    coverages = [coverage_at(precision, confidence, right) for precision in (0.0, 0.25, 0.5, 0.8, 0.9, 1.0)]
    assert coverages[0] == 1.0
    assert coverages == sorted(coverages, reverse=True)


@given(answers.filter(lambda several: len({right for _, right in several}) == 2))
def test_a_perfect_confidence_and_a_useless_one(given_answers: list[tuple[float, bool]]) -> None:
    _, right = arrays(given_answers)
    perfect, useless = right.astype(np.float64), np.full(len(right), 0.5)
    share = float(right.mean())
    assert (auroc(perfect, right), auroc(useless, right)) == (1.0, 0.5)
    assert calibration_error(perfect, right) == 0
    assert calibration_error(useless, right) == pytest.approx(abs(0.5 - share))
    assert coverage_at(1.0, perfect, right) == pytest.approx(share)
    assert coverage_at(1.0, useless, right) == 0
    assert risk_area(useless, right) == pytest.approx(1 - share)


@given(answers)
def test_no_confidence_beats_the_perfect_one(given_answers: list[tuple[float, bool]]) -> None:
    confidence, right = arrays(given_answers)
    perfect = right.astype(np.float64)
    assert risk_area(perfect, right) <= risk_area(confidence, right) + 1e-9
    assert coverage_at(1.0, perfect, right) >= coverage_at(1.0, confidence, right)


def test_a_mean_over_some_of_the_questions() -> None:
    credit = np.array([1.0, 0.0, 1.0, 1.0])
    made = mean_of(credit, np.array([True, True, False, False]))
    assert made is not None
    assert (made.value, made.low, made.high) == (0.5, 0.0, 1.0)
    assert mean_of(credit, np.zeros(4, dtype=np.bool_)) is None
    assert defined(lambda drawn: 1.0, 0) is None
    assert (percent(made), percent(None)) == ("50.0 [0.0, 100.0]", "-")


@pytest.mark.parametrize(
    ("text", "alternatives", "right"),
    [
        ("the noon", ["noon"], True),
        ("14 October 1066", ["1066"], True),
        ("1066", ["14 October 1066"], True),
        ("eleven times", ["seven times"], False),
        ("7 times", ["seven times"], True),
        ("more than 400", ["more than 200", "400 people"], True),
        ("2 October 2019", ["3 October 2019"], False),
        ("Tuesday night", ["Thursday night"], False),
        ("dusk", ["dawn", "Dusk"], True),
        ("dusk", ["dawn"], False),
        ("", ["dawn"], False),
        ("dusk", [], False),
        ("", [], False),
    ],
)
def test_what_a_person_would_take_for_right(text: str, alternatives: list[str], right: bool) -> None:
    assert taken_for_right(text, alternatives) is right


def test_each_answer_due_counts_once() -> None:
    due = [("Sergei Lavrov", "the minister"), ("Lavrov's deputy",)]
    assert count_matched(["Lavrov", "Sergei Lavrov"], due) == 2
    assert count_matched(["Sergei Lavrov", "the minister"], due) == 1
    assert count_matched(["Lavrov", "Lavrov's deputy"], due) == 2
    assert count_matched([], due) == count_matched(["Lavrov"], []) == 0


def test_questions_of_one_cluster_are_drawn_together() -> None:
    credit = np.array([1.0, 1.0, 1.0, 0.0, 0.0, 0.0])
    apart = ratio_of(credit, np.ones(6))
    together = ratio_of(credit, np.ones(6), clusters=np.array([0, 0, 0, 7, 7, 7]))
    assert apart is not None
    assert together is not None
    assert together.value == apart.value == 0.5
    assert (together.low, together.high) == (0.0, 1.0)
    assert 0 < apart.low < apart.high < 1
