"""Per-channel mean and deviation of every numeric signal, measured on training pictures."""

from __future__ import annotations

from collections.abc import Collection, Sequence

import torch
from torch import Tensor

from forensics.models.inputs import ModelInput, SignalInput
from forensics.models.network import FusionNetwork
from forensics.models.readers import NumericReader
from forensics.training.distributed import batch_sum


def fit_normalization(model: FusionNetwork, inputs: Sequence[ModelInput], only: Collection[str] | None = None) -> None:
    """Sets the normalization of each reader that has one from the valid cells of some batches of all processes.

    Args:
        model: The network.
        inputs: The batches.
        only: Names of the signals to do this for; all if None.
    """
    for name, reader in model.readers.items():
        if not isinstance(reader, NumericReader) or (only is not None and name not in only):
            continue
        sums = reader.mean.new_zeros(3, len(reader.mean), dtype=torch.float64)
        for item in inputs:
            if name in item.signals:
                sums += _sums(item.signals[name]).to(sums.device)
        count, total, squares = batch_sum(sums)
        if count[0] > 1:
            mean = total / count
            deviation = ((squares - count * mean**2) / (count - 1)).clamp_min(0).sqrt()
            # A channel that never moves carries nothing; dividing by its deviation would only blow up noise. What is
            # left of it is the rounding of the squares.
            still = deviation <= 1e-7 * mean.abs()
            reader.set_normalization(mean.float(), torch.where(still, 1.0, deviation).float())


def _sums(signal: SignalInput) -> Tensor:
    """Number, sum and sum of squares of the valid cells: ``[3, C]``."""
    cells = signal.values.movedim(1, -1)[signal.valid].double()
    return torch.stack([torch.full_like(cells[:1].sum(0), len(cells)), cells.sum(0), cells.square().sum(0)])
