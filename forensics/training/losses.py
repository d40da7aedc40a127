"""Losses, ready to be chosen in a configuration: where a picture was changed and whether it was."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

import torch
from torch import Tensor

from forensics.models.inputs import ModelOutput
from forensics.training.distributed import batch_mean
from forensics.training.loss_terms import (
    away_from_border,
    batch_dice_loss,
    class_aware_bce,
    detection_loss,
    dice_loss,
    weighted_bce,
)


@dataclass(frozen=True)
class Truth:
    """What the pictures of a batch really are.

    Attributes:
        masks: ``[B, 1, H, W]`` in 0..1, or bool; 1 where manipulated.
        labels: ``[B]`` in 0..1, or bool; 1 for a manipulated picture.
        valid: bool ``[B, 1, H, W]``, False for pixels to leave out; None to keep all.
    """

    masks: Tensor
    labels: Tensor
    valid: Tensor | None = None


class TrainingLoss(ABC):
    """A loss as its weighted terms by name; their sum is what is minimized.

    Args:
        border: Widths in pixels of the bands to leave out on the manipulated and on the authentic side of a mask's
            border, where forging has blended both.
    """

    def __init__(self, border: tuple[int, int] = (0, 0)) -> None:
        self._border = border

    def __call__(self, output: ModelOutput, truth: Truth) -> dict[str, Tensor]:
        """The weighted terms, float32 scalars: means over the pictures of all processes.

        Args:
            output: What the network says of B pictures of H x W pixels.
            truth: What they really are.
        """
        masks = truth.masks.to(output.map_logits)
        return self.terms(output, Truth(masks, truth.labels, self.kept(truth)))

    def kept(self, truth: Truth) -> Tensor:
        """The pixels that count: bool ``[B, 1, H, W]``."""
        kept = torch.ones_like(truth.masks, dtype=torch.bool) if truth.valid is None else truth.valid
        return kept & away_from_border(truth.masks, *self._border) if any(self._border) else kept

    @abstractmethod
    def terms(self, output: ModelOutput, truth: Truth) -> dict[str, Tensor]:
        """The weighted terms of a truth in float32 with ``valid`` set."""


class ClassAwareLoss(TrainingLoss):
    """Both classes of pixels of a picture have a term of their own, beside Dice and detection.

    ``L = w_d BCE_detection + w_m BCE_manipulated + w_a BCE_authentic + w_s Dice``.

    Args:
        detection: Weight of the term of that name, as the next three; the defaults are OMG-Fuser's.
        manipulated: See ``detection``.
        authentic: See ``detection``.
        dice: See ``detection``.
        dice_over: ``picture``: each picture has a Dice of its own, so that its gradient does not depend on its company;
            ``batch``: one over all pixels of the batch, as published.
        border: See :class:`TrainingLoss`.

    Source: OMG-Fuser (CVPRW 2024).
    """

    def __init__(
        self,
        detection: float = 0.25,
        manipulated: float = 0.15,
        authentic: float = 0.15,
        dice: float = 0.45,
        dice_over: Literal["picture", "batch"] = "picture",
        border: tuple[int, int] = (0, 0),
    ) -> None:
        super().__init__(border)
        self._weights = {"detection": detection, "manipulated": manipulated, "authentic": authentic, "dice": dice}
        self._dice_over = dice_over

    def terms(self, output: ModelOutput, truth: Truth) -> dict[str, Tensor]:
        """``detection``, ``manipulated``, ``authentic`` and ``dice``."""
        assert truth.valid is not None
        manipulated, authentic = class_aware_bce(output.map_logits, truth.masks, truth.valid)
        terms = {
            "detection": detection_loss(output.score_logits, truth.labels),
            "manipulated": batch_mean(manipulated),
            "authentic": batch_mean(authentic),
            "dice": _dice(output.map_logits, truth, self._dice_over),
        }
        return _weighted(terms, self._weights)


class CrossEntropyLoss(TrainingLoss):
    """All pixels of the batch weigh the same.

    Args:
        localization: Weight of the pixels' cross-entropy.
        detection: Weight of the pictures'; the published network has no score, ours has.
        border: See :class:`TrainingLoss`.

    Source: Multi-Stream Fusion Network (MMM 2023).
    """

    def __init__(self, localization: float = 1.0, detection: float = 0.25, border: tuple[int, int] = (0, 0)) -> None:
        super().__init__(border)
        self._weights = {"localization": localization, "detection": detection}

    def terms(self, output: ModelOutput, truth: Truth) -> dict[str, Tensor]:
        """``localization`` and ``detection``."""
        assert truth.valid is not None
        terms = {
            "localization": weighted_bce(output.map_logits, truth.masks, truth.valid),
            "detection": detection_loss(output.score_logits, truth.labels),
        }
        return _weighted(terms, self._weights)


class CrossEntropyDiceLoss(TrainingLoss):
    """Cross-entropy in which manipulated pixels weigh more, and Dice.

    Args:
        cross_entropy: Weight of the pixels' cross-entropy.
        dice: Weight of Dice, one for each picture.
        detection: Weight of the pictures' cross-entropy; published in a phase of its own with 0.5.
        authentic: Weight of an authentic pixel in the cross-entropy.
        manipulated: Weight of a manipulated one.
        border: See :class:`TrainingLoss`.

    Source: TruFor (CVPR 2023), MMFusion (MMM 2024).
    """

    def __init__(
        self,
        cross_entropy: float = 0.3,
        dice: float = 0.7,
        detection: float = 0.5,
        authentic: float = 0.5,
        manipulated: float = 2.5,
        border: tuple[int, int] = (0, 0),
    ) -> None:
        super().__init__(border)
        self._weights = {"cross_entropy": cross_entropy, "dice": dice, "detection": detection}
        self._authentic, self._manipulated = authentic, manipulated

    def terms(self, output: ModelOutput, truth: Truth) -> dict[str, Tensor]:
        """``cross_entropy``, ``dice`` and ``detection``."""
        assert truth.valid is not None
        manipulated = (truth.masks > 0.5).to(truth.masks)
        weights = torch.where(manipulated > 0, self._manipulated, self._authentic) * truth.valid
        terms = {
            "cross_entropy": weighted_bce(output.map_logits, manipulated, weights),
            "dice": _dice(output.map_logits, truth, "picture"),
            "detection": detection_loss(output.score_logits, truth.labels),
        }
        return _weighted(terms, self._weights)


def _dice(map_logits: Tensor, truth: Truth, over: Literal["picture", "batch"]) -> Tensor:
    assert truth.valid is not None
    probabilities, masks = map_logits.sigmoid() * truth.valid, truth.masks * truth.valid
    return batch_dice_loss(probabilities, masks) if over == "batch" else batch_mean(dice_loss(probabilities, masks))


def _weighted(terms: Mapping[str, Tensor], weights: Mapping[str, float]) -> dict[str, Tensor]:
    """A term without weight is left out, so that what only it would train stays as it is."""
    return {name: weights[name] * term for name, term in terms.items() if weights[name]}
