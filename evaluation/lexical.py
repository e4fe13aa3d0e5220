"""Which engine searches words: tantivy, which Dateline uses, beside SQLite's FTS5.

    dateline evaluate lexical FILE... [--passages N] [--questions N] [--json]

Both index the same terms of the same passages, put together from halves of the passages of SQuAD-shaped question files,
and rank by BM25 for the same questions. Shown are the seconds that building takes (finding the terms apart), the bytes
on the disk, how long a question waits for its first 100 passages, and how many of the first 10 the two have in common.
"""

import json
import random
import sqlite3
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

import numpy as np

from evaluation.commands import Parser, explained, positive
from evaluation.paragraphs import as_articles, sample
from reader.train.data import read_file
from retrieval.passages import split
from retrieval.storage.bm25 import Update, WordEntry, WordFilter, WordIndex, write_words
from retrieval.terms import asked_terms, terms

DEPTH = 100
COMPARED = 10
_TOKENIZER = "unicode61 remove_diacritics 0 tokenchars '.'"


@dataclass(frozen=True, slots=True)
class Engine:
    """What one engine takes: seconds, bytes, and milliseconds a question."""

    name: str
    build_seconds: float
    bytes: int
    p50_ms: float
    p95_ms: float
    p99_ms: float


@dataclass(frozen=True, slots=True)
class Comparison:
    """Both engines, and the share of their first `COMPARED` passages that is the same."""

    passages: int
    questions: int
    engines: tuple[Engine, Engine]
    in_common: float


def recombined(passages: Sequence[Sequence[str]], count: int, seed: int) -> Iterator[list[str]]:
    """`count` lists of terms: the passages as they are, then the first half of one with the second of one near it."""
    rng = random.Random(seed)
    for number in range(count):
        first = number % len(passages)
        second = first if number < len(passages) else (first + rng.randrange(1, 50)) % len(passages)
        one, other = passages[first], passages[second]
        yield [*one[: len(one) // 2], *other[len(other) // 2 :]]


def compare(folder: Path, passages: Sequence[Sequence[str]], asked: Sequence[list[str]], count: int) -> Comparison:
    """Builds both in `folder` and asks them."""
    words, full_text = folder / "words-1", folder / "fts5.sqlite3"
    building = [
        _timed(lambda: write_words(words, None, Update((), _entries(passages, count)))),
        _timed(lambda: _write_fts5(full_text, recombined(passages, count, seed=0))),
    ]
    index, connection = WordIndex.load(words), sqlite3.connect(full_text)
    searches: list[Callable[[list[str]], list[int]]] = [
        lambda some: index.search(some, DEPTH, WordFilter()),
        lambda some: _search_fts5(connection, some),
    ]
    found: list[list[list[int]]] = [[], []]
    waits: list[list[float]] = [[], []]
    for some in asked:
        for which, search in enumerate(searches):
            began = time.perf_counter()
            found[which].append(search(some))
            waits[which].append((time.perf_counter() - began) * 1000)
    connection.close()
    sizes = [sum(path.stat().st_size for path in words.iterdir()), full_text.stat().st_size]
    engines = [
        Engine(name, seconds, size, *(float(np.percentile(wait, share)) for share in (50, 95, 99)))
        for name, seconds, size, wait in zip(("tantivy", "FTS5"), building, sizes, waits, strict=True)
    ]
    common = [
        len(set(one[:COMPARED]) & set(other[:COMPARED])) / max(len(one[:COMPARED]), 1)
        for one, other in zip(*found, strict=True)
    ]
    return Comparison(count, len(asked), (engines[0], engines[1]), float(np.mean(common)))


def _entries(passages: Sequence[Sequence[str]], count: int) -> Iterator[WordEntry]:
    for number, some in enumerate(recombined(passages, count, seed=0)):
        yield WordEntry(number, number, None, None, some)


def _timed(build: Callable[[], object]) -> float:
    began = time.perf_counter()
    build()
    return time.perf_counter() - began


def _write_fts5(path: Path, passages: Iterator[list[str]]) -> None:
    connection = sqlite3.connect(path)
    connection.execute(f"""CREATE VIRTUAL TABLE words USING fts5(terms, content='', tokenize="{_TOKENIZER}")""")
    rows = ((number, " ".join(some)) for number, some in enumerate(passages))
    connection.executemany("INSERT INTO words (rowid, terms) VALUES (?, ?)", rows)
    connection.execute("INSERT INTO words (words) VALUES ('optimize')")
    connection.commit()
    connection.close()


def _search_fts5(connection: sqlite3.Connection, some: Sequence[str]) -> list[int]:
    query = " OR ".join(f'"{term}"' for term in some)
    rows = connection.execute("SELECT rowid FROM words WHERE words MATCH ? ORDER BY rank LIMIT ?", (query, DEPTH))
    return [row[0] for row in rows]


@explained
def main(arguments: Sequence[str] | None = None) -> int:
    """See the module."""
    parser = Parser("lexical", __doc__)
    parser.add_argument("files", type=Path, nargs="+", help="SQuAD-shaped JSON files")
    parser.add_argument("--passages", type=positive, default=1_000_000)
    parser.add_argument("--questions", type=positive, default=200)
    parser.add_argument("--json", action="store_true", help="print JSON")
    options = parser.parse_args(arguments)
    questions = [question for path in options.files for question in read_file(path)]
    articles = as_articles(question.paragraph for question in questions)
    passages = [terms(article.text[start:end]) for article in articles for start, end in split(article.text)]
    some = (list(asked_terms(each.text)) for each in sample(questions, options.questions, seed=0))
    asked = [terms_asked for terms_asked in some if terms_asked]
    with tempfile.TemporaryDirectory(prefix="dateline-") as folder:
        result = compare(Path(folder), passages, asked, options.passages)
    if options.json:
        print(json.dumps(asdict(result)))
        return 0
    print(f"{result.passages:,} passages, {result.questions} questions; same among the first {COMPARED}: ", end="")
    print(f"{result.in_common:.0%}")
    for engine in result.engines:
        print(
            f"{engine.name:8} built in {engine.build_seconds:6.1f} s, {engine.bytes / 1e6:7.1f} MB; a question "
            f"p50 {engine.p50_ms:7.1f} ms, p95 {engine.p95_ms:7.1f} ms, p99 {engine.p99_ms:7.1f} ms"
        )
    return 0


if __name__ == "__main__":
    sys.exit(main())
