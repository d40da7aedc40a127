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
        valid: bool ``[B, 1, H, W]``, False past the edge of a picture smaller than the batch; None if there is no such.
        skipped: One line for every file that could not be read and was passed over: its path and why.
        names: What each picture is called: a file, or the number of a forgery.
    """

    input: ModelInput
    mask: Tensor
    label: Tensor
    valid: Tensor | None = None
    skipped: tuple[str, ...] = ()
    names: tuple[str, ...] = ()

    def to(self, device: torch.device) -> TrainingBatch:
        """The same on another device."""
        valid = None if self.valid is None else self.valid.to(device)
        return TrainingBatch(
            self.input.to(device), self.mask.to(device), self.label.to(device), valid, self.skipped, self.names
        )

    @classmethod
    def of(cls, items: Sequence[TrainingBatch]) -> TrainingBatch:
        """Joins batches of one."""
        filled = [torch.ones_like(item.mask, dtype=torch.bool) if item.valid is None else item.valid for item in items]
        return cls(
            stack_inputs([item.input for item in items]),
            torch.cat([item.mask for item in items]),
            torch.cat([item.label for item in items]),
            None if all(item.valid is None for item in items) else torch.cat(filled),
            tuple(line for item in items for line in item.skipped),
            tuple(name for item in items for name in item.names),
        )
