"""Fits the confidence: `dateline evaluate calibration FILE... [--distractors FILE...] [--limit N] [--write]`.

The paragraphs of all files, and of the distractors, are a collection; each question is searched in it and read; each
candidate is right or wrong, and a logistic regression learns to tell which; the best sentence for a broad question is
right if one of those that are shown with it is. In a file without unanswerable questions one in three is made a near
miss, with another name or number that its paragraph does not have; nothing is right then. The reader should not have
been trained on the questions.

What is printed is cross-validated by event: the questions about a fifth of the events (articles, where a file names no
events) are judged by a fit on those about the others. What `--write` puts into the adapter's folder is fitted on all.

    plainly at 90 %   from which confidence on nine of ten answers are right, and how many questions that answers
"""

import hashlib
import json
import random
import sys
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, fields, replace

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import minimize

from evaluation.abstention import trust
from evaluation.commands import Parser
from evaluation.paragraphs import as_articles, sample, searchable, words_of
from evaluation.scoring import percent, taken_for_right
from evaluation.wiring import shipped_encoder, shipped_reader
from reader.candidates import item_candidates, span_candidates
from reader.confidence import FILE_NAME, Calibration, Features, Logistic
from reader.merging import Candidate, Judge
from reader.sentence_answers import sentence_candidates, shown_with_best
from reader.train.data import Kind, Question, paragraphs_of, read_file
from reader.train.traps import Reading, names_in, near_miss
from reader.types import Reader
from retrieval.progress import on_stderr
from retrieval.question import parsed
from retrieval.search import Retriever
from retrieval.types import Evidence, SearchFilter

NEAR_MISSES = 1 / 3
STRENGTH = 10.0
FOLDS = 5
OFFERED = 8  # so many candidates of each question, the likeliest, are looked at
# the reader's own probability, and for an item of a list or a sentence the odds of its span
_PLAIN = Logistic(0.0, Features(mass=1.0, span=0.0, best=0.0, item=0.0))
_PLAIN_ITEM = Logistic(0.0, Features(mass=0.0, span=1.0, best=0.0, item=0.0))
PLAIN = Calibration(_PLAIN, _PLAIN_ITEM, _PLAIN_ITEM)
REGRESSIONS: Mapping[str, Kind] = {"span": "one", "item": "list", "sentence": "passage"}  # and what each is fitted on


@dataclass(frozen=True, slots=True)
class Examples:
    """Candidates: `features` (n, 4) float64, `right` (n,) bool, `question` (n,) int64, the number of the question,
    `fold` (n,) int64, 0 to `FOLDS` - 1, which is the same for all questions about an event, and `answerable` (n,) bool,
    whether the question has an answer."""

    features: NDArray[np.float64]
    right: NDArray[np.bool_]
    question: NDArray[np.int64]
    fold: NDArray[np.int64]
    answerable: NDArray[np.bool_]

    def taken(self, rows: NDArray[np.intp] | NDArray[np.bool_]) -> "Examples":
        """Some of them."""
        return Examples(*(getattr(self, field.name)[rows] for field in fields(self)))


def fold_of(question: Question) -> int:
    """The fold of the question's event, or of its paragraph."""
    event = question.paragraph.cluster or question.paragraph.text
    return hashlib.blake2b(event.encode()).digest()[0] % FOLDS


def examples(
    questions: Sequence[Question], retriever: Retriever, reader: Reader, passages: int, regression: str
) -> Examples:
    """What the nearest `passages` of each question offer: its likeliest candidates, all items, or its best sentence."""
    rows, right, numbers, folds, answerable = [], [], [], [], []
    for number, question in enumerate(questions):
        published = question.paragraph.published
        evidence = retriever.search(parsed(question.text, published and published.date()), passages, SearchFilter())
        golds = words_of(question)
        for candidate, texts in _offered(regression, evidence, reader):
            rows.append([getattr(candidate.features, f.name) for f in fields(Features)])
            right.append(any(taken_for_right(text, golds) for text in texts))
            numbers.append(number)
            folds.append(fold_of(question))
            answerable.append(bool(golds))
    return Examples(
        np.array(rows, dtype=np.float64).reshape(-1, len(fields(Features))),
        np.array(right, dtype=bool),
        np.array(numbers, dtype=np.int64),
        np.array(folds, dtype=np.int64),
        np.array(answerable, dtype=bool),
    )


def _offered(regression: str, evidence: Evidence, reader: Reader) -> list[tuple[Candidate, list[str]]]:
    """Each candidate with the texts of which one must be right: its own, or of the best sentence, which decides whether
    a broad question is answered, those that are shown with it, too."""
    readings = reader.read(evidence)
    if regression == "sentence":
        sentences = sentence_candidates(readings, evidence, PLAIN)
        return [(best, [each.text for each in shown_with_best(sentences)]) for best in sentences[:1]]
    if regression == "span":
        offered = span_candidates(readings, evidence, PLAIN, Judge(evidence, reader))[:OFFERED]
    else:
        offered = item_candidates(readings, evidence, PLAIN)
    return [(candidate, [candidate.text]) for candidate in offered]


def together(parts: Sequence[Examples]) -> Examples:
    """All of them, the questions numbered on."""
    starts = np.cumsum([0, *(part.question.max(initial=-1) + 1 for part in parts[:-1])])
    numbered = [replace(part, question=part.question + start) for part, start in zip(parts, starts, strict=True)]
    return Examples(*(np.concatenate([getattr(each, f.name) for each in numbered]) for f in fields(Examples)))


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


@dataclass(frozen=True, slots=True)
class Judged:
    """The best candidate of each question, or each item, by a fit that has not seen its event: (n,) each."""

    confidence: NDArray[np.float64]
    right: NDArray[np.bool_]
    answerable: NDArray[np.bool_]

    def plainly(self, precision: float) -> tuple[float, float]:
        """The least confidence from which on this share is right, and the share that has at least so much; 1 and 0
        where there is none."""
        order = np.argsort(-self.confidence, kind="stable")
        enough = np.flatnonzero(np.cumsum(self.right[order]) >= precision * np.arange(1, len(order) + 1))
        if not len(enough):
            return 1.0, 0.0
        return float(self.confidence[order[enough[-1]]]), float((enough[-1] + 1) / len(order))


def held_out(parts: Mapping[str, Examples], *, items: bool) -> dict[str, Judged]:
    """Each part, and all together under "all", each fold judged by a fit on the others."""
    found: dict[str, list[Examples]] = {name: [] for name in parts}
    confidence: dict[str, list[NDArray[np.float64]]] = {name: [] for name in parts}
    for fold in range(FOLDS):
        logistic = fitted(together([part.taken(part.fold != fold) for part in parts.values()]), items=items)
        for name, part in parts.items():
            rest = part.taken(part.fold == fold)
            chosen = rest if items else best_of_each(rest, logistic)
            found[name].append(chosen)
            confidence[name].append(probabilities(chosen, logistic))
    judged = {
        name: Judged(
            np.concatenate(confidence[name]),
            np.concatenate([each.right for each in several]),
            np.concatenate([each.answerable for each in several]),
        )
        for name, several in found.items()
    }
    return judged | {
        "all": Judged(*(np.concatenate([getattr(j, f.name) for j in judged.values()]) for f in fields(Judged)))
    }


def main(arguments: Sequence[str]) -> None:
    """See the module."""
    parser = Parser("calibration", __doc__, "files", "--distractors", "--adapter", "--passages", "--cache", "--plot")
    parser.offer("--limit", default=200)
    parser.offer("--write", action="store_true", help=f"write {FILE_NAME} into the adapter's folder")
    options = parser.parse_args(arguments)
    files = {f"{path.parent.name}/{path.stem}": read_file(path) for path in options.files}
    if options.write and len({q.kind for questions in files.values() for q in questions}) < len(REGRESSIONS):
        parser.error("--write needs questions with one answer, lists and broad questions")
    more = [question for path in options.distractors for question in read_file(path)]
    paragraphs = [paragraph for questions in (*files.values(), more) for paragraph in paragraphs_of(questions)]
    reader = shipped_reader(options.adapter)
    regressions: dict[str, Logistic] = {}
    with searchable(as_articles(paragraphs), shipped_encoder(), options.cache, progress=on_stderr) as retriever:
        for kind, wanted in REGRESSIONS.items():
            parts, items = {}, kind == "item"
            for name, questions in files.items():
                asked = sample([q for q in questions if q.kind == wanted], options.limit, seed=0)
                if all(q.answers for q in questions) and not items:
                    asked = with_near_misses(asked)
                if asked:
                    parts[name] = examples(asked, retriever, reader, options.passages, kind)
                    print(f"{kind}, {name}: {len(asked)} questions read", file=sys.stderr, flush=True)
            if not parts:
                continue
            regressions[kind] = fitted(together(list(parts.values())), items=items)
            judged = held_out(parts, items=items)
            for name, each in judged.items():
                print(f"{kind}, {name}: {len(each.right)} candidates, {each.right.mean():.0%} right")
                for figure, estimate in trust(each.confidence, each.right, each.answerable).figures.items():
                    print(f"  {figure:<36}{percent(estimate)}")
                print("  plainly at 90 %                     from {:.2f}, {:.0%} of them".format(*each.plainly(0.9)))
            print(f"{kind}, fitted on all:", json.dumps(asdict(regressions[kind])), flush=True)
            if options.plot is not None and kind == "span":
                from evaluation.plot import trust_curves

                curves = {name: trust(j.confidence, j.right, j.answerable) for name, j in judged.items()}
                trust_curves(curves, "Confidence, by a fit on other events", options.plot)
    if options.write:
        lines = ",\n".join(f' "{kind}": {json.dumps(asdict(logistic))}' for kind, logistic in regressions.items())
        (options.adapter / FILE_NAME).write_text(f"{{\n{lines}\n}}\n", encoding="utf-8")
