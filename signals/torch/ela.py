"""Error level analysis on batches."""

from __future__ import annotations

import torch
from torch import Tensor

from signals.compression.ela import QUALITIES
from signals.torch.pixels import blocks_of, whole_pixels
from signals.torch.recompression import recompressions

_CELL = 8


def ela(pixels: Tensor) -> Tensor:
    """What :class:`signals.compression.ela.Ela` reads; the JPEG is imitated to the last bit, without a file.

    Args:
        pixels: ``[B, 3, H, W]`` RGB, uint8 or floating point in 0..255, at least 8x8.

    Returns:
        float16 ``[B, 4, ceil(H/8), ceil(W/8)]`` in grey levels: the mean change of each cell at each of
        ``signals.compression.ela.QUALITIES``. No gradients flow through it.
    """
    whole = whole_pixels(pixels)
    levels = [_cell_means((whole - saved).abs().sum(1)) for saved in recompressions(pixels, QUALITIES)]
    return torch.stack(levels, dim=1)


def _cell_means(changes: Tensor) -> Tensor:
    """Mean over the three colors and the pixels there are in each cell: float16 ``[B, h, w]`` of sums over colors."""
    height, width = changes.shape[1:]
    rows, columns = -(-height // _CELL), -(-width // _CELL)
    framed = changes.new_zeros((len(changes), rows * _CELL, columns * _CELL))
    framed[:, :height, :width] = changes
    heights = torch.full((rows, 1), _CELL, device=changes.device, dtype=torch.float64)
    widths = torch.full((1, columns), _CELL, device=changes.device, dtype=torch.float64)
    heights[-1], widths[:, -1] = height - (rows - 1) * _CELL, width - (columns - 1) * _CELL
    return (blocks_of(framed).sum(dim=(3, 4)) / (3 * heights * widths)).float().half()
