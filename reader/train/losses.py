"""The losses of the heads: spans over all passages of a question, items of a list, sentences, and labels."""

import torch
from torch import Tensor
from torch.nn import functional

from reader.spans import MAX_TOKENS
from reader.train.arrays import Batch

ITEM_TOKENS = 20.0  # so many tokens of a passage weigh as much as its span: most of them are easily "outside"
SINGLE_ITEM_WEIGHT = 0.25  # of the one answer of a question that asks for one, in the loss of the item head
_NEVER = -1e9  # no infinity: where nothing else is summed, its gradient would be no number


def span_scores(start: Tensor, end: Tensor, passage: Tensor) -> Tensor:
    """(R, L, MAX_TOKENS): the score of the span from token i to token i + w, about -1e9 where it is none.

    `start`, `end` (R, L) float32 logits, `passage` (R, L) bool. score = start + end - null, as `reader.spans` decodes.
    Only this band is ever made, not the square of all pairs of tokens.
    """
    null = start[:, 0] + end[:, 0]
    ends = functional.pad(end.masked_fill(~passage, _NEVER), (0, MAX_TOKENS - 1), value=_NEVER)
    starts = start.masked_fill(~passage, _NEVER) - null[:, None]
    return starts[:, :, None] + ends.unfold(1, MAX_TOKENS, 1)


def span_loss(start: Tensor, end: Tensor, batch: Batch) -> Tensor:
    """Minus the mean log-probability, in nats, that a right span is drawn, or "nowhere" where there is none.

    `start`, `end` (R, L) float32 logits. One softmax is taken over every span of every passage of a question, each with
    its score start + end - null of its own passage, and "in none of these", whose score is 0:

        P(span) = exp(score(span)) / (1 + sum over passages and spans of exp(score))

    These are just the spans that reader.spans decodes, so scores of different passages can be compared, and 0 is where
    "not here" stands. Examples that are not `spanned` count as 0. Shared normalisation: Clark and Gardner 2018; several
    right spans add up (marginal likelihood).
    """
    scores = span_scores(start, end, batch.sentences > 0)
    passages = scores.flatten(1).logsumexp(1)
    nowhere = torch.zeros(batch.groups, 1, device=start.device)
    everything = torch.cat([nowhere, _by_group(passages, batch.group, batch.groups)], dim=1).logsumexp(1)
    row, first, last = batch.spans.T
    right = scores[row, first, last - first]
    owner = batch.group[row]
    answered = torch.zeros(batch.groups, dtype=torch.bool, device=start.device)
    answered[owner] = True
    # "nowhere" is right exactly where no span is
    nowhere = nowhere.masked_fill(answered[:, None], _NEVER)
    target = torch.cat([nowhere, _by_group(right, owner, batch.groups)], dim=1).logsumexp(1)
    return torch.where(batch.spanned, everything - target, 0.0).sum() / batch.groups


def _by_group(values: Tensor, group: Tensor, groups: int) -> Tensor:
    """(groups, len(values)), each value in its group's row, about -1e9 elsewhere."""
    rows = torch.arange(groups, device=values.device)[:, None]
    return values[None, :].masked_fill(rows != group[None, :], _NEVER)


def item_loss(logits: Tensor, batch: Batch) -> Tensor:
    """Cross-entropy of the tags, (R, L, 3) logits, summed over a passage's tokens, in units of `ITEM_TOKENS`."""
    losses = functional.cross_entropy(logits.flatten(0, 1), batch.tags.flatten(), reduction="none")
    rows = (losses.view(batch.tags.shape) * (batch.sentences > 0)).sum(1)
    weight = torch.where(batch.listed, 1.0, SINGLE_ITEM_WEIGHT)
    return (rows * weight).mean() / ITEM_TOKENS


def sentence_loss(logits: Tensor, batch: Batch) -> Tensor:
    """Binary cross-entropy, in nats, summed over the sentences of a passage: does the sentence answer?

    `logits` (R, L) of tokens; a sentence has the mean of its tokens.
    """
    rows, count = len(logits), int(batch.sentences.max()) + 1
    place = batch.sentences + torch.arange(rows, device=logits.device)[:, None] * count
    sums = torch.zeros(rows * count, device=logits.device).index_add(0, place.flatten(), logits.flatten())
    tokens = torch.bincount(place.flatten(), minlength=rows * count)
    means = (sums / tokens.clamp(min=1)).view(rows, count)
    target = torch.zeros_like(means)
    target[batch.supporting[:, 0], batch.supporting[:, 1]] = 1.0
    losses = functional.binary_cross_entropy_with_logits(means, target, reduction="none")
    # column 0 is what is no passage
    return (losses * (tokens.view(rows, count) > 0))[:, 1:].sum() / rows


def label_loss(logits: Tensor, labels: Tensor, batch: Batch) -> Tensor:
    """Cross-entropy, in nats, of a label that some examples have: (R, C) logits, each input by itself; (G,) labels, -1
    where there is none, which counts as 0."""
    losses = functional.cross_entropy(logits, labels[batch.group], ignore_index=-1, reduction="sum")
    return losses / len(logits)
