"""How well questions about news are answered, by kind.

    dateline evaluate news DATA [--kinds single,lists,...] [--limit N] [--passages K] [--threshold T]
                                [--adapter FOLDER] [--cache FOLDER] [--json] [--verbose] [--plot FILE.png] [--seed N]

DATA is a folder of articles_{dev,train}.jsonl, which are searched together, and of dev_KIND.json, questions about those
of dev. The contrast sets are about short passages, which are articles of a collection of their own; their questions are
asked of the right one alone, too. A question is asked on the day of its article, so that "last week" is meant as there.

single      questions with one answer, and near misses, which have none
lists       every item counts
broad       whole sentences tell, or a phrase says who somebody is
differing   articles of one event contradict each other: two versions are to be shown
turns       conversations: each question as it was typed, alone and in conversation, and in words that stand alone
pairs       two answers to one question: do they say the same, can both be right, does one exclude the other?
contrast    pairs of questions that differ in little but the answer; four in ten have none

The 95 % intervals are of a bootstrap over events. `--verbose` shows what went wrong, on standard error.
"""

import sys
from argparse import Namespace
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from evaluation.abstention import Trust
from evaluation.commands import Parser, names, output, table
from evaluation.measuring import ANSWERING, CachingReader, Plan
from evaluation.newsasking import ask, ask_turn
from evaluation.newsfigures import Figure, Outcome, Section, confidence, sections
from evaluation.newsfiles import (
    Asked,
    AskedTurn,
    Collection,
    contrast_passages,
    conversations,
    news_articles,
    questions,
)
from evaluation.newsturns import TurnOutcome, turn_sections
from evaluation.paragraphs import sample, searchable
from evaluation.scoring import mean_of, percent
from evaluation.wiring import shipped_encoder, shipped_reader
from reader.pairs import RELATIONS
from reader.train.comparisons import Comparison, read_comparisons
from reader.types import Reader
from retrieval.encoder import Encoder
from retrieval.progress import Progress, on_stderr, silent
from retrieval.types import SearchFilter


@dataclass(frozen=True, slots=True)
class Source:
    """Where a kind of questions comes from, what it is asked of, and whether of the right article `alone`, too."""

    file: str
    collection: Callable[[Path], Collection]
    alone: bool = False


KINDS: Mapping[str, Source] = {
    "single": Source("dev_single.json", news_articles),
    "lists": Source("dev_lists.json", news_articles),
    "differing": Source("dev_differing.json", news_articles),
    "broad": Source("dev_broad.json", news_articles),
    "contrast": Source("dev_contrast.json", contrast_passages, alone=True),
}
TURNS = "turns"
PAIRS = "pairs"
ALL_KINDS = (*KINDS, TURNS, PAIRS)


@dataclass(frozen=True, slots=True)
class Record:
    """One question in few words: what was `wanted`, what was `given` with which `confidence`, `cited` from where.

    `forced` is what is given when nothing is declined, with `forced_confidence`.
    """

    id: str
    question: str
    wanted: tuple[str, ...]
    given: tuple[str, ...]
    confidence: tuple[float, ...]
    cited: str | None
    forced: str
    forced_confidence: float
    plain: bool
    right: bool

    @classmethod
    def of(cls, outcome: Outcome) -> "Record":
        """What is worth keeping of an outcome."""
        items = outcome.answer.answers
        return cls(
            id=outcome.asked.id,
            question=outcome.asked.text,
            wanted=tuple(forms[0] for forms in outcome.asked.due),
            given=tuple(item.text for item in items),
            confidence=tuple(round(item.confidence, 4) for item in items),
            cited=items[0].citations[0].title if items else None,
            forced=outcome.forced.text,
            forced_confidence=round(outcome.forced.confidence, 4),
            plain=outcome.plain,
            right=outcome.right,
        )

    def line(self) -> str:
        """For people: "Who came? — wanted Lavrov; given Maduro (0.61), from “Talks in Caracas”"."""
        wanted = " | ".join(self.wanted) or "nothing"
        if self.cited is None:
            return (
                f"{self.question} — wanted {wanted}; declined, likeliest {self.forced} ({self.forced_confidence:.2f})"
            )
        given = " | ".join(f"{text} ({sure:.2f})" for text, sure in zip(self.given, self.confidence, strict=True))
        return f"{self.question} — wanted {wanted}; given {given}, from “{self.cited}”"


@dataclass(frozen=True, slots=True)
class Result:
    """Questions of one kind, asked of a collection or of the right article alone: the figures, and each question."""

    name: str
    sections: tuple[Section, ...]
    confidence: Trust | None
    questions: tuple[Record, ...]

    @classmethod
    def of(cls, name: str, outcomes: Sequence[Outcome], seed: int) -> "Result":
        """The figures of the outcomes."""
        records = tuple(Record.of(outcome) for outcome in outcomes)
        return cls(name, tuple(sections(name, outcomes, seed)), confidence(outcomes, seed), records)


@dataclass(frozen=True, slots=True)
class Measured:
    """What `--json` prints: how many passages are `read` for a question, from where answers are said plainly
    (`threshold`) and offered as `unsure`, the results."""

    read: int
    threshold: float
    unsure: float
    results: tuple[Result, ...]


@dataclass(frozen=True, slots=True)
class Part:
    """A collection, and the questions of each kind that are asked of it; of those that are `alone` also of the right
    article alone."""

    collection: Collection
    asked: Mapping[str, Sequence[Asked]]
    turns: Sequence[AskedTurn] = ()
    alone: frozenset[str] = frozenset()


def read(folder: Path, kinds: Sequence[str], limit: int | None, seed: int) -> list[Part]:
    """The questions of the kinds, `limit` of each, with what they are asked of. Raises CorpusError."""
    parts = []
    loads = dict.fromkeys(source.collection for kind, source in KINDS.items() if kind in kinds)
    if TURNS in kinds:
        loads[news_articles] = None
    for load in loads:
        collection = load(folder)
        of_kind = {
            kind: sample(questions(folder / source.file, collection), limit, seed)
            for kind, source in KINDS.items()
            if kind in kinds and source.collection is load
        }
        turns: list[AskedTurn] = []
        if TURNS in kinds and load is news_articles:
            several = sample(conversations(folder / "dev_turns.json", collection), limit, seed)
            turns = [turn for conversation in several for turn in conversation]
        parts.append(Part(collection, of_kind, turns, frozenset(kind for kind in of_kind if KINDS[kind].alone)))
    return parts


def measure(
    parts: Sequence[Part], encoder: Encoder, reader: Reader, plan: Plan, progress: Progress = silent
) -> Measured:
    """Asks the questions. Raises StoreError and its kinds."""
    outcomes: dict[str, list[Outcome]] = {}
    turns: list[TurnOutcome] = []
    for part in parts:
        with searchable(list(part.collection.articles.values()), encoder, plan.cache, progress) as retriever:
            for kind, some in part.asked.items():
                with progress(f"Asking questions, {kind}", len(some)) as advance:
                    for question in some:
                        once = CachingReader(reader)
                        for name, where in _searches(kind, question, kind in part.alone):
                            outcomes.setdefault(name, []).append(ask(question, where, retriever, once, plan))
                        advance(1)
            with progress(f"Asking questions, {TURNS}", len(part.turns)) as advance:
                for turn in part.turns:
                    turns.append(ask_turn(turn, retriever, CachingReader(reader), plan))
                    advance(1)
    results = [Result.of(name, several, plan.seed) for name, several in outcomes.items()]
    if turns:
        records = tuple(Record.of(turn.conversing) for turn in turns)
        results.append(Result(TURNS, turn_sections(TURNS, turns, plan.seed), None, records))
    return Measured(plan.read, plan.threshold.answer, plan.threshold.unsure, tuple(results))


def _searches(kind: str, question: Asked, alone: bool) -> Iterator[tuple[str, SearchFilter]]:
    """What a question is asked of, and the name of it."""
    yield kind, SearchFilter()
    if alone:
        yield f"{kind}, right article", SearchFilter(article_id=question.article.id)


def compared(comparisons: Sequence[Comparison], reader: Reader, seed: int) -> Result:
    """How often the reader knows how two answers stand to each other, and what it takes them for."""
    chances = [reader.compare(each.question, [(each.one, each.other)]) for each in comparisons]
    said = np.array([-1 if chance is None else int(chance[0].argmax()) for chance in chances])
    due = np.array([each.relation for each in comparisons])

    def share(of: NDArray[np.bool_], among: NDArray[np.bool_]) -> Figure:
        return Figure(mean_of(of.astype(np.float64), among, seed), int(among.sum()))

    figures = {"right": share(said == due, due >= 0)}
    for number, relation in enumerate(RELATIONS):
        for other, taken in enumerate(RELATIONS):
            figures[f"{relation}, taken for {taken}"] = share(said == other, due == number)
    return Result(PAIRS, (Section(PAIRS, len(due), figures),), None, ())


def shown(measured: Measured) -> str:
    """Tables for people; in percent."""
    lines = [
        f"{measured.read} passages read, said plainly from {measured.threshold:g}, as unsure from {measured.unsure:g}; "
        "percent, 95 % intervals"
    ]
    for result in measured.results:
        for section in result.sections:
            lines += ["", f"{section.name}: {section.questions:,}"]
            figures = section.figures.items()
            lines += table((f"  {name}", percent(figure.estimate), f"of {figure.of:,}") for name, figure in figures)
        if result.confidence is not None:
            lines += ["", f"{result.name}, confidence when nothing is declined"]
            lines += table((f"  {name}", percent(figure)) for name, figure in result.confidence.figures.items())
    return "\n".join(lines)


def show(measured: Measured, options: Namespace) -> None:
    """Prints, or draws, what the options say."""
    for result in measured.results if options.verbose else ():
        for record in result.questions:
            if not record.right:
                print(f"{result.name}: {record.line()}", file=sys.stderr)
    output(measured, shown, options.json)
    if options.plot is not None:
        from evaluation.plot import trust_curves

        trusts = {result.name: result.confidence for result in measured.results if result.confidence is not None}
        trust_curves(trusts, "Confidence when nothing is declined", options.plot)


def main(arguments: Sequence[str]) -> None:
    """See the module."""
    parser = Parser("news", __doc__, "data", *ANSWERING)
    parser.offer("--kinds", type=names(ALL_KINDS), default=[*ALL_KINDS], metavar="KIND,...", help="only these kinds")
    options = parser.parse_args(arguments)
    if options.plot is not None and not {"single", "contrast"} & set(options.kinds):
        parser.error("--plot is of questions with one answer or none; add single or contrast to --kinds")
    parts = read(options.data, options.kinds, options.limit, options.seed)
    reader = shipped_reader(options.adapter)
    measured = measure(parts, shipped_encoder(), reader, Plan.of(options), on_stderr)
    if PAIRS in options.kinds:
        pairs = sample(read_comparisons(options.data / "dev_pairs.json"), options.limit, options.seed)
        measured = replace(measured, results=(*measured.results, compared(pairs, reader, options.seed)))
    show(measured, options)
