"""The fit of the confidence, on candidates that are made up, and its test on what it has not seen."""

from dataclasses import replace

import numpy as np
import pytest

from evaluation.abstention import calibration_error
from evaluation.calibration import (
    FOLDS,
    PLAIN,
    Examples,
    Judged,
    best_of_each,
    fit,
    fitted,
    fold_of,
    held_out,
    together,
)
from reader.confidence import Features, Logistic
from reader.train.data import Paragraph, Question

MASS, SPAN = 0, 1


def drawn(seed: int, questions: int = 200, candidates: int = 2) -> Examples:
    """The right answer's log-odds are the mass itself; nothing else says anything."""
    rng = np.random.default_rng(seed)
    count = questions * candidates
    features = np.zeros((count, 4))
    features[:, MASS] = rng.normal(0, 2, count)
    features[:, SPAN] = rng.normal(0.5, 0.1, count)
    right = rng.random(count) < 1 / (1 + np.exp(-features[:, MASS]))
    question = np.repeat(np.arange(questions), candidates)
    return Examples(features, right, question, question % FOLDS, np.ones_like(right))


def test_the_fit_finds_what_the_answers_were_drawn_by() -> None:
    found = fit(drawn(0, questions=2000))
    assert found.weights.mass == pytest.approx(1.0, abs=0.15)
    assert found.bias == pytest.approx(0.0, abs=0.4)
    assert found.weights.best == found.weights.item == 0


def test_no_evidence_counts_against_an_answer() -> None:
    data = drawn(0)
    assert fit(replace(data, features=-data.features)).weights.mass == 0


def test_the_best_of_each_question_is_the_likeliest() -> None:
    features = np.array([[1.0, *[0.0] * 3], [2.0, *[0.0] * 3], [0.0] * 4])
    right, question = np.array([1, 0, 1], bool), np.array([0, 0, 7])
    best = best_of_each(Examples(features, right, question, question * 0, right), PLAIN.span)
    assert best.features[:, MASS].tolist() == [2, 0]
    assert best.right.tolist() == [False, True]
    assert best.question.tolist() == [0, 7]


def test_questions_of_two_files_are_two() -> None:
    both = together([drawn(0, questions=3), drawn(1, questions=2)])
    assert both.question.tolist() == [0, 0, 1, 1, 2, 2, 3, 3, 4, 4]


def test_each_fold_is_judged_by_a_fit_on_the_others() -> None:
    """In four folds a high mass is right, in the fifth all is wrong: the fit that judges it has not seen that."""
    data = drawn(0, questions=1000)
    honest = held_out({"one": data}, items=False)["one"]
    assert calibration_error(honest.confidence, honest.right) < 0.05
    misled = replace(data, right=data.right & (data.fold != 3))
    judged = held_out({"one": misled}, items=False)["one"]
    fifth = slice(3 * 200, 4 * 200)  # folds one after another, 200 questions each
    assert not judged.right[fifth].any()
    assert judged.confidence[fifth].mean() > 0.4


def test_all_is_every_part() -> None:
    judged = held_out({"one": drawn(0), "other": drawn(1)}, items=True)
    assert list(judged) == ["one", "other", "all"]
    assert len(judged["all"].right) == 800


def test_questions_about_one_event_are_in_one_fold() -> None:
    one = Question("1", "Who?", Paragraph("f:0", "", "A.", cluster="flood"), ())
    other = Question("2", "When?", Paragraph("f:1", "", "B.", cluster="flood"), ())
    assert fold_of(one) == fold_of(other)
    assert len({fold_of(Question("3", "?", Paragraph("f", "", str(n)), ())) for n in range(50)}) == FOLDS


def test_plainly_is_said_what_is_right_often_enough() -> None:
    confidence = np.array([0.9, 0.8, 0.6, 0.3])
    right = np.array([True, True, False, True])
    judged = Judged(confidence, right, right)
    assert judged.plainly(1.0) == (0.8, 0.5)
    assert judged.plainly(0.75) == (0.3, 1.0)
    assert replace(judged, right=~right).plainly(0.9) == (1.0, 0.0)


def test_items_are_all_fitted_and_answers_only_the_best() -> None:
    data = drawn(3)
    assert fitted(data, items=True) == fit(data)
    plain = Logistic(0.0, Features(mass=1.0, span=0.0, best=0.0, item=0.0))
    first = fit(best_of_each(data, plain))
    assert fitted(data, items=False) == fit(best_of_each(data, first))
