"""The training run: deterministic, resumable at the exact step, with a log of JSON lines."""

import contextlib
import json
import math
import random
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

import torch
from transformers import AutoTokenizer, PreTrainedTokenizerFast

from reader.inputs import Limits
from reader.train.adapter import Trained
from reader.train.data import Question
from reader.train.encode import Batch, Row, bucketed, encode, to_batch
from reader.train.examples import Maker
from reader.train.losses import item_loss, span_loss
from reader.train.stages import STAGES, Stage, chosen
from retrieval.errors import ModelError

CHUNK = 512  # questions drawn together before they are sorted by length
CHECKPOINT = "checkpoint.pt"
LOG = "log.jsonl"


@dataclass(frozen=True, slots=True)
class Settings:
    """What decides a run; `rate` is AdamW's for the adapter, tokens are padded ones."""

    rank: int = 44
    layers: int | None = None
    stages: tuple[str, ...] = tuple(stage.name for stage in STAGES)
    most: int | None = None
    epochs: int = 1
    budget: int = 2048
    rate: float = 2e-4
    head_rate: float = 1e-3
    item_weight: float = 0.5
    warm_up: float = 0.05
    clip: float = 1.0
    seed: int = 17
    save_every: int = 50


@dataclass(frozen=True, slots=True)
class Step:
    """One batch: its number in the run, its stage, the part of the run that is done after it, 0 to 1."""

    number: int
    stage: str
    done: float
    batch: Batch


class Run:
    """A model, its data and where it stands; everything that is needed to go on is in its folder's checkpoint."""

    def __init__(
        self,
        trained: Trained,
        tokenizer: PreTrainedTokenizerFast,
        questions: Mapping[str, Sequence[Question]],
        dev: Sequence[Question],
        negatives: Mapping[str, Sequence[str]],
        folder: Path,
        settings: Settings,
    ) -> None:
        self._device = torch.device("cuda" if torch.cuda.is_available() else "cpu")
        self._trained = trained.to(self._device)
        self._tokenizer = tokenizer
        self._questions = questions
        self._maker = Maker(questions, negatives, settings.seed)
        self._folder = folder
        self._settings = settings
        self._limits = Limits()
        parameters = trained.trainable()
        heads = [value for name, value in parameters.items() if name.startswith("item_head")]
        rest = [value for name, value in parameters.items() if not name.startswith("item_head")]
        self._optimiser = torch.optim.AdamW(
            [{"params": rest, "peak": settings.rate}, {"params": heads, "peak": settings.head_rate}],
            lr=settings.rate,
            weight_decay=0.01,
        )
        self._dev = self._dev_batches(dev)

    def train(self, stop_at: int | None = None) -> None:
        """Trains from the checkpoint, if the folder has one, to the end (or to step `stop_at`), and saves."""
        self._folder.mkdir(parents=True, exist_ok=True)
        done = self._resume()
        began = time.monotonic()
        tokens = 0
        stage = None
        for step in self._steps(skip=done):
            if stage is not None and step.stage != stage:
                self._score(step.number - 1, f"after {stage}")
            stage = step.stage
            losses = self._learn(step)
            tokens += int(step.batch.inputs["attention_mask"].sum())
            self._log({"step": step.number, "stage": step.stage, "done": step.done, **losses, "tokens": tokens,
                       "seconds": time.monotonic() - began})  # fmt: skip
            if step.number % self._settings.save_every == 0:
                self._save(step.number)
            done = step.number
            if done == stop_at:
                self._save(done)
                return
        self._score(done, "end")
        self._save(done)

    def _learn(self, step: Step) -> dict[str, float]:
        for group in self._optimiser.param_groups:
            group["lr"] = group["peak"] * rate_factor(step.done, self._settings.warm_up)
        span, item = self._losses(step.batch)
        (span + self._settings.item_weight * item).backward()  # type: ignore[no-untyped-call]
        norm = torch.nn.utils.clip_grad_norm_(list(self._trained.trainable().values()), self._settings.clip)
        self._optimiser.step()
        self._optimiser.zero_grad()
        return {"span": float(span.detach()), "item": float(item.detach()), "norm": float(norm)}

    def _losses(self, batch: Batch) -> tuple[torch.Tensor, torch.Tensor]:
        with self._autocast():
            logits = self._trained(batch.inputs)
        return span_loss(logits.start, logits.end, batch), item_loss(logits.item, batch)

    def _autocast(self) -> AbstractContextManager[Any]:
        """bfloat16 where the hardware multiplies it; elsewhere it would be slower than float32."""
        fast = self._device.type == "cuda" or torch.backends.cpu.get_cpu_capability() == "AMX"
        return torch.autocast(self._device.type, torch.bfloat16) if fast else contextlib.nullcontext()

    def _steps(self, skip: int) -> Iterator[Step]:
        """All batches after the first `skip`. Which they are depends on settings and data alone."""
        stages = [stage for stage in STAGES if stage.name in self._settings.stages]
        plan = [
            (stage, f"{stage.name}:{epoch}", chosen(stage, self._questions, self._settings.most, self._settings.seed))
            for epoch in range(self._settings.epochs)
            for stage in stages
        ]
        plan.sort(key=lambda entry: stages.index(entry[0]))
        total = sum(len(questions) * (stage.others + 1) for stage, _, questions in plan)
        number = 0
        read = 0.0
        for stage, name, questions in plan:
            for first in range(0, len(questions), CHUNK):
                chunk = questions[first : first + CHUNK]
                encoded = self._encode(stage, name, chunk)
                batches = list(bucketed(encoded, self._settings.budget))
                random.Random(f"{self._settings.seed}:{name}:{first}").shuffle(batches)
                for batch in batches:
                    number += 1
                    read += len(chunk) * (stage.others + 1) / len(batches)
                    if number > skip:
                        moved = on_device(to_batch(batch, self._tokenizer), self._device)
                        yield Step(number, stage.name, min(read / total, 1.0), moved)

    def _encode(self, stage: Stage, name: str, questions: Sequence[Question]) -> list[list[Row]]:
        examples = [
            self._maker.group(name, question, stage.others) if stage.others else self._maker.single(name, question)
            for question in questions
        ]
        encoded = [encode(self._tokenizer, example, self._limits) for example in examples]
        return [rows for rows in encoded if rows is not None]

    def _dev_batches(self, dev: Sequence[Question]) -> list[Batch]:
        examples = [self._maker.plain(question) for question in dev]
        encoded = [encode(self._tokenizer, example, self._limits) for example in examples]
        kept = bucketed([rows for rows in encoded if rows is not None], self._settings.budget)
        return [on_device(to_batch(batch, self._tokenizer), self._device) for batch in kept]

    def _score(self, number: int, when: str) -> None:
        """Mean losses over the dev sample, in nats; lower is better. EM and F1 are evaluation.reader's."""
        span = item = 0.0
        count = sum(batch.groups for batch in self._dev)
        with torch.no_grad():
            for batch in self._dev:
                losses = self._losses(batch)
                span += float(losses[0]) * batch.groups / count
                item += float(losses[1]) * batch.groups / count
        if count:
            self._log({"step": number, "when": when, "dev_span": span, "dev_item": item, "dev_questions": count})

    def _save(self, number: int) -> None:
        """The adapter as it is used, and beside it all that is needed to go on from here."""
        self._trained.save(self._folder)
        state = {
            "step": number,
            "settings": repr(self._settings),
            "weights": {name: value.detach() for name, value in self._trained.trainable().items()},
            "optimiser": self._optimiser.state_dict(),
            "random": torch.get_rng_state(),
        }
        torch.save(state, self._folder / f"{CHECKPOINT}.new")
        (self._folder / f"{CHECKPOINT}.new").replace(self._folder / CHECKPOINT)

    def _resume(self) -> int:
        """Puts the checkpoint's state back; the number of steps that it has done."""
        path = self._folder / CHECKPOINT
        if not path.exists():
            self._log({"step": 0, "settings": asdict(self._settings), "torch": torch.__version__})
            self._score(0, "start")
            return 0
        state = torch.load(path, map_location=self._device, weights_only=True)
        if state["settings"] != repr(self._settings):
            raise SystemExit(
                f"{path} is of a run with {state['settings']}, not {self._settings!r}; choose another --out, or the "
                "same options."
            )
        parameters = self._trained.trainable()
        with torch.no_grad():
            for name, value in state["weights"].items():
                parameters[name].copy_(value)
        self._optimiser.load_state_dict(state["optimiser"])
        torch.set_rng_state(state["random"].cpu())
        return int(state["step"])

    def _log(self, entry: Mapping[str, object]) -> None:
        with (self._folder / LOG).open("a", encoding="utf-8") as file:
            file.write(json.dumps(entry) + "\n")


def rate_factor(done: float, warm_up: float) -> float:
    """Of the peak rate: from 0 to 1 over the first `warm_up` of the run, then down along a cosine to a twentieth."""
    if done < warm_up:
        return done / warm_up
    return 0.05 + 0.95 * (1 + math.cos(math.pi * (done - warm_up) / (1 - warm_up))) / 2


def on_device(batch: Batch, device: torch.device) -> Batch:
    """The batch with its tensors on `device`."""
    return replace(
        batch,
        inputs={name: tensor.to(device) for name, tensor in batch.inputs.items()},
        passage=batch.passage.to(device),
        gold=batch.gold.to(device),
        group=batch.group.to(device),
        tags=batch.tags.to(device),
        weight=batch.weight.to(device),
        spanned=batch.spanned.to(device),
    )


def load_tokenizer(folder: Path) -> PreTrainedTokenizerFast:
    """The fast tokenizer of a model folder."""
    tokenizer = AutoTokenizer.from_pretrained(folder, local_files_only=True)
    if not isinstance(tokenizer, PreTrainedTokenizerFast):
        raise ModelError(f"{folder} has no fast tokenizer (tokenizer.json), which offsets need; name one that has.")
    return tokenizer
