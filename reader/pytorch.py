"""A question-answering model of transformers run by PyTorch: what cannot be compiled, a GPU, and the way to compile."""

from collections.abc import Iterator, Sequence
from pathlib import Path

import numpy as np
import torch
from safetensors import SafetensorError
from safetensors.torch import load_file, save_file
from tokenizers import Tokenizer
from torch import Tensor, nn
from transformers import AutoModelForQuestionAnswering, AutoTokenizer, PreTrainedModel, PreTrainedTokenizerFast

from reader.heads import HEADS, SPAN, Heads, load_heads, span_logits
from reader.inputs import Window
from reader.precision import faster_dtype
from retrieval.engine import TOKENIZER, CompiledNetwork, ConversionError, Outputs, Tokens, convert
from retrieval.errors import ModelError
from retrieval.models import quieten_transformers
from retrieval.types import Precision

SPANS = "qa_outputs"
START, END, HIDDEN = "start", "end", "hidden"
_PROBED = (7, 150)  # lengths of inputs for which a compiled model must agree with its original


class TorchNetwork:
    """On the GPU if there is one; in batches of like length."""

    def __init__(
        self, model: PreTrainedModel, pad: int, types: bool, hidden: bool = True, batch_tokens: int = 8192
    ) -> None:
        """`pad` is a token, `types` and `hidden` whether the model takes token types and gives its last hidden states;
        `batch_tokens` bounds the padded tokens of one forward pass."""
        self.model: PreTrainedModel = model.eval()  # type: ignore[no-untyped-call]
        self._pad = pad
        self._types = types
        self._hidden = hidden
        self._batch_tokens = batch_tokens

    @classmethod
    def of(
        cls, model: PreTrainedModel, tokenizer: PreTrainedTokenizerFast, precision: Precision | None, hidden: bool
    ) -> "TorchNetwork":
        """The model, moved and rounded; without a precision, in bfloat16 where this machine multiplies it faster."""
        device = "cuda" if torch.cuda.is_available() else "cpu"
        bfloat16 = precision == "bfloat16" or (precision is None and faster_dtype(device) == torch.bfloat16)
        spans = getattr(model, SPANS, None)
        if bfloat16 and isinstance(spans, nn.Module):
            nn.Module.to(model, torch.bfloat16)
            # rounded to 8 bits, the scores of two spans would often be equal
            spans.float().register_forward_pre_hook(lambda _, arguments: (arguments[0].float(),))
        nn.Module.to(model, device)
        return cls(model, tokenizer.pad_token_id, _takes_types(tokenizer), hidden)

    def run(self, inputs: Sequence[Tokens]) -> list[Outputs]:
        """See `Network.run`."""
        found: dict[int, Outputs] = {}
        for batch in batches(inputs, self._batch_tokens):
            rows = [inputs[place] for place in batch]
            with torch.inference_mode():
                output = self.model(**self._arguments(rows), output_hidden_states=self._hidden)
            tensors = {START: output.start_logits, END: output.end_logits}
            if self._hidden:
                tensors[HIDDEN] = output.hidden_states[-1]
            arrays = {name: tensor.float().cpu().numpy() for name, tensor in tensors.items()}
            for row, place in enumerate(batch):
                length = len(inputs[place].ids)
                found[place] = {name: array[row, :length] for name, array in arrays.items()}
        return [found[place] for place in range(len(inputs))]

    def _arguments(self, rows: Sequence[Tokens]) -> dict[str, Tensor]:
        """What the model is called with: (rows, longest row) int64, padded on the right."""
        shape = (len(rows), max(len(row.ids) for row in rows))
        ids, mask, types = np.full(shape, self._pad), np.zeros(shape, dtype=np.int64), np.zeros(shape, dtype=np.int64)
        for number, row in enumerate(rows):
            ids[number, : len(row.ids)] = row.ids
            mask[number, : len(row.ids)] = 1
            types[number, : len(row.ids)] = row.types
        arrays = {"input_ids": ids, "attention_mask": mask} | ({"token_type_ids": types} if self._types else {})
        return {name: torch.from_numpy(array).to(self.model.device) for name, array in arrays.items()}


def loaded(folder: Path, precision: Precision | None) -> tuple[TorchNetwork, Tokenizer, Heads]:
    """Network, tokenizer and heads of a transformers folder. Raises ModelError."""
    model, tokenizer = load_model(folder)
    heads = load_heads(folder, model.config.hidden_size)
    network = TorchNetwork.of(model, tokenizer, precision, hidden=(folder / HEADS).exists())
    return network, bare_tokenizer(tokenizer), heads


def bare_tokenizer(tokenizer: PreTrainedTokenizerFast) -> Tokenizer:
    """The tokenizer by itself, which neither pads nor cuts."""
    copy = Tokenizer.from_str(tokenizer.backend_tokenizer.to_str())
    copy.no_padding()
    copy.no_truncation()
    return copy


def compile_reader(source: Path, folder: Path) -> None:
    """Compiles the model of a transformers folder into another folder, with tokenizer and heads (`retrieval.engine`).

    Raises ConversionError where that cannot be, or the compiled model's logits are others than PyTorch's; ModelError
    where it is not a whole extractive question-answering model.
    """
    model, tokenizer = load_model(source)
    original = TorchNetwork.of(model, tokenizer, "float32", hidden=False)
    traced = Traced(model)
    tensors = load_file(source / HEADS) if (source / HEADS).exists() else {}
    if traced.outputs == (HIDDEN,):
        spans = model.get_submodule(SPANS)
        tensors |= {f"{SPAN}.{name}": value.detach() for name, value in spans.named_parameters()}
    if tensors:
        save_file(tensors, folder / HEADS)
    bare_tokenizer(tokenizer).save(str(folder / TOKENIZER))
    convert(traced, traced.outputs, _takes_types(tokenizer), folder, {"hidden": model.config.hidden_size})
    compiled = CompiledNetwork.load(folder, "float32", keep=False)
    heads = load_heads(folder, model.config.hidden_size)
    for length in _PROBED:
        ids = torch.randint(len(tokenizer), (length,), generator=torch.Generator().manual_seed(length)).numpy()
        probe = [Window.of(ids.tolist())]
        logits = [span_logits(network.run(probe)[0], heads) for network in (compiled, original)]
        for one, other in zip(*logits, strict=True):
            if not np.allclose(one, other, rtol=0.02, atol=0.1):
                raise ConversionError(f"compiled, its logits differ by up to {np.abs(one - other).max():.2f}")


class Traced(nn.Module):
    """The model as it is compiled: ids, and token types if it takes them, to what `outputs` names."""

    def __init__(self, model: PreTrainedModel) -> None:
        super().__init__()
        self.model = model
        # the span head of most models is one layer, which `reader.heads` computes in float32 whatever the rest is in
        self.outputs = (HIDDEN,) if _is_span_head(getattr(model, SPANS, None)) else (START, END)

    def forward(self, ids: Tensor, types: Tensor | None = None) -> tuple[Tensor, ...]:
        """See the class; (1, length) int64 to (1, length, ...) float32."""
        arguments = {} if types is None else {"token_type_ids": types}
        hidden = self.outputs == (HIDDEN,)
        output = self.model(
            input_ids=ids, attention_mask=torch.ones_like(ids), output_hidden_states=hidden, **arguments
        )
        return (output.hidden_states[-1],) if hidden else (output.start_logits, output.end_logits)


def _is_span_head(module: nn.Module | None) -> bool:
    return isinstance(module, nn.Linear) and module.out_features == 2 and module.bias is not None


def load_model(folder: Path) -> tuple[PreTrainedModel, PreTrainedTokenizerFast]:
    """The model in float32, with its tokenizer.

    Raises ModelError where the folder is not a whole extractive question-answering model.
    """
    quieten_transformers()
    try:
        model, report = AutoModelForQuestionAnswering.from_pretrained(
            folder, local_files_only=True, dtype=torch.float32, output_loading_info=True
        )
        tokenizer = load_tokenizer(folder)
    except (OSError, ValueError, KeyError, SafetensorError) as error:
        text = "%s cannot be read as an extractive question-answering model of transformers (%s); name a folder with "
        raise ModelError(f"{text}config.json, model.safetensors and tokenizer.json.", folder) from error
    if report["missing_keys"]:
        lacking = ", ".join(sorted(report["missing_keys"]))
        text = f"%s lacks the weights {lacking}, so it is not trained for question answering; name a model that is."
        raise ModelError(text, folder)
    return model, tokenizer


def load_tokenizer(folder: Path) -> PreTrainedTokenizerFast:
    """The fast tokenizer of a model folder; raises ModelError where it has none, and what reading it raises."""
    tokenizer = AutoTokenizer.from_pretrained(folder, local_files_only=True)
    if not isinstance(tokenizer, PreTrainedTokenizerFast):
        raise ModelError("%s has no fast tokenizer (tokenizer.json), which offsets need; name one that has.", folder)
    return tokenizer


def _takes_types(tokenizer: PreTrainedTokenizerFast) -> bool:
    return "token_type_ids" in tokenizer.model_input_names


def batches(inputs: Sequence[Tokens], budget: int) -> Iterator[list[int]]:
    """Places of `inputs` by length, longest first, cut where rows x longest row would pass `budget` tokens."""
    batch: list[int] = []
    for place in sorted(range(len(inputs)), key=lambda place: -len(inputs[place].ids)):
        if batch and (len(batch) + 1) * len(inputs[batch[0]].ids) > budget:
            yield batch
            batch = []
        batch.append(place)
    if batch:
        yield batch
