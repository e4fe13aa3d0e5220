"""How well passages are found, by meaning, by words and by both.

    dateline evaluate retrieval FILE... [--distractors FILE...] [--limit N] [--json] [--plot FILE.png] [--cache FOLDER]
                                        [--url URL]

The different paragraphs of SQuAD-shaped question files are the articles of one store, which is searched with every
question that they answer. For each file, and for all together: recall at 1, 5 and 20 and MRR, by the rank of the right
paragraph among the different paragraphs, each of which comes where its best passage does; and, because passages are
read, the share of questions whose right paragraph is among the first hits, and whose whole answer is in one (for
lists: every item). Each for three rankings, with 95 % intervals (bootstrap over questions):

dense     the 100 nearest passages by vector
lexical   the 100 best passages by words
fused     both, as a question is answered, before reprints are left out; of these the first 100
gain      fused minus the better of the two others (paired)

With `--url`, all of it is measured again on a copy on that server, and the questions with the same first passage are
counted.
"""

from collections import defaultdict
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from itertools import chain, islice
from pathlib import Path

from evaluation.commands import Parser, output, table
from evaluation.paragraphs import File, article_id, as_articles, searchable
from evaluation.ranking import Outcome, Report, Sought, judge, report
from evaluation.scoring import percent
from evaluation.wiring import shipped_encoder
from reader.train.data import Paragraph, Question, paragraphs_of, read_file
from retrieval.encoder import Encoder
from retrieval.progress import Progress, on_stderr, silent
from retrieval.question import parsed
from retrieval.search import QueryTerms, Retriever, candidates
from retrieval.types import Hit, SearchFilter

DEPTH = 100
ALL = "all files"
# by question: the article and the start of the passage, or nothing
FirstPassages = dict[str, list[tuple[str, int]]]


@dataclass(frozen=True, slots=True)
class Measured:
    """What the command prints with `--json`: the size of the collection, how many hits of each ranking are looked at
    (`depth`) and how many of these are `read`; of a copy on a server, how many questions have the `same_first` passage
    as in the folder; the reports."""

    paragraphs: int
    passages: int
    questions: int
    depth: int
    read: int
    same_first: int | None
    files: tuple[Report, ...]
    all: Report

    @property
    def reports(self) -> tuple[Report, ...]:
        """Those worth showing: of one file, all files together say nothing new."""
        return self.files if len(self.files) == 1 else (*self.files, self.all)


@dataclass(frozen=True, slots=True)
class Plan:
    """How many hits are `read`, where the store is kept (None: nowhere), the seed of the bootstrap, the `url` of a
    server's empty database to have a copy of the store in (None: there is none)."""

    read: int
    cache: Path | None
    seed: int
    url: str | None = None


def measure(
    files: Sequence[File], distractors: Sequence[Paragraph], encoder: Encoder, plan: Plan, progress: Progress
) -> Iterator[Measured]:
    """Builds the collection, or finds it in the cache, and asks it every question of every file; then its copy."""
    articles = as_articles([*chain.from_iterable(file.paragraphs for file in files), *distractors])
    questions = [question for file in files for question in file.questions]
    in_folder: FirstPassages = {}
    for url in (None,) if plan.url is None else (None, plan.url):
        with searchable(articles, encoder, plan.cache, progress, url) as retriever:
            passages = retriever.status().passages
            outcomes, first = _asked(retriever, questions, plan.read, progress)
        same = None if url is None else sum(first[each.text] == in_folder[each.text] for each in questions)
        in_folder = first
        rest = iter(outcomes)
        reports = [
            report(file.name, len(as_articles(file.paragraphs)), list(islice(rest, len(file.questions))), plan.seed)
            for file in files
        ]
        together = len(as_articles(chain.from_iterable(f.paragraphs for f in files)))
        everything = report(ALL, together, outcomes, plan.seed)
        yield Measured(len(articles), passages, len(questions), DEPTH, plan.read, same, tuple(reports), everything)


def _asked(
    retriever: Retriever, questions: Sequence[Question], read: int, progress: Progress
) -> tuple[list[Outcome], FirstPassages]:
    first: FirstPassages = {}
    with retriever.hold() as held:

        def search(text: str) -> list[Hit]:
            query = retriever.query(parsed(text))
            hits = candidates(held, query, QueryTerms.of(held, query.question.terms), SearchFilter(), DEPTH)
            first[text] = [(hit.passage.article_id, hit.passage.start) for hit in hits[:1]]
            return hits

        return ask(questions, search, read, progress), first


def ask(
    questions: Sequence[Question], search: Callable[[str], Sequence[Hit]], read: int, progress: Progress = silent
) -> list[Outcome]:
    """The outcome of each question; what several ask in the same words is searched for once."""
    alike: dict[str, list[int]] = defaultdict(list)
    for number, question in enumerate(questions):
        alike[question.text].append(number)
    outcomes: dict[int, Outcome] = {}
    with progress("Asking questions", len(alike)) as advance:
        for text, numbers in alike.items():
            hits = search(text)
            for number in numbers:
                question = questions[number]
                sought = Sought(article_id(question.paragraph), question.answers, question.listed)
                outcomes[number] = judge(hits, sought, DEPTH, read)
            advance(1)
    return [outcomes[number] for number in range(len(questions))]


def shown(measured: Measured) -> str:
    """Tables for people; in percent."""
    lines = [
        f"{measured.paragraphs:,} paragraphs ({measured.passages:,} passages), {measured.questions:,} questions, "
        f"{measured.read} hits read; percent, 95 % intervals",
    ]
    if measured.same_first is not None:
        lines.append(f"on the server, where {measured.same_first:,} have the same first passage as in the folder")
    for each in measured.reports:
        lines += ["", f"{each.file}: {each.questions:,} questions, {each.paragraphs:,} paragraphs"]
        rows = [("", *each.rankings, "gain")]
        for name, gain in each.gain.items():
            cells = (percent(figures[name]) for figures in each.rankings.values())
            rows.append((name.replace("_", " "), *cells, percent(gain, "+")))
        lines += table(rows)
    return "\n".join(lines)


def main(arguments: Sequence[str]) -> None:
    """See the module."""
    parser = Parser("retrieval", __doc__, "files", "--distractors", "--limit", "--json", "--cache", "--seed")
    parser.offer("--passages", help="how many hits are read")
    parser.offer("--plot", help="draw recall at k for k from 1 to 20")
    parser.offer("--url", help="compare with a copy in this empty PostgreSQL database")
    options = parser.parse_args(arguments)
    files = [File.read(path, options.limit, options.seed, answerable=True) for path in dict.fromkeys(options.files)]
    distractors = [paragraph for path in options.distractors for paragraph in paragraphs_of(read_file(path))]
    plan = Plan(options.passages, options.cache, options.seed, options.url)
    for measured in measure(files, distractors, shipped_encoder(), plan, on_stderr):
        output(measured, shown, options.json)
    if options.plot is not None:
        from evaluation.plot import recall_curves

        recall_curves(measured.reports, options.plot)
