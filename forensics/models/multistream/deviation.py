"""How far each place is from the rest of its picture."""

from __future__ import annotations

import torch
from torch import Tensor, nn

_LEAST_VARIANCE = 1e-4


class Deviation(nn.Module):
    """Adds to every cell what its distance from the mean of the picture says.

    A forged area is told by what it is not: like the rest. Convolutions compare neighbors only; here each channel is
    also given in standard deviations from its mean over the picture, and a 1x1 convolution that starts at zero
    reads that.

    Args:
        width: Width D of a cell.

    Source: the Z-score features of ManTra-Net (CVPR 2019), over the whole picture only.
    """

    def __init__(self, width: int) -> None:
        super().__init__()
        self.read = nn.Conv2d(width, width, 1, bias=False)
        nn.init.zeros_(self.read.weight)

    def forward(self, cells: Tensor) -> Tensor:
        """``[B, D, h, w]`` -> ``[B, D, h, w]``."""
        numbers = cells.float()
        centered = numbers - numbers.mean((2, 3), keepdim=True)
        spread = torch.sqrt(centered.square().mean((2, 3), keepdim=True) + _LEAST_VARIANCE)
        changed: Tensor = cells + self.read((centered / spread).to(cells))
        return changed
