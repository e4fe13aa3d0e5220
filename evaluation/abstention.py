"""How far confidence can be trusted to decline: what is answered as the threshold falls, and how often it is wrong.

    confidence  0.9  0.8  0.8  0.2      answered  1  3  4   (equal confidences are answered together)
    right       yes  no   yes  no       wrong     0  1  2

Coverage is the share of the questions that are answered, risk the share of those answered that are wrong; an answer to
a question that has none is wrong. Here coverage at 60 % precision is 3/4, for two of three are right, and at 75 % it is
1/4.
"""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from evaluation.scoring import Clusters, Estimate, auroc, defined

BINS = 10
POINTS = 100


@dataclass(frozen=True, slots=True)
class Bin:
    """The questions of one of ten bins of equal width: mean confidence, share of right answers, how many they are."""

    confidence: float
    right: float
    questions: int


@dataclass(frozen=True, slots=True)
class Trust:
    """How far one kind of confidence can be trusted.

    `figures`  of those that are one number:
               AUROC, right: the chance that a right answer has a higher confidence than a wrong one
               AUROC, has an answer: the chance that a question with an answer has a higher one than one without
               ECE: the mean gap between confidence and share of right answers, over ten bins of equal width
               coverage at 80 % precision: the greatest at which 80 % of those answered are right
               area of risk–coverage: the mean risk when 1, 2, … n are answered; lower is better
    `risks`    risk when the surest 1, 2, … 100 % are answered
    `bins`     of the ten, those with questions

    The ECE of a resample is higher than that of all on average, so that its interval may lie above its value.
    """

    figures: dict[str, Estimate | None]
    risks: tuple[float, ...]
    bins: tuple[Bin, ...]


def trust(
    confidence: NDArray[np.float64],
    right: NDArray[np.bool_],
    answerable: NDArray[np.bool_],
    seed: int = 0,
    clusters: Clusters | None = None,
) -> Trust:
    """The figures of one question or more; each array is (n,)."""
    count = len(confidence)
    statistics: dict[str, Callable[[NDArray[np.int64]], float]] = {
        "AUROC, right": lambda drawn: auroc(confidence[drawn], right[drawn]),
        "AUROC, has an answer": lambda drawn: auroc(confidence[drawn], answerable[drawn]),
        "ECE": lambda drawn: calibration_error(confidence[drawn], right[drawn]),
        "coverage at 80 % precision": lambda drawn: coverage_at(0.8, confidence[drawn], right[drawn]),
        "coverage at 90 % precision": lambda drawn: coverage_at(0.9, confidence[drawn], right[drawn]),
        "area of risk–coverage": lambda drawn: risk_area(confidence[drawn], right[drawn]),
    }
    return Trust(
        figures={name: defined(statistic, count, seed, clusters) for name, statistic in statistics.items()},
        risks=tuple(risks(np.arange(1, POINTS + 1) * count / POINTS, confidence, right).tolist()),
        bins=reliability(confidence, right),
    )


def calibration_error(confidence: NDArray[np.float64], right: NDArray[np.bool_]) -> float:
    """ECE, 0 to 1 (Guo et al. 2017): the gap in each bin, weighted by the share of questions in it.

    confidence 0.9, 0.8, 0.8, 0.2 -> 1/4 · |0.9 - 1| + 2/4 · |0.8 - 0.5| + 1/4 · |0.2 - 0| = 0.225
    """
    surplus = np.bincount(_bins(confidence), weights=confidence - right, minlength=BINS)
    return float(np.abs(surplus).sum() / len(confidence))


def reliability(confidence: NDArray[np.float64], right: NDArray[np.bool_]) -> tuple[Bin, ...]:
    """The bins that hold a question, by confidence."""
    bins = _bins(confidence)
    members = [bins == number for number in np.unique(bins)]
    return tuple(Bin(float(confidence[m].mean()), float(right[m].mean()), int(m.sum())) for m in members)


def _bins(confidence: NDArray[np.float64]) -> NDArray[np.int64]:
    return np.minimum((confidence * BINS).astype(np.int64), BINS - 1)


@dataclass(frozen=True, slots=True)
class RiskCurve:
    """As the threshold falls through each confidence that occurs: so many are answered, so many wrong; (m,) each."""

    answered: NDArray[np.int64]
    wrong: NDArray[np.int64]


def risk_curve(confidence: NDArray[np.float64], right: NDArray[np.bool_]) -> RiskCurve:
    """See the module: confidence 0.9, 0.8, 0.8, 0.2 -> answered 1, 3, 4."""
    order = np.argsort(-confidence, kind="stable")
    ranked = confidence[order]
    last = np.flatnonzero(np.append(ranked[1:] != ranked[:-1], True))
    return RiskCurve(last + 1, np.cumsum(~right[order], dtype=np.int64)[last])


def coverage_at(precision: float, confidence: NDArray[np.float64], right: NDArray[np.bool_]) -> float:
    """The greatest coverage, 0 to 1, that some threshold has with at least this precision."""
    steps = risk_curve(confidence, right)
    enough = np.flatnonzero((steps.answered - steps.wrong) / steps.answered >= precision)
    return float(steps.answered[enough[-1]] / len(confidence)) if len(enough) else 0.0


def risk_area(confidence: NDArray[np.float64], right: NDArray[np.bool_]) -> float:
    """The mean of the risk over 1, 2, … n questions answered, 0 to 1 (AURC; Geifman et al. 2019).

    Equal confidences come in any order, each as likely: 0, 0.5 / 2, 1 / 3 and 2 / 4 in the module's example -> 0.271
    """
    return float(risks(np.arange(1.0, len(confidence) + 1), confidence, right).mean())


def risks(
    answered: NDArray[np.float64], confidence: NDArray[np.float64], right: NDArray[np.bool_]
) -> NDArray[np.float64]:
    """The risk to be expected when so many questions are answered, (k,), above 0 and not always whole numbers.

    Equal confidences come in any order.
    """
    steps = risk_curve(confidence, right)
    wrong = np.interp(answered, [0, *steps.answered.tolist()], [0, *steps.wrong.tolist()])
    return np.asarray(wrong / answered, dtype=np.float64)
