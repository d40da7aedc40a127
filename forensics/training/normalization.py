"""Per-channel mean and deviation of every numeric signal, measured on training pictures."""

from __future__ import annotations

from collections.abc import Sequence

import torch

from forensics.models.inputs import ModelInput
from forensics.models.network import FusionNetwork
from forensics.models.readers import NumericReader


def fit_normalization(model: FusionNetwork, inputs: Sequence[ModelInput]) -> None:
    """Sets the normalization of each reader that has one from the valid cells of some batches."""
    for name, reader in model.readers.items():
        if not isinstance(reader, NumericReader):
            continue
        signals = [item.signals[name] for item in inputs if name in item.signals]
        cells = [signal.values.movedim(1, -1)[signal.valid] for signal in signals]
        if cells:
            joined = torch.cat(cells).float()
            deviation = joined.std(dim=0)
            # A channel that never moves carries nothing; dividing by its deviation would only blow up noise.
            reader.set_normalization(joined.mean(dim=0), torch.where(deviation > 0, deviation, 1.0))
