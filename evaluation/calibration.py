"""Fits the confidence: `dateline evaluate calibration FILE... [--limit N] [--passages K] [--adapter FOLDER] [--write]`.

The paragraphs of all files together are a collection; each question is searched in it and read; each candidate is right
or wrong, and a logistic regression learns to tell which. One question in three is made a near miss, with another name
or number in place of one of its own: nothing is right then. The reader should not have been trained on the questions.

Each file is tested with the regression that was fitted on the others, so what is printed is for text of another kind
than what was fitted on; where there is one file only, each half of it by the other. What `--write` puts into the
adapter's folder is fitted on all of them.

    AUROC   the chance that a right answer has a higher confidence than a wrong one
    ECE     the mean gap between confidence and share of right answers, over ten bins of equal width
    coverage at 80 / 90 % precision   the share of questions answered when the least sure are left out
"""

import json
import random
import sys
from collections.abc import Mapping, Sequence
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
from reader.candidates import item_candidates, span_candidates
from reader.confidence import FILE_NAME, Calibration, Features, Logistic
from reader.train.data import Question, paragraphs_of, read_file
from reader.train.traps import Reading, names_in, near_miss
from reader.types import Reader
from retrieval.progress import on_stderr
from retrieval.search import Retriever
from retrieval.types import SearchFilter

NEAR_MISSES = 1 / 3
STRENGTH = 10.0
OFFERED = 8  # so many candidates of each question, the likeliest, are looked at
# the reader's own probability, and for an item of a list the odds of its span
_PLAIN = Logistic(0.0, Features(mass=1.0, span=0.0, best=0.0, item=0.0, dense=0.0, names=0.0))
_PLAIN_ITEM = Logistic(0.0, Features(mass=0.0, span=1.0, best=0.0, item=0.0, dense=0.0, names=0.0))
PLAIN = Calibration(_PLAIN, _PLAIN_ITEM)


@dataclass(frozen=True, slots=True)
class Examples:
    """Candidates: `features` (n, 6) float64, `right` (n,) bool, `question` (n,) int64, the number of the question."""

    features: NDArray[np.float64]
    right: NDArray[np.bool_]
    question: NDArray[np.int64]

    def taken(self, rows: NDArray[np.intp] | NDArray[np.bool_]) -> "Examples":
        """Some of them."""
        return Examples(self.features[rows], self.right[rows], self.question[rows])


def examples(
    questions: Sequence[Question], retriever: Retriever, reader: Reader, passages: int, *, items: bool
) -> Examples:
    """The likeliest candidates that the nearest `passages` of every question offer, or every item of a list."""
    rows, right, numbers = [], [], []
    for number, question in enumerate(questions):
        evidence = retriever.search(question.text, passages, SearchFilter())
        golds = words_of(question)
        readings = reader.read(question.text, evidence)
        offered = (item_candidates if items else span_candidates)(question.text, readings, evidence, PLAIN)
        for candidate in offered if items else offered[:OFFERED]:
            rows.append([getattr(candidate.features, f.name) for f in fields(Features)])
            right.append(taken_for_right(candidate.text, golds))
            numbers.append(number)
    features = np.array(rows, dtype=np.float64).reshape(-1, len(fields(Features)))
    return Examples(features, np.array(right, dtype=bool), np.array(numbers, dtype=np.int64))


def together(parts: Sequence[Examples]) -> Examples:
    """All of them, the questions numbered on."""
    starts = np.cumsum([0, *(part.question.max(initial=-1) + 1 for part in parts[:-1])])
    return Examples(
        np.concatenate([part.features for part in parts]),
        np.concatenate([part.right for part in parts]),
        np.concatenate([part.question + start for part, start in zip(parts, starts, strict=True)]),
    )


def best_of_each(data: Examples, logistic: Logistic) -> Examples:
    """Of each question the candidate with the highest probability."""
    probability = probabilities(data, logistic)
    order = np.lexsort((-probability, data.question))
    return data.taken(order[np.unique(data.question[order], return_index=True)[1]])


def probabilities(data: Examples, logistic: Logistic) -> NDArray[np.float64]:
    """(n,) float64, 0 to 1."""
    return np.array([logistic.probability(Features(*row)) for row in data.features])


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


def fitted(data: Examples, *, items: bool) -> Logistic:
    """The regression for all items of lists, or for the best candidates of questions, which it decides itself."""
    if items:
        return fit(data)
    # by the reader alone first, then by what that fit makes the best
    return fit(best_of_each(data, fit(best_of_each(data, _PLAIN))))


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


def trust(data: Examples, logistic: Logistic, *, items: bool) -> dict[str, float]:
    """The figures of the module's docstring; of all items, or of each question's best candidate."""
    chosen = data if items else best_of_each(data, logistic)
    confidence, right = probabilities(chosen, logistic), chosen.right
    return {
        "candidates": len(right),
        "right": round(float(right.mean()), 3),
        "AUROC": round(separation(confidence, right), 3),
        "ECE": round(calibration_error(confidence, right), 3),
        "coverage at 80 % precision": round(coverage_at(0.8, confidence, right), 3),
        "coverage at 90 % precision": round(coverage_at(0.9, confidence, right), 3),
    }


def held_out(parts: Mapping[str, Examples], *, items: bool) -> dict[str, dict[str, float]]:
    """The trust in each part, by a fit on the others; of one part alone, in its halves."""
    if len(parts) == 1:
        ((name, whole),) = parts.items()
        parts = {f"{name}, half {half + 1}": whole.taken(whole.question % 2 == half) for half in (0, 1)}
    return {
        name: trust(
            part, fitted(together([other for key, other in parts.items() if key != name]), items=items), items=items
        )
        for name, part in parts.items()
    }


@explained
def main(arguments: Sequence[str] | None = None) -> int:
    """See the module; returns the exit status."""
    parser = Parser("calibration", __doc__)
    parser.add_argument("files", nargs="+", type=Path, metavar="FILE", help="SQuAD-shaped JSON files")
    parser.add_argument("--adapter", type=Path, default=ADAPTER)
    parser.add_argument("--limit", type=positive, default=200, help="questions of each file")
    parser.add_argument("--passages", type=positive, default=PASSAGES, help="read for each question")
    parser.add_argument("--write", action="store_true", help=f"write {FILE_NAME} into the adapter's folder")
    options = parser.parse_args(arguments)
    files = {f"{path.parent.name}/{path.stem}": read_file(path) for path in options.files}
    if options.write and len({any(q.listed for q in questions) for questions in files.values()}) < 2:
        parser.error("--write needs files with one answer to a question and a file of lists")
    paragraphs = [paragraph for questions in files.values() for paragraph in paragraphs_of(questions)]
    reader = shipped_reader(options.adapter)
    regressions: dict[str, Logistic] = {}
    with searchable(as_articles(paragraphs), shipped_encoder(), progress=on_stderr) as retriever:
        for kind, items in (("span", False), ("item", True)):
            parts = {}
            for name, questions in files.items():
                asked = with_near_misses(sample([q for q in questions if q.listed == items], options.limit, seed=0))
                if asked:
                    parts[name] = examples(asked, retriever, reader, options.passages, items=items)
            if not parts:
                continue
            for name, figures in held_out(parts, items=items).items():
                print(f"{kind}, {name}, by a fit on the others:", json.dumps(figures), flush=True)
            everything = together(list(parts.values()))
            regressions[kind] = fitted(everything, items=items)
            print(f"{kind}, fitted on all:", json.dumps(asdict(regressions[kind])))
            print(f"{kind}, all, by that fit:", json.dumps(trust(everything, regressions[kind], items=items)))
    if options.write:
        lines = ",\n".join(f' "{kind}": {json.dumps(asdict(logistic))}' for kind, logistic in regressions.items())
        (options.adapter / FILE_NAME).write_text(f"{{\n{lines}\n}}\n", encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
