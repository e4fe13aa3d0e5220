"""How well the reader reads when the right paragraph is given.

    dateline evaluate reader FILE... --model FOLDER [--limit N] [--bare] [--json]

For each SQuAD-shaped file: exact match and F1 of the best span (alternatives), exact and partial F1 of the items
(lists), and, where a file has unanswerable questions, SQuAD 2.0's scores at threshold 0 and at the best threshold, and
the AUROC of the best span's score as a sign that the question can be answered. FOLDER is what reader.prepare makes, or
any extractive question-answering model of transformers.
"""

import json
import random
import sys
from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray

from evaluation.commands import Parser, explained, positive
from evaluation.paragraphs import words_of
from evaluation.scoring import (
    Estimate,
    ListCounts,
    best_of,
    estimate,
    exact_match,
    f1,
    list_counts,
    list_f1,
    separation,
)
from reader.model import TransformersReader
from reader.spans import best_spans
from reader.tags import items as offered_items
from reader.train.data import Question, read_file
from reader.train.headings import real_title
from retrieval.heading import heading
from retrieval.types import Article, Hit, Passage

QUESTION_WORDS = ("who", "whose", "whom", "what", "which", "when", "where", "why", "how")


@dataclass(frozen=True, slots=True)
class Outcome:
    """What the reader made of one question. `score` is its best span's; `items` is empty unless the question asks for
    a list."""

    question: Question
    text: str
    score: float
    items: tuple[str, ...]

    @property
    def right(self) -> list[str]:
        """The annotated answers' words."""
        return words_of(self.question)


@dataclass(frozen=True, slots=True)
class Report:
    """Figures of one file, by name, and exact match and F1 of the best span by question word, with their number."""

    file: str
    questions: int
    figures: dict[str, Estimate]
    by_word: dict[str, tuple[float, float, int]]


def read_all(reader: TransformersReader, questions: Iterable[Question], bare: bool) -> list[Outcome]:
    """Each question read from its own paragraph; `bare` leaves the heading out."""
    outcomes = []
    for question in questions:
        text = question.paragraph.text
        hit = Hit(Passage(0, question.paragraph.name, 0, len(text)), text, 0.0, 0, None, 0.0, 0.0)
        article = Article(question.paragraph.name, real_title(question.paragraph), None, None, None, None, "", text)
        (reading,) = reader.read_under(question.text, [hit], ["" if bare else heading(article)])
        best = best_spans(reading, text, 1)
        items = offered_items(reading, text) if question.listed else []
        if reading.item is None:
            items = [item for item in items if item.score > 0]
        if question.listed and not items:
            items = best
        outcomes.append(
            Outcome(
                question=question,
                text=text[best[0].start : best[0].end] if best else "",
                score=best[0].score if best else float("-inf"),
                items=tuple(text[item.start : item.end] for item in items),
            )
        )
    return outcomes


def report(file: str, outcomes: Sequence[Outcome]) -> Report:
    """The figures of one file."""
    listed = [outcome for outcome in outcomes if outcome.question.listed]
    figures = list_figures(listed) if listed else span_figures(outcomes)
    words = {word: [outcome for outcome in outcomes if question_word(outcome) == word] for word in QUESTION_WORDS}
    by_word = {
        word: (
            float(np.mean([best_of(exact_match, outcome.text, outcome.right) for outcome in several if outcome.right])),
            float(np.mean([best_of(f1, outcome.text, outcome.right) for outcome in several if outcome.right])),
            sum(1 for outcome in several if outcome.right),
        )
        for word, several in words.items()
        if any(outcome.right for outcome in several)
    }
    return Report(file, len(outcomes), figures, {} if listed else by_word)


def question_word(outcome: Outcome) -> str:
    """The first question word of the question; empty where it has none."""
    words = outcome.question.text.lower().replace("?", " ").split()
    return next((word for word in words if word in QUESTION_WORDS), "")


def span_figures(outcomes: Sequence[Outcome]) -> dict[str, Estimate]:
    """EM and F1 over answerable questions; with unanswerable ones, over all of them at two thresholds, and AUROC."""
    answerable = np.array([bool(outcome.right) for outcome in outcomes])
    matched = np.array([best_of(exact_match, outcome.text, outcome.right) for outcome in outcomes])
    overlapped = np.array([best_of(f1, outcome.text, outcome.right) for outcome in outcomes])
    scores = np.array([outcome.score for outcome in outcomes])
    figures = {
        "em": _mean(matched[answerable]),
        "f1": _mean(overlapped[answerable]),
    }
    if answerable.all():
        return figures

    def squad2(credit: NDArray[np.float64], threshold: float) -> NDArray[np.float64]:
        # declined is right exactly where there is no answer
        return np.where(scores > threshold, np.where(answerable, credit, 0.0), (~answerable).astype(float))

    best = max(np.unique(scores).tolist(), key=lambda threshold: float(squad2(overlapped, threshold).mean()))
    for name, threshold in (("at 0", 0.0), ("at best threshold", best)):
        for label, credit in (("em", matched), ("f1", overlapped)):
            figures[f"{label} {name}"] = _mean(squad2(credit, threshold))
    figures["best threshold"] = Estimate(best, best, best)
    figures["auroc"] = estimate(lambda drawn: separation(scores[drawn], answerable[drawn]), len(outcomes))
    return figures


def _mean(credit: NDArray[np.float64]) -> Estimate:
    return estimate(lambda drawn: float(credit[drawn].mean()), len(credit))


def list_figures(outcomes: Sequence[Outcome]) -> dict[str, Estimate]:
    """MultiSpanQA's exact and partial F1."""
    counts: list[ListCounts] = [list_counts(outcome.items, outcome.right) for outcome in outcomes]
    return {
        "exact f1": estimate(lambda drawn: list_f1([counts[i] for i in drawn], partial=False), len(counts)),
        "partial f1": estimate(lambda drawn: list_f1([counts[i] for i in drawn], partial=True), len(counts)),
    }


def words(result: Report) -> str:
    """A report as lines of text; shares in percent."""
    lines = [f"{result.file}: {result.questions} questions"]
    for name, figure in result.figures.items():
        scale = 1 if name == "best threshold" else 100
        lines.append(f"  {name:<22}{figure.value * scale:6.1f}  [{figure.low * scale:.1f}, {figure.high * scale:.1f}]")
    for word, (matched, overlapped, count) in result.by_word.items():
        lines.append(f"  {word + ' (' + str(count) + ')':<22}{matched * 100:6.1f}  F1 {overlapped * 100:.1f}")
    return "\n".join(lines)


@explained
def main(arguments: Sequence[str] | None = None) -> int:
    """See the module; returns the exit status."""
    parser = Parser("reader", __doc__)
    parser.add_argument("files", type=Path, nargs="+", help="SQuAD-shaped JSON files")
    parser.add_argument("--model", type=Path, required=True, help="folder of an extractive question-answering model")
    parser.add_argument("--limit", type=positive, help="how many questions of each file, drawn at random")
    parser.add_argument("--bare", action="store_true", help="leave out the heading in front of the paragraph")
    parser.add_argument("--json", action="store_true", help="one JSON object a file")
    parser.add_argument("--threads", type=positive, default=torch.get_num_threads())
    options = parser.parse_args(arguments)
    if not options.model.is_dir():
        parser.error(f"--model {options.model} is not a folder; name one that holds a model")
    torch.set_num_threads(options.threads)
    files = {path: read_file(path) for path in options.files}
    reader = TransformersReader.load(options.model)
    for path, questions in files.items():
        if options.limit is not None and options.limit < len(questions):
            questions = random.Random(0).sample(questions, options.limit)
        result = report(f"{path.parent.name}/{path.stem}", read_all(reader, questions, options.bare))
        print(json.dumps(asdict(result)) if options.json else words(result), flush=True)
    return 0


if __name__ == "__main__":
    sys.exit(main())
