"""Trains the time head, on the states of a reader that has all its other heads; some twenty minutes on a CPU.

    python -m reader.train.times [--adapter FOLDER] [--data FILE]

Each example of the data is a paragraph with time words in brackets, the day of its article, how they are to be read
(`reader.times.READINGS`), and a question that they answer:

    {"published": "2023-05-17", "text": "It opens [on Monday], he said.", "reads": "coming", "question": "when is ..."}

The states are those of reading the paragraph for the question, once under a heading that is the day alone, and once
under its first sentence and the day. The head is a multinomial logistic regression on their mean over the words. It is
first fitted on four fifths and measured on the last, five times, and what is printed is how often a date that would be
shown is right; then on all, and written into the adapter's `heads.safetensors`.
"""

import argparse
import json
import re
import sys
from collections.abc import Mapping, Sequence
from datetime import datetime
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from safetensors.numpy import load_file, save_file
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import KFold

from reader.confidence import SHIPPED
from reader.heads import HEADS, TIME, log_softmax
from reader.inputs import DEFAULT_LIMITS, Context, windows
from reader.model import TransformersReader
from reader.prepare import prepared_reader
from reader.times import LEAST, READINGS
from reader.train.model import BASE
from retrieval.heading import day, heading
from retrieval.progress import silent
from retrieval.types import Article

DATA = Path(__file__).with_name("times.json")
# the inverse of the weight decay, for states of unit variance
STRENGTH = 0.01
FOLDS = 5
HEADINGS = 2


def states(reader: TransformersReader, examples: Sequence[Mapping[str, str]]) -> NDArray[np.float32]:
    """(n, 2, hidden) float32, the mean last hidden state over the time words of each example, under both headings."""
    inputs, places = [], []
    for each in examples:
        before, words, after = re.split(r"[\[\]]", each["text"])
        published, text = datetime.fromisoformat(each["published"]), before + words + after
        article = Article("", "", None, None, published, "en", "", text)
        contexts = [Context(day(published), text), Context(heading(article), text)]
        start, end = len(before), len(before) + len(words)
        for window in windows(reader.tokenizer, each["question"], contexts, DEFAULT_LIMITS):
            inputs.append(window)
            places.append(window.tokens[(window.offsets[:, 0] < end) & (window.offsets[:, 1] > start)])
    outputs = reader.network.run(inputs)
    means = [output["hidden"][rows].mean(axis=0) for output, rows in zip(outputs, places, strict=True)]
    return np.array(means, dtype=np.float32).reshape(len(examples), HEADINGS, -1)


def fitted(hidden: NDArray[np.float32], reads: NDArray[np.int64]) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    """The weights (4, hidden) and bias (4,) of the head, float32, from states (n, 2, hidden) and readings (n,)."""
    rows, reads = hidden.reshape(-1, hidden.shape[-1]), np.repeat(reads, HEADINGS)
    mean, deviation = rows.mean(axis=0), np.maximum(rows.std(axis=0), 1e-6)  # some units are always 0
    model = LogisticRegression(C=STRENGTH, max_iter=1000).fit((rows - mean) / deviation, reads)
    # save_file writes the bytes as they lie
    weight = np.ascontiguousarray(model.coef_ / deviation, dtype=np.float32)
    return weight, np.asarray(model.intercept_ - weight @ mean, dtype=np.float32)


def held_out(hidden: NDArray[np.float32], reads: NDArray[np.int64]) -> NDArray[np.float32]:
    """(n, 2, 4) float32, the probabilities of each reading by a head that was fitted without the example."""
    chances = np.zeros((*hidden.shape[:2], len(READINGS)), dtype=np.float32)
    # not shuffled: twins, which differ in a word or two, stand beside each other
    for rest, some in KFold(FOLDS).split(hidden):
        weight, bias = fitted(hidden[rest], reads[rest])
        chances[some] = np.exp(log_softmax(hidden[some] @ weight.T + bias))
    return chances


def report(chances: NDArray[np.float32], reads: NDArray[np.int64]) -> str:
    """How many of the times that can be known are shown, and how many of those shown are right."""
    known = READINGS.index("none")
    reads = np.repeat(reads[:, None], HEADINGS, axis=1)
    best, likely = chances[..., :known].argmax(axis=-1), chances[..., :known].max(axis=-1)
    lines = []
    for least in sorted({0.5, 0.7, 0.8, 0.9, LEAST}):
        shown = likely >= least
        share, right = shown.sum() / (reads != known).sum(), (best == reads)[shown].mean()
        lines.append(f"from {least}: {share:.0%} shown, {right:.1%} of them right")
    return "\n".join(lines)


def main() -> int:
    """See the module; returns the exit status."""
    parser = argparse.ArgumentParser(prog="python -m reader.train.times", description=__doc__.split("\n")[0])
    parser.add_argument("--adapter", type=Path, default=SHIPPED, help="folder to write into (default: the shipped one)")
    parser.add_argument("--data", type=Path, default=DATA, help="examples (default: those that come with Dateline)")
    options = parser.parse_args()
    examples = json.loads(options.data.read_text(encoding="utf-8"))
    reader = TransformersReader.load(prepared_reader(BASE, options.adapter, silent))
    hidden = states(reader, examples)
    reads = np.array([READINGS.index(each["reads"]) for each in examples])
    print(report(held_out(hidden, reads), reads))
    weight, bias = fitted(hidden, reads)
    path = options.adapter / HEADS
    save_file(load_file(path) | {f"{TIME}.weight": weight, f"{TIME}.bias": bias}, path)
    return 0


if __name__ == "__main__":
    sys.exit(main())
