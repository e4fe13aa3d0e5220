"""The reader's heads: linear layers on the last hidden states of the one encoder, beside its span head.

item       of each token: outside, begins, continues an item of a list
sentence   of each token; the mean over a sentence's tokens is the logit that the sentence answers
kind       of the first token: the question asks for one answer, a list, a passage
leans      of the first token: the question leans on the conversation before it (`reader.inputs.in_conversation`)
pair       of the first token of two answers side by side (`reader.pairs`): the same, both can be right, or they differ
"""

from pathlib import Path

import torch
from safetensors import SafetensorError
from safetensors.torch import load_file

from retrieval.errors import ModelError

ADAPTER = "adapter_model.safetensors"
CONFIG = "adapter_config.json"
HEADS = "heads.safetensors"


class Heads(torch.nn.Module):
    """See the module; each head is (outputs, hidden) weights with a bias."""

    def __init__(self, hidden: int) -> None:
        super().__init__()
        self.item = torch.nn.Linear(hidden, 3)
        self.sentence = torch.nn.Linear(hidden, 1)
        self.kind = torch.nn.Linear(hidden, 3)
        self.leans = torch.nn.Linear(hidden, 1)
        self.pair = torch.nn.Linear(hidden, 3)

    @classmethod
    def load(cls, path: Path, hidden: int) -> "Heads":
        """The heads in a safetensors file, as float32. Raises ModelError where they do not fit `hidden`."""
        heads = cls(hidden)
        try:
            heads.load_state_dict({name: tensor.float() for name, tensor in load_file(path).items()})
        except (OSError, SafetensorError, RuntimeError) as error:
            problem = " ".join(str(error).split())[:200]
            raise ModelError(
                f"{path} has no heads for this model of {hidden} hidden units ({problem}); remove it to read without "
                "them, or restore the file that belongs to the model."
            ) from error
        return heads
