"""How articles are best cut into passages, and what belongs in front of them.

    dateline evaluate shapes FILE... [--limit N] [--json]

The different paragraphs of SQuAD-shaped question files are cut in several ways, and each question is scored against
every passage as a search scores it. For each way: the rank of the right paragraph (recall at 1, 5 and 20), and the
share of questions whose answer stands whole within the first 480 and the first 960 words of the ranking, which is what
a reader gets through in the same time whatever the passages' length. `uncut` is the share of answers that some passage
holds whole.

heading  both       the title counts in the vector and its words are searched, as the store does it
         vector, words, none
"""

import json
import sys
from collections import Counter
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

import numpy as np
import scipy.sparse
from numpy.typing import NDArray

from evaluation.commands import Parser, explained, positive
from evaluation.paragraphs import article_id, as_articles, sample
from evaluation.wiring import shipped_encoder
from reader.train.data import Question, read_file
from retrieval.encoder import Encoder
from retrieval.fusion import COVERAGE_WEIGHT, rarity
from retrieval.heading import heading
from retrieval.passages import SHAPE, Shape, split
from retrieval.progress import on_stderr
from retrieval.storage.vectors import HEADING_WEIGHT
from retrieval.terms import asked_terms, terms
from retrieval.types import Article

SHAPES = (
    *(Shape(words, SHAPE.overlap) for words in (60, 90, 120, 160, 220)),
    Shape(SHAPE.words, 0),
    Shape(SHAPE.words, 2),
)
HEADINGS = ("both", "vector", "words", "none")
RANKS = (1, 5, 20)
BUDGETS = (480, 960)
BATCH = 256


@dataclass(frozen=True, slots=True)
class Result:
    """One way; `recall` at `RANKS` and `read` within `BUDGETS`, shares of questions; `uncut`, of answers."""

    words: int
    overlap: int
    heading: str
    passages: int
    recall: tuple[float, ...]
    read: tuple[float, ...]
    uncut: float


@dataclass(frozen=True, slots=True)
class Cut:
    """Articles cut into passages: `owner` (n,) the article of each, by its place, with `start` and `end` (n,) in it;
    `lengths` (n,) in words."""

    owner: NDArray[np.int64]
    start: NDArray[np.int64]
    end: NDArray[np.int64]
    lengths: NDArray[np.int64]
    texts: tuple[str, ...]


def cut(articles: Sequence[Article], shape: Shape) -> Cut:
    """Every article in one way."""
    rows = [(place, *span) for place, each in enumerate(articles) for span in split(each.text, each.language, shape)]
    owner, start, end = np.array(rows, dtype=np.int64).T
    texts = tuple(articles[place].text[low:high].strip() for place, low, high in rows)
    return Cut(owner, start, end, np.array([len(text.split()) for text in texts]), texts)


def embedded(encoder: Encoder, texts: Sequence[str], task: str) -> NDArray[np.float32]:
    """(n, dimension) float32; texts of like length go together."""
    order = sorted(range(len(texts)), key=lambda place: len(texts[place]))
    vectors = np.empty((len(texts), encoder.dimension), dtype=np.float32)
    with on_stderr(task, len(texts)) as advance:
        for start in range(0, len(order), BATCH):
            some = order[start : start + BATCH]
            vectors[some] = encoder.encode([texts[place] for place in some])
            advance(len(some))
    return vectors


class Scores:
    """The fused scores of questions against the passages of one cut, under one use of the heading."""

    def __init__(
        self,
        pieces: Cut,
        articles: Sequence[Article],
        vectors: NDArray[np.float32],
        headings: NDArray[np.float32],
        use: str,
    ) -> None:
        weight = HEADING_WEIGHT if use in ("both", "vector") else 0.0
        summed = vectors + np.float32(weight) * headings[pieces.owner]
        self._vectors = summed / np.linalg.norm(summed, axis=1, keepdims=True)
        titles = [terms(heading(article)) if use in ("both", "words") else [] for article in articles]
        found = [{*titles[place], *terms(text)} for place, text in zip(pieces.owner, pieces.texts, strict=True)]
        frequencies = Counter(term for some in found for term in some)
        self._columns = {term: column for column, term in enumerate(frequencies)}
        self._rarity = np.array([rarity(count, len(found)) for count in frequencies.values()], dtype=np.float32)
        self._unseen = rarity(0, len(found))
        rows = np.repeat(np.arange(len(found)), [len(some) for some in found])
        columns = [self._columns[term] for some in found for term in some]
        ones = np.ones(len(columns), dtype=np.float32)
        self._has = scipy.sparse.csc_matrix((ones, (rows, columns)), shape=(len(found), len(frequencies)))

    def of(self, question: str, vector: NDArray[np.float32]) -> NDArray[np.float32]:
        """(n,) float32, as `retrieval.fusion` has it."""
        asked = asked_terms(question)
        known = [self._columns[term] for term in asked if term in self._columns]
        total = self._rarity[known].sum() + self._unseen * (len(asked) - len(known))
        covered = self._has[:, known] @ self._rarity[known] / total if known else np.float32(0)
        return np.asarray(self._vectors @ vector + np.float32(COVERAGE_WEIGHT) * covered, dtype=np.float32)


def measure(articles: Sequence[Article], questions: Sequence[Question], encoder: Encoder) -> list[Result]:
    """Every shape with the heading in both places, and the shipped shape with every use of it."""
    places = {article.id: place for place, article in enumerate(articles)}
    asked = embedded(encoder, [question.text for question in questions], "Embedding questions")
    headings = embedded(encoder, [heading(article) for article in articles], "Embedding titles")
    headings *= np.array([[bool(heading(article))] for article in articles], dtype=np.float32)
    results = []
    for shape in SHAPES:
        pieces = cut(articles, shape)
        vectors = embedded(encoder, pieces.texts, f"Embedding passages of {shape.words} words, overlap {shape.overlap}")
        for use in HEADINGS if shape == SHAPE else HEADINGS[:1]:
            scores = Scores(pieces, articles, vectors, headings, use)
            outcomes = [
                _outcome(question, places[article_id(question.paragraph)], pieces, scores.of(question.text, vector))
                for question, vector in zip(questions, asked, strict=True)
            ]
            ranks = np.array([outcome.rank for outcome in outcomes])
            needed = np.array([outcome.words for outcome in outcomes])
            results.append(
                Result(
                    words=shape.words,
                    overlap=shape.overlap,
                    heading=use,
                    passages=len(pieces.texts),
                    recall=tuple(float((ranks <= k).mean()) for k in RANKS),
                    read=tuple(float((needed <= budget).mean()) for budget in BUDGETS),
                    uncut=float(np.isfinite(needed).mean()),
                )
            )
    return results


@dataclass(frozen=True, slots=True)
class _Outcome:
    """`rank` of the right paragraph, from 1; `words` read until a passage with the whole answer is, inf for never."""

    rank: int
    words: float


def _outcome(question: Question, right: int, pieces: Cut, scores: NDArray[np.float32]) -> _Outcome:
    best = np.full(int(pieces.owner.max()) + 1, -np.inf, dtype=np.float32)
    np.maximum.at(best, pieces.owner, scores)
    order = np.argsort(-scores, kind="stable")
    read = np.cumsum(pieces.lengths[order])
    holds = np.zeros(len(scores), dtype=bool)
    for place in question.answers:
        holds |= (pieces.owner == right) & (pieces.start <= place.start) & (place.end <= pieces.end)
    reached = read[holds[order]]
    return _Outcome(int((best > best[right]).sum()) + 1, float(reached[0]) if len(reached) else float("inf"))


@explained
def main(arguments: Sequence[str] | None = None) -> int:
    """See the module."""
    parser = Parser("shapes", __doc__)
    parser.add_argument("files", type=Path, nargs="+", help="SQuAD-shaped JSON files")
    parser.add_argument("--limit", type=positive, help="so many questions of each file, drawn at random")
    parser.add_argument("--json", action="store_true", help="print JSON")
    options = parser.parse_args(arguments)
    files = [[question for question in read_file(path) if question.answers] for path in options.files]
    articles = as_articles(question.paragraph for questions in files for question in questions)
    limited = [questions if options.limit is None else sample(questions, options.limit, seed=0) for questions in files]
    results = measure(articles, [question for questions in limited for question in questions], shipped_encoder())
    if options.json:
        print(json.dumps([asdict(result) for result in results]))
        return 0
    print("words  overlap  heading  passages   recall at 1      5     20   in 480 words   960   uncut")
    for each in results:
        recall, read = (" ".join(f"{share:6.1%}" for share in shares) for shares in (each.recall, each.read))
        print(f"{each.words:5}  {each.overlap:7}  {each.heading:7}  {each.passages:8}", end="")
        print(f"        {recall}         {read}  {each.uncut:6.1%}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
