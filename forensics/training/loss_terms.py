"""The terms that losses are made of. Each is a mean over the pictures of all processes, or one value a picture."""

from __future__ import annotations

import torch
from torch import Tensor
from torch.nn import functional

from forensics.training.distributed import batch_mean, batch_sum


def detection_loss(score_logits: Tensor, labels: Tensor) -> Tensor:
    """Mean cross-entropy of score logits ``[B]`` against labels ``[B]`` in 0..1."""
    losses = functional.binary_cross_entropy_with_logits(score_logits.float(), labels.float(), reduction="none")
    return batch_mean(losses)


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


def weighted_bce(map_logits: Tensor, masks: Tensor, weights: Tensor) -> Tensor:
    """Mean cross-entropy over the pixels of the batch, each with its weight.

    Args:
        map_logits: ``[B, 1, H, W]``.
        masks: Same shape, in 0..1, 1 where manipulated.
        weights: Same shape, not negative; 0 or False for pixels to leave out.

    Returns:
        A scalar: the sum of the weighted losses over the sum of the weights.
    """
    return batch_mean(functional.binary_cross_entropy_with_logits(map_logits, masks, reduction="none"), weights)


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
    overlap, total = _dice_sums(probabilities, masks)
    return 1 - (2 * overlap + smooth) / (total + smooth)


def batch_dice_loss(probabilities: Tensor, masks: Tensor, smooth: float = 1.0) -> Tensor:
    """The same of all pictures of the batch as if they were one: a scalar.

    Args:
        probabilities: As in :func:`dice_loss`, as the others.
    """
    overlap, total = batch_sum(torch.stack(_dice_sums(probabilities, masks)).sum(1))
    loss: Tensor = 1 - (2 * overlap + smooth) / (total + smooth)
    return loss


def stream_loss(stream_logits: Tensor, present: Tensor, masks: Tensor, valid: Tensor | None = None) -> Tensor:
    """How well every stream finds the edits alone, both classes of patches weighing the same.

    Args:
        stream_logits: ``[B, S, h, w]``.
        present: bool ``[B, S]``; streams that were left out do not count.
        masks: ``[B, 1, H, W]`` in 0..1, 1 where manipulated; a patch's target is its mean.
        valid: bool ``[B, 1, H, W]``, False for pixels to leave out; None to keep all. A patch weighs by the share that
            is kept of it.

    Returns:
        The mean cross-entropy over the streams that were there, a float32 scalar; 0 without any.
    """
    if not stream_logits.shape[1]:
        return masks.new_zeros(())
    size = (stream_logits.shape[2], stream_logits.shape[3])
    kept = torch.ones_like(masks) if valid is None else valid.to(masks)
    share = functional.adaptive_avg_pool2d(kept, size)
    target = functional.adaptive_avg_pool2d(masks * kept, size) / share.clamp_min(1e-6)
    # What an absent stream holds is never read, and times zero would not be enough where that is not a number.
    logits = torch.where(present[:, :, None, None], stream_logits.float(), 0.0)
    losses = functional.binary_cross_entropy_with_logits(logits, target.expand_as(logits), reduction="none")
    balanced = torch.zeros_like(losses[:, :, 0, 0])
    for weight in (target * share, (1 - target) * share):
        balanced = balanced + 0.5 * (losses * weight).sum((2, 3)) / weight.sum((2, 3)).clamp_min(1e-3)
    return batch_mean(balanced, present)


def away_from_border(masks: Tensor, inside: int, outside: int) -> Tensor:
    """Pixels that are not near the border of a mask.

    Args:
        masks: ``[B, 1, H, W]`` in 0..1; above 0.5 is manipulated.
        inside: Width in pixels of the band to leave out of the manipulated side.
        outside: Likewise of the authentic side.

    Returns:
        bool ``[B, 1, H, W]``; the picture's own edge is no border.
    """
    manipulated = (masks > 0.5).float()
    core = _shrink(manipulated, inside)
    background = _shrink(1 - manipulated, outside)
    return (core + background) > 0.5


def _shrink(region: Tensor, width: int) -> Tensor:
    return 1 - functional.max_pool2d(1 - region, 2 * width + 1, stride=1, padding=width)


def _dice_sums(probabilities: Tensor, masks: Tensor) -> tuple[Tensor, Tensor]:
    probabilities, masks = probabilities.flatten(1), masks.flatten(1)
    return (probabilities * masks).sum(1), probabilities.sum(1) + masks.sum(1)


def _mean_where(values: Tensor, chosen: Tensor) -> Tensor:
    return (values * chosen).flatten(1).sum(1) / chosen.flatten(1).sum(1).clamp_min(1)
