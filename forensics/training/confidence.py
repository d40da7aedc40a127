"""The second phase: where the map of a finished network can be trusted."""

from __future__ import annotations

import torch
from torch import Tensor

from forensics.models.inputs import ModelOutput
from forensics.training.distributed import batch_mean
from forensics.training.losses import TrainingLoss, Truth
from signals.errors import WrongUsage


class ConfidenceLoss(TrainingLoss):
    """Squared distance of the confidence to the probability that the map gives to what is true of a pixel.

    Args:
        border: See :class:`TrainingLoss`; the default are the published kernels of 15 and 11 pixels.

    Source: TruFor (CVPR 2023), after Corbiere et al., Addressing Failure Prediction (NeurIPS 2019).
    """

    def __init__(self, border: tuple[int, int] = (7, 5)) -> None:
        super().__init__(border)

    def terms(self, output: ModelOutput, truth: Truth) -> dict[str, Tensor]:
        """``confidence``.

        Raises:
            WrongUsage: The network has no confidence head.
        """
        if output.confidence_logits is None:
            raise WrongUsage("the network has no confidence head; train it with --model.phase confidence")
        probability = true_class_probability(output.map_logits, truth.masks)
        distance = (output.confidence_logits.sigmoid() - probability).square()
        return {"confidence": batch_mean(distance, truth.valid)}


def true_class_probability(map_logits: Tensor, masks: Tensor) -> Tensor:
    """The probability a map gives to what is true of each pixel, without gradient.

    Args:
        map_logits: ``[B, 1, H, W]``.
        masks: Same shape, in 0..1; above 0.5 is manipulated.
    """
    return torch.where(masks > 0.5, map_logits, -map_logits).detach().sigmoid()
