"""Prepares the training data: from a folder of question files and a recipe to one file of arrays.

    python -m reader.train.prepare --data FOLDER --out FILE [--recipe FILE] [--questions N]

FOLDER has the files that the recipe names, such as `train/squad2.json`; it may lack some, which are left out and named.
Beside FILE stands FILE's dev sample, `NAME.dev.npz`, of the files that the recipe lists under `dev`. Training needs
nothing else: no text, no tokenizer, and none of Dateline's own models.
"""

import argparse
import random
import sys
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TypeVar

import numpy as np
from numpy.typing import NDArray
from tokenizers import Tokenizer

from reader.inputs import Context, Limits, Window, windows
from reader.pairs import pair_ids
from reader.pytorch import bare_tokenizer, load_tokenizer
from reader.spans import MAX_TOKENS
from reader.train.arrays import Arrays, dev_file
from reader.train.comparisons import Comparison, read_comparisons
from reader.train.data import KINDS, Question, conjunction, read_file
from reader.train.examples import Example, Maker, as_typed
from reader.train.negatives import mine
from reader.train.recipe import DEFAULT, Recipe, Set
from reader.train.traps import Reading
from retrieval.encoder import load_encoder, prepared_encoder
from retrieval.errors import CorpusError
from retrieval.models import ENCODER, READER_BASE, quieten_transformers, resolve
from retrieval.progress import Progress, on_stderr, silent
from retrieval.sentences import sentence_spans

T = TypeVar("T")

NEGATIVES = 6  # kept of each question
ENUMERATIONS = "enumerations"  # a set: the questions of all files whose answer is a short enumeration, as lists
_MAX_SENTENCE_NUMBER = 255  # of a byte; later sentences share it


@dataclass(frozen=True, slots=True)
class _Input:
    """One input: its ids, their sentence numbers, spans and items (places in its ids), and sentences that answer."""

    ids: NDArray[np.int64]
    sentences: list[int]
    spans: list[tuple[int, int]]
    items: list[tuple[int, int]]
    supporting: list[int]


class Builder:
    """Turns examples into arrays, one at a time."""

    def __init__(self, tokenizer: Tokenizer) -> None:
        self._tokenizer = tokenizer
        self._limits = Limits()
        self._inputs: list[_Input] = []
        self._example: list[int] = []
        self._listed: list[bool] = []
        self._kind: list[int] = []
        self._leans: list[int] = []
        self._pair: list[int] = []
        self._spanned: list[bool] = []
        self._stage: list[int] = []

    def __len__(self) -> int:
        return len(self._kind)

    def add(self, example: Example, stage: int, *, kind_known: bool) -> bool:
        """Adds an example; returns whether it could be: not where its only answers are longer than a span may be."""
        kind = example.question.kind
        made = [self._input(reading, kind) for reading in example.readings]
        answered = any(reading.answers for reading in example.readings)
        if kind == "one" and answered and not any(each.spans for each in made):
            return False
        spanned = True
        if kind == "passage":
            spanned = not answered
        if kind == "list":
            # a span head that is taught single items of lists gives too little where one answer is asked for
            made, spanned = _as_lists(made)
        self._example += [len(self._kind)] * len(made)
        self._listed += [kind == "list"] * len(made)
        self._inputs += made
        self._kind.append(KINDS.index(kind) if kind_known else -1)
        self._leans.append(-1 if example.leans is None else int(example.leans))
        self._pair.append(-1)
        self._spanned.append(spanned)
        self._stage.append(stage)
        return True

    def compare(self, comparison: Comparison, stage: int) -> None:
        """Adds two answers side by side."""
        ids = pair_ids(self._tokenizer, comparison.question, comparison.one, comparison.other)
        self._example.append(len(self._kind))
        self._listed.append(False)
        self._inputs.append(_Input(np.array(ids), [0] * len(ids), [], [], []))
        self._kind.append(-1)
        self._leans.append(-1)
        self._pair.append(comparison.relation)
        self._spanned.append(False)
        self._stage.append(stage)

    def _input(self, reading: Reading, kind: str) -> _Input:
        """A passage of several windows is read in the first that holds an answer, else in the first."""
        made = [
            _located(window, reading, kind)
            for window in windows(
                self._tokenizer, reading.question, [Context(reading.heading, reading.text)], self._limits
            )
        ]
        return next((each for each in made if each.items or each.supporting), made[0])

    def arrays(self) -> Arrays:
        """All that was added."""
        ids = [each.ids for each in self._inputs]

        def table(rows: Iterable[tuple[int, ...]], width: int) -> np.ndarray[tuple[int, ...], np.dtype[np.int32]]:
            return np.array(list(rows), dtype=np.int32).reshape(-1, width)

        return Arrays(
            ids=np.concatenate(ids).astype(np.uint16),
            sentences=np.concatenate([np.array(each.sentences, dtype=np.uint8) for each in self._inputs]),
            lengths=np.array([len(each) for each in ids], dtype=np.int32),
            example=np.array(self._example, dtype=np.int32),
            spans=table(((n, *pair) for n, each in enumerate(self._inputs) for pair in each.spans), 3),
            items=table(((n, *pair) for n, each in enumerate(self._inputs) for pair in each.items), 3),
            supporting=table(((n, s) for n, each in enumerate(self._inputs) for s in each.supporting), 2),
            listed=np.array(self._listed, dtype=bool),
            kind=np.array(self._kind, dtype=np.int8),
            leans=np.array(self._leans, dtype=np.int8),
            pair=np.array(self._pair, dtype=np.int8),
            spanned=np.array(self._spanned, dtype=bool),
            stage=np.array(self._stage, dtype=np.int8),
        )


def _located(window: Window, reading: Reading, kind: str) -> _Input:
    """Where the answers stand in the window: as spans, as items, and the sentences that hold them."""
    starts = np.array([start for start, _ in sentence_spans(reading.text)])
    sentences = np.zeros(len(window.ids), dtype=np.int64)
    numbers = np.searchsorted(starts, window.offsets[:, 0], side="right")
    sentences[window.tokens] = np.minimum(numbers, _MAX_SENTENCE_NUMBER)
    spans: list[tuple[int, int]] = []
    supporting: set[int] = set()
    for place in reading.answers:
        inside = np.flatnonzero((window.offsets[:, 1] > place.start) & (window.offsets[:, 0] < place.end))
        if not len(inside) or window.offsets[inside[0], 0] > place.start or window.offsets[inside[-1], 1] < place.end:
            continue
        supporting |= {int(number) for number in sentences[window.tokens[inside]]}
        if kind != "passage" and len(inside) <= MAX_TOKENS:
            spans.append((int(window.tokens[inside[0]]), int(window.tokens[inside[-1]])))
    items = spans if kind == "list" else spans[:1]
    return _Input(window.ids, sentences.tolist(), sorted(set(spans)), sorted(set(items)), sorted(supporting))


def _as_lists(made: Sequence[_Input]) -> tuple[list[_Input], bool]:
    """The inputs of a list; its span is the whole enumeration, if it is one and stands in one passage."""
    holding = [each for each in made if each.items]
    hull = _enumeration(holding[0].items) if len(holding) == 1 else None
    spanned = not holding or hull is not None
    return [replace(each, spans=[hull] if each.items and hull is not None else []) for each in made], spanned


def _enumeration(items: Sequence[tuple[int, int]]) -> tuple[int, int] | None:
    """The stretch from the first item to the last; None where they are far apart."""
    first, last = items[0][0], max(end for _, end in items)
    tokens = sum(end - start + 1 for start, end in items)
    return (first, last) if last - first < min(MAX_TOKENS, 2 * tokens + 4) else None


def prepared(
    data: Path, recipe: Recipe, tokenizer: Tokenizer, most: int | None, progress: Progress
) -> tuple[Arrays, Arrays]:
    """The arrays to train on and those to score, from the files of `data` that are there; raises CorpusError."""
    scored = _dev_sample(data, recipe, tokenizer)
    names = dict.fromkeys(e.file for e in recipe.sets if e.file != ENUMERATIONS and e.make != "pairs")
    files = {name: read_file(_path(data, name)) for name in names if _path(data, name).is_file()}
    for name in names:
        if name not in files:
            print(f"{name} is not in {data} and is left out.", file=sys.stderr)
    by_source = {questions[0].paragraph.source: questions for questions in files.values()}
    archive = dict.fromkeys(
        each.file for each in recipe.sets if each.make in {"news", "conversing"} and each.file in files
    )
    news = [question for name in archive for question in files[name]]
    encoder = load_encoder(prepared_encoder(ENCODER, silent))
    maker = Maker(by_source, mine(news, encoder, NEGATIVES, progress) if news else {}, recipe.seed)
    several = (conjunction(question) for questions in files.values() for question in questions)
    files[ENUMERATIONS] = [question for question in several if question is not None]
    builder = Builder(tokenizer)
    with progress("Preparing", len(recipe.sets)) as advance:
        for number, each in enumerate(sorted(recipe.sets, key=lambda each: each.stage)):
            seed = f"{recipe.seed}:{number}"
            if each.make == "pairs" and _path(data, each.file).is_file():
                for draw_name, pair in _drawn(each, read_comparisons(_path(data, each.file)), seed, most):
                    builder.compare(_either_way(pair, draw_name), each.stage)
            elif each.file in files:
                wanted = [q for q in files[each.file] if each.wants is None or q.kind == each.wants]
                for draw_name, question in _drawn(each, wanted, seed, most):
                    example = as_typed(_made(maker, each, draw_name, question), draw_name)
                    builder.add(example, each.stage, kind_known=each.kind_known)
            advance(1)
    return builder.arrays(), scored


def _dev_sample(data: Path, recipe: Recipe, tokenizer: Tokenizer) -> Arrays:
    """What is scored, each question with its own paragraph. Raises CorpusError where nothing is."""
    maker, builder = Maker({}, {}, recipe.seed), Builder(tokenizer)
    paths = {name: path for name in recipe.dev if (path := _path(data, name)).is_file()}
    for name, path in paths.items():
        if name.endswith("_pairs"):
            for pair in read_comparisons(path)[: recipe.dev[name]]:
                builder.compare(pair, 0)
            continue
        questions = read_file(path)
        for question in random.Random(name).sample(questions, min(recipe.dev[name], len(questions))):
            builder.add(maker.plain("dev", question), 0, kind_known=name.startswith(("news/", "own/")))
    if not builder:
        raise CorpusError(f"None of the files that the recipe lists under dev is in {data}; it needs one to score.")
    return builder.arrays()


def _path(data: Path, name: str) -> Path:
    """The file of a set: those whose name begins with "own/" are our own, beside this module."""
    folder, _, stem = name.partition("/")
    return Path(__file__).with_name(f"{stem}.json") if folder == "own" else data / f"{name}.json"


def _drawn(each: Set, wanted: Sequence[T], seed: str, most: int | None) -> Iterator[tuple[str, T]]:
    """What a set has, each as often as its share says; with a name for each draw, so that draws differ.

    A share of 2.5 is every question twice and half of them, drawn at random, once more.
    """
    rng = random.Random(seed)
    remaining = round(each.share * len(wanted)) if most is None else min(round(each.share * len(wanted)), most)
    draw = 0
    while remaining > 0:
        chosen = rng.sample(wanted, min(remaining, len(wanted)))
        yield from ((f"{seed}:{draw}", one) for one in chosen)
        remaining -= len(chosen)
        draw += 1


def _either_way(pair: Comparison, draw_name: str) -> Comparison:
    """The pair, or the other way round, at random."""
    if random.Random(f"{draw_name}:{pair.question}:{pair.one.answer}").random() < 0.5:
        return pair
    return replace(pair, one=pair.other, other=pair.one)


def _made(maker: Maker, each: Set, draw_name: str, question: Question) -> Example:
    match each.make:
        case "news":
            return maker.news(draw_name, question, each.others)
        case "conversing":
            return maker.conversing(draw_name, question, each.others)
        case "grouped":
            return maker.grouped(draw_name, question, each.others)
        case "trapped":
            return maker.trapped(draw_name, question)
        case _:
            return maker.plain(draw_name, question)


def main() -> int:
    """See the module; returns the exit status."""
    parser = argparse.ArgumentParser(prog="python -m reader.train.prepare", description=__doc__.split("\n")[0])
    parser.add_argument("--data", type=Path, required=True, help="folder of question files")
    parser.add_argument("--out", type=Path, required=True, help="file to write, NAME.npz; NAME.dev.npz beside it")
    parser.add_argument(
        "--recipe", type=Path, default=DEFAULT, help="sets, shares and stages (default: the shipped one)"
    )
    parser.add_argument("--base", default=READER_BASE, help=f"model whose tokenizer is used (default: {READER_BASE})")
    parser.add_argument("--questions", type=int, default=None, help="at most so many of each set, to try it out")
    options = parser.parse_args()
    quieten_transformers()
    tokenizer = bare_tokenizer(load_tokenizer(resolve(options.base, silent)))
    arrays, scored = prepared(options.data, Recipe.load(options.recipe), tokenizer, options.questions, on_stderr)
    arrays.save(options.out)
    scored.save(dev_file(options.out))
    print(f"{len(arrays.kind):,} examples, {len(arrays.lengths):,} inputs, {len(arrays.ids):,} tokens in {options.out}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
