"""From examples to batches of tensors."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from transformers import PreTrainedTokenizerFast

from reader.inputs import Context, Limits, Window, windows
from reader.model import collate
from reader.spans import MAX_TOKENS
from reader.train.data import Place
from reader.train.examples import Example

SINGLE_ITEM_WEIGHT = 0.5  # of a passage without several items, in the loss of the list head


@dataclass(frozen=True, slots=True)
class Row:
    """One input of an example.

    `gold`     (m, 2) int64, first and last token of each right span, places in the input's ids
    `tags`     (n,) int64, 0 outside, 1 begins, 2 continues an item, for each passage token
    `spanned`  whether the span head learns from it
    """

    window: Window
    gold: NDArray[np.int64]
    tags: NDArray[np.int64]
    weight: float
    spanned: bool


@dataclass(frozen=True, slots=True)
class Batch:
    """Several examples; R inputs, padded to L tokens, of G examples.

    `inputs`  what the model takes, (R, L) int64      `passage`  (R, L) bool, the passage's tokens
    `gold`    (m, 3) int64: input, first, last token  `group`    (R,) int64, the example of each input
    `tags`    (R, L) int64, 0 where not in the passage  `weight` (R,) float32, in the loss of the list head
    `spanned` (G,) bool, whether the span head learns from the example
    """

    inputs: dict[str, torch.Tensor]
    passage: torch.Tensor
    gold: torch.Tensor
    group: torch.Tensor
    tags: torch.Tensor
    weight: torch.Tensor
    spanned: torch.Tensor
    groups: int


def encode(tokenizer: PreTrainedTokenizerFast, example: Example, limits: Limits) -> list[Row] | None:
    """The inputs of an example; None where its only answers are longer than a span may be.

    A passage of several windows is read in the first that holds an answer, else in the first.
    """
    contexts = [Context(reading.heading, reading.text) for reading in example.readings]
    found: dict[int, list[Window]] = {}
    for window in windows(tokenizer, example.readings[0].question, contexts, limits):
        found.setdefault(window.context, []).append(window)
    rows = []
    for number, reading in enumerate(example.readings):
        options = [_row(window, reading.answers, example.question.listed) for window in found[number]]
        row = next((option for option in options if len(option.gold)), options[0])
        if reading.answers and not len(row.gold):
            return None
        rows.append(row)
    return rows


def _row(window: Window, answers: Sequence[Place], listed: bool) -> Row:
    gold: list[tuple[int, int]] = []
    tags = np.zeros(len(window.tokens), dtype=np.int64)
    for number, place in enumerate(answers):
        inside = np.flatnonzero((window.offsets[:, 1] > place.start) & (window.offsets[:, 0] < place.end))
        whole = len(inside) > 0 and window.offsets[inside[0], 0] <= place.start
        if not whole or window.offsets[inside[-1], 1] < place.end or len(inside) > MAX_TOKENS:
            continue
        gold.append((int(window.tokens[inside[0]]), int(window.tokens[inside[-1]])))
        if listed or number == 0:
            tags[inside] = 2
            tags[inside[0]] = 1
    if listed and len(gold) > 1:
        hull = _enumeration(gold)
        return Row(window, _pairs([hull or gold[0]]), tags, 1.0, spanned=hull is not None)
    return Row(window, _pairs(gold), tags, SINGLE_ITEM_WEIGHT, spanned=True)


def _enumeration(items: Sequence[tuple[int, int]]) -> tuple[int, int] | None:
    """The stretch from the first item to the last, which is the list as one answer; None where they are far apart.

    A span head that is taught single items of lists gives too little where one answer is asked for.
    """
    first, last = min(start for start, _ in items), max(end for _, end in items)
    tokens = sum(end - start + 1 for start, end in set(items))
    return (first, last) if last - first < min(MAX_TOKENS, 2 * tokens + 4) else None


def _pairs(gold: Sequence[tuple[int, int]]) -> NDArray[np.int64]:
    return np.array(sorted(set(gold)), dtype=np.int64).reshape(-1, 2)


def bucketed(encoded: Sequence[list[Row]], budget: int) -> Iterator[list[list[Row]]]:
    """Examples of like length together, at most `budget` padded tokens a batch, longest first."""
    batch: list[list[Row]] = []
    count = longest = 0
    for rows in sorted(encoded, key=lambda rows: -max(len(row.window.ids) for row in rows)):
        longest = max(longest, *(len(row.window.ids) for row in rows))
        if batch and (count + len(rows)) * longest > budget:
            yield batch
            batch, count = [], 0
            longest = max(len(row.window.ids) for row in rows)
        batch.append(rows)
        count += len(rows)
    if batch:
        yield batch


def to_batch(examples: Sequence[list[Row]], tokenizer: PreTrainedTokenizerFast) -> Batch:
    """See `Batch`."""
    rows = [(group, row) for group, several in enumerate(examples) for row in several]
    inputs = collate([row.window for _, row in rows], tokenizer)
    shape = inputs["input_ids"].shape
    passage = torch.zeros(shape, dtype=torch.bool)
    tags = torch.zeros(shape, dtype=torch.long)
    for number, (_, row) in enumerate(rows):
        passage[number, row.window.tokens] = True
        tags[number, row.window.tokens] = torch.from_numpy(row.tags)
    gold = [(number, *pair) for number, (_, row) in enumerate(rows) for pair in row.gold.tolist()]
    return Batch(
        inputs={name: tensor for name, tensor in inputs.items() if name in tokenizer.model_input_names},
        passage=passage,
        gold=torch.tensor(gold, dtype=torch.long).reshape(-1, 3),
        group=torch.tensor([group for group, _ in rows]),
        tags=tags,
        weight=torch.tensor([row.weight for _, row in rows]),
        spanned=torch.tensor([all(row.spanned for row in several) for several in examples]),
        groups=len(examples),
    )
