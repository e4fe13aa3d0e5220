"""The model in training: a frozen base, a LoRA adapter, a span head and a list head."""

import copy
from dataclasses import dataclass
from pathlib import Path

import torch
from peft import LoraConfig, PeftModel, get_peft_model, get_peft_model_state_dict
from peft.tuners.lora import LoraLayer
from safetensors.torch import save_file
from torch import Tensor, nn
from transformers import AutoModelForQuestionAnswering

from reader.model import load_item_head
from reader.prepare import ITEM_HEAD

BASE = "sentence-transformers/all-mpnet-base-v2"
TARGETS = ["attention.attn.q", "attention.attn.k", "attention.attn.v", "attention.attn.o"]
TARGETS += ["intermediate.dense", "output.dense"]


@dataclass(frozen=True, slots=True)
class Logits:
    """(R, L) float32 start and end logits, (R, L, 3) float32 item logits."""

    start: Tensor
    end: Tensor
    item: Tensor


class Trained(nn.Module):
    """The parts together. Only LoRA, `qa_outputs` and the list head have gradients."""

    def __init__(self, model: PeftModel, item_head: nn.Linear) -> None:
        super().__init__()
        self.model = model
        self.item_head = item_head

    @classmethod
    def build(cls, base: Path, rank: int, layers: int | None, init: Path | None) -> "Trained":
        """A new adapter of `rank` on the model in `base`, or the one in `init` to be trained on.

        Only the upper `layers` are trained (None: all); what `init` has below them stays, merged into the base while
        training, which is faster, and apart again in what is saved. There is no dropout: questions are seen once or
        twice, and on a CPU a third of the time would go into it.
        """
        model = AutoModelForQuestionAnswering.from_pretrained(base, local_files_only=True, dtype=torch.float32)
        if init is None:
            config = LoraConfig(
                r=rank, lora_alpha=2 * rank, lora_dropout=0.0, target_modules=TARGETS, modules_to_save=["qa_outputs"]
            )
            peft: PeftModel = get_peft_model(model, config)
        else:
            peft = PeftModel.from_pretrained(model, str(init), is_trainable=True)
        peft.float()
        hidden = model.config.hidden_size
        saved = None if init is None else init / ITEM_HEAD
        head = nn.Linear(hidden, 3) if saved is None or not saved.exists() else load_item_head(saved, hidden)
        for module in peft.modules():
            if isinstance(module, nn.Dropout):
                module.p = 0.0
        if layers is not None:
            _freeze_below(peft, model.config.num_hidden_layers - layers)
        return cls(peft, head)

    def forward(self, inputs: dict[str, Tensor]) -> Logits:
        """Logits of a batch's inputs."""
        output = self.model(**inputs, output_hidden_states=True)
        item = self.item_head(output.hidden_states[-1])
        return Logits(output.start_logits.float(), output.end_logits.float(), item.float())

    def trainable(self) -> dict[str, nn.Parameter]:
        """What the optimiser changes, by name."""
        return {name: value for name, value in self.named_parameters() if value.requires_grad}

    def save(self, folder: Path) -> None:
        """Writes the adapter in PEFT's format and the list head, float16; each file appears whole or not at all."""
        folder.mkdir(parents=True, exist_ok=True)
        weights = {
            name: tensor.detach().half().cpu().contiguous()
            for name, tensor in get_peft_model_state_dict(self.model, save_embedding_layers=False).items()
        }
        head = {name: tensor.detach().half().cpu().contiguous() for name, tensor in self.item_head.state_dict().items()}
        for name, tensors in (("adapter_model.safetensors", weights), (ITEM_HEAD, head)):
            save_file(tensors, folder / f"{name}.new", metadata={"format": "pt"})
            (folder / f"{name}.new").replace(folder / name)
        config = copy.copy(self.model.peft_config["default"])
        config.base_model_name_or_path = BASE
        config.inference_mode = True
        config.save_pretrained(str(folder))


def _freeze_below(model: PeftModel, first: int) -> None:
    for name, module in model.named_modules():
        layer = name.partition("encoder.layer.")[2].partition(".")[0]
        if isinstance(module, nn.Module) and isinstance(module, LoraLayer) and layer.isdigit() and int(layer) < first:
            module.requires_grad_(False)
            module.merge()
