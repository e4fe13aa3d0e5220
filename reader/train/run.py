"""The training run: from prepared arrays to an adapter and its heads; resumable, with a log of JSON lines.

It needs nothing but torch, transformers, numpy and safetensors, on the CPU or on a GPU.
"""

import json
import math
import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, fields
from itertools import count
from pathlib import Path

import torch
from torch import Tensor
from torch.nn import functional

from reader.train.arrays import Arrays, Batch, Batches
from reader.train.losses import item_loss, label_loss, sentence_loss, span_loss, span_scores
from reader.train.model import Trained
from reader.train.recipe import Training

CHECKPOINT = "checkpoint.pt"
LOG = "log.jsonl"
_FINAL_RATE = 0.03  # of the peak


@dataclass(frozen=True, slots=True)
class Goal:
    """Where a run ends: after so many `steps`, or so many `minutes` of training, whichever is given; else after one
    pass over the data. The rate falls towards that end. A run to a deadline gives each stage as much of its time as
    the stage has of all tokens, and goes through it as often as that takes."""

    steps: int | None = None
    minutes: float | None = None


@dataclass(frozen=True, slots=True)
class Losses:
    """Means over a batch; nats, but `item`, which is in units of `losses.ITEM_TOKENS`."""

    span: Tensor
    item: Tensor
    sentence: Tensor
    kind: Tensor
    leans: Tensor
    pair: Tensor

    def total(self, training: Training) -> Tensor:
        """The weighted sum that is minimised."""
        return (
            self.span
            + training.item_weight * self.item
            + training.sentence_weight * self.sentence
            + training.kind_weight * (self.kind + self.leans)
            + training.pair_weight * self.pair
        )

    def numbers(self, prefix: str = "") -> dict[str, float]:
        """For the log."""
        return {f"{prefix}{each.name}": round(float(getattr(self, each.name).detach()), 4) for each in fields(self)}


class Run:
    """A model, its data and where it stands; everything that is needed to go on is in its folder's checkpoint."""

    def __init__(
        self, trained: Trained, arrays: Arrays, dev: Arrays, folder: Path, training: Training, seed: int, goal: Goal
    ) -> None:
        self._device = next(trained.parameters()).device
        self._trained = trained
        self._batches = Batches(arrays, training.tokens, seed)
        self._dev = Batches(dev, training.tokens, seed)
        self._folder = folder
        self._training = training
        self._goal = goal
        self._identity = repr((training, seed, goal, len(arrays.ids)))
        named = trained.trainable()
        # in the order of their names, which the checkpoint relies on
        heads = [value for name, value in named.items() if name.startswith(("heads.", "spans."))]
        rest = [value for name, value in named.items() if not name.startswith(("heads.", "spans."))]
        self._optimiser = torch.optim.AdamW(
            [{"params": rest, "peak": training.rate}, {"params": heads, "peak": training.head_rate}],
            lr=training.rate,
            weight_decay=0.01,
        )
        self._step = 0
        self._seconds = 0.0
        self._trained_tokens = 0
        self._ends: list[int] = []  # the steps at which stages were over
        self._all_tokens = int(arrays.lengths.sum())

    def train(self, save_every: float = 120.0, score_every: int = 400) -> None:
        """Trains from the checkpoint, if the folder has one, to the goal; saves every so many seconds. Raises
        ValueError if the checkpoint is of another run."""
        self._folder.mkdir(parents=True, exist_ok=True)
        if not self._resume():
            self._log({"step": 0, "training": asdict(self._training), "goal": asdict(self._goal)})
            self._score()
        tokens, began, before, saved = 0, time.monotonic(), self._seconds, time.monotonic()
        for examples in self._remaining():
            batch = self._batches.batch(examples)
            read = int(batch.mask.sum())
            losses = self._learn(batch.to(self._device))
            self._step += 1
            self._trained_tokens += read
            self._seconds = before + time.monotonic() - began
            tokens += read
            if self._step % 10 == 0:
                self._log({"step": self._step, "done": round(self._done(), 4), **losses.numbers(),
                           "tokens_per_second": round(tokens / (self._seconds - before))})  # fmt: skip
            if time.monotonic() - saved >= save_every:
                self._save()
                saved = time.monotonic()
            if self._step % score_every == 0:
                self._score()
            if self._done() >= 1:
                break
        self._score()
        self._save()

    def _remaining(self) -> Iterator[tuple[int, ...]]:
        """The examples of every batch that is still to come; which they are, data, seed and the ends of the stages
        alone decide."""
        step = 0
        for place, (stage, share) in enumerate(self._batches.stages.items()):
            for examples in self._passes(stage):
                if place < len(self._ends) and step == self._ends[place]:
                    break
                if step >= self._step:
                    if self._deadline and self._done() >= share:
                        break
                    yield tuple(examples)
                step += 1
            if place == len(self._ends):
                self._ends.append(step)

    def _passes(self, stage: int) -> Iterator[Sequence[int]]:
        """The batches of one pass over a stage; of pass after pass, where the goal is a deadline."""
        for number in count() if self._deadline else range(1):
            yield from self._batches.epoch(stage, number)

    @property
    def _deadline(self) -> bool:
        return self._goal.steps is not None or self._goal.minutes is not None

    def _done(self) -> float:
        """How much of the run is over, 0 to 1."""
        if self._goal.steps is not None:
            return self._step / self._goal.steps
        if self._goal.minutes is not None:
            return self._seconds / (60 * self._goal.minutes)
        return self._trained_tokens / self._all_tokens

    def _learn(self, batch: Batch) -> Losses:
        factor = rate_factor(self._done(), self._training.warm_up)
        for group in self._optimiser.param_groups:
            group["lr"] = group["peak"] * factor
        losses, _ = self._losses(batch)
        losses.total(self._training).backward()  # type: ignore[no-untyped-call]
        torch.nn.utils.clip_grad_norm_(list(self._trained.trainable().values()), self._training.clip)
        self._optimiser.step()
        self._optimiser.zero_grad()
        return losses

    def _losses(self, batch: Batch) -> tuple[Losses, Tensor]:
        """The losses, and (R, L, 2) start and end logits."""
        spans, hidden = self._trained(batch.ids, batch.mask)
        heads = self._trained.heads
        return Losses(
            span=span_loss(spans[..., 0], spans[..., 1], batch),
            item=item_loss(heads["item"](hidden), batch),
            sentence=sentence_loss(heads["sentence"](hidden)[..., 0], batch),
            kind=label_loss(heads["kind"](hidden[:, 0]), batch.kind, batch),
            leans=label_loss(functional.pad(heads["leans"](hidden[:, 0]), (1, 0)), batch.leans, batch),
            pair=label_loss(heads["pair"](hidden[:, 0]), batch.pair, batch),
        ), spans

    def _score(self) -> None:
        """Mean losses over the dev sample, and how often its best span, or "nowhere", is a right one."""
        means = dict[str, float]()
        right = asked = scored = 0
        self._trained.eval()
        with torch.no_grad():
            for examples in self._dev.in_order():
                batch = self._dev.batch(examples).to(self._device)
                losses, spans = self._losses(batch)
                for name, value in losses.numbers("dev_").items():
                    means[name] = means.get(name, 0.0) + value * len(examples)
                scored += len(examples)
                chosen = best_is_right(spans, batch)
                right += int(chosen.sum())
                asked += len(chosen)
        self._trained.train()
        if scored:
            shares = {name: round(value / scored, 4) for name, value in means.items()}
            self._log(
                {"step": self._step, "seconds": round(self._seconds), **shares, "dev_right": right / max(asked, 1)}
            )

    def _save(self) -> None:
        """The adapter as it is used, and beside it all that is needed to go on from here."""
        self._trained.save(self._folder)
        state = {
            "identity": self._identity,
            "step": self._step,
            "tokens": self._trained_tokens,
            "ends": self._ends,
            "seconds": self._seconds,
            "weights": {name: value.detach() for name, value in self._trained.trainable().items()},
            "optimiser": self._optimiser.state_dict(),
        }
        torch.save(state, self._folder / f"{CHECKPOINT}.new")
        (self._folder / f"{CHECKPOINT}.new").replace(self._folder / CHECKPOINT)

    def _resume(self) -> bool:
        """Puts the checkpoint's state back; whether there was one."""
        path = self._folder / CHECKPOINT
        if not path.exists():
            return False
        state = torch.load(path, map_location=self._device, weights_only=True)
        if state["identity"] != self._identity:
            raise ValueError(
                f"{path} belongs to another run, {state['identity']}, not {self._identity}; name another folder, or "
                "give the same data, recipe and goal."
            )
        parameters = self._trained.trainable()
        with torch.no_grad():
            for name, value in state["weights"].items():
                parameters[name].copy_(value)
        self._optimiser.load_state_dict(state["optimiser"])
        self._step, self._trained_tokens, self._seconds = state["step"], state["tokens"], state["seconds"]
        self._ends = state["ends"]
        return True

    def _log(self, entry: Mapping[str, object]) -> None:
        with (self._folder / LOG).open("a", encoding="utf-8") as file:
            file.write(json.dumps(entry) + "\n")


def best_is_right(spans: Tensor, batch: Batch) -> Tensor:
    """(n,) bool of the examples that teach spans: whether the best span of all its inputs is right, or "nowhere" is."""
    scores = span_scores(spans[..., 0], spans[..., 1], batch.sentences > 0)
    width = scores.shape[2]
    best, place = scores.flatten(1).max(1)
    right = {tuple(span) for span in batch.spans.tolist()}
    answered = set(batch.group[batch.spans[:, 0]].tolist())
    chosen = []
    for example in batch.spanned.nonzero().flatten().tolist():
        rows = (batch.group == example).nonzero().flatten()
        row = int(rows[best[rows].argmax()])
        first, more = divmod(int(place[row]), width)
        if float(best[row]) <= 0:
            chosen.append(example not in answered)
        else:
            chosen.append((row, first, first + more) in right)
    return torch.tensor(chosen, dtype=torch.bool)


def rate_factor(done: float, warm_up: float) -> float:
    """Of the peak rate: from 0 to 1 over the first `warm_up` of the run, then down along a cosine."""
    if done < warm_up:
        return (done + 1e-3) / (warm_up + 1e-3)
    left = (1 + math.cos(math.pi * min(1.0, (done - warm_up) / (1 - warm_up)))) / 2
    return _FINAL_RATE + (1 - _FINAL_RATE) * left
