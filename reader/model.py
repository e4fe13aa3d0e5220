"""The reading itself: a transformers model over the passages of one question."""

from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from safetensors import SafetensorError
from transformers import AutoModelForQuestionAnswering, AutoTokenizer, PreTrainedModel, PreTrainedTokenizerFast

from reader.heads import HEADS, Heads
from reader.inputs import DEFAULT_LIMITS, Context, Limits, Window, windows
from reader.pairs import RELATIONS, Said, pair_ids
from reader.precision import faster_dtype
from reader.types import PassageReading
from retrieval.errors import ModelError
from retrieval.heading import heading
from retrieval.models import quieten_transformers
from retrieval.types import Evidence, Hit


@dataclass(frozen=True, slots=True)
class _Logits:
    """What the model says of one window's passage tokens; rows as in `Window.tokens`, columns as in PassageReading."""

    window: Window
    start: NDArray[np.float32]
    end: NDArray[np.float32]
    null: float
    item: NDArray[np.float32] | None
    sentence: NDArray[np.float32] | None
    asked: NDArray[np.float32] | None


class TransformersReader:
    """Any extractive question-answering model of transformers, with a list head where it has one."""

    def __init__(
        self,
        model: PreTrainedModel,
        tokenizer: PreTrainedTokenizerFast,
        heads: Heads | None = None,
        limits: Limits = DEFAULT_LIMITS,
        batch_tokens: int = 8192,
    ) -> None:
        """`heads` are those beside the span head; `batch_tokens` bounds the padded tokens of one forward pass."""
        self._model: PreTrainedModel = model.eval()  # type: ignore[no-untyped-call]
        self._tokenizer = tokenizer
        self._heads = None if heads is None else heads.eval()
        self._limits = limits
        self._batch_tokens = batch_tokens

    @classmethod
    def load(cls, folder: Path, limits: Limits = DEFAULT_LIMITS, batch_tokens: int = 8192) -> "TransformersReader":
        """The model of a transformers folder, on the GPU if there is one; `heads.safetensors` is optional.

        It is in bfloat16 where this machine multiplies that faster; the heads always get float32.

        Raises ModelError where the folder is not a whole extractive question-answering model.
        """
        quieten_transformers()
        device = "cuda" if torch.cuda.is_available() else "cpu"
        try:
            model, report = AutoModelForQuestionAnswering.from_pretrained(
                folder, local_files_only=True, dtype=torch.float32, output_loading_info=True
            )
            tokenizer = load_tokenizer(folder)
        except (OSError, ValueError, KeyError, SafetensorError) as error:
            raise ModelError(
                f"{folder} cannot be read as an extractive question-answering model of transformers ({error}); name a "
                "folder with config.json, model.safetensors and tokenizer.json."
            ) from error
        if report["missing_keys"]:
            raise ModelError(
                f"{folder} lacks the weights {', '.join(sorted(report['missing_keys']))}, so it has not been trained "
                "for question answering; name a model that has."
            )
        heads = Heads.load(folder / HEADS, model.config.hidden_size) if (folder / HEADS).exists() else None
        if faster_dtype(device) == torch.bfloat16 and hasattr(model, "qa_outputs"):
            model.to(torch.bfloat16)
            # rounded to 8 bits, the scores of two spans would often be equal
            model.qa_outputs.float().register_forward_pre_hook(lambda _, arguments: (arguments[0].float(),))
        return cls(model.to(device), tokenizer, None if heads is None else heads.to(device), limits, batch_tokens)

    def read(self, question: str, evidence: Evidence) -> tuple[PassageReading, ...]:
        """One reading for each hit of `evidence`, in its order."""
        return self.read_under(question, evidence.hits, [heading(evidence.article(hit)) for hit in evidence.hits])

    def read_under(self, question: str, hits: Sequence[Hit], headings: Sequence[str]) -> tuple[PassageReading, ...]:
        """One reading for each of `hits`, with these headings in front instead of those of their articles."""
        contexts = [Context(above, hit.text, hit.passage.start) for hit, above in zip(hits, headings, strict=True)]
        found: dict[int, list[_Logits]] = defaultdict(list)
        for logits in self._run(windows(self._tokenizer, question, contexts, self._limits)):
            found[logits.window.context].append(logits)
        return tuple(_merged(hit, found[index]) for index, hit in enumerate(hits))

    def compare(self, question: str, pairs: Sequence[tuple[Said, Said]]) -> NDArray[np.float32] | None:
        """(n, 3) probabilities, see `Reader.compare`; each pair is read both ways round, and the mean is taken."""
        if self._heads is None:
            return None
        inputs = [
            Window.of(pair_ids(self._tokenizer, question, *sides))
            for one, other in pairs
            for sides in ((one, other), (other, one))
        ]
        found = np.zeros((len(inputs), len(RELATIONS)), dtype=np.float32)
        order = sorted(range(len(inputs)), key=lambda place: -len(inputs[place].ids))
        for batch in batches([inputs[place] for place in order], self._batch_tokens):
            with torch.inference_mode():
                output = self._model(**self._arguments(batch), output_hidden_states=True)
                chances = self._heads.pair(output.hidden_states[-1][:, 0].float()).softmax(-1).cpu().numpy()
            found[[order.pop(0) for _ in batch]] = chances
        return np.asarray((found[::2] + found[1::2]) / 2, dtype=np.float32)

    def _arguments(self, batch: Sequence[Window]) -> dict[str, torch.Tensor]:
        """What the model is called with."""
        return {
            name: tensor.to(self._model.device)
            for name, tensor in collate(batch, self._tokenizer).items()
            if name in self._tokenizer.model_input_names
        }

    def _run(self, inputs: Sequence[Window]) -> Iterator[_Logits]:
        """Each window through the model, in batches of like length."""
        for batch in batches(inputs, self._batch_tokens):
            with torch.inference_mode():
                output = self._model(**self._arguments(batch), output_hidden_states=self._heads is not None)
                start = output.start_logits.float().cpu().numpy()
                end = output.end_logits.float().cpu().numpy()
                item = sentence = asked = None
                if self._heads is not None:
                    hidden = output.hidden_states[-1].float()
                    item = self._heads.item(hidden).cpu().numpy()
                    sentence = self._heads.sentence(hidden)[..., 0].cpu().numpy()
                    asked = self._heads.kind(hidden[:, 0]).log_softmax(-1).cpu().numpy()
            for row, window in enumerate(batch):
                yield _Logits(
                    window=window,
                    start=start[row, window.tokens],
                    end=end[row, window.tokens],
                    null=float(start[row, 0] + end[row, 0]),
                    item=None if item is None else item[row, window.tokens],
                    sentence=None if sentence is None else sentence[row, window.tokens],
                    asked=None if asked is None else asked[row],
                )


def load_tokenizer(folder: Path) -> PreTrainedTokenizerFast:
    """The fast tokenizer of a model folder; raises ModelError where it has none, and what reading it raises."""
    tokenizer = AutoTokenizer.from_pretrained(folder, local_files_only=True)
    if not isinstance(tokenizer, PreTrainedTokenizerFast):
        raise ModelError(f"{folder} has no fast tokenizer (tokenizer.json), which offsets need; name one that has.")
    return tokenizer


def batches(inputs: Sequence[Window], budget: int) -> Iterator[list[Window]]:
    """`inputs` by length, longest first, cut where rows x longest row would pass `budget` tokens."""
    batch: list[Window] = []
    for window in sorted(inputs, key=lambda window: -len(window.ids)):
        if batch and (len(batch) + 1) * len(batch[0].ids) > budget:
            yield batch
            batch = []
        batch.append(window)
    if batch:
        yield batch


def collate(batch: Sequence[Window], tokenizer: PreTrainedTokenizerFast) -> dict[str, torch.Tensor]:
    """The tensors of a batch, (rows, longest row) int64, padded on the right."""
    shape = (len(batch), max(len(window.ids) for window in batch))
    ids = np.full(shape, tokenizer.pad_token_id, dtype=np.int64)
    mask = np.zeros(shape, dtype=np.int64)
    types = np.zeros(shape, dtype=np.int64)
    for row, window in enumerate(batch):
        ids[row, : len(window.ids)] = window.ids
        mask[row, : len(window.ids)] = 1
        types[row, : len(window.ids)] = window.types
    arrays = {"input_ids": ids, "attention_mask": mask, "token_type_ids": types}
    return {name: torch.from_numpy(array) for name, array in arrays.items()}


def _merged(hit: Hit, parts: Sequence[_Logits]) -> PassageReading:
    """The windows of one passage as one reading.

    A token that several windows saw is taken from the one where it has most context on its poorer side, as in BERT's
    own reading of SQuAD. Logits of different windows have no common zero, so each window's are shifted by half the
    difference between its null score and the lowest, which is the reading's: start + end - null of a span is then what
    the span's own window says.
    """
    null = min(part.null for part in parts)
    best: dict[tuple[int, int, int], tuple[int, int, int]] = {}
    for number, part in enumerate(parts):
        places = part.window.offsets.tolist()
        nth = 0
        for row, (start, end) in enumerate(places):
            # the bytes of one character can be several tokens, all of them with its offsets
            nth = nth + 1 if row > 0 and places[row - 1] == [start, end] else 0
            context = min(row, len(places) - 1 - row)
            if (start, end, nth) not in best or context > best[start, end, nth][0]:
                best[start, end, nth] = (context, number, row)
    chosen = [(parts[number], row) for _, (_, number, row) in sorted(best.items())]
    shift = {id(part): (part.null - null) / 2 for part in parts}
    items = [part.item[row] for part, row in chosen if part.item is not None]
    sentences = [part.sentence[row] for part, row in chosen if part.sentence is not None]
    asked = [part.asked for part in parts if part.asked is not None]
    return PassageReading(
        hit=hit,
        offsets=np.array([part.window.offsets[row] for part, row in chosen], dtype=np.int32).reshape(-1, 2),
        start=np.array([part.start[row] - shift[id(part)] for part, row in chosen], dtype=np.float32),
        end=np.array([part.end[row] - shift[id(part)] for part, row in chosen], dtype=np.float32),
        null=null,
        item=None if parts[0].item is None else np.array(items, dtype=np.float32).reshape(-1, 3),
        sentence=None if parts[0].sentence is None else np.array(sentences, dtype=np.float32),
        asked=np.mean(asked, axis=0, dtype=np.float32) if asked else None,
    )
