"""End to end over the shipped articles: `dateline evaluate answers [QUESTIONS] [--corpus FOLDER] [--verbose]`.

Each question of the file has a kind and acceptable answers. An answer is right if it has an acceptable form's words,
or these are among its own and it has at most twice as many. A question is wholly right if every answer due is there and
no other; "none" if nothing is answered. Precision and recall are over all answers of a kind, each matched at most once.
A citation is right if it points into the right article. Unsure answers are judged like the others, and also
counted separately.
"""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from evaluation.commands import CORPUS, MAX_ITEMS, Parser
from evaluation.wiring import indexed, shipped_encoder, shipped_reader
from reader.aggregate import Threshold
from reader.answering import Answerer
from reader.confidence import Calibration
from reader.names import folded
from reader.types import Answer
from retrieval.errors import CorpusError, reason
from retrieval.question import parsed
from retrieval.types import SearchFilter

QUESTIONS = Path(__file__).with_name("questions.json")


@dataclass(frozen=True, slots=True)
class Asked:
    """A question, and for each answer (or item, or version) the forms that are right."""

    question: str
    kind: str
    answers: tuple[tuple[str, ...], ...]
    article: str | None


@dataclass(frozen=True, slots=True)
class Judged:
    """One question's outcome: `right` items of `given`, of which `wanted` should have been; whether all is as it should
    be, and whether every citation is in the right article (None where none was due)."""

    asked: Asked
    answer: Answer
    right: int
    given: int
    wanted: int
    correct: bool
    cited: bool | None


def load(path: Path) -> list[Asked]:
    """The questions of a JSON file. Raises CorpusError."""
    try:
        return [
            Asked(item["question"], item["kind"], tuple(tuple(forms) for forms in item["answers"]), item["article"])
            for item in json.loads(path.read_text(encoding="utf-8"))
        ]
    except OSError as error:
        raise CorpusError(f"The file of questions {path} cannot be read ({reason(error)}); check its path.") from error
    except (ValueError, KeyError, TypeError) as error:
        raise CorpusError(
            f"{path} is not a file of questions, a JSON list of objects with question, kind, answers and article; "
            f"write it as {QUESTIONS.name} beside {Path(__file__).name} is written."
        ) from error


def judge(asked: Asked, answer: Answer) -> Judged:
    """Compares an answer with what was wanted."""
    open_forms = list(asked.answers)
    right = 0
    for item in answer.answers:
        match = next((forms for forms in open_forms if any(matches(item.text, form) for form in forms)), None)
        if match is not None:
            open_forms.remove(match)
            right += 1
    given, due = len(answer.answers), len(asked.answers)
    correct = answer.kind == "none" if asked.kind == "none" else right == given == due
    cited = None
    if asked.article is not None and answer.answers:
        cited = all(answer.article(item.citations[0]).path == asked.article for item in answer.answers)
    return Judged(asked, answer, right, given, due, correct, cited)


def matches(text: str, form: str) -> bool:
    """Whether `text` says `form`: the same words, or these among at most twice as many ("on 4 May", "4 May")."""
    words, wanted = folded(text), folded(form)
    if words == wanted:
        return True
    return set(wanted) <= set(words) and len(words) <= 2 * len(wanted)


def report(judged: Sequence[Judged]) -> dict[str, object]:
    """Figures by kind."""
    figures: dict[str, object] = {}
    for kind in ("span", "list", "differing", "none"):
        some = [j for j in judged if j.asked.kind == kind]
        if not some:
            continue
        right, given, due = (sum(getattr(j, name) for j in some) for name in ("right", "given", "wanted"))
        unsure = [j for j in some if not j.answer.certain]
        figures[kind] = {
            "questions": len(some),
            "wholly right": sum(j.correct for j in some),
            "unsure": len(unsure),
            "wholly right, unsure": sum(j.correct for j in unsure),
        }
        if kind != "none":
            precision, recall = right / given if given else 0.0, right / due
            figures[kind] = figures[kind] | {  # type: ignore[operator]
                "answered": sum(bool(j.answer.answers) for j in some),
                "item precision": round(precision, 3),
                "item recall": round(recall, 3),
                "article cited rightly": sum(j.cited is True for j in some),
            }
    return figures


def main(arguments: Sequence[str]) -> None:
    """See the module."""
    parser = Parser("answers", __doc__, "--adapter", "--threshold", "--unsure", "--passages", "--verbose")
    parser.offer("questions", nargs="?", type=Path, default=QUESTIONS, metavar="QUESTIONS", help="file of questions")
    parser.offer("--corpus", type=Path, default=CORPUS, metavar="FOLDER", help="the articles")
    options = parser.parse_args(arguments)
    if options.unsure > options.threshold:
        parser.error(f"--unsure {options.unsure:g} is above --threshold {options.threshold:g}, expected at most that")
    threshold = Threshold(options.threshold, options.unsure, MAX_ITEMS)
    answerer = Answerer(shipped_reader(options.adapter), Calibration.load(options.adapter), threshold)
    questions = load(options.questions)
    judged = []
    with indexed(options.corpus, shipped_encoder()) as retriever:
        for asked in questions:
            evidence = retriever.search(parsed(asked.question), options.passages, SearchFilter())
            judged.append(judge(asked, answerer.answer(evidence, 0.0)))
            if options.verbose and not judged[-1].correct:
                answer = judged[-1].answer
                given = answer.kind if answer.certain else f"{answer.kind}, unsure"
                print(
                    f"{asked.kind:9} {asked.question}\n          wanted {asked.answers}\n          {given}",
                    end="",
                )
                print("".join(f" | {item.text} ({item.confidence:.2f})" for item in answer.answers))
    print(json.dumps(report(judged), indent=1))
