"""Exponential moving average of the weights."""

from __future__ import annotations

import torch
from lightning.pytorch.callbacks import WeightAveraging
from torch import Tensor


class MovingAverage(WeightAveraging):
    """Keeps an average of all weights that validation, the best checkpoint and the export read instead of the last.

    The average after step n weighs the one before by ``min(decay, (1 + n) / (10 + n))``: what the weights were at
    random is forgotten soon, however short the run.

    Args:
        decay: What is kept of the average in a step, in 0..1; None for no average at all.
    """

    def __init__(self, decay: float | None = None) -> None:
        self.decay = decay

        def average(mean: Tensor, current: Tensor, count: Tensor | int) -> Tensor:
            if not mean.is_floating_point():
                return current
            count = torch.as_tensor(count, device=mean.device)
            fresh = torch.clamp_min(9 / (10 + count), 1 - (decay or 0.0)).to(mean.dtype)
            return torch.lerp(mean, current, fresh)

        super().__init__(avg_fn=average)
