"""The loss: where a picture was changed and whether it was, with both classes of pixels given their weight."""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor
from torch.nn import functional


@dataclass(frozen=True)
class LossWeights:
    """Weights of the four terms; the defaults are OMG-Fuser's."""

    detection: float = 0.25
    manipulated: float = 0.15
    authentic: float = 0.15
    dice: float = 0.45


def localization_detection_loss(
    map_logits: Tensor,
    score_logits: Tensor,
    masks: Tensor,
    labels: Tensor,
    weights: LossWeights | None = None,
    valid: Tensor | None = None,
) -> Tensor:
    """Class-aware localization and detection loss.

    ``L = w_d BCE_detection + w_m BCE_manipulated + w_a BCE_authentic + w_s Dice``. The Dice term is each picture's
    own, so that a picture's gradient does not depend on its company in the batch.

    Args:
        map_logits: ``[B, 1, H, W]``.
        score_logits: ``[B]``.
        masks: ``[B, 1, H, W]`` in 0..1, or bool; 1 where manipulated.
        labels: ``[B]`` in 0..1, or bool; 1 for a manipulated picture.
        weights: Weights of the terms; OMG-Fuser's if None.
        valid: bool ``[B, 1, H, W]``, False for pixels to leave out; None to keep all.

    Returns:
        The loss, a float32 scalar averaged over the batch.

    Source: OMG-Fuser (CVPRW 2024), there with Dice over the whole batch at once.
    """
    weights = weights or LossWeights()
    map_logits, score_logits, masks = map_logits.float(), score_logits.float(), masks.to(torch.float32)
    valid = torch.ones_like(masks, dtype=torch.bool) if valid is None else valid
    detection = functional.binary_cross_entropy_with_logits(score_logits, labels.float())
    manipulated, authentic = class_aware_bce(map_logits, masks, valid)
    dice = dice_loss(map_logits.sigmoid() * valid, masks * valid).mean()
    return (
        weights.detection * detection
        + weights.manipulated * manipulated.mean()
        + weights.authentic * authentic.mean()
        + weights.dice * dice
    )


def stream_loss(stream_logits: Tensor, present: Tensor, masks: Tensor) -> Tensor:
    """How well every stream finds the edits alone, both classes of patches weighing the same.

    Args:
        stream_logits: ``[B, S, h, w]``.
        present: bool ``[B, S]``; streams that were left out do not count.
        masks: ``[B, 1, H, W]`` in 0..1, 1 where manipulated; a patch's target is its mean.

    Returns:
        The mean cross-entropy over the streams that were there, a float32 scalar; 0 without any.
    """
    rows, columns = stream_logits.shape[2:]
    target = functional.adaptive_avg_pool2d(masks.float(), (rows, columns)).expand_as(stream_logits)
    losses = functional.binary_cross_entropy_with_logits(stream_logits.float(), target, reduction="none")
    balanced = sum(
        0.5 * (losses * weight).sum((2, 3)) / weight.sum((2, 3)).clamp_min(1e-3) for weight in (target, 1 - target)
    )
    return (balanced * present).sum() / present.sum().clamp_min(1)


def class_aware_bce(map_logits: Tensor, masks: Tensor, valid: Tensor) -> tuple[Tensor, Tensor]:
    """Mean cross-entropy over the manipulated and over the authentic pixels of every picture.

    Args:
        map_logits: ``[B, 1, H, W]``.
        masks: Same shape, in 0..1; above 0.5 is manipulated, and only that is read of a soft mask.
        valid: bool of the same shape, False for pixels to leave out.

    Returns:
        Two ``[B]``; 0 for a picture that has no pixel of the class.
    """
    manipulated = masks > 0.5
    losses = functional.binary_cross_entropy_with_logits(map_logits, manipulated.to(map_logits), reduction="none")
    return _mean_where(losses, manipulated & valid), _mean_where(losses, ~manipulated & valid)


def dice_loss(probabilities: Tensor, masks: Tensor, smooth: float = 1.0) -> Tensor:
    """``1 - (2 sum(p g) + smooth) / (sum(p) + sum(g) + smooth)`` of every picture.

    Args:
        probabilities: ``[B, ...]`` in 0..1.
        masks: Same shape, in 0..1.
        smooth: Keeps empty pictures defined.

    Returns:
        ``[B]``.

    Source: Milletari et al., V-Net (2016), without squares.
    """
    probabilities, masks = probabilities.flatten(1), masks.flatten(1)
    overlap = (probabilities * masks).sum(1)
    return 1 - (2 * overlap + smooth) / (probabilities.sum(1) + masks.sum(1) + smooth)


def _mean_where(values: Tensor, chosen: Tensor) -> Tensor:
    return (values * chosen).flatten(1).sum(1) / chosen.flatten(1).sum(1).clamp_min(1)
