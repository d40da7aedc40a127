"""Keeping what an expanded network says without its new signal close to what the old network says."""

from __future__ import annotations

import torch
from torch import Tensor
from torch.nn import functional

from forensics.models.inputs import ModelInput, ModelOutput
from forensics.models.network import FusionNetwork


def distillation_loss(teacher: FusionNetwork, inputs: ModelInput, output: ModelOutput) -> Tensor:
    """How far an expanded network has left the old one on the pictures it saw without the new signal.

    The mean Kullback-Leibler divergence of the changed-or-not decisions, over pixels and over pictures. The old
    network sees the same streams: those that were left out in training are left out for it too.

    Args:
        teacher: The old network, frozen and in evaluation mode.
        inputs: The batch of B pictures.
        output: What the expanded network says of it, the new stream last in ``present``.

    Returns:
        A scalar; 0 if every picture has the new signal.

    Source: Hinton et al., Distilling the Knowledge in a Neural Network (2015).
    """
    rows = (~output.present[:, -1]).nonzero()[:, 0]
    if not len(rows):
        return output.map_logits.sum() * 0.0
    with torch.no_grad():
        streams = teacher.encode(inputs.select(rows), output.present[rows, :-1])
        seen = teacher.decode(teacher.fuse(streams))
        score_logits = teacher.detect(seen.tokens, seen.map_logits)
    maps = bernoulli_divergence(seen.map_logits.float(), output.map_logits[rows])
    scores = bernoulli_divergence(score_logits.float(), output.score_logits[rows])
    return maps.mean() + scores.mean()


def bernoulli_divergence(first: Tensor, second: Tensor) -> Tensor:
    """``KL(p || q)`` elementwise, both as logits: 0 where they are equal."""
    share = first.sigmoid()
    return share * (functional.logsigmoid(first) - functional.logsigmoid(second)) + (1 - share) * (
        functional.logsigmoid(-first) - functional.logsigmoid(-second)
    )
