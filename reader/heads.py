"""The reader's heads: linear layers on the last hidden states of the one encoder.

span       of each token: an answer starts, an answer ends; the model's own, which every reader has
item       of each token: outside, begins, continues an item of a list
sentence   of each token; the mean over a sentence's tokens is the logit that the sentence answers
kind       of the first token: the question asks for one answer, a list, a passage
leans      of the first token: the question leans on the conversation before it (`retrieval.conversation`)
pair       of the first token of two answers side by side (`reader.pairs`): the same, both can be right, or they differ
time       of each token; the mean over time words is what day they mean (`reader.times`)

The last is trained by itself, on the states of a reader that has all the others (`reader.train.times`).
"""

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray
from safetensors import SafetensorError
from safetensors.numpy import load_file

from retrieval.errors import ModelError

if TYPE_CHECKING:
    from retrieval.engine import Outputs

ADAPTER = "adapter_model.safetensors"
CONFIG = "adapter_config.json"
HEADS = "heads.safetensors"
SPAN = "span"
TRAINED: Mapping[str, int] = {"item": 3, "sentence": 1, "kind": 3, "leans": 1, "pair": 3}
TIME = "time"
OUTPUTS: Mapping[str, int] = {SPAN: 2, **TRAINED, TIME: 4}


class Heads:
    """The heads of one model; those that it lacks are not `in` it. Always float32: what is near is told apart."""

    def __init__(self, tensors: Mapping[str, NDArray[np.generic]]) -> None:
        """`tensors` has `NAME.weight` (outputs, hidden) and `NAME.bias` (outputs,)."""
        self._layers = {
            name.removesuffix(".weight"): (
                np.ascontiguousarray(tensor.T, dtype=np.float32),
                tensors[name.removesuffix("weight") + "bias"].astype(np.float32),
            )
            for name, tensor in tensors.items()
            if name.endswith(".weight")
        }

    def __contains__(self, name: str) -> bool:
        return name in self._layers

    def logits(self, name: str, hidden: NDArray[np.float32]) -> NDArray[np.float32]:
        """(..., hidden) states to (..., outputs) logits, float32."""
        weight, bias = self._layers[name]
        return np.asarray(hidden @ weight + bias, dtype=np.float32)


def load_heads(folder: Path, hidden: int) -> Heads:
    """The heads of the model in `folder`, none without a file; raises ModelError where they do not fit `hidden`."""
    path = folder / HEADS
    if not path.exists():
        return Heads({})
    try:
        tensors = load_file(path)
        for name, tensor in tensors.items():
            head, _, part = name.partition(".")
            due = (OUTPUTS[head], hidden) if part == "weight" else (OUTPUTS[head],)
            if tensor.shape != due:
                raise ValueError(f"{name} is {tensor.shape}")
        return Heads(tensors)
    except (OSError, SafetensorError, ValueError, KeyError) as error:
        mend = "remove it to read without them, or restore the file that belongs to the model"
        raise ModelError(f"%s has no heads for this model of {hidden} hidden units (%s); {mend}.", path) from error


def span_logits(outputs: "Outputs", heads: Heads) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    """Start and end logits of every token, (length,) each: those that the network gives, else the span head's."""
    if "start" in outputs:
        return outputs["start"], outputs["end"]
    start, end = heads.logits(SPAN, outputs["hidden"]).T
    return start, end


def log_softmax(logits: NDArray[np.float32]) -> NDArray[np.float32]:
    """Log-probabilities over the last dimension."""
    return np.asarray(logits - np.logaddexp.reduce(logits, axis=-1, keepdims=True), dtype=np.float32)
