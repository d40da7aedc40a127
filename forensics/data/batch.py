"""What one training step sees: pictures with their signals, masks and labels."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import torch
from torch import Tensor

from forensics.data.sample import stack_inputs
from forensics.models.inputs import ModelInput


@dataclass(frozen=True)
class TrainingBatch:
    """A batch with its truth.

    Attributes:
        input: What the network reads.
        mask: float32 ``[B, 1, H, W]``, 1 where the picture was changed.
        label: float32 ``[B]``, 1 for forged pictures.
    """

    input: ModelInput
    mask: Tensor
    label: Tensor

    def to(self, device: torch.device) -> TrainingBatch:
        """The same on another device."""
        return TrainingBatch(self.input.to(device), self.mask.to(device), self.label.to(device))

    @classmethod
    def of(cls, items: Sequence[TrainingBatch]) -> TrainingBatch:
        """Joins batches of one."""
        return cls(
            stack_inputs([item.input for item in items]),
            torch.cat([item.mask for item in items]),
            torch.cat([item.label for item in items]),
        )
