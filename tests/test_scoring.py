"""The scorer against cases worked out by hand from the published definitions."""

import json
from pathlib import Path

import numpy as np
import pytest

from evaluation.reader import Outcome, list_figures, span_figures
from evaluation.scoring import auroc, best_of, estimate, exact_match, f1, list_counts, list_f1, normalise
from reader.train.data import Paragraph, Place, Question


@pytest.mark.parametrize(
    ("text", "normal"),
    [
        ("The U.S. Army's  tank", "us armys tank"),
        ("an apple, a pear", "apple pear"),
        ("Theatre", "theatre"),
        ("“typographic” quotes stay", "“typographic” quotes stay"),
        ("the", ""),
    ],
)
def test_normalisation(text: str, normal: str) -> None:
    assert normalise(text) == normal


@pytest.mark.parametrize(
    ("predicted", "right", "matched", "overlapped"),
    [
        ("the Russian tank", "Russian tanks", 0.0, 0.5),
        ("The Russian tank.", "russian tank", 1.0, 1.0),
        ("a b c", "b c d e", 0.0, 2 * 1.0 * 0.5 / 1.5),  # "a" is an article: 2 of 2 words, 2 of 4
        ("to be or not to be", "to to to", 0.0, 4 / 9),  # words count as often as they occur
        ("", "", 1.0, 1.0),
        ("", "x", 0.0, 0.0),
        ("the", "x", 0.0, 0.0),
    ],
)
def test_exact_match_and_f1(predicted: str, right: str, matched: float, overlapped: float) -> None:
    assert exact_match(predicted, right) == matched
    assert f1(predicted, right) == pytest.approx(overlapped)


def test_the_best_alternative_counts() -> None:
    assert best_of(f1, "Sergei Lavrov", ["Lavrov", "Sergei Lavrov, the minister"]) == pytest.approx(2 * 2 / 5, abs=0.3)
    assert best_of(exact_match, "Lavrov", ["Sergei Lavrov", "Lavrov"]) == 1.0
    assert best_of(f1, "Lavrov", []) == 0.0
    assert best_of(f1, "", []) == 1.0


def test_list_counts_as_multispanqa_defines_them() -> None:
    counts = list_counts(["John Lennon", "Ringo", "Ringo"], ["Lennon", "ringo"])
    assert (counts.predicted, counts.right, counts.exact) == (2, 2, 1.0)
    assert counts.partial_predicted == pytest.approx(6 / 11 + 1)
    assert counts.partial_right == pytest.approx(2.0)


def test_list_f1_is_micro_averaged() -> None:
    counts = [list_counts(["a1", "b1"], ["a1"]), list_counts(["c1"], ["c1", "d2", "e3"])]
    # exact: 2 of 3 predicted, 2 of 4 right
    assert list_f1(counts, partial=False) == pytest.approx(2 * (2 / 3) * 0.5 / (2 / 3 + 0.5))


def test_no_items_predicted() -> None:
    counts = list_counts([], ["a1", "b1"])
    assert (counts.predicted, counts.right, counts.exact, counts.partial_right) == (1, 2, 0.0, 0.0)
    assert list_f1([counts], partial=True) == 0.0


def test_auroc_counts_ties_half() -> None:
    assert auroc(np.array([3.0, 2, 1, 2]), np.array([True, True, False, False])) == 0.875
    assert auroc(np.ones(2), np.array([True, False])) == 0.5


def test_the_interval_holds_the_value_and_narrows() -> None:
    rng = np.random.default_rng(1)
    wide, narrow = (rng.random(count) for count in (50, 5000))
    few = estimate(lambda drawn: float(wide[drawn].mean()), 50)
    many = estimate(lambda drawn: float(narrow[drawn].mean()), 5000)
    assert few.low < few.value < few.high
    assert many.high - many.low < (few.high - few.low) / 5


def outcome(answers: list[str], text: str, score: float, items: tuple[str, ...] = (), listed: bool = False) -> Outcome:
    paragraph = Paragraph("f:0", "t", " ".join(answers))
    places = tuple(Place(paragraph.text.index(a), paragraph.text.index(a) + len(a)) for a in answers)
    return Outcome(Question("q", "When was it?", paragraph, places, "list" if listed else "one"), text, score, items)


def test_squad2_figures() -> None:
    outcomes = [
        outcome(["noon"], "noon", 3.0),  # right and answered
        outcome(["dusk"], "dusk", -1.0),  # right, but declined at 0
        outcome([], "dawn", 1.0),  # not answerable, answered
        outcome([], "dawn", -5.0),  # not answerable, declined
    ]
    figures = span_figures(outcomes)
    assert figures["em"].value == 1.0
    assert figures["em at 0"].value == 0.5
    # at -5 all but the last are answered: three of four
    assert figures["em at best threshold"].value == 0.75
    assert figures["auroc"].value == 0.75


def test_list_figures() -> None:
    figures = list_figures([outcome(["a1", "b1"], "", 0.0, items=("a1", "b1"), listed=True)] * 3)
    assert figures["exact f1"].value == figures["partial f1"].value == 1.0


def test_the_command_reads_a_file_and_prints_json(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    from evaluation.reader import main
    from tests import tiny
    from tests.test_evaluation_retrieval import squad

    file = squad(tmp_path / "lunch.json", {"Ana met Bo at noon. They ate.": [("When did they meet?", ["noon"])]})
    folder = tiny.save(tmp_path / "model", tiny.wordpiece())
    main([file, "--model", str(folder), "--json"])
    printed = json.loads(capsys.readouterr().out)
    assert printed["questions"] == 1
    assert 0 <= printed["figures"]["f1"]["value"] <= 1
