"""Fits the confidence: `dateline evaluate calibration --fit FILE... --test FILE... [--limit N] [--write]`.

Each file's paragraphs, all together, are a collection; each question is searched in it and read; each candidate is
right or wrong, and a logistic regression learns to tell which. One question in three is made a near miss, with another
name or number in place of one of its own: nothing is right then. The reader must not have been trained on the files,
and none may be both fitted and tested on. Prints the coefficients and, over the tested files, how far the confidence
of the best candidate can be trusted:

    AUROC   the chance that a right answer has a higher confidence than a wrong one
    ECE     the mean gap between confidence and share of right answers, over ten bins of equal width
    coverage at 80 / 90 % precision   the share of questions answered when the least sure are left out
"""

import json
import random
import sys
from collections.abc import Sequence
from dataclasses import asdict, dataclass, fields, replace
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import minimize

from evaluation.abstention import calibration_error, coverage_at
from evaluation.commands import Parser, explained, positive
from evaluation.paragraphs import as_articles, sample, searchable, words_of
from evaluation.scoring import separation, taken_for_right
from evaluation.wiring import ADAPTER, PASSAGES, shipped_encoder, shipped_reader
from reader.candidates import candidates
from reader.confidence import FILE_NAME, Calibration, Features, Logistic
from reader.train.data import Question, paragraphs_of, read_file
from reader.train.traps import Reading, names_in, near_miss
from reader.types import Reader
from retrieval.search import Retriever
from retrieval.types import SearchFilter

NEAR_MISSES = 1 / 3
STRENGTH = 10.0
# on the way to the fit the candidates are ordered by the reader alone
_PLAIN = Logistic(0.0, Features(span=1.0, best=0.0, item=0.0, dense=0.0, names=0.0))
PLAIN = Calibration(_PLAIN, _PLAIN)


@dataclass(frozen=True, slots=True)
class Examples:
    """Candidates: `features` (n, 5) float64, `right` (n,) bool, `question` (n,) int64, the number of the question."""

    features: NDArray[np.float64]
    right: NDArray[np.bool_]
    question: NDArray[np.int64]


def examples(
    questions: Sequence[Question], retriever: Retriever, reader: Reader, passages: int, *, items: bool
) -> Examples:
    """Every question's best candidate of each of its nearest `passages`, or every item of a list in these."""
    rows, right, numbers = [], [], []
    for number, question in enumerate(questions):
        evidence = retriever.search(question.text, passages, SearchFilter())
        golds = words_of(question)
        for reading in reader.read(question.text, evidence):
            offered = candidates(question.text, [reading], evidence, PLAIN, items=items)
            for candidate in offered if items else offered[:1]:
                rows.append([getattr(candidate.features, f.name) for f in fields(Features)])
                right.append(taken_for_right(candidate.text, golds))
                numbers.append(number)
    return Examples(np.array(rows), np.array(right, dtype=bool), np.array(numbers))


def with_near_misses(questions: Sequence[Question], seed: int = 0) -> list[Question]:
    """The questions; one in three with another name or number, and no answer."""
    rng = random.Random(seed)
    names = names_in([question.text for question in questions])
    mixed = []
    for question in questions:
        missed = None
        if question.answers and rng.random() < NEAR_MISSES:
            reading = Reading(question.text, question.paragraph.title, question.paragraph.text, question.answers)
            missed = near_miss(reading, names, rng)
        mixed.append(question if missed is None else replace(question, text=missed.question, answers=()))
    return mixed


def fit(data: Examples) -> Logistic:
    """The logistic regression with the least log loss plus half the squared weights over `STRENGTH`.

    No weight is below 0: more evidence may never count against an answer, whatever a small sample says.
    """

    def loss(parameters: NDArray[np.float64]) -> float:
        logits = parameters[0] + data.features @ parameters[1:]
        log_loss = np.logaddexp(0.0, np.where(data.right, -logits, logits)).sum()
        return float(log_loss + (parameters[1:] ** 2).sum() / (2 * STRENGTH))

    count = data.features.shape[1]
    bounds = [(None, None), *[(0.0, None)] * count]
    found = minimize(loss, np.zeros(count + 1), method="L-BFGS-B", bounds=bounds).x
    names = [f.name for f in fields(Features)]
    weights = {name: round(float(weight), 4) for name, weight in zip(names, found[1:], strict=True)}
    return Logistic(round(float(found[0]), 4), Features(**weights))


def trust(data: Examples, logistic: Logistic, *, best_only: bool) -> dict[str, float]:
    """The figures of the module's docstring; of each question's best candidate, or of all (the items of lists)."""
    probability = np.array([logistic.probability(Features(*row)) for row in data.features])
    chosen = np.arange(len(probability))
    if best_only:
        order = np.lexsort((-probability, data.question))
        chosen = order[np.unique(data.question[order], return_index=True)[1]]
    confidence, right = probability[chosen], data.right[chosen]
    return {
        "candidates": len(right),
        "right": round(float(right.mean()), 3),
        "AUROC": round(separation(confidence, right), 3),
        "ECE": round(calibration_error(confidence, right), 3),
        "coverage at 80 % precision": round(coverage_at(0.8, confidence, right), 3),
        "coverage at 90 % precision": round(coverage_at(0.9, confidence, right), 3),
    }


@explained
def main(arguments: Sequence[str] | None = None) -> int:
    """See the module; returns the exit status."""
    parser = Parser("calibration", __doc__)
    parser.add_argument("--fit", nargs="+", type=Path, required=True)
    parser.add_argument("--test", nargs="+", type=Path, required=True)
    parser.add_argument("--adapter", type=Path, default=ADAPTER)
    parser.add_argument("--limit", type=positive, default=200, help="questions of each file")
    parser.add_argument("--passages", type=positive, default=PASSAGES, help="read for each question")
    parser.add_argument("--write", action="store_true", help=f"write {FILE_NAME} into the adapter's folder")
    options = parser.parse_args(arguments)
    if both := set(options.fit) & set(options.test):
        parser.error(f"{', '.join(map(str, both))} cannot be both fitted and tested on")
    files = {path: read_file(path) for path in [*options.fit, *options.test]}
    paragraphs = [paragraph for questions in files.values() for paragraph in paragraphs_of(questions)]
    reader = shipped_reader(options.adapter)
    fitted: dict[str, Logistic] = {}
    with searchable(as_articles(paragraphs), shipped_encoder()) as retriever:
        for kind, items in (("span", False), ("item", True)):
            chosen = {
                path: with_near_misses(sample([q for q in questions if q.listed == items], options.limit, seed=0))
                for path, questions in files.items()
            }
            train, test = (
                examples([q for path in paths for q in chosen[path]], retriever, reader, options.passages, items=items)
                for paths in (options.fit, options.test)
            )
            fitted[kind] = fit(train)
            print(kind, json.dumps(asdict(fitted[kind])))
            print("  fitted on", json.dumps(trust(train, fitted[kind], best_only=not items)))
            if len(test.right):
                print("  tested on", json.dumps(trust(test, fitted[kind], best_only=not items)))
    if options.write:
        lines = ",\n".join(f' "{kind}": {json.dumps(asdict(logistic))}' for kind, logistic in fitted.items())
        (options.adapter / FILE_NAME).write_text(f"{{\n{lines}\n}}\n", encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
