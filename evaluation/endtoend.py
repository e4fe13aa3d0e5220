"""How well questions about a large collection are answered, from the search to the answer that is shown or withheld.

    dateline evaluate endtoend FILE... [--distractors FILE...] [--limit N] [--passages K] [--threshold T]
                                       [--adapter FOLDER] [--cache FOLDER] [--json] [--plot FILE.png] [--seed N]

The different paragraphs of SQuAD-shaped question files are the articles of one store. Each question is searched in it,
and its passages are read and answered as a person's are. For each file, and for all together, with 95 % intervals
(bootstrap over questions):

one answer   exact match, word F1, and the share that a person would take for right, of the likeliest answer when
             nothing is declined: as searched, from the right paragraph alone, and the ratio of the two; how many
             are cited from the right paragraph, and of the wrong answers, for how many that one was not read
lists        MultiSpanQA's exact and partial F1 of what is answered at the threshold
abstention   questions with one answer and without any: AUROC of the confidence for "the answer is right" and for "the
             question has an answer", ECE, coverage at 80 and 90 % precision, area under the risk–coverage curve, for
             the fitted confidence and for the reader's own probability; and what is answered and declined at the
             threshold

A question counts as unanswerable if its own paragraph does not answer it, though another one might: nobody has looked.
"""

import sys
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from itertools import chain, islice
from pathlib import Path

from evaluation.calibration import PLAIN
from evaluation.commands import Parser, explained
from evaluation.measuring import CachingReader, Plan, answered, answering_options, likeliest, surest
from evaluation.outcomes import Abstention, Outcome, Report, Single, report
from evaluation.paragraphs import File, article_id, as_articles, searchable
from evaluation.phases import as_json
from evaluation.scoring import Estimate, percent
from evaluation.wiring import shipped_encoder, shipped_reader
from reader.confidence import Calibration
from reader.train.data import Paragraph, Question, paragraphs_of, read_file
from reader.types import Reader
from retrieval.encoder import Encoder
from retrieval.progress import Progress, on_stderr, silent
from retrieval.question import parsed
from retrieval.search import Retriever
from retrieval.types import SearchFilter

ALL = "all files"


@dataclass(frozen=True, slots=True)
class Measured:
    """What the command prints with `--json`: the size of the collection, how many passages are `read` for a question,
    the threshold; the reports."""

    paragraphs: int
    passages: int
    questions: int
    read: int
    threshold: float
    files: tuple[Report, ...]
    all: Report

    @property
    def reports(self) -> tuple[Report, ...]:
        """Those worth showing: of one file, all files together say nothing new."""
        return self.files if len(self.files) == 1 else (*self.files, self.all)


def measure(
    files: Sequence[File],
    distractors: Sequence[Paragraph],
    encoder: Encoder,
    reader: Reader,
    calibration: Calibration,
    plan: Plan,
    progress: Progress = silent,
) -> Measured:
    """Builds the collection, or finds it in the cache, and asks it every question of every file."""
    articles = as_articles([*chain.from_iterable(file.paragraphs for file in files), *distractors])
    questions = [question for file in files for question in file.questions]
    outcomes = []
    with searchable(articles, encoder, plan.cache, progress) as retriever:
        passages = retriever.status().passages
        with progress("Asking questions", len(questions)) as advance:
            for question in questions:
                outcomes.append(ask(question, retriever, reader, calibration, plan))
                advance(1)
    rest = iter(outcomes)
    reports = tuple(report(file.name, list(islice(rest, len(file.questions))), plan.seed) for file in files)
    everything = report(ALL, outcomes, plan.seed)
    return Measured(len(articles), passages, len(questions), plan.read, plan.threshold.unsure, reports, everything)


def ask(question: Question, retriever: Retriever, reader: Reader, calibration: Calibration, plan: Plan) -> Outcome:
    """Everything that is to be known of one question; each of its passages is read once."""
    once = CachingReader(reader)
    paragraph = article_id(question.paragraph)
    asked = parsed(question.text)
    evidence = retriever.search(asked, plan.read, SearchFilter())
    alone = None
    if question.answers and not question.listed:
        own = retriever.search(asked, plan.read, SearchFilter(article_id=paragraph))
        alone = surest(own, once, calibration)
    shipped = answered(evidence, once, calibration, plan.threshold)
    return Outcome(
        question=question,
        article_id=paragraph,
        found=any(hit.passage.article_id == paragraph for hit in evidence.hits),
        surest=surest(evidence, once, calibration),
        raw=surest(evidence, once, PLAIN),
        alone=alone,
        shipped=likeliest(shipped),
        items=tuple(item.text for item in shipped.answers),
    )


def shown(measured: Measured) -> str:
    """Tables for people; in percent."""
    lines = [
        f"{measured.paragraphs:,} paragraphs ({measured.passages:,} passages), {measured.questions:,} questions, "
        f"{measured.read} passages read; percent, 95 % intervals",
    ]
    for each in measured.reports:
        lines += ["", f"{each.file}: {each.questions:,} questions"]
        if each.single is not None:
            lines += _single(each.single)
        if each.lists is not None:
            lists = each.lists
            lines += [_row(f"lists ({lists.questions:,})", f"at {measured.threshold:g}")]
            lines += [_figures("exact F1", lists.exact_f1), _figures("partial F1", lists.partial_f1)]
            lines += [_figures("declined", lists.declined)]
        if each.abstention is not None:
            lines += _abstention(each.abstention, measured.threshold)
    return "\n".join(lines)


def _single(single: Single) -> list[str]:
    scores = (single.searched, single.alone, single.ratio)
    return [
        _row(f"one answer ({single.questions:,})", "searched", "right paragraph", "ratio"),
        _figures("exact match", *(each.em for each in scores)),
        _figures("F1", *(each.f1 for each in scores)),
        _figures("right", *(each.right for each in scores)),
        _figures("cited rightly", single.cited_rightly),
        _figures("wrong, not read", single.wrong_unfound),
    ]


def _abstention(abstention: Abstention, threshold: float) -> list[str]:
    fitted, raw = abstention.fitted.figures(), abstention.raw.figures()
    shipped = abstention.shipped
    without = abstention.questions - abstention.answerable
    return [
        _row(f"abstention ({abstention.questions:,}, {without:,} without answer)", "fitted", "raw"),
        *(_figures(name, fitted[name], raw[name]) for name in fitted),
        _figures(f"answered at {threshold:g}", shipped.answered),
        _figures("right of these", shipped.right),
        _figures("declined of those without", shipped.declined_rightly),
        _figures("declined of those with", shipped.declined_wrongly),
        _figures("answered or declined rightly", shipped.dealt_with),
    ]


def _figures(name: str, *figures: Estimate | None) -> str:
    return _row(f"  {name}", *(percent(figure) for figure in figures))


def _row(name: str, *cells: str) -> str:
    return f"{name:40}" + "".join(f"{cell:>22}" for cell in cells)


@explained
def main(arguments: Sequence[str] | None = None) -> int:
    """See the module; returns the exit status."""
    parser = Parser("endtoend", __doc__)
    parser.add_argument("files", type=Path, nargs="+", metavar="FILE", help="SQuAD-shaped JSON files")
    parser.add_argument(
        "--distractors", type=Path, nargs="+", default=[], metavar="FILE", help="more paragraphs, no questions"
    )
    answering_options(parser)
    options = parser.parse_args(arguments)
    files = [File.read(path, options.limit, options.seed, answerable=False) for path in dict.fromkeys(options.files)]
    distractors = [paragraph for path in options.distractors for paragraph in paragraphs_of(read_file(path))]
    if options.plot is not None and all(q.listed and q.answers for file in files for q in file.questions):
        parser.error("--plot is of questions with one answer or none, and these files have only lists")
    plan = Plan.of(options)
    calibration = Calibration.load(options.adapter)
    reader = shipped_reader(options.adapter)
    measured = measure(files, distractors, shipped_encoder(), reader, calibration, plan, on_stderr)
    print(as_json(asdict(measured)) if options.json else shown(measured), flush=True)
    if options.plot is not None and measured.all.abstention is not None:
        from evaluation.plot import trust_curves

        made = measured.all.abstention
        title = f"{made.questions:,} questions, {made.answerable:,} of them with an answer"
        trust_curves({"fitted": made.fitted, "raw": made.raw}, title, options.plot)
    return 0


if __name__ == "__main__":
    sys.exit(main())
