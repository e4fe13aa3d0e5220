"""The prepared data: examples as arrays of token ids, in one compressed file that any machine can be trained from.

Nothing here knows text or tokenizers: what was a question with passages is a group of inputs.
"""

from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass, fields
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from retrieval.errors import CorpusError

PAD = 1  # MPNet's; padding is masked, so the id itself means nothing


@dataclass(frozen=True, slots=True)
class Arrays:
    """R inputs of E examples, T tokens in all. An example's inputs are neighbours.

    `ids`        (T,) uint16, the token ids of all inputs, one input after another
    `sentences`  (T,) uint8, 0 outside of the passage, else the number of the token's sentence in it, from 1
    `lengths`    (R,) int32, tokens of each input
    `example`    (R,) int32, non-decreasing: the example that an input belongs to
    `spans`      (m, 3) int32: input, first and last token of each right span
    `items`      (k, 3) int32: input, first and last token of each item to be tagged
    `supporting` (s, 2) int32: input, number of a sentence that answers
    `listed`     (R,) bool, whether the example is a list: its items are all there are
    `kind`       (E,) int8, place in `reader.train.data.KINDS`; -1 where it is not to be learned
    `leans`      (E,) int8, 1 where the question leans on its conversation, 0 where it does not; -1 where it has none
    `pair`       (E,) int8, place in `reader.pairs.RELATIONS` of two answers side by side; -1 for all else
    `spanned`    (E,) bool, whether the span head learns from the example
    `stage`      (E,) int8, non-decreasing; stages are trained one after another
    """

    ids: NDArray[np.uint16]
    sentences: NDArray[np.uint8]
    lengths: NDArray[np.int32]
    example: NDArray[np.int32]
    spans: NDArray[np.int32]
    items: NDArray[np.int32]
    supporting: NDArray[np.int32]
    listed: NDArray[np.bool_]
    kind: NDArray[np.int8]
    leans: NDArray[np.int8]
    pair: NDArray[np.int8]
    spanned: NDArray[np.bool_]
    stage: NDArray[np.int8]

    def save(self, path: Path) -> None:
        """Writes the file, whole or not at all."""
        new = path.with_suffix(".new.npz")
        np.savez_compressed(new, **asdict(self))
        new.replace(path)

    @classmethod
    def load(cls, path: Path) -> "Arrays":
        """Raises CorpusError where the file is none that `save` wrote."""
        try:
            with np.load(path) as file:
                return cls(**{field.name: file[field.name] for field in fields(cls)})
        except (OSError, ValueError, KeyError) as error:
            raise CorpusError(
                f"{path} has no prepared training data ({error}); make it with `python -m reader.train.prepare`."
            ) from error


def dev_file(path: Path) -> Path:
    """Where the dev sample of a file of arrays stands: "news.npz" -> "news.dev.npz"."""
    return path.with_suffix(".dev.npz")


@dataclass(frozen=True, slots=True)
class Batch:
    """Some examples: R inputs, padded to L tokens, of G examples; see `Arrays`.

    `ids` (R, L) int64, `mask` (R, L) int64, `sentences` (R, L) int64, `tags` (R, L) int64: 0 outside, 1 begins,
    2 continues an item; `spans` (m, 3), `supporting` (s, 2), `group` (R,), `kind`, `leans`, `pair` (G,) int64;
    `listed` (R,), `spanned` (G,) bool.
    """

    ids: Tensor
    mask: Tensor
    sentences: Tensor
    tags: Tensor
    spans: Tensor
    supporting: Tensor
    group: Tensor
    kind: Tensor
    leans: Tensor
    pair: Tensor
    listed: Tensor
    spanned: Tensor

    @property
    def groups(self) -> int:
        """How many examples."""
        return len(self.kind)

    def to(self, device: torch.device) -> "Batch":
        """The same on `device`."""
        return Batch(*(getattr(self, field.name).to(device) for field in fields(self)))


class Batches:
    """Batches of `arrays`, at most `budget` padded tokens each, in an order that the seed decides."""

    def __init__(self, arrays: Arrays, budget: int, seed: int, chunk: int = 1024) -> None:
        self._arrays = arrays
        self._budget = budget
        self._seed = seed
        self._chunk = chunk
        self._offsets = np.concatenate([[0], np.cumsum(arrays.lengths, dtype=np.int64)])
        self._inputs = np.searchsorted(arrays.example, np.arange(len(arrays.kind) + 1))
        self._longest = np.maximum.reduceat(arrays.lengths, self._inputs[:-1])

    def epoch(self, stage: int, number: int) -> Iterator[Sequence[int]]:
        """The examples of each batch of one pass over a stage: shuffled, those of like length together.

        A stage is shuffled anew each time. Batches are made from `chunk` examples at once, so the order of lengths is
        random but for these.
        """
        rng = np.random.default_rng((self._seed, stage, number))
        order = rng.permutation(np.flatnonzero(self._arrays.stage == stage))
        for first in range(0, len(order), self._chunk):
            batches = list(self._bucketed(order[first : first + self._chunk]))
            for place in rng.permutation(len(batches)):
                yield batches[place]

    @property
    def stages(self) -> dict[int, float]:
        """The stages in their order, each with the part of all tokens that it and those before it have: up to 1."""
        tokens = np.bincount(self._arrays.stage[self._arrays.example], weights=self._arrays.lengths)
        ends = np.cumsum(tokens) / tokens.sum()
        return {stage: float(ends[stage]) for stage in np.unique(self._arrays.stage).tolist()}

    def in_order(self) -> Iterator[Sequence[int]]:
        """All examples once, longest first: for a score."""
        yield from self._bucketed(np.arange(len(self._arrays.kind)))

    def _bucketed(self, examples: NDArray[np.int64]) -> Iterator[Sequence[int]]:
        batch: list[int] = []
        count = 0
        for example in sorted(examples.tolist(), key=lambda example: -self._longest[example]):
            inputs = int(self._inputs[example + 1] - self._inputs[example])
            if batch and (count + inputs) * self._longest[batch[0]] > self._budget:
                yield batch
                batch, count = [], 0
            batch.append(example)
            count += inputs
        if batch:
            yield batch

    def batch(self, examples: Sequence[int]) -> Batch:
        """The tensors of some examples."""
        arrays = self._arrays
        rows = np.concatenate([np.arange(self._inputs[e], self._inputs[e + 1]) for e in examples])
        shape = (len(rows), int(arrays.lengths[rows].max()))
        ids, mask = np.full(shape, PAD, dtype=np.int64), np.zeros(shape, dtype=np.int64)
        sentences, tags = np.zeros(shape, dtype=np.int64), np.zeros(shape, dtype=np.int64)
        for place, row in enumerate(rows.tolist()):
            start, end = self._offsets[row], self._offsets[row + 1]
            ids[place, : end - start] = arrays.ids[start:end]
            sentences[place, : end - start] = arrays.sentences[start:end]
            mask[place, : end - start] = 1
        for place, first, last in _of_rows(arrays.items, rows).tolist():
            tags[place, first : last + 1] = 2
            tags[place, first] = 1
        group = np.repeat(np.arange(len(examples)), [self._inputs[e + 1] - self._inputs[e] for e in examples])
        return Batch(
            ids=torch.from_numpy(ids),
            mask=torch.from_numpy(mask),
            sentences=torch.from_numpy(sentences),
            tags=torch.from_numpy(tags),
            spans=torch.from_numpy(_of_rows(arrays.spans, rows)),
            supporting=torch.from_numpy(_of_rows(arrays.supporting, rows)),
            group=torch.from_numpy(group),
            kind=torch.from_numpy(arrays.kind[list(examples)].astype(np.int64)),
            leans=torch.from_numpy(arrays.leans[list(examples)].astype(np.int64)),
            pair=torch.from_numpy(arrays.pair[list(examples)].astype(np.int64)),
            listed=torch.from_numpy(arrays.listed[rows]),
            spanned=torch.from_numpy(arrays.spanned[list(examples)]),
        )


def _of_rows(table: NDArray[np.int32], rows: NDArray[np.int64]) -> NDArray[np.int64]:
    """The entries of a table, sorted by input, that belong to some inputs, which become places in `rows`.

    table [[4, 1, 2], [7, 0, 0]], rows [7, 4] -> [[0, 0, 0], [1, 1, 2]]
    """
    low, high = np.searchsorted(table[:, 0], rows), np.searchsorted(table[:, 0], rows, side="right")
    places = np.concatenate([np.arange(a, b) for a, b in zip(low, high, strict=True)]).astype(np.int64)
    found = table[places].astype(np.int64)
    found[:, 0] = np.repeat(np.arange(len(rows)), high - low)
    return found
