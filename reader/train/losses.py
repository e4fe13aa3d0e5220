"""The two losses: spans over all passages of a question, and the items of a list."""

import torch
from torch import Tensor
from torch.nn import functional

from reader.spans import MAX_TOKENS
from reader.train.encode import Batch

ITEM_TOKENS = 20.0  # so many tokens of a passage weigh as much as its span: most of them are easily "outside"


def span_loss(start: Tensor, end: Tensor, batch: Batch) -> Tensor:
    """Minus the mean log-probability, in nats, that a right span is drawn, or "nowhere" where there is none.

    `start`, `end` (R, L) float32 logits. One softmax is taken over every span of every passage of a question, each with
    its score start + end - null of its own passage, and "in none of these", whose score is 0:

        P(span) = exp(score(span)) / (1 + sum over passages and spans of exp(score))

    These are just the spans that reader.spans decodes, so scores of different passages can be compared, and 0 is where
    "not here" stands. Examples that are not `spanned` count as 0. Shared normalisation: Clark and Gardner 2018; several
    right spans add up (marginal likelihood).
    """
    null = start[:, 0] + end[:, 0]
    length = start.shape[1]
    scores = start[:, :, None] + end[:, None, :] - null[:, None, None]
    allowed = torch.ones(length, length, dtype=torch.bool, device=start.device).triu().tril(MAX_TOKENS - 1)
    allowed = allowed & batch.passage[:, :, None] & batch.passage[:, None, :]
    passages = scores.masked_fill(~allowed, float("-inf")).flatten(1).logsumexp(1)
    nowhere = torch.zeros(batch.groups, 1, device=start.device)
    everything = torch.cat([nowhere, _by_group(passages, batch.group, batch.groups)], dim=1).logsumexp(1)
    if len(batch.gold) == 0:
        return everything.mean()
    right = scores[batch.gold[:, 0], batch.gold[:, 1], batch.gold[:, 2]]
    owner = batch.group[batch.gold[:, 0]]
    answered = torch.zeros(batch.groups, dtype=torch.bool, device=start.device)
    answered[owner] = True
    # "nowhere" is right exactly where no span is
    nowhere = nowhere.masked_fill(answered[:, None], float("-inf"))
    target = torch.cat([nowhere, _by_group(right, owner, batch.groups)], dim=1).logsumexp(1)
    return ((everything - target) * batch.spanned).mean()


def _by_group(values: Tensor, group: Tensor, groups: int) -> Tensor:
    """(groups, len(values)), each value in its group's row, minus infinity elsewhere."""
    rows = torch.arange(groups, device=values.device)[:, None]
    return values[None, :].masked_fill(rows != group[None, :], float("-inf"))


def item_loss(logits: Tensor, batch: Batch) -> Tensor:
    """Cross-entropy of the tags, (R, L, 3) logits, summed over a passage's tokens, in units of `ITEM_TOKENS`."""
    losses = functional.cross_entropy(logits.flatten(0, 1), batch.tags.flatten(), reduction="none")
    rows = (losses.view(batch.tags.shape) * batch.passage).sum(1)
    return (rows * batch.weight).mean() / ITEM_TOKENS
