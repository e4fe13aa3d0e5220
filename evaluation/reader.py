"""How well the reader reads when the right paragraph is given.

    dateline evaluate reader FILE... --model FOLDER [--limit N] [--bare] [--json]

For each SQuAD-shaped file: exact match and F1 of the best span (alternatives), exact and partial F1 of the items
(lists), and, where a file has unanswerable questions, SQuAD 2.0's scores at threshold 0 and at the best threshold, and
the AUROC of the best span's score as a sign that the question can be answered. FOLDER is what reader.prepare makes, or
any extractive question-answering model of transformers.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray

from evaluation.commands import Parser, output, positive, table
from evaluation.paragraphs import sample, words_of
from evaluation.scoring import (
    Estimate,
    ListCounts,
    auroc,
    best_of,
    estimate,
    exact_match,
    f1,
    list_counts,
    list_f1,
    mean,
    percent,
)
from reader.model import TransformersReader
from reader.spans import best_spans
from reader.tags import items as offered_items
from reader.train.data import Question, read_file
from reader.train.headings import real_title
from retrieval.heading import heading
from retrieval.types import Article, Hit, Passage


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
    """Figures of one file, by name."""

    file: str
    questions: int
    figures: dict[str, Estimate]


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
    return Report(file, len(outcomes), figures)


def span_figures(outcomes: Sequence[Outcome]) -> dict[str, Estimate]:
    """EM and F1 over answerable questions; with unanswerable ones, over all of them at two thresholds, and AUROC."""
    answerable = np.array([bool(outcome.right) for outcome in outcomes])
    matched = np.array([best_of(exact_match, outcome.text, outcome.right) for outcome in outcomes])
    overlapped = np.array([best_of(f1, outcome.text, outcome.right) for outcome in outcomes])
    scores = np.array([outcome.score for outcome in outcomes])
    figures = {
        "em": mean(matched[answerable]),
        "f1": mean(overlapped[answerable]),
    }
    if answerable.all():
        return figures

    def squad2(credit: NDArray[np.float64], threshold: float) -> NDArray[np.float64]:
        # declined is right exactly where there is no answer
        return np.where(scores > threshold, np.where(answerable, credit, 0.0), (~answerable).astype(float))

    best = max(np.unique(scores).tolist(), key=lambda threshold: float(squad2(overlapped, threshold).mean()))
    for name, threshold in (("at 0", 0.0), ("at best threshold", best)):
        for label, credit in (("em", matched), ("f1", overlapped)):
            figures[f"{label} {name}"] = mean(squad2(credit, threshold))
    figures["best threshold"] = Estimate(best, best, best)
    figures["auroc"] = estimate(lambda drawn: auroc(scores[drawn], answerable[drawn]), len(outcomes))
    return figures


def list_figures(outcomes: Sequence[Outcome]) -> dict[str, Estimate]:
    """MultiSpanQA's exact and partial F1."""
    counts: list[ListCounts] = [list_counts(outcome.items, outcome.right) for outcome in outcomes]
    return {
        "exact f1": estimate(lambda drawn: list_f1([counts[i] for i in drawn], partial=False), len(counts)),
        "partial f1": estimate(lambda drawn: list_f1([counts[i] for i in drawn], partial=True), len(counts)),
    }


def shown(result: Report) -> str:
    """A table for people; shares in percent."""
    rows = [
        (name, f"{figure.value:.1f}" if name == "best threshold" else percent(figure))
        for name, figure in result.figures.items()
    ]
    return "\n".join([f"{result.file}: {result.questions} questions", *table(rows)])


def main(arguments: Sequence[str]) -> None:
    """See the module."""
    parser = Parser("reader", __doc__, "files", "--limit", "--json")
    parser.offer("--model", type=Path, required=True, help="folder of an extractive question-answering model")
    parser.offer("--bare", action="store_true", help="leave out the heading in front of the paragraph")
    parser.offer("--threads", type=positive, default=torch.get_num_threads())
    options = parser.parse_args(arguments)
    if not options.model.is_dir():
        parser.error(f"--model {options.model} is not a folder; name one that holds a model")
    torch.set_num_threads(options.threads)
    files = {path: sample(read_file(path), options.limit, seed=0) for path in options.files}
    reader = TransformersReader.load(options.model)
    for path, questions in files.items():
        name = f"{path.parent.name}/{path.stem}"
        output(report(name, read_all(reader, questions, options.bare)), shown, options.json)
