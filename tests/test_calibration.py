"""The fit of the confidence, on candidates that are made up, and its test on what it has not seen."""

import numpy as np
import pytest

from evaluation.calibration import PLAIN, Examples, best_of_each, fit, fitted, held_out, together
from reader.confidence import Features, Logistic

MASS, DENSE = 0, 4


def drawn(seed: int, questions: int = 200, candidates: int = 2) -> Examples:
    """The right answer's log-odds are the mass itself; nothing else says anything."""
    rng = np.random.default_rng(seed)
    count = questions * candidates
    features = np.zeros((count, 6))
    features[:, MASS] = rng.normal(0, 2, count)
    features[:, DENSE] = rng.normal(0.5, 0.1, count)
    right = rng.random(count) < 1 / (1 + np.exp(-features[:, MASS]))
    return Examples(features, right, np.repeat(np.arange(questions), candidates))


def test_the_fit_finds_what_the_answers_were_drawn_by() -> None:
    found = fit(drawn(0, questions=2000))
    assert found.weights.mass == pytest.approx(1.0, abs=0.15)
    assert found.bias == pytest.approx(0.0, abs=0.4)
    assert found.weights.best == found.weights.item == 0


def test_no_evidence_counts_against_an_answer() -> None:
    data = drawn(0)
    assert fit(Examples(-data.features, data.right, data.question)).weights.mass == 0


def test_the_best_of_each_question_is_the_likeliest() -> None:
    data = Examples(
        np.array([[1.0, *[0.0] * 5], [2.0, *[0.0] * 5], [0.0] * 6]), np.array([1, 0, 1], bool), np.array([0, 0, 7])
    )
    best = best_of_each(data, PLAIN.span)
    assert (best.features[:, MASS].tolist(), best.right.tolist(), best.question.tolist()) == (
        [2, 0],
        [False, True],
        [0, 7],
    )


def test_questions_of_two_files_are_two() -> None:
    both = together([drawn(0, questions=3), drawn(1, questions=2)])
    assert both.question.tolist() == [0, 0, 1, 1, 2, 2, 3, 3, 4, 4]


def test_each_file_is_tested_by_a_fit_on_the_others() -> None:
    one, other = drawn(0), drawn(1)
    # in the other file all is wrong: whoever learned from it trusts nothing
    wrong = Examples(other.features, np.zeros_like(other.right), other.question)
    figures = held_out({"one": one, "wrong": wrong}, items=False)
    assert figures["one"]["ECE"] > 0.4
    assert figures["one"]["candidates"] == 200
    right = held_out({"one": one, "other": other}, items=False)
    assert right["one"]["ECE"] < 0.15
    assert right["one"]["AUROC"] > 0.6


def test_one_file_is_tested_in_halves() -> None:
    assert list(held_out({"one": drawn(0)}, items=True)) == ["one, half 1", "one, half 2"]


def test_items_are_all_fitted_and_answers_only_the_best() -> None:
    data = drawn(3)
    assert fitted(data, items=True) == fit(data)
    plain = Logistic(0.0, Features(mass=1.0, span=0.0, best=0.0, item=0.0, dense=0.0, names=0.0))
    first = fit(best_of_each(data, plain))
    assert fitted(data, items=False) == fit(best_of_each(data, first))
