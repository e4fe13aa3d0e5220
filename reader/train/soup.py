"""The mean of several adapters of one base: a model soup.

    python -m reader.train.soup --out FOLDER ADAPTER[=WEIGHT]... [--rank N]

Fine-tuned models that began at the same place can be averaged weight by weight, and the mean often reads better than
any of them, on what each of them is good at (Wortsman et al., Model soups, ICML 2022). An adapter's change of a matrix
is s·B·A, with B (out, r), A (r, in) and the scale s = alpha / r. The mean of several changes is again such a product,
of rank Σr, and exactly that is written:

    (s1·B1·A1 + s2·B2·A2) / 2  =  [s1·B1/2  s2·B2/2] · [A1; A2]

`--rank` keeps the largest singular values alone (Eckart and Young 1936). The span heads and heads are averaged as
they are.
"""

import argparse
import copy
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import torch
from peft import LoraConfig, PeftConfig
from safetensors.torch import load_file, save_file
from torch import Tensor

from reader.heads import ADAPTER, HEADS
from reader.train.model import trained_heads

_A, _B = ".lora_A.weight", ".lora_B.weight"


@dataclass(frozen=True, slots=True)
class Ingredient:
    """An adapter and its weight in the mean; `scale` is alpha / r."""

    adapter: Mapping[str, Tensor]
    heads: Mapping[str, Tensor] | None
    scale: float
    weight: float


def mean(ingredients: Sequence[Ingredient], rank: int) -> dict[str, Tensor]:
    """The adapter whose changes are the weighted mean of these, cut to `rank`; float32, its alpha equal to its rank."""
    total = sum(ingredient.weight for ingredient in ingredients)
    shares = [ingredient.weight / total for ingredient in ingredients]
    mixed: dict[str, Tensor] = {}
    for name in ingredients[0].adapter:
        if name.endswith(_B):
            continue
        if not name.endswith(_A):
            mixed[name] = _weighted([each.adapter[name] for each in ingredients], shares)
            continue
        other = name.removesuffix(_A) + _B
        down = torch.cat([each.adapter[name].float() for each in ingredients])
        up = torch.cat(
            [each.adapter[other].float() * each.scale * s for each, s in zip(ingredients, shares, strict=True)], dim=1
        )
        mixed[name], mixed[other] = _cut(down, up, rank)
    return mixed


def mean_heads(ingredients: Sequence[Ingredient]) -> dict[str, Tensor]:
    """The weighted mean of the heads of those that have one; empty if none has."""
    heads = [(each.heads, each.weight) for each in ingredients if each.heads is not None]
    if not heads:
        return {}
    total = sum(weight for _, weight in heads)
    shares = [weight / total for _, weight in heads]
    return {name: _weighted([head[name] for head, _ in heads], shares) for name in heads[0][0]}


def _weighted(tensors: Sequence[Tensor], shares: Sequence[float]) -> Tensor:
    return torch.stack([tensor.float() * share for tensor, share in zip(tensors, shares, strict=True)]).sum(0)


def _cut(down: Tensor, up: Tensor, rank: int) -> tuple[Tensor, Tensor]:
    """(R, in) and (out, R) become (rank, in) and (out, rank): of their product, the `rank` largest singular values.

    The product itself, which is large, is never decomposed: with up = Q1·R1 and downᵀ = Q2·R2 it is Q1·(R1·R2ᵀ)·Q2ᵀ.
    """
    left, small_left = torch.linalg.qr(up)
    right, small_right = torch.linalg.qr(down.T)
    u, values, vh = torch.linalg.svd(small_left @ small_right.T)
    root = values[:rank].sqrt()
    return root[:, None] * (vh[:rank] @ right.T), (left @ u[:, :rank]) * root


def load(folder: Path, weight: float) -> Ingredient:
    """The adapter in a folder."""
    config = PeftConfig.from_pretrained(str(folder))
    if not isinstance(config, LoraConfig):
        raise SystemExit(f"{folder} has no LoRA adapter; name a folder that `python -m reader.train` wrote.")
    return Ingredient(
        adapter=load_file(folder / ADAPTER),
        heads=trained_heads(folder) if (folder / HEADS).exists() else None,
        scale=config.lora_alpha / config.r,
        weight=weight,
    )


def main() -> None:
    """See the module."""
    parser = argparse.ArgumentParser(prog="python -m reader.train.soup", description=__doc__.split("\n")[0])
    parser.add_argument("adapters", nargs="+", metavar="ADAPTER[=WEIGHT]", help="folders; the weight is 1 if not given")
    parser.add_argument("--out", type=Path, required=True, help="folder for the mean")
    parser.add_argument("--rank", type=int, default=32, help="of the mean (default: 32, 10 MB)")
    options = parser.parse_args()
    parts = [name.rpartition("=") if "=" in name else (name, "=", "1") for name in options.adapters]
    ingredients = [load(Path(folder), float(weight)) for folder, _, weight in parts]
    options.out.mkdir(parents=True, exist_ok=True)
    for name, tensors in ((ADAPTER, mean(ingredients, options.rank)), (HEADS, mean_heads(ingredients))):
        if tensors:
            halves = {key: value.half().contiguous() for key, value in tensors.items()}
            save_file(halves, options.out / name, metadata={"format": "pt"})
    config = copy.copy(PeftConfig.from_pretrained(parts[0][0]))
    config.r = config.lora_alpha = options.rank
    config.save_pretrained(str(options.out))


if __name__ == "__main__":
    main()
