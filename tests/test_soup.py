"""The mean of adapters: what it says of a matrix is the mean of what they say."""

import pytest
import torch

from reader.train.soup import Ingredient, mean, mean_heads

NAME = "layer.0.attention"


def ingredient(seed: int, rank: int, scale: float, weight: float, *, head: bool = True) -> Ingredient:
    torch.manual_seed(seed)
    adapter = {
        f"{NAME}.lora_A.weight": torch.randn(rank, 12),
        f"{NAME}.lora_B.weight": torch.randn(8, rank),
        "qa_outputs.bias": torch.randn(2),
    }
    return Ingredient(adapter, {"bias": torch.randn(3)} if head else None, scale, weight)


def change(one: Ingredient) -> torch.Tensor:
    return one.scale * one.adapter[f"{NAME}.lora_B.weight"] @ one.adapter[f"{NAME}.lora_A.weight"]


def test_the_mean_is_exact_where_the_rank_allows() -> None:
    one, other = ingredient(0, 2, 2.0, 3.0), ingredient(1, 3, 1.0, 1.0)
    mixed = mean([one, other], rank=5)
    product = mixed[f"{NAME}.lora_B.weight"] @ mixed[f"{NAME}.lora_A.weight"]
    assert torch.allclose(product, 0.75 * change(one) + 0.25 * change(other), atol=1e-5)
    expected = 0.75 * one.adapter["qa_outputs.bias"] + 0.25 * other.adapter["qa_outputs.bias"]
    assert torch.allclose(mixed["qa_outputs.bias"], expected)


def test_a_lower_rank_keeps_the_largest_part() -> None:
    one, other = ingredient(0, 4, 2.0, 1.0), ingredient(1, 4, 2.0, 1.0)
    wanted = (change(one) + change(other)) / 2
    mixed = mean([one, other], rank=3)
    product = mixed[f"{NAME}.lora_B.weight"] @ mixed[f"{NAME}.lora_A.weight"]
    lost = torch.linalg.svdvals(wanted)[3:].square().sum()
    assert mixed[f"{NAME}.lora_A.weight"].shape == (3, 12)
    assert float((product - wanted).square().sum()) == pytest.approx(float(lost), rel=1e-3)


def test_only_those_with_heads_have_a_say_in_them() -> None:
    one, other = ingredient(0, 2, 2.0, 1.0), ingredient(1, 2, 2.0, 9.0, head=False)
    assert one.heads is not None
    assert torch.allclose(mean_heads([one, other])["bias"], one.heads["bias"])
    assert mean_heads([other]) == {}
