"""The model in training: a frozen base, a LoRA adapter on its matrices, and heads on its last hidden states.

The base is kept in the precision that this machine multiplies fastest; what is trained, in float32. LoRA (Hu et al.
2021) adds a product of two thin matrices to a frozen one,

    y = W·x + b + s·B·(A·x)        W (out, in) frozen, A (r, in), B (out, r) trained, s = alpha / r

and what is written is in PEFT's format, so that PEFT, or anything that reads it, can merge it into the base.
"""

import json
import math
from pathlib import Path
from typing import Any

import torch
from safetensors.torch import load_file, save_file
from torch import Tensor, nn
from torch.nn import functional
from transformers import AutoModelForQuestionAnswering
from transformers.models.mpnet.modeling_mpnet import MPNetSelfAttention

from reader.heads import ADAPTER, CONFIG, HEADS, TRAINED

BASE = "sentence-transformers/all-mpnet-base-v2"
TARGETS = [f"attention.attn.{name}" for name in "qkvo"] + ["intermediate.dense", "output.dense"]
_PREFIX = "base_model.model."
_SPANS = "qa_outputs"


class Lora(nn.Module):
    """A frozen linear layer and what is added to it."""

    def __init__(self, base: nn.Linear, rank: int, scale: float) -> None:
        super().__init__()
        self.weight = nn.Parameter(base.weight.detach(), requires_grad=False)
        self.bias = nn.Parameter(base.bias.detach(), requires_grad=False)
        self.scale = scale
        # as PEFT begins: B is zero, so that the model is the base's
        self.lora_A = nn.Parameter(nn.init.kaiming_uniform_(torch.empty(rank, base.in_features), a=math.sqrt(5)))
        self.lora_B = nn.Parameter(torch.zeros(base.out_features, rank))

    def forward(self, inputs: Tensor) -> Tensor:
        """(..., in) to (..., out); the product and its sum are one call, which saves a pass over memory."""
        x = inputs.flatten(0, -2)
        base = functional.linear(x, self.weight, self.bias)
        down = functional.linear(x, (self.lora_A * self.scale).to(x.dtype))
        return torch.addmm(base, down, self.lora_B.to(x.dtype).t()).view(*inputs.shape[:-1], -1)


class _Attention(torch.autograd.Function):
    """softmax(q·kᵀ·scale + bias)·v for (R, heads, L, size): like autograd's, but in place where that is safe."""

    @staticmethod
    def forward(ctx: Any, q: Tensor, k: Tensor, v: Tensor, bias: Tensor, scale: float) -> Tensor:
        shares = torch.softmax(torch.matmul(q, k.transpose(-1, -2)).mul_(scale).add_(bias), -1)
        ctx.save_for_backward(q, k, v, shares)
        ctx.scale = scale
        return torch.matmul(shares, v)

    @staticmethod
    def backward(ctx: Any, gradient: Tensor) -> tuple[Tensor, Tensor, Tensor, None, None]:
        q, k, v, shares = ctx.saved_tensors
        by_share = torch.matmul(gradient, v.transpose(-1, -2))
        scores = torch._softmax_backward_data(by_share, shares, -1, shares.dtype).mul_(ctx.scale)
        return (
            torch.matmul(scores, k),
            torch.matmul(scores.transpose(-1, -2), q),
            torch.matmul(shares.transpose(-1, -2), gradient),
            None,
            None,
        )


def _attend(
    self: MPNetSelfAttention, hidden: Tensor, attention_mask: Tensor | None, position_bias: Tensor, **_: object
) -> tuple[Tensor]:
    """In place of MPNet's own: its float32 probabilities and its copies of the bias cost a third of a step."""
    rows, length, _size = hidden.shape
    q, k, v = (
        project(hidden).view(rows, length, self.num_attention_heads, -1).transpose(1, 2)
        for project in (self.q, self.k, self.v)
    )
    bias = position_bias if attention_mask is None else position_bias + attention_mask
    mixed = _Attention.apply(q, k, v, bias, 1 / math.sqrt(q.shape[-1]))  # type: ignore[no-untyped-call]
    return (self.o(mixed.transpose(1, 2).reshape(rows, length, -1)),)


def trained_heads(adapter: Path) -> dict[str, Tensor]:
    """The heads in an adapter's folder that are trained together with it, float32; `time` is not."""
    saved = load_file(adapter / HEADS)
    return {name: tensor.float() for name, tensor in saved.items() if name.partition(".")[0] in TRAINED}


class Trained(nn.Module):
    """The parts together. Only LoRA and the heads have gradients.

    Dropout costs a third of the time on a CPU, and little on a GPU, where questions are seen more often.
    """

    def __init__(self, model: Any, rank: int, scale: float, dtype: torch.dtype, dropout: float = 0.0) -> None:
        """`model` is an MPNetForQuestionAnswering; it is changed."""
        super().__init__()
        model.requires_grad_(False)
        for module in model.modules():
            if isinstance(module, nn.Dropout):
                module.p = dropout
            if isinstance(module, MPNetSelfAttention):
                module.forward = _attend.__get__(module)  # type: ignore[method-assign]
        self.encoder = model.mpnet.to(dtype)
        for name, module in list(self.encoder.named_modules()):
            if isinstance(module, nn.Linear) and name.startswith("encoder.layer.") and name.endswith(tuple(TARGETS)):
                parent, _, leaf = name.rpartition(".")
                setattr(self.encoder.get_submodule(parent), leaf, Lora(module, rank, scale))
        self.spans = nn.Linear(model.config.hidden_size, 2)
        self.heads = nn.ModuleDict({name: nn.Linear(model.config.hidden_size, n) for name, n in TRAINED.items()})
        self._rank, self._scale = rank, scale
        bias_of = self.encoder.encoder.compute_position_bias
        # the same for all rows: not copied for each
        self.encoder.encoder.compute_position_bias = lambda hidden, **_: bias_of(hidden[:1]).to(dtype)

    @classmethod
    def build(
        cls, base: Path, rank: int, init: Path | None, dtype: torch.dtype = torch.float32, dropout: float = 0.0
    ) -> "Trained":
        """A new adapter of `rank` on the model in folder `base`, or the one in `init` to be trained further.

        Raises OSError, KeyError where `init` has no adapter for this model.
        """
        model = AutoModelForQuestionAnswering.from_pretrained(base, local_files_only=True, dtype=torch.float32)
        if init is None:
            return cls(model, rank, 1.0, dtype, dropout)
        config = json.loads((init / CONFIG).read_text())
        trained = cls(model, config["r"], config["lora_alpha"] / config["r"], dtype, dropout)
        if (init / HEADS).exists():
            trained.heads.load_state_dict(trained_heads(init))
        saved = load_file(init / ADAPTER)
        with torch.no_grad():
            for name, parameter in trained._adapter().items():
                parameter.copy_(saved[name].float())
        return trained

    def forward(self, ids: Tensor, mask: Tensor) -> tuple[Tensor, Tensor]:
        """(R, L) ids and mask to (R, L, 2) start and end logits and (R, L, hidden) states for the heads, float32."""
        hidden = self.encoder(input_ids=ids, attention_mask=mask)[0].float()
        return self.spans(hidden), hidden

    def trainable(self) -> dict[str, nn.Parameter]:
        """What the optimiser changes, by name."""
        return {name: value for name, value in self.named_parameters() if value.requires_grad}

    def _adapter(self) -> dict[str, nn.Parameter]:
        """LoRA and the span head under PEFT's names."""
        named = {
            f"{_PREFIX}mpnet.{name}.weight": value
            for name, value in self.encoder.named_parameters()
            if value.requires_grad
        }
        return named | {f"{_PREFIX}{_SPANS}.{name}": value for name, value in self.spans.named_parameters()}

    def save(self, folder: Path) -> None:
        """Writes adapter and heads, float16; each file appears whole or not at all."""
        folder.mkdir(parents=True, exist_ok=True)
        for file, tensors in ((ADAPTER, self._adapter()), (HEADS, self.heads.state_dict())):
            halves = {name: tensor.detach().half().cpu().contiguous() for name, tensor in tensors.items()}
            save_file(halves, folder / f"{file}.new", metadata={"format": "pt"})
            (folder / f"{file}.new").replace(folder / file)
        config = {
            "peft_type": "LORA",
            "base_model_name_or_path": BASE,
            "r": self._rank,
            "lora_alpha": round(self._scale * self._rank),
            "lora_dropout": 0.0,
            "bias": "none",
            "inference_mode": True,
            "target_modules": TARGETS,
            "modules_to_save": [_SPANS],
        }
        (folder / CONFIG).write_text(json.dumps(config, indent=1) + "\n")
