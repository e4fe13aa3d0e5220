"""What the repository ships as weights."""

from pathlib import Path

from reader.confidence import Calibration, Features


def test_more_evidence_never_counts_against_an_answer() -> None:
    calibration = Calibration.load()
    little = Features(mass=-5.0, span=-5.0, best=0.0, item=-3.0)
    much = Features(mass=5.0, span=5.0, best=5.0, item=3.0)
    for logistic in (calibration.span, calibration.item):
        assert 0 < logistic.probability(little) < 0.5 < logistic.probability(much) < 1


def test_a_reader_without_a_calibration_has_the_shipped_one(tmp_path: Path) -> None:
    assert Calibration.load(tmp_path) == Calibration.load(None) == Calibration.load()
